//! Compression: zstd frames whose dictionary is another text, so that a prompt costs only what it does not share.
//!
//! Frames carry a checksum: a flipped bit is an error on reading, never another text.

use std::io;

use zstd::bulk::{Compressor, Decompressor};

/// The longest text that is kept, in bytes. Also bounds what a damaged file can make a reader allocate.
pub(crate) const MAX_TEXT_BYTES: usize = 1 << 30;

/// A quick level: texts are written while a model waits.
const LEVEL: i32 = 3;

/// What outcomes have in common. Part of the format: never to be changed, or old outcomes can't be read.
const OUTCOME_DICTIONARY: &[u8] = br#"{"outcome":"failed","kind":"unreachable","message":"}{"outcome":"refused","reason":"},"served_by":"],"prompt_tokens":1,"truncated_tokens":0}"finish_reason":{"other":""finish_reason":"length""finish_reason":"window""finish_reason":"stop","thinking":"","tokens":[{"text":"\n","logprob":-0.000},{"text":" the","logprob":-10.,"top":[{"text":" A","logprob":-1.2},{"text":" B","logprob":-3.4},{"text":" C","logprob":-5.6}]},{"outcome":"answered","completions":[{"text":" yes","tokens":[{"text":" ","logprob":-0.1}],"echoed_tokens":0,"finish_reason":"end_of_text"}],"prompt_tokens":100,"completion_tokens":10,"truncated_tokens":0}"#;

/// Compresses with a dictionary that may change from text to text.
pub(crate) struct Encoder {
    compressor: Compressor<'static>,
    /// The current dictionary, by the caller's number; `None`: no dictionary.
    dictionary: Option<i64>,
}

impl Encoder {
    pub(crate) fn new() -> io::Result<Self> {
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        Ok(Self { compressor, dictionary: None })
    }

    /// An encoder for outcomes.
    pub(crate) fn for_outcomes() -> io::Result<Self> {
        let mut encoder = Self::new()?;
        encoder.compressor.set_dictionary(LEVEL, OUTCOME_DICTIONARY)?;
        Ok(encoder)
    }

    /// Compresses with the dictionary that was set last.
    pub(crate) fn compress(&mut self, text: &[u8]) -> io::Result<Vec<u8>> {
        self.compressor.compress(text)
    }

    /// Compresses with another text (and its number) as the dictionary, or with none.
    pub(crate) fn compress_after(
        &mut self,
        text: &[u8],
        base: Option<(i64, &[u8])>,
    ) -> io::Result<Vec<u8>> {
        let number = base.map(|(number, _)| number);
        if number != self.dictionary {
            self.compressor.set_dictionary(LEVEL, base.map_or(&[], |(_, bytes)| bytes))?;
            self.dictionary = number;
        }
        self.compressor.compress(text)
    }
}

/// Undoes [`Encoder`], for one dictionary.
pub(crate) struct Decoder {
    decompressor: Decompressor<'static>,
}

impl Decoder {
    /// A decoder for texts without a dictionary.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { decompressor: Decompressor::new()? })
    }

    /// A decoder for texts whose dictionary is another text.
    pub(crate) fn after(base: &[u8]) -> io::Result<Self> {
        Ok(Self { decompressor: Decompressor::with_dictionary(base)? })
    }

    /// A decoder for outcomes.
    pub(crate) fn for_outcomes() -> io::Result<Self> {
        Self::after(OUTCOME_DICTIONARY)
    }

    /// Decompresses a frame of `size` bytes.
    pub(crate) fn decompress(&mut self, frame: &[u8], size: usize) -> io::Result<Vec<u8>> {
        if size > MAX_TEXT_BYTES {
            return Err(io::Error::other(format!("a text claims to have {size} bytes")));
        }
        let text = self.decompressor.decompress(frame, size)?;
        if text.len() == size {
            Ok(text)
        } else {
            Err(io::Error::other(format!("a text of {size} bytes has {} bytes", text.len())))
        }
    }
}
