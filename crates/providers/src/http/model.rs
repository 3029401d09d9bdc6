//! A model behind HTTP.

use std::sync::Arc;

use holometer_core::{
    Cancel, Model, ModelCard, Price, Request, RequestKey, Sink, Tokenizer, Window,
};

use crate::batch::{self, BatchApi};
use crate::http::driver::{self, Line};
use crate::next_token::NextToken;

/// A model behind HTTP.
pub(crate) struct HttpModel {
    pub(crate) card: ModelCard,
    pub(crate) window: Window,
    pub(crate) price: Option<Price>,
    pub(crate) batch: Option<BatchApi>,
    /// How short answers are scored where given text can't be.
    pub(crate) next_token: Option<NextToken>,
    pub(crate) line: Arc<Line>,
}

impl Model for HttpModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    /// Servers that tokenize for their callers do it one text at a time, too slowly for fitting prompts.
    fn tokenizer(&self) -> Option<Arc<dyn Tokenizer>> {
        None
    }

    fn window(&self) -> Window {
        self.window.clone()
    }

    fn price(&self) -> Option<Price> {
        let share = if self.batch.is_some() { batch::PRICE_SHARE } else { 1.0 };
        self.price.as_ref().map(|price| price.at(share))
    }

    fn answer(&self, requests: &[(RequestKey, Request)], cancel: &Cancel, sink: Sink<'_>) {
        let scores = |(_, request): &(RequestKey, Request)| {
            matches!(request, Request::ScoreContinuation { .. })
        };
        match self.next_token.filter(|_| requests.iter().any(scores)) {
            None => self.send(requests, cancel, sink),
            Some(way) => {
                let (sent, askers) = way.replace(requests);
                self.send(&sent, cancel, &|finished| askers.hand_out(finished, sink));
            }
        }
    }
}

impl HttpModel {
    fn send(&self, requests: &[(RequestKey, Request)], cancel: &Cancel, sink: Sink<'_>) {
        match (self.batch, &self.line.settings.batching) {
            (Some(api), Some(batching)) => {
                batch::answer((&self.line, api, batching), requests, cancel, sink);
            }
            _ => driver::answer(&self.line, requests, cancel, sink),
        }
    }
}
