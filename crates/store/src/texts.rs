//! Texts, each stored once under its hash.
//!
//! A text may have a *base*: another text that serves as the dictionary of its compression. A few-shot prompt whose
//! base is another prompt with the same examples then costs little more than its own question. Bases of bases are
//! allowed; writers keep the chains at two steps, and readers stop at [`MAX_CHAIN`].

use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::codec::{Decoder, Encoder, MAX_TEXT_BYTES};
use crate::store::{Problem, Problematic};

/// Texts shorter than this are kept as they are and serve nobody as a base.
const MIN_COMPRESSED: usize = 48;

/// The longest chain of bases that is followed; a longer one is a cycle or an attack.
const MAX_CHAIN: usize = 8;

/// How many decoded bases a reader remembers.
const REMEMBERED: usize = 16;

/// How many of the last prompts are compared with the next one.
const RECENT: usize = 4;

/// SHA-256.
pub(crate) type Hash = [u8; 32];

/// The hash of a text.
pub(crate) fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// A stored text that others may be based on.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) id: i64,
    pub(crate) text: Rc<str>,
}

/// Stores texts within a transaction of the caller.
pub(crate) struct TextWriter<'c> {
    connection: &'c Connection,
    encoder: Encoder,
    reader: TextReader,
}

impl<'c> TextWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> io::Result<Self> {
        Ok(Self { connection, encoder: Encoder::new()?, reader: TextReader::new()? })
    }

    /// The id of a text that is already stored.
    pub(crate) fn find(&self, hash: &Hash) -> Result<Option<i64>, Problem> {
        let mut statement =
            self.connection.prepare_cached("SELECT text FROM text_hashes WHERE hash = ?1")?;
        Ok(statement.query_row([&hash[..]], |row| row.get(0)).optional()?)
    }

    /// Stores a text, unless it is there, and gives its id.
    pub(crate) fn put(&mut self, text: &str, base: Option<&Base>) -> Result<i64, Problem> {
        let hash = hash(text);
        match self.find(&hash)? {
            Some(id) => Ok(id),
            None => self.insert(text, &hash, base),
        }
    }

    /// Stores a text that is not there yet.
    pub(crate) fn insert(
        &mut self,
        text: &str,
        hash: &Hash,
        base: Option<&Base>,
    ) -> Result<i64, Problem> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(Problem::TooLong { size: text.len() });
        }
        let bytes = text.as_bytes();
        let base = base.filter(|_| bytes.len() >= MIN_COMPRESSED);
        let frame = if bytes.len() < MIN_COMPRESSED {
            None
        } else {
            let dictionary = base.map(|base| (base.id, base.text.as_bytes()));
            Some(self.encoder.compress_after(bytes, dictionary)?)
                .filter(|frame| frame.len() < bytes.len())
        };
        let (codec, base, body) = match &frame {
            Some(frame) => (1, base.map(|base| base.id), frame.as_slice()),
            None => (0, None, bytes),
        };
        let id = self
            .connection
            .prepare_cached("INSERT INTO texts (size, codec, base, body) VALUES (?1, ?2, ?3, ?4)")?
            .insert(params![bytes.len() as i64, codec, base, body])?;
        self.connection
            .prepare_cached("INSERT INTO text_hashes (hash, text) VALUES (?1, ?2)")?
            .execute(params![&hash[..], id])?;
        Ok(id)
    }

    /// The text at the end of a stored text's chain of bases.
    pub(crate) fn root(&mut self, id: i64) -> Result<Base, Problem> {
        let mut root = id;
        let mut statement =
            self.connection.prepare_cached("SELECT base FROM texts WHERE id = ?1")?;
        for _ in 0..MAX_CHAIN {
            match statement.query_row([root], |row| row.get::<_, Option<i64>>(0))? {
                Some(base) => root = base,
                None => break,
            }
        }
        let text = self.reader.read(self.connection, root)?;
        Ok(Base { id: root, text: text.into() })
    }
}

