//! Edit distance, and the error rates of speech recognition that rest on it.

use crate::python::split;

/// The least number of insertions, deletions and replacements that turn one sequence into the other (Levenshtein 1966).
pub fn distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Word error rate: word edits over words of the reference; may exceed 1. `None` when the reference has no words.
pub fn word_error_rate(reference: &str, given: &str) -> Option<f64> {
    let reference: Vec<&str> = split(reference).collect();
    let given: Vec<&str> = split(given).collect();
    rate(&reference, &given)
}

/// Character error rate: character edits over characters of the reference; may exceed 1. `None` when it is empty.
pub fn character_error_rate(reference: &str, given: &str) -> Option<f64> {
    let reference: Vec<char> = reference.chars().collect();
    let given: Vec<char> = given.chars().collect();
    rate(&reference, &given)
}

/// One minus the distance over the longer length, in [0, 1]; 1 for two empty sequences.
pub fn similarity<T: PartialEq>(a: &[T], b: &[T]) -> f64 {
    let longest = a.len().max(b.len());
    if longest == 0 { 1.0 } else { 1.0 - distance(a, b) as f64 / longest as f64 }
}

/// How many elements two sequences share at the beginning.
pub fn common_prefix<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

/// How two sequences are aligned by the fewest edits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alignment {
    /// Elements kept.
    pub hits: usize,
    /// Elements replaced.
    pub replaced: usize,
    /// Elements of the reference that are missing.
    pub deleted: usize,
    /// Elements that the reference does not have.
    pub inserted: usize,
}

impl Alignment {
    /// Of several alignments of equal cost, the one that RapidFuzz (and so jiwer) takes: common beginnings and ends are kept;
    /// between them, read from the end, deletions come before insertions and these before replacements.
    pub fn new<T: PartialEq>(reference: &[T], given: &[T]) -> Self {
        let start = common_prefix(reference, given);
        let (reference, given) = (&reference[start..], &given[start..]);
        let end =
            reference.iter().rev().zip(given.iter().rev()).take_while(|(x, y)| x == y).count();
        let reference = &reference[..reference.len() - end];
        let given = &given[..given.len() - end];
        let mut alignment = between(reference, given);
        alignment.hits += start + end;
        alignment
    }

    /// Edits over edits and hits, in [0, 1]; 0 for two empty sequences.
    pub fn match_error_rate(self) -> f64 {
        let edits = self.replaced + self.deleted + self.inserted;
        edits as f64 / (edits + self.hits).max(1) as f64
    }

    /// Hits over the reference's length times hits over the given length, in [0, 1]; 0 when either is empty.
    pub fn information_preserved(self) -> f64 {
        let reference = self.hits + self.replaced + self.deleted;
        let given = self.hits + self.replaced + self.inserted;
        if reference == 0 || given == 0 {
            return 0.0;
        }
        (self.hits as f64 / reference as f64) * (self.hits as f64 / given as f64)
    }
}

/// Alignment of sequences that differ at both ends.
fn between<T: PartialEq>(reference: &[T], given: &[T]) -> Alignment {
    let width = given.len() + 1;
    let mut table: Vec<usize> = (0..width).collect();
    for (i, x) in reference.iter().enumerate() {
        table.push(i + 1);
        for (j, y) in given.iter().enumerate() {
            let above = i * width + j;
            let replaced = table[above] + usize::from(x != y);
            table.push(replaced.min(table[above + 1] + 1).min(table[above + width] + 1));
        }
    }
    let cost = |i: usize, j: usize| table[i * width + j];
    let mut found = Alignment::default();
    let (mut i, mut j) = (reference.len(), given.len());
    while i > 0 && j > 0 {
        if cost(i, j) == cost(i - 1, j) + 1 {
            found.deleted += 1;
            i -= 1;
        } else if j > 1 && cost(i, j - 1) + 1 == cost(i - 1, j - 1) {
            found.inserted += 1;
            j -= 1;
        } else {
            if reference[i - 1] == given[j - 1] {
                found.hits += 1;
            } else {
                found.replaced += 1;
            }
            i -= 1;
            j -= 1;
        }
    }
    found.deleted += i;
    found.inserted += j;
    found
}

/// Match error rate of words (Morris and others 2004): edits over edits and hits, in [0, 1]. `None` when the reference has no
/// words.
pub fn match_error_rate(reference: &str, given: &str) -> Option<f64> {
    word_alignment(reference, given).map(Alignment::match_error_rate)
}

/// Word information preserved (Morris and others 2004), in [0, 1]. `None` when the reference has no words.
pub fn word_information_preserved(reference: &str, given: &str) -> Option<f64> {
    word_alignment(reference, given).map(Alignment::information_preserved)
}

fn word_alignment(reference: &str, given: &str) -> Option<Alignment> {
    let reference: Vec<&str> = split(reference).collect();
    let given: Vec<&str> = split(given).collect();
    (!reference.is_empty()).then(|| Alignment::new(&reference, &given))
}

fn rate<T: PartialEq>(reference: &[T], given: &[T]) -> Option<f64> {
    (!reference.is_empty()).then(|| distance(reference, given) as f64 / reference.len() as f64)
}
