//! Tables in which a row has one word per group.

use std::collections::HashMap;

/// A table of words: the groups are its columns. A line that begins with `#` is a comment, except that the first line
/// names the columns; `-` is a word that a group lacks.
pub(crate) struct GroupTable {
    /// The columns' names.
    pub(crate) groups: Vec<&'static str>,
    rows: Vec<Vec<&'static str>>,
    /// A word in lower case, with its rows and column: the first mention counts.
    places: HashMap<String, (usize, usize)>,
}

impl GroupTable {
    /// Reads a table of tab-separated lines.
    pub(crate) fn read(text: &'static str) -> Self {
        let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let groups: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
        let rows: Vec<Vec<&str>> = lines.map(|line| line.split('\t').collect()).collect();
        Self::of(groups, rows)
    }

    /// Reads a table in which a line is a group, with its name first; the first line names the columns.
    pub(crate) fn read_rows(text: &'static str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1);
        let lines: Vec<Vec<&str>> = lines.map(|line| line.split('\t').collect()).collect();
        let groups = lines.iter().map(|line| line[0]).collect();
        let meanings = lines.first().map_or(0, Vec::len);
        let column = |at: usize| lines.iter().map(move |line| line.get(at).copied().unwrap_or("-"));
        Self::of(groups, (1..meanings).map(|at| column(at).collect()).collect())
    }

    fn of(groups: Vec<&'static str>, rows: Vec<Vec<&'static str>>) -> Self {
        let mut places = HashMap::new();
        for (row, words) in rows.iter().enumerate() {
            for (column, word) in words.iter().enumerate().filter(|(_, word)| **word != "-") {
                places.entry(word.to_lowercase()).or_insert((row, column));
            }
        }
        Self { groups, rows, places }
    }

    /// The column of a group.
    pub(crate) fn column(&self, group: &str) -> Option<usize> {
        self.groups.iter().position(|known| *known == group)
    }

    /// The row and column of a word in lower case.
    pub(crate) fn place(&self, lower: &str) -> Option<(usize, usize)> {
        self.places.get(lower).copied()
    }

    /// The word of a row in a column.
    pub(crate) fn word(&self, row: usize, column: usize) -> Option<&'static str> {
        self.rows.get(row)?.get(column).copied().filter(|word| *word != "-")
    }
}
