//! Cutting completions at stop sequences, for servers that don't do it, or do it for a few sequences only.

use holometer_core::{Completion, FinishReason, ScoredToken};

/// The byte at which the first of the stop sequences begins; `None` if none occurs. Empty sequences are ignored.
pub(crate) fn cut_at_stop(text: &str, stop_sequences: &[String]) -> Option<usize> {
    stop_sequences.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| text.find(stop)).min()
}

/// Cuts a completion before the first stop sequence, with its tokens: a token that begins before the cut is kept
/// whole, as servers do. A completion without one is left as it is.
pub(crate) fn cut_completion(completion: &mut Completion, stop_sequences: &[String]) {
    let Some(end) = cut_at_stop(&completion.text, stop_sequences) else { return };
    completion.text.truncate(end);
    completion.tokens.truncate(tokens_before(&completion.tokens, end));
    completion.finish_reason = Some(FinishReason::Stop);
}

/// Drops the tokens behind a completion's end: some servers (vLLM) list the one that ended it, a stop sequence or the end
/// of the text, which is not part of it.
pub(crate) fn drop_unwritten_tokens(completion: &mut Completion) {
    let spelled: String = completion.tokens.iter().map(|token| token.text.as_str()).collect();
    if spelled.len() > completion.text.len() && spelled.starts_with(&completion.text) {
        let kept = tokens_before(&completion.tokens, completion.text.len());
        completion.tokens.truncate(kept);
    }
}

/// Cuts a completion after so many tokens, for servers that write more than they are asked for. One without tokens, or
/// whose tokens don't spell its text, is left as it is.
pub(crate) fn cut_at_length(completion: &mut Completion, max_tokens: usize) {
    let spelled: String = completion.tokens.iter().map(|token| token.text.as_str()).collect();
    if completion.tokens.len() <= max_tokens || !spelled.starts_with(&completion.text) {
        return;
    }
    completion.tokens.truncate(max_tokens);
    let kept: usize = completion.tokens.iter().map(|token| token.text.len()).sum();
    completion.text.truncate(kept);
    completion.finish_reason = Some(FinishReason::Length);
}

fn tokens_before(tokens: &[ScoredToken], end: usize) -> usize {
    let mut written = 0;
    tokens
        .iter()
        .take_while(|token| {
            let starts_before = written < end;
            written += token.text.len();
            starts_before
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> ScoredToken {
        ScoredToken { text: text.into(), logprob: Some(-1.0), top: Vec::new() }
    }

    #[test]
    fn the_earliest_stop_sequence_wins() {
        let stops = ["\n".to_owned(), "b".to_owned(), String::new()];
        assert_eq!(cut_at_stop("aab\n", &stops), Some(2));
        assert_eq!(cut_at_stop("", &stops), None);
    }

    #[test]
    fn the_token_that_ended_a_completion_is_none_of_its_tokens() {
        let listed = |texts: &[&str]| texts.iter().map(|text| token(text)).collect::<Vec<_>>();
        for (text, given, kept) in [
            (" yes", listed(&[" yes", "\n"]), listed(&[" yes"])),
            (" yes", listed(&[" y", "es", "<|im_end|>"]), listed(&[" y", "es"])),
            ("", listed(&["\n"]), listed(&[])),
            (" yes", listed(&[" yes"]), listed(&[" yes"])),
            // Tokens that don't spell the text are not ours to judge.
            ("é", listed(&["bytes:\\xc3", "bytes:\\xa9"]), listed(&["bytes:\\xc3", "bytes:\\xa9"])),
        ] {
            let mut completion =
                Completion { text: text.into(), tokens: given, ..Completion::default() };
            drop_unwritten_tokens(&mut completion);
            assert_eq!(completion.tokens, kept, "{text:?}");
        }
    }

    #[test]
    fn an_answer_longer_than_asked_for_is_cut() {
        let answer = |texts: &[&str], text: &str| Completion {
            text: text.into(),
            tokens: texts.iter().map(|text| token(text)).collect(),
            finish_reason: Some(FinishReason::EndOfText),
            ..Completion::default()
        };
        let mut long = answer(&["You", " are", " a"], "You are a");
        cut_at_length(&mut long, 1);
        assert_eq!((long.text.as_str(), long.tokens.len()), ("You", 1));
        assert_eq!(long.finish_reason, Some(FinishReason::Length));
        // The model's end would have come one token too late.
        let mut ended = answer(&["A", "<|im_end|>"], "A");
        cut_at_length(&mut ended, 1);
        assert_eq!((ended.text.as_str(), ended.tokens.len()), ("A", 1));
        assert_eq!(ended.finish_reason, Some(FinishReason::Length));
        for unchanged in
            [answer(&["A", "B"], "AB"), answer(&["x", "y", "z"], "AB"), answer(&[], "A B C")]
        {
            let mut completion = unchanged.clone();
            cut_at_length(&mut completion, 2);
            assert_eq!(completion, unchanged);
        }
    }

    #[test]
    fn tokens_past_the_cut_go() {
        let mut completion = Completion {
            text: " yes\nno".into(),
            tokens: vec![token(" yes"), token("\n"), token("no")],
            finish_reason: Some(FinishReason::Length),
            ..Completion::default()
        };
        cut_completion(&mut completion, &["\n".into()]);
        assert_eq!(completion.text, " yes");
        assert_eq!(completion.tokens, [token(" yes")]);
        assert_eq!(completion.finish_reason, Some(FinishReason::Stop));
    }
}
