use std::sync::Mutex;

use holometer_core::{ChatMessage, Role};

use super::*;

fn ask(name: &str, request: Request) -> Outcome {
    let model = open_test_model(name).unwrap();
    let seen = Mutex::new(Vec::new());
    model.answer(&[(RequestKey(7), request)], &Cancel::new(), &|finished| {
        seen.lock().unwrap().push(finished);
    });
    let mut seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].key, RequestKey(7));
    seen.remove(0).outcome
}

fn generate(prompt: &str, decoding: Decoding) -> Request {
    Request::Generate { prompt: Prompt::Text(prompt.into()), decoding }
}

fn first(outcome: &Outcome) -> &Completion {
    &outcome.response().unwrap().completions[0]
}

#[test]
fn echo_repeats_the_last_line_up_to_a_stop_sequence() {
    let decoding = Decoding { stop_sequences: vec!["?".into()], ..Decoding::default() };
    let outcome = ask("echo", generate("a\nWhy me? Why\n\n", decoding));
    assert_eq!(first(&outcome).text, "Why me");
    assert_eq!(first(&outcome).finish_reason, Some(FinishReason::Stop));
}

#[test]
fn echo_gives_eight_bits_to_every_byte_of_the_continuation() {
    for (context, continuation) in [("a b", " cdefg"), ("Größe", " 日本"), ("", "🦀🦀")] {
        let outcome = ask(
            "echo",
            Request::ScoreContinuation {
                context: context.into(),
                continuation: continuation.into(),
            },
        );
        let bits = -first(&outcome).logprob().unwrap() / 2_f64.ln();
        let expected = 8.0 * continuation.len() as f64;
        assert!((bits - expected).abs() < 1e-9, "{continuation}: {bits}");
    }
}

#[test]
fn a_token_across_the_border_belongs_to_the_continuation() {
    let outcome = ask(
        "echo",
        Request::ScoreContinuation { context: "ab".into(), continuation: "cdef".into() },
    );
    let texts: Vec<_> = first(&outcome).tokens.iter().map(|token| token.text.as_str()).collect();
    assert_eq!(texts, ["abc", "def"]);
}

#[test]
fn random_is_at_chance_level_and_repeatable() {
    let question = |number: usize| {
        generate(
            &format!("Question: {number}?\nA. one\nB. two\nC. three\nAnswer:"),
            Decoding { max_tokens: 1, ..Decoding::default() },
        )
    };
    let answers: Vec<String> =
        (0..600).map(|number| first(&ask("random", question(number))).text.clone()).collect();
    for letter in [" A", " B", " C"] {
        let share = answers.iter().filter(|answer| *answer == letter).count();
        assert!((150..250).contains(&share), "{letter}: {share} of 600");
    }
    assert_eq!(answers[3], first(&ask("random", question(3))).text);
}

#[test]
fn completions_and_repetitions_differ() {
    let decoding = Decoding { num_completions: 4, ..Decoding::default() };
    let outcome = ask("random", generate("many different words stand here", decoding.clone()));
    let completions = &outcome.response().unwrap().completions;
    assert_eq!(completions.len(), 4);
    assert!(completions.windows(2).any(|pair| pair[0].text != pair[1].text));
    let again = Decoding { random: Some("1".into()), ..decoding };
    assert_ne!(outcome, ask("random", generate("many different words stand here", again)));
}

#[test]
fn alternatives_are_sorted_and_include_the_token() {
    let decoding = Decoding { top_k_per_token: 5, max_tokens: 3, ..Decoding::default() };
    let outcome = ask("random", generate("x y z", decoding));
    for token in &first(&outcome).tokens {
        assert_eq!(token.top.len(), 5);
        assert!(token.top.is_sorted_by(|a, b| a.logprob >= b.logprob));
        assert!(token.top.iter().any(|top| top.text == token.text));
        assert!(token.top.iter().map(|top| top.logprob.exp()).sum::<f64>() <= 1.0 + 1e-9);
    }
}

#[test]
fn too_long_a_prompt_fails_rather_than_answers() {
    let outcome = ask("echo", generate(&"a ".repeat(5000), Decoding::default()));
    assert!(matches!(outcome, Outcome::Failed { kind: FailureKind::TooLong, .. }));
}

#[test]
fn conversations_are_answered() {
    let message = ChatMessage { role: Role::User, content: "say".into() };
    let outcome = ask(
        "echo",
        Request::Generate {
            prompt: Prompt::Chat(vec![message]),
            decoding: Decoding { max_tokens: 1, ..Decoding::default() },
        },
    );
    assert_eq!(first(&outcome).text, "say");
    assert_eq!(first(&outcome).finish_reason, Some(FinishReason::EndOfText));
}

#[test]
fn the_tokenizer_gives_every_text_back() {
    for text in ["", " ", "hello  world\n", "日本語 🦀 é", "a<|endoftext|>b", "<|endoftext|>"]
    {
        let tokens = TestTokenizer.encode(text);
        assert_eq!(TestTokenizer.decode(&tokens), text);
        assert_eq!(TestTokenizer.pieces(&tokens).len(), tokens.len());
    }
    assert_eq!(TestTokenizer.count("<|endoftext|>ab"), 2);
}

#[test]
fn a_cancelled_model_hands_nothing_over() {
    let model = open_test_model("echo").unwrap();
    let cancel = Cancel::new();
    cancel.cancel();
    let requests = [(RequestKey(0), generate("a", Decoding::default()))];
    model.answer(&requests, &cancel, &|_| panic!("handed over after cancellation"));
}

#[test]
fn unknown_test_models_are_not_opened() {
    assert!(open_test_model("nope").is_none());
}
