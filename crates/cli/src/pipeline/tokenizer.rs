//! The tokenizer of a model whose answers were made elsewhere.

use std::path::Path;
use std::sync::Arc;

use holometer_core::Tokenizer;
use holometer_engine::{LoadOptions, load_tokenizer, load_tokenizer_and_window};

use crate::failure::Failure;

/// The tokenizer of the named model, or of the named `tokenizer.json`; `None` when neither is named.
pub(crate) fn tokenizer_of(
    model: Option<&Path>,
    tokenizer: Option<&Path>,
) -> Result<Option<Arc<dyn Tokenizer>>, Failure> {
    match (model, tokenizer) {
        (None, None) => Ok(None),
        (None, Some(tokenizer)) => load_tokenizer(tokenizer).map(Some).map_err(Failure::usage),
        (Some(model), tokenizer) => {
            let options =
                LoadOptions { tokenizer: tokenizer.map(Path::to_owned), ..LoadOptions::default() };
            let loaded = load_tokenizer_and_window(model, &options).map_err(Failure::usage)?;
            Ok(Some(loaded.tokenizer))
        }
    }
}
