//! Which of an echoed prompt's tokens belong to the scored continuation.
//!
//! A server that echoes the prompt reports its tokens and where each begins (`text_offset`, in characters). Servers
//! differ in three ways: a token that begins every text may be listed, with a text that is not in the prompt (vLLM
//! with Llama tokenizers), and counts in the offsets then; a character split over several tokens shows as U+FFFD, as
//! `bytes:\xe2` or as nothing; and at least one further token is written. So the tokens' own texts are trusted when
//! they spell the prompt, and the offsets otherwise.

use holometer_core::ScoredToken;

/// The tokens of `continuation`: those that end past its beginning (a token across the border belongs to it) and begin
/// before its end.
///
/// # Errors
/// When tokens and offsets don't cover the prompt, so that no answer can be trusted.
pub(crate) fn continuation_tokens(
    context: &str,
    continuation: &str,
    tokens: Vec<ScoredToken>,
    offsets: &[usize],
) -> Result<Vec<ScoredToken>, String> {
    let prompt = format!("{context}{continuation}");
    let border = context.chars().count();
    let end = prompt.chars().count();
    let starts = starts_by_text(&prompt, &tokens)
        .or_else(|| starts_by_offset(&prompt, &tokens, offsets))
        .ok_or("the echoed tokens do not spell the prompt")?;
    let belongs = |index: usize| match starts.get(index) {
        Some(Some(start)) => {
            let next = starts.get(index + 1).copied().flatten().unwrap_or(end);
            *start < end && (*start >= border || next > border)
        }
        Some(None) | None => false,
    };
    let kept = tokens.into_iter().enumerate().filter(|(index, _)| belongs(*index));
    Ok(kept.map(|(_, token)| token).collect())
}

/// Where each token begins in the prompt, in characters; `None` for a token that is not part of it.
type Starts = Vec<Option<usize>>;

/// Places the tokens by their own texts, with or without a first token that is not in the prompt.
fn starts_by_text(prompt: &str, tokens: &[ScoredToken]) -> Option<Starts> {
    let spelled: String = tokens.iter().map(|token| token.text.as_str()).collect();
    let first = tokens.first()?;
    let begins_every_text = if first.text.is_empty() {
        first.logprob.is_none() && tokens.len() > 1
    } else {
        !spelled.starts_with(prompt)
    };
    let skipped = usize::from(begins_every_text);
    if !spelled[if begins_every_text { first.text.len() } else { 0 }..].starts_with(prompt) {
        return None;
    }
    let mut at = 0;
    let mut starts = vec![None; skipped];
    for token in &tokens[skipped..] {
        starts.push(Some(at));
        at += token.text.chars().count();
    }
    Some(starts)
}

/// Places the tokens by the server's offsets, from which the text of a first token that is not in the prompt is
/// subtracted.
fn starts_by_offset(prompt: &str, tokens: &[ScoredToken], offsets: &[usize]) -> Option<Starts> {
    let first = tokens.first()?;
    if offsets.len() != tokens.len() || !offsets.is_sorted() || offsets[0] != 0 {
        return None;
    }
    let looks_special = first.text.is_empty()
        || (first.text.starts_with('<')
            && first.text.ends_with('>')
            && !prompt.starts_with(&first.text));
    let skipped = usize::from(looks_special && first.logprob.is_none());
    let shift = if skipped == 1 { first.text.chars().count() } else { 0 };
    if *offsets.last()? < prompt.chars().count().saturating_sub(1) {
        return None;
    }
    let mut starts = vec![None; skipped];
    for offset in &offsets[skipped..] {
        starts.push(Some(offset.checked_sub(shift)?));
    }
    Some(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(texts: &[&str]) -> Vec<ScoredToken> {
        let token = |(index, text): (usize, &&str)| ScoredToken {
            text: (*text).to_owned(),
            logprob: (index > 0).then_some(-(index as f64)),
            top: Vec::new(),
        };
        texts.iter().enumerate().map(token).collect()
    }

    fn kept(context: &str, continuation: &str, texts: &[&str], offsets: &[usize]) -> Vec<String> {
        continuation_tokens(context, continuation, tokens(texts), offsets)
            .unwrap()
            .into_iter()
            .map(|token| token.text)
            .collect()
    }

    #[test]
    fn a_token_across_the_border_belongs_to_the_continuation_and_written_ones_do_not() {
        assert_eq!(kept("ab", "cd e", &["a", "bc", "d", " e", " written"], &[]), ["bc", "d", " e"]);
        assert_eq!(kept("ab", "cd", &["ab", "cd"], &[0, 2]), ["cd"]);
    }

    #[test]
    fn a_token_that_begins_every_text_is_left_out() {
        assert_eq!(kept("", "a b", &["<s>", "a", " b", "!"], &[0, 3, 4, 6]), ["a", " b"]);
        assert_eq!(kept("", "a b", &["", "a", " b", "!"], &[0, 0, 1, 3]), ["a", " b"]);
    }

    #[test]
    fn split_characters_are_placed_by_offset() {
        // The crab takes four bytes; the tokens hold two each, as OpenAI and llama-cpp-python show them.
        let offsets = [0, 1, 1, 2, 3];
        assert_eq!(
            kept("a", "🦀b", &["a", "bytes:\\xf0\\x9f", "bytes:\\xa6\\x80", "b", "x"], &offsets),
            ["bytes:\\xf0\\x9f", "bytes:\\xa6\\x80", "b"]
        );
        assert_eq!(kept("a🦀", "b", &["a", "", "", "b", "x"], &offsets), ["b"]);
        // vLLM, where the first token's text counts in the offsets.
        let shifted = [0, 3, 4, 4, 5, 6];
        assert_eq!(
            kept("a🦀", "b", &["<s>", "a", "\u{fffd}", "\u{fffd}", "b", "x"], &shifted),
            ["b"]
        );
    }

    #[test]
    fn an_echo_of_something_else_is_refused() {
        assert!(continuation_tokens("ab", "c", tokens(&["x", "y"]), &[]).is_err());
        assert!(continuation_tokens("ab", "cdefgh", tokens(&["a", "b"]), &[0, 1]).is_err());
        assert!(continuation_tokens("ab", "c", tokens(&["x", "y", "z"]), &[0, 2, 1]).is_err());
        assert!(continuation_tokens("ab", "c", Vec::new(), &[]).is_err());
    }
}
