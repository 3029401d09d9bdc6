//! llama.cpp's own endpoints, `POST /tokenize` and `POST /completion`, for scoring given text: its server neither echoes
//! prompts nor reports their log-probabilities.
//!
//! The text is tokenized first. Then each token of the continuation is written once after everything before it, forced
//! by a bias so large that no other can win. The server computes the log-probability it reports from the model's own
//! logits, before any bias or sampler (`post_sampling_probs` off), so the bias does not show in it. All but the last
//! token of each prompt are in the server's cache.
//!
//! A token that is part of a character is another matter: the server drops what it knows about such a token. So another
//! token is written there, and the probability is looked up in the list of all alternatives.
//!
//! Source: <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>.

use holometer_core::{Completion, FailureKind, Outcome, Request, Response, ScoredToken, TopToken};
use serde_json::{Value, json};

use crate::deployment::{Deployment, Unsendable};
use crate::wire_format::{Call, Next, Origin, Plugin, WireFormat};

/// Larger than any difference between two logits.
const FORCE: f64 = 1e6;

/// More alternatives than any vocabulary has; the server gives as many as there are.
const ALL_ALTERNATIVES: u64 = 10_000_000;

/// A text whose tokens are whole characters in every vocabulary.
const WHOLE_CHARACTER: &str = "a";

pub(crate) fn plugin() -> Plugin {
    &LlamaCpp
}

struct LlamaCpp;

impl WireFormat for LlamaCpp {
    fn name(&self) -> &'static str {
        "llama_cpp"
    }

    fn scores_by(&self) -> Option<&'static str> {
        Some("forced tokens")
    }

    fn build(
        &self,
        deployment: &Deployment,
        request: &Request,
        _call: usize,
    ) -> Result<Call, Unsendable> {
        let Request::ScoreContinuation { context, continuation } = request else {
            return Err((FailureKind::Unsupported, "this endpoint only scores given text".into()));
        };
        let begin = if context.is_empty() { deployment.begin_text.as_str() } else { "" };
        let text = format!("{begin}{context}{continuation}");
        let body = json!({"content": text, "add_special": true, "with_pieces": true});
        Ok(Call { origin: Origin::Root, path: "/tokenize".into(), body })
    }

    fn parse(&self, _: &Deployment, _: &Request, _: &Value) -> Result<Outcome, String> {
        Err("one reply is not enough".into())
    }

    fn advance(
        &self,
        _deployment: &Deployment,
        request: &Request,
        replies: &[Value],
    ) -> Result<Next, String> {
        let Request::ScoreContinuation { context, continuation } = request else {
            return Err("this endpoint only scores given text".into());
        };
        let [tokenized, scored @ ..] = replies else { return Err("there is no reply".into()) };
        let tokens = read_tokens(tokenized)?;
        let first = first_scored(&tokens, context, continuation)?;
        // The first token of a text without anything before it can't be scored.
        let scorable = first.max(1)..tokens.len();
        if let Some(position) = scorable.clone().nth(scored.len()) {
            return Ok(Next::Call(force(&tokens, position)));
        }
        let mut kept: Vec<ScoredToken> =
            tokens[first..scorable.start.min(tokens.len())].iter().map(unscored).collect();
        for (position, reply) in scorable.zip(scored) {
            kept.push(read_forced(&tokens[position], reply)?);
        }
        let completion =
            Completion { text: continuation.clone(), tokens: kept, ..Completion::default() };
        Ok(Next::Done(Outcome::Answered(Response {
            completions: vec![completion],
            prompt_tokens: Some(tokens.len()),
            completion_tokens: Some(0),
            served_by: scored
                .last()
                .and_then(|reply| reply.get("model")?.as_str().map(str::to_owned)),
            ..Response::default()
        })))
    }
}

/// A token and the bytes it stands for.
struct Token {
    id: u64,
    bytes: Vec<u8>,
}

impl Token {
    /// Whether it stands for whole characters.
    fn is_whole(&self) -> bool {
        std::str::from_utf8(&self.bytes).is_ok()
    }
}