/// Chooses bases for a series of prompts in their order. A prompt becomes the new base when its successor shares much
/// more of its beginning with it than with the old base: that is where the few-shot examples change.
#[derive(Default)]
pub(crate) struct Series {
    base: Option<Base>,
    recent: VecDeque<Rc<str>>,
}

impl Series {
    /// Stores the next prompt, unless it is there, and gives its id.
    pub(crate) fn put(&mut self, writer: &mut TextWriter<'_>, text: &str) -> Result<i64, Problem> {
        let hash = hash(text);
        if let Some(id) = writer.find(&hash)? {
            if self.base.is_none() && text.len() >= MIN_COMPRESSED {
                self.base = Some(writer.root(id)?);
            }
            return Ok(id);
        }
        if text.len() < MIN_COMPRESSED {
            return writer.insert(text, &hash, None);
        }
        let with_base = self.base.as_ref().map_or(0, |base| shared_prefix(&base.text, text));
        let with_recent = self.recent.iter().map(|old| shared_prefix(old, text)).max().unwrap_or(0);
        let shared: Rc<str> = text.into();
        let id = if self.base.is_none() || with_recent > 2 * with_base + MIN_COMPRESSED {
            let id = writer.insert(text, &hash, None)?;
            self.base = Some(Base { id, text: Rc::clone(&shared) });
            id
        } else {
            writer.insert(text, &hash, self.base.as_ref())?
        };
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(shared);
        Ok(id)
    }
}

/// How many bytes two texts have in common at their beginning.
fn shared_prefix(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}

/// Reads texts back, remembering the bases it met last.
pub(crate) struct TextReader {
    plain: Decoder,
    bases: VecDeque<Remembered>,
}

/// A base with a decoder that has it as its dictionary: preparing one takes longer than decoding a prompt.
struct Remembered {
    id: i64,
    decoder: Decoder,
}

impl TextReader {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { plain: Decoder::new()?, bases: VecDeque::new() })
    }

    /// The text with an id.
    pub(crate) fn read(&mut self, connection: &Connection, id: i64) -> Result<String, Problem> {
        self.read_within(connection, id, MAX_CHAIN)
    }

    fn read_within(
        &mut self,
        connection: &Connection,
        id: i64,
        steps: usize,
    ) -> Result<String, Problem> {
        let mut statement =
            connection.prepare_cached("SELECT size, codec, base, body FROM texts WHERE id = ?1")?;
        let mut rows = statement.query([id])?;
        let row = rows.next()?.damaged("a text that is referred to is missing")?;
        let size = usize::try_from(row.get::<_, i64>(0)?).ok().damaged("a text's size")?;
        let codec: i64 = row.get(1)?;
        let base: Option<i64> = row.get(2)?;
        let body = row.get_ref(3)?.as_blob().ok().damaged("a text's body")?;
        let bytes = match base {
            _ if codec == 0 => body.to_vec(),
            None => self.plain.decompress(body, size)?,
            Some(base) => self.decoder_after(connection, base, steps)?.decompress(body, size)?,
        };
        String::from_utf8(bytes).ok().damaged("a text is not UTF-8")
    }

    /// The decoder for texts with a base.
    fn decoder_after(
        &mut self,
        connection: &Connection,
        base: i64,
        steps: usize,
    ) -> Result<&mut Decoder, Problem> {
        let known = self.bases.iter().position(|known| known.id == base);
        let remembered = if let Some(known) = known.and_then(|at| self.bases.remove(at)) {
            known
        } else {
            let steps = steps.checked_sub(1).damaged("texts refer to one another in a circle")?;
            let text = self.read_within(connection, base, steps)?;
            Remembered { id: base, decoder: Decoder::after(text.as_bytes())? }
        };
        if self.bases.len() == REMEMBERED {
            self.bases.pop_front();
        }
        self.bases.push_back(remembered);
        Ok(&mut self.bases.back_mut().expect("one was just put there").decoder)
    }
}
