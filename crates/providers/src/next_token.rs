//! Scoring answers of one token with servers that don't score given text: the model is asked what comes next, and an
//! answer's log-probability is looked up among the likeliest tokens that the server reports.
//!
//! One call serves all answers to the same context. Over completions, an answer is the token that spells it exactly. Over
//! chat, where answers begin without a space and with a capital or without, its probability is that of all reported tokens that
//! are the answer but for case and the blanks around it.

use std::collections::HashMap;

use holometer_core::{
    ChatMessage, Completion, Decoding, FailureKind, Finished, Outcome, Prompt, Request, RequestKey,
    Response, Role, ScoredToken, Sink, TopToken,
};

use crate::deployment::Deployment;

/// The endpoint that reports the likeliest next tokens, and how many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NextToken {
    chat: bool,
    alternatives: usize,
}

impl NextToken {
    /// How a deployment's next tokens can be had; `None` where it reports fewer than two.
    pub(crate) fn of(deployment: &Deployment) -> Option<Self> {
        let support = &deployment.support;
        let text = deployment.text.and(support.completions_logprobs);
        let chat = deployment.chat.and(support.chat_logprobs);
        let found = [(false, text), (true, chat)];
        found.into_iter().find_map(|(chat, most)| {
            most.filter(|most| *most > 1).map(|alternatives| Self { chat, alternatives })
        })
    }

    /// In words for people, after "scoring".
    pub(crate) fn describe(self) -> String {
        let endpoint = if self.chat { "chat's" } else { "the" };
        format!("of one-token answers by {endpoint} {} likeliest next tokens", self.alternatives)
    }

    /// The requests to send instead, and whose they are.
    pub(crate) fn replace(
        self,
        requests: &[(RequestKey, Request)],
    ) -> (Vec<(RequestKey, Request)>, Askers) {
        let mut sent = Vec::new();
        let mut askers = HashMap::new();
        let mut by_context: HashMap<&str, RequestKey> = HashMap::new();
        for (key, request) in requests {
            let Request::ScoreContinuation { context, continuation } = request else {
                sent.push((*key, request.clone()));
                continue;
            };
            let first = *by_context.entry(context).or_insert_with(|| {
                sent.push((*key, self.question(context)));
                *key
            });
            askers.entry(first).or_insert_with(Vec::new).push((*key, continuation.clone()));
        }
        (sent, Askers { way: self, askers })
    }

    fn question(self, context: &str) -> Request {
        let prompt = if self.chat {
            Prompt::Chat(vec![ChatMessage { role: Role::User, content: context.to_owned() }])
        } else {
            Prompt::Text(context.to_owned())
        };
        let decoding = Decoding {
            max_tokens: 1,
            temperature: 0.0,
            top_k_per_token: self.alternatives,
            ..Decoding::default()
        };
        Request::Generate { prompt, decoding }
    }

    /// The natural logarithm of an answer's probability; `None` if none of the reported tokens is the answer.
    fn logprob(self, reported: &[TopToken], answer: &str) -> Option<f64> {
        if !self.chat {
            return reported.iter().find(|token| token.text == answer).map(|token| token.logprob);
        }
        let same = |text: &str| text.trim().to_lowercase() == answer.trim().to_lowercase();
        let found: Vec<f64> =
            reported.iter().filter(|token| same(&token.text)).map(|token| token.logprob).collect();
        let most = found.iter().copied().reduce(f64::max)?;
        Some(most + found.iter().map(|logprob| (logprob - most).exp()).sum::<f64>().ln())
    }

    fn score(self, response: &Response, answer: &str) -> Outcome {
        let written = response.completions.first().and_then(|written| written.tokens.first());
        let Some(written) = written else {
            return Outcome::failed(
                FailureKind::Unsupported,
                "the server reports no next token here, so the answer has no log-probability",
            );
        };
        let mut reported = written.top.clone();
        if let (Some(logprob), false) =
            (written.logprob, reported.iter().any(|token| token.text == written.text))
        {
            reported.push(TopToken { text: written.text.clone(), logprob });
        }
        let Some(logprob) = self.logprob(&reported, answer) else {
            let reason = format!(
                "`{answer}` is none of the {} likeliest next tokens, the only ones whose log-probabilities the server reports",
                reported.len()
            );
            return Outcome::failed(FailureKind::Unsupported, reason);
        };
        let top = reported.into_iter().max_by(|a, b| a.logprob.total_cmp(&b.logprob));
        let token = ScoredToken {
            text: answer.to_owned(),
            logprob: Some(logprob),
            top: top.into_iter().collect(),
        };
        Outcome::Answered(Response {
            completions: vec![Completion {
                text: answer.to_owned(),
                tokens: vec![token],
                ..Completion::default()
            }],
            ..response.clone()
        })
    }
}

/// Who waits for which answer's score, by the key of the request that was sent for them.
pub(crate) struct Askers {
    way: NextToken,
    askers: HashMap<RequestKey, Vec<(RequestKey, String)>>,
}

impl Askers {
    /// Hands what came of a sent request to those who asked. The first of them carries the call's tokens.
    pub(crate) fn hand_out(&self, finished: Finished, sink: Sink<'_>) {
        let Some(askers) = self.askers.get(&finished.key) else { return sink(finished) };
        for (index, (key, answer)) in askers.iter().enumerate() {
            let outcome = match &finished.outcome {
                Outcome::Answered(response) if index == 0 => self.way.score(response, answer),
                Outcome::Answered(response) => {
                    let (prompt_tokens, completion_tokens) = (Some(0), Some(0));
                    let free = Response { prompt_tokens, completion_tokens, ..response.clone() };
                    self.way.score(&free, answer)
                }
                other => other.clone(),
            };
            sink(Finished { key: *key, outcome, ..finished.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(tokens: &[(&str, f64)]) -> Vec<TopToken> {
        tokens
            .iter()
            .map(|(text, share)| TopToken { text: (*text).into(), logprob: share.ln() })
            .collect()
    }

    #[test]
    fn over_completions_an_answer_is_the_token_that_spells_it() {
        let way = NextToken { chat: false, alternatives: 5 };
        let tokens = reported(&[(" no", 0.5), (" yes", 0.25), ("yes", 0.125)]);
        assert_eq!(way.logprob(&tokens, " yes"), Some(0.25_f64.ln()));
        assert_eq!(way.logprob(&tokens, "Yes"), None);
    }

    #[test]
    fn over_chat_an_answer_is_all_tokens_that_mean_it() {
        let way = NextToken { chat: true, alternatives: 20 };
        let tokens = reported(&[
            ("Yes", 0.5),
            ("No", 0.1),
            (" yes", 0.25),
            ("YES", 0.0625),
            ("Yesterday", 0.01),
        ]);
        let logprob = way.logprob(&tokens, " yes").unwrap();
        assert!((logprob.exp() - 0.8125).abs() < 1e-12, "{logprob}");
        assert_eq!(way.logprob(&tokens, " maybe"), None);
    }
}
