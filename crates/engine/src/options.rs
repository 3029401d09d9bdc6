//! How a model is loaded.

use std::path::PathBuf;

/// How weights are kept in memory and computed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WeightType {
    /// [`Self::Rounded16`] where weights are quantised and this processor has vector instructions for whole numbers that we
    /// use (x86-64 with AVX2); otherwise [`Self::AsStored`].
    #[default]
    Auto,
    /// As the files store them; every product is computed in f32 from the exact stored values.
    AsStored,
    /// Unpacked to f32 at loading. The same numbers as [`Self::AsStored`], more memory.
    F32,
    /// As the files store them; activations that meet quantised weights are rounded to 16 bits in groups. Faster where the
    /// processor has VNNI; a token's log-probability changes by some thousandths. Unquantised weights are not affected.
    Rounded16,
    /// The same with 8 bits, as llama.cpp rounds them: faster still; a token's log-probability changes by some hundredths.
    Rounded8,
}

/// When a model's chat template is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChatUse {
    /// If the model has one: for conversations, and for plain prompts that ask for text, which become one user
    /// message. Scored continuations are plain text always.
    #[default]
    IfPresent,
    /// Never; conversations can't be answered then.
    Never,
}

/// How a model is loaded. The default suits an evaluation on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// The name on the model's card; `None`: `path:` and the path.
    pub name: Option<String>,
    /// Threads to compute with; `None`: one per physical core.
    pub threads: Option<usize>,
    /// How weights are kept.
    pub weights: WeightType,
    /// Bytes for weights, keys and values, buffers and what is taken already; `None`: three quarters of the free memory.
    pub max_memory: Option<usize>,
    /// Bytes of that limit which the process has taken for other things; see [`resident_memory`](crate::resident_memory).
    pub memory_taken: usize,
    /// When the chat template is used.
    pub chat: ChatUse,
    /// A `tokenizer.json` that replaces the model's own.
    pub tokenizer: Option<PathBuf>,
    /// The context window in tokens, if it is to be smaller than the model's.
    pub max_context: Option<usize>,
}