/// `{"tokens": [{"id": 1, "piece": "text" | [bytes]}]}`.
fn read_tokens(body: &Value) -> Result<Vec<Token>, String> {
    let list = body.get("tokens").and_then(Value::as_array).ok_or("the reply has no `tokens`")?;
    let tokens = list.iter().map(|entry| {
        let id = entry.get("id")?.as_u64()?;
        let bytes = match entry.get("piece")? {
            Value::String(text) => text.clone().into_bytes(),
            Value::Array(bytes) => {
                bytes.iter().map(|byte| Some(byte.as_u64()? as u8)).collect::<Option<_>>()?
            }
            _ => return None,
        };
        Some(Token { id, bytes })
    });
    tokens.collect::<Option<_>>().ok_or_else(|| "a token has no `id` or no `piece`".into())
}

/// The first token that ends past the context. What the tokenizer puts before the text (a token that begins every text, a
/// space) is before the context.
fn first_scored(tokens: &[Token], context: &str, continuation: &str) -> Result<usize, String> {
    let spelled: Vec<u8> = tokens.iter().flat_map(|token| token.bytes.iter().copied()).collect();
    let text = format!("{context}{continuation}");
    if !spelled.ends_with(text.as_bytes()) {
        return Err("the server's tokens do not spell the text".into());
    }
    let border = spelled.len() - continuation.len();
    let mut end = 0;
    let before = tokens.iter().take_while(|token| {
        end += token.bytes.len();
        end <= border
    });
    Ok(before.count())
}

fn force(tokens: &[Token], position: usize) -> Call {
    let before: Vec<u64> = tokens[..position].iter().map(|token| token.id).collect();
    let token = &tokens[position];
    let (forced, alternatives) = if token.is_whole() {
        (json!(token.id), 1)
    } else {
        (json!(WHOLE_CHARACTER), ALL_ALTERNATIVES)
    };
    let body = json!({
        "prompt": before,
        "n_predict": 1,
        "n_probs": alternatives,
        "temperature": 0.0,
        "cache_prompt": true,
        "logit_bias": [[forced, FORCE]],
    });
    Call { origin: Origin::Root, path: "/completion".into(), body }
}

fn unscored(token: &Token) -> ScoredToken {
    let text = String::from_utf8_lossy(&token.bytes).into_owned();
    ScoredToken { text, logprob: None, top: Vec::new() }
}

fn read_forced(token: &Token, body: &Value) -> Result<ScoredToken, String> {
    let written = body
        .pointer("/completion_probabilities/0")
        .ok_or("the reply has no `completion_probabilities`")?;
    let alternatives = written.get("top_logprobs").and_then(Value::as_array);
    let is_it = |entry: &&Value| entry.get("id").and_then(Value::as_u64) == Some(token.id);
    let found = if token.is_whole() {
        Some(written).filter(is_it)
    } else {
        alternatives.into_iter().flatten().find(is_it)
    };
    let logprob = found
        .and_then(|entry| entry.get("logprob")?.as_f64())
        .ok_or("the reply has no log-probability of the token that was asked for")?;
    let likeliest = alternatives.and_then(|alternatives| {
        let likeliest = alternatives.first()?;
        let text = likeliest.get("token")?.as_str()?.to_owned();
        Some(TopToken { text, logprob: likeliest.get("logprob")?.as_f64()? })
    });
    let top = likeliest.into_iter().collect();
    Ok(ScoredToken { logprob: Some(logprob), top, ..unscored(token) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(texts: &[&str]) -> Vec<Token> {
        let token = |(id, text): (u64, &&str)| Token { id, bytes: text.as_bytes().to_vec() };
        (0..).zip(texts).map(token).collect()
    }

    #[test]
    fn the_first_scored_token_reaches_past_the_context() {
        assert_eq!(first_scored(&tokens(&["a", "bc", "d"]), "ab", "cd"), Ok(1));
        assert_eq!(first_scored(&tokens(&["a", "bc", "d"]), "a", "bcd"), Ok(1));
        assert_eq!(first_scored(&tokens(&["<s>", "a", "b"]), "", "ab"), Ok(1));
        assert_eq!(first_scored(&tokens(&["<s>", " a", "b"]), "a", "b"), Ok(2));
        assert!(first_scored(&tokens(&["x"]), "", "ab").is_err());
    }

    #[test]
    fn split_characters_are_read_as_bytes() {
        let body = json!({"tokens": [{"id": 7, "piece": [240, 159]}, {"id": 8, "piece": "a"}]});
        let read = read_tokens(&body).unwrap();
        assert_eq!(read[0].bytes, [240, 159]);
        assert!(read_tokens(&json!({"tokens": [{"id": 7}]})).is_err());
    }
}
