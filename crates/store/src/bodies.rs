//! Requests taken apart into a shape (everything but the texts) and texts, and put together again.

use holometer_core::{ChatMessage, Prompt, Request};
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::{Problem, Problematic};
use crate::texts::{Series, TextReader, TextWriter};

/// Stores the requests of one run within a transaction of the caller.
#[derive(Default)]
pub(crate) struct BodyWriter {
    /// The prompts or contexts.
    leading: Series,
    /// Continuations and later messages.
    following: Series,
    /// The last shape and its id: it seldom changes within a run.
    shape: Option<(String, i64)>,
}

impl BodyWriter {
    /// Stores a request, unless it is there, and gives its id. Because texts and shapes are stored once, their ids
    /// identify a request.
    pub(crate) fn put(
        &mut self,
        connection: &Connection,
        writer: &mut TextWriter<'_>,
        request: &Request,
    ) -> Result<i64, Problem> {
        let (shape, texts) = take_apart(request);
        let shape = self.shape_id(writer, &shape)?;
        let mut parts = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let series = if index == 0 { &mut self.leading } else { &mut self.following };
            parts.push(series.put(writer, text)?);
        }
        let parts = serde_json::to_string(&parts)?;
        let found = connection
            .prepare_cached("SELECT id FROM bodies WHERE shape = ?1 AND parts = ?2")?
            .query_row(params![shape, parts], |row| row.get(0))
            .optional()?;
        match found {
            Some(id) => Ok(id),
            None => Ok(connection
                .prepare_cached("INSERT INTO bodies (shape, parts) VALUES (?1, ?2)")?
                .insert(params![shape, parts])?),
        }
    }

    fn shape_id(&mut self, writer: &mut TextWriter<'_>, shape: &Request) -> Result<i64, Problem> {
        let json = serde_json::to_string(shape)?;
        match &self.shape {
            Some((last, id)) if *last == json => Ok(*id),
            _ => {
                let id = writer.put(&json, None)?;
                self.shape = Some((json, id));
                Ok(id)
            }
        }
    }
}

/// Reads the request with an id.
pub(crate) fn read_body(
    connection: &Connection,
    reader: &mut TextReader,
    id: i64,
) -> Result<Request, Problem> {
    let mut statement =
        connection.prepare_cached("SELECT shape, parts FROM bodies WHERE id = ?1")?;
    let (shape, parts): (i64, String) = statement
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .damaged("a request that is referred to is missing")?;
    let shape: Request = serde_json::from_str(&reader.read(connection, shape)?)?;
    let parts: Vec<i64> = serde_json::from_str(&parts)?;
    let mut texts = Vec::with_capacity(parts.len().min(1024));
    for part in parts {
        texts.push(reader.read(connection, part)?);
    }
    put_together(shape, texts).damaged("a request's texts do not match its shape")
}

/// The request without its texts, and its texts in order.
fn take_apart(request: &Request) -> (Request, Vec<&str>) {
    match request {
        Request::Generate { prompt: Prompt::Text(text), decoding } => {
            let prompt = Prompt::Text(String::new());
            (Request::Generate { prompt, decoding: decoding.clone() }, vec![text])
        }
        Request::Generate { prompt: Prompt::Chat(messages), decoding } => {
            let empty =
                |message: &ChatMessage| ChatMessage { role: message.role, content: String::new() };
            let prompt = Prompt::Chat(messages.iter().map(empty).collect());
            let texts = messages.iter().map(|message| message.content.as_str()).collect();
            (Request::Generate { prompt, decoding: decoding.clone() }, texts)
        }
        Request::ScoreContinuation { context, continuation } => {
            let shape =
                Request::ScoreContinuation { context: String::new(), continuation: String::new() };
            (shape, vec![context, continuation])
        }
    }
}

/// Undoes [`take_apart`]; `None` if the number of texts is wrong.
fn put_together(shape: Request, texts: Vec<String>) -> Option<Request> {
    let mut left = texts.into_iter();
    let request = match shape {
        Request::Generate { prompt: Prompt::Text(_), decoding } => {
            Request::Generate { prompt: Prompt::Text(left.next()?), decoding }
        }
        Request::Generate { prompt: Prompt::Chat(mut messages), decoding } => {
            for message in &mut messages {
                message.content = left.next()?;
            }
            Request::Generate { prompt: Prompt::Chat(messages), decoding }
        }
        Request::ScoreContinuation { .. } => {
            Request::ScoreContinuation { context: left.next()?, continuation: left.next()? }
        }
    };
    left.next().is_none().then_some(request)
}
