//! A tokenizer from GGUF metadata: byte-level BPE (`gpt2`) and SentencePiece (`llama`).
//!
//! The metadata is brought into the form of a `tokenizer.json`. SentencePiece vocabularies come with scores instead of merges; the merges
//! follow from them: every pair of pieces whose joint text is a piece, best score first.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use tokenizers::Tokenizer as Inner;

use super::patterns;
use crate::error::EngineError;
use crate::format::{GgufFile, GgufValue};

/// What the metadata says about a tokenizer.
pub(super) struct Built {
    pub(super) inner: Inner,
    pub(super) bos: Option<u32>,
    pub(super) eos: Option<u32>,
    pub(super) add_bos: bool,
    pub(super) add_eos: bool,
}

const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;

pub(super) fn build(file: &GgufFile) -> Result<Built, EngineError> {
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    let error = |reason: String| EngineError::Tokenizer {
        path: file.path().to_owned(),
        reason,
        hint: "give the model's own `tokenizer.json`".into(),
    };
    let texts = |name: &str| -> Option<Vec<&str>> {
        file.metadata.get(&key(name))?.as_list()?.iter().map(GgufValue::as_str).collect()
    };
    let tokens = texts("tokens").ok_or_else(|| error("the file has no vocabulary".into()))?;
    let kind = file.text(&key("model")).unwrap_or("");
    let json = match kind {
        "gpt2" => {
            let name = file.text(&key("pre")).unwrap_or("default");
            let pre = patterns::pre_tokenizer(name).ok_or_else(|| {
                let known = patterns::KNOWN.join(", ");
                error(format!("pre-tokenizer `{name}` is not known (known: {known})"))
            })?;
            let merges = texts("merges").unwrap_or_default();
            byte_level(&tokens, &merges, &pre, name)
        }
        "llama" => {
            let scores = file.metadata.get(&key("scores")).and_then(GgufValue::as_list);
            let scores: Vec<f64> =
                scores.unwrap_or_default().iter().filter_map(GgufValue::as_f64).collect();
            if scores.len() != tokens.len() {
                return Err(error("there is not one score per token".into()));
            }
            let space = file.metadata.get(&key("add_space_prefix")).and_then(GgufValue::as_bool);
            sentence_piece(&tokens, &scores, space.unwrap_or(true))
        }
        other => {
            return Err(error(format!(
                "tokenizer model `{other}` is not known (known: gpt2, llama)"
            )));
        }
    };
    let types: Vec<i64> = file
        .metadata
        .get(&key("token_type"))
        .and_then(GgufValue::as_list)
        .map(|list| list.iter().filter_map(|kind| kind.as_f64().map(|kind| kind as i64)).collect())
        .unwrap_or_default();
    let inner = finish(json, &tokens, &types).map_err(|reason| error(reason.to_string()))?;
    let id = |name: &str| file.number(&key(name)).and_then(|id| u32::try_from(id).ok());
    let switch = |name: &str| file.metadata.get(&key(name)).and_then(GgufValue::as_bool);
    let add_bos = switch("add_bos_token").unwrap_or(kind == "llama");
    let add_eos = switch("add_eos_token").unwrap_or(false);
    Ok(Built { inner, bos: id("bos_token_id"), eos: id("eos_token_id"), add_bos, add_eos })
}

fn vocabulary(tokens: &[&str]) -> Map<String, Value> {
    tokens.iter().enumerate().map(|(id, token)| ((*token).to_owned(), Value::from(id))).collect()
}

fn byte_level(tokens: &[&str], merges: &[&str], pre: &Value, name: &str) -> Value {
    let pairs: Vec<Value> = merges
        .iter()
        .filter_map(|merge| merge.split_once(' '))
        .map(|(left, right)| json!([left, right]))
        .collect();
    let decoder = json!({ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true });
    json!({
        "version": "1.0",
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": pre,
        "post_processor": null,
        "decoder": decoder,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "ignore_merges": name == "llama-bpe" || name == "tekken",
            "vocab": vocabulary(tokens), "merges": pairs,
        },
    })
}

fn sentence_piece(tokens: &[&str], scores: &[f64], space_prefix: bool) -> Value {
    let replace = json!({ "type": "Replace", "pattern": { "String": " " }, "content": "\u{2581}" });
    let normalizer = if space_prefix {
        json!({ "type": "Sequence", "normalizers": [{ "type": "Prepend", "prepend": "\u{2581}" }, replace] })
    } else {
        replace
    };
    let mut decoders = vec![
        json!({ "type": "Replace", "pattern": { "String": "\u{2581}" }, "content": " " }),
        json!({ "type": "ByteFallback" }),
        json!({ "type": "Fuse" }),
    ];
    if space_prefix {
        decoders.push(json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 }));
    }
    json!({
        "version": "1.0",
        "added_tokens": [],
        "normalizer": normalizer,
        "pre_tokenizer": null,
        "post_processor": null,
        "decoder": { "type": "Sequence", "decoders": decoders },
        "model": {
            "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": vocabulary(tokens), "merges": merges_from_scores(tokens, scores),
        },
    })
}

/// All splits of every piece into two pieces; pieces by falling score, splits by the numbers of their parts.
fn merges_from_scores(tokens: &[&str], scores: &[f64]) -> Vec<Value> {
    let ids: HashMap<&str, usize> =
        tokens.iter().enumerate().map(|(id, token)| (*token, id)).collect();
    let mut merges = Vec::new();
    for (token, score) in tokens.iter().zip(scores) {
        let mut own: Vec<(usize, usize)> = token
            .char_indices()
            .skip(1)
            .filter_map(|(at, _)| {
                let (left, right) = token.split_at(at);
                Some((*ids.get(left)?, *ids.get(right)?))
            })
            .collect();
        own.sort_unstable();
        merges.extend(own.into_iter().map(|pair| (*score, pair)));
    }
    merges.sort_by(|a, b| b.0.total_cmp(&a.0));
    merges.into_iter().map(|(_, (left, right))| json!([tokens[left], tokens[right]])).collect()
}

/// Adds the special tokens and builds the tokenizer.
fn finish(mut json: Value, tokens: &[&str], types: &[i64]) -> tokenizers::Result<Inner> {
    let added = types
        .iter()
        .zip(tokens)
        .enumerate()
        .filter(|(_, (kind, _))| [CONTROL, USER_DEFINED].contains(kind))
        .map(|(id, (kind, token))| {
            json!({
                "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": *kind == CONTROL,
            })
        });
    json["added_tokens"] = added.collect();
    Inner::from_bytes(serde_json::to_vec(&json)?)
}
