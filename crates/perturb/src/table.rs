//! Word lists that are part of the program: tab-separated lines, `#` begins a comment.

/// The rows of a table, in order, each split at its tabs.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'))
}
