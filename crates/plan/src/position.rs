//! Places in files, so that every message can say where.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A place in a file (or on the command line) that a person can go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// The file as the user named it, or `--entry` for an entry given on the command line.
    pub source: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source, self.line, self.column)
    }
}

impl Position {
    /// The place after `text`, for text that starts here.
    pub(crate) fn after(&self, text: &str) -> Self {
        let line = self.line + text.matches('\n').count();
        let column = match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count() + 1,
            None => self.column + text.chars().count(),
        };
        Self { source: Arc::clone(&self.source), line, column }
    }
}

/// A file's name and text; turns byte offsets into positions.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    name: Arc<str>,
    pub(crate) text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(name: &str, text: &'a str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(after_newlines).collect();
        Self { name: Arc::from(name), text, line_starts }
    }

    /// The position of a byte offset; the end of the text for offsets beyond it.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let before = &self.text[self.line_starts[line - 1]..offset];
        Position { source: Arc::clone(&self.name), line, column: before.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_and_columns() {
        let source = Source::new("a.conf", "né\nxy\n");
        let shown: Vec<String> = (0..9).map(|offset| source.position(offset).to_string()).collect();
        assert_eq!(
            shown,
            [
                "a.conf:1:1",
                "a.conf:1:2",
                "a.conf:1:2",
                "a.conf:1:3",
                "a.conf:2:1",
                "a.conf:2:2",
                "a.conf:2:3",
                "a.conf:3:1",
                "a.conf:3:1"
            ]
        );
        let start = source.position(0);
        assert_eq!(start.after("né\nx"), source.position(5));
        assert_eq!(start.after("né"), source.position(3));
    }
}
