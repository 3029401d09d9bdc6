//! Plain text and bytes, unpacked on the fly.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::archive::{Capped, bomb_or, read_up_to};
use crate::{DataError, Limits};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file's content, unpacked if it is compressed with gzip or zstd.
pub fn bytes(path: &Path) -> Result<Vec<u8>, DataError> {
    let (mut reader, cap) = open_within(path, &Limits::default())?;
    let mut content = Vec::new();
    reader.read_to_end(&mut content).map_err(|error| bomb_or(path, cap, &error))?;
    Ok(content)
}

/// A file's text, without a byte order mark; line ends as they are.
pub fn text(path: &Path) -> Result<String, DataError> {
    text_of(bytes(path)?, path)
}

/// The text in `content` (an archive's member, say), without a byte order mark. `path` is what errors name.
pub fn text_of(mut content: Vec<u8>, path: &Path) -> Result<String, DataError> {
    if content.starts_with(BYTE_ORDER_MARK) {
        content.drain(..BYTE_ORDER_MARK.len());
    }
    String::from_utf8(content).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        not_utf8(path, error.as_bytes(), offset)
    })
}

pub(super) fn not_utf8(path: &Path, content: &[u8], offset: usize) -> DataError {
    let line = content[..offset].split(|&byte| byte == b'\n').count() as u64;
    DataError::NotUtf8 { path: path.to_owned(), offset: offset as u64, line }
}

/// A file's lines without their ends, which may be `\n`, `\r\n` or `\r` as in Python's text files. A last line without
/// an end counts; nothing after the last end does not.
pub fn lines(path: &Path) -> Result<Vec<String>, DataError> {
    let text = text(path)?.replace("\r\n", "\n").replace('\r', "\n");
    Ok(text
        .strip_suffix('\n')
        .map_or_else(|| if text.is_empty() { Vec::new() } else { split(&text) }, split))
}

fn split(text: &str) -> Vec<String> {
    text.split('\n').map(str::to_owned).collect()
}

/// A reader of the unpacked content that fails once more comes out than the limits allow, with that cap in bytes.
pub(crate) fn open_within(path: &Path, limits: &Limits) -> Result<(Box<dyn Read>, u64), DataError> {
    let mut file = File::open(path).map_err(DataError::read(path))?;
    let mut magic = [0u8; 4];
    let read = read_up_to(&mut file, &mut magic).map_err(DataError::read(path))?;
    file.seek(SeekFrom::Start(0)).map_err(DataError::read(path))?;
    let size = file.metadata().map_err(DataError::read(path))?.len();
    let cap = limits.cap(size);
    let file = BufReader::with_capacity(1 << 16, file);
    let inner: Box<dyn Read> = match &magic[..read] {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(unzstd(file).map_err(DataError::read(path))?),
        _ => return Ok((Box::new(file), size)),
    };
    Ok((Box::new(Capped::new(inner, cap)), cap))
}

fn unzstd(file: BufReader<File>) -> io::Result<impl Read> {
    // A frame may ask for a window of up to 128 MiB; more would let a small file claim gigabytes of memory.
    const MAX_WINDOW_LOG: u32 = 27;
    let mut decoder = zstd::stream::read::Decoder::with_buffer(file)?;
    decoder.window_log_max(MAX_WINDOW_LOG)?;
    Ok(decoder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_every_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        for (content, expected) in [
            ("", vec![]),
            ("\n", vec![""]),
            ("a", vec!["a"]),
            ("a\r\nb\rc\n\nd\n", vec!["a", "b", "c", "", "d"]),
            ("\u{feff}a\n", vec!["a"]),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(lines(&path).unwrap(), expected, "{content:?}");
        }
    }

    #[test]
    fn an_invalid_byte_is_named_by_its_offset_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latin");
        std::fs::write(&path, b"one\ntwo\ncaf\xe9\n").unwrap();
        let error = text(&path).unwrap_err();
        assert!(matches!(error, DataError::NotUtf8 { offset: 11, line: 3, .. }), "{error}");
    }
}
