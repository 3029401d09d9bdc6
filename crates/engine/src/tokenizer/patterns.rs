//! How byte-level tokenizers cut text before merging, by the names that GGUF files use.
//!
//! The expressions are facts of the models' own `tokenizer.json` files; the names are llama.cpp's (`llama-vocab.cpp`).

use serde_json::{Value, json};

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const BLOOM: &str = r" ?[^(\s|[.,!?…。，、।۔،])]+";

/// The names with a known pattern, for error messages.
pub(super) const KNOWN: [&str; 26] = [
    "default",
    "gpt-2",
    "gpt2",
    "mpt",
    "olmo",
    "jais",
    "phi-2",
    "smollm",
    "starcoder",
    "refact",
    "command-r",
    "codeshell",
    "exaone",
    "minerva-7b",
    "llama-bpe",
    "llama3",
    "llama-v3",
    "dbrx",
    "smaug-bpe",
    "qwen2",
    "stablelm2",
    "falcon",
    "falcon3",
    "gpt-4o",
    "tekken",
    "bloom",
];

/// The pre-tokenizer of a name; `None` if the name is not known.
pub(super) fn pre_tokenizer(name: &str) -> Option<Value> {
    let steps = match name {
        "default" | "gpt-2" | "gpt2" | "mpt" | "olmo" | "jais" | "phi-2" => vec![byte_level(true)],
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" | "exaone" | "minerva-7b" => {
            vec![json!({ "type": "Digits", "individual_digits": true }), byte_level(true)]
        }
        "llama-bpe" | "llama3" | "llama-v3" | "dbrx" | "smaug-bpe" | "falcon3" => {
            vec![split(LLAMA3), byte_level(false)]
        }
        "qwen2" | "stablelm2" => vec![split(QWEN2), byte_level(false)],
        "falcon" => vec![
            json!({ "type": "Punctuation", "behavior": "Contiguous" }),
            byte_level(true),
            json!({ "type": "Digits", "individual_digits": false }),
            split("[0-9][0-9][0-9]"),
        ],
        "gpt-4o" => vec![split(GPT4O), byte_level(false)],
        "tekken" => vec![split(TEKKEN), byte_level(false)],
        "bloom" => vec![split(BLOOM), byte_level(false)],
        _ => return None,
    };
    Some(json!({ "type": "Sequence", "pretokenizers": steps }))
}

fn byte_level(own_pattern: bool) -> Value {
    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": own_pattern })
}

fn split(pattern: &str) -> Value {
    json!({ "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated", "invert": false })
}
