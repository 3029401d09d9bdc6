//! What a model promises, on a tiny one: the same bits whatever the batch, and every option of decoding.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::tiny::{self, words};
use common::{ask, completion, generate, real_model, score};
use holometer_core::{
    Cancel, ChatMessage, Decoding, FailureKind, FinishReason, Model, Outcome, Prompt, Request,
    RequestKey, Role,
};
use holometer_engine::{
    Embedding, EngineError, LoadOptions, LocalModel, Pooling, WeightType, load_tokenizer_and_window,
};
use proptest::prelude::*;

fn load(options: &LoadOptions) -> LocalModel {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), false);
    LocalModel::load(folder.path(), options).unwrap()
}

fn with(prompt: &str, decoding: Decoding) -> Request {
    Request::Generate { prompt: Prompt::Text(prompt.to_owned()), decoding }
}

/// Requests of every kind; prompts share beginnings of several lengths.
fn requests() -> impl Strategy<Value = Vec<Request>> {
    let request = (0..4_usize, 1..90_usize, 0..40_usize, any::<u8>(), 0..3_usize).prop_map(
        |(family, shared, own, salt, kind)| {
            let mut numbers: Vec<usize> = (0..shared).map(|i| i * 7 + family * 13 + 3).collect();
            numbers.extend((0..own).map(|i| i * 11 + salt as usize));
            let text = words(&numbers);
            let decoding = Decoding {
                max_tokens: 6,
                temperature: if kind == 1 { 0.0 } else { 0.9 },
                num_completions: 1 + salt as usize % 2,
                top_k_per_token: 3,
                random: Some(salt.to_string()),
                ..Decoding::default()
            };
            match kind {
                0 => score(&text, &format!(" {}", words(&[own, salt as usize, 4]))),
                _ => with(&text, decoding),
            }
        },
    );
    prop::collection::vec(request, 1..40)
}

/// The tiny model, or one of about its size with matrices of a storage type.
fn load_stored(quantised: Option<&str>, threads: usize) -> LocalModel {
    let options = LoadOptions { threads: Some(threads), ..LoadOptions::default() };
    let Some(stored) = quantised else { return load(&options) };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tiny.gguf");
    tiny::write_gguf(&file, stored);
    tiny::write(folder.path(), false);
    let tokenizer = Some(folder.path().join("tokenizer.json"));
    LocalModel::load(&file, &LoadOptions { tokenizer, ..options }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn batch_order_and_threads_change_no_bit(
        requests in requests(),
        seed in any::<u64>(),
        stored in prop::sample::select(vec![None, Some("Q4_0"), Some("Q8_0"), Some("Q5_1"), Some("F16")]),
    ) {
        let one = load_stored(stored, 1);
        let three = load_stored(stored, 3);
        let together = ask(&three, &requests);
        for (request, outcome) in requests.iter().zip(&together) {
            let alone = ask(&one, std::slice::from_ref(request));
            prop_assert_eq!(&alone[0], outcome);
        }
        let mut order: Vec<usize> = (0..requests.len()).collect();
        order.sort_by_key(|index| (*index as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let shuffled: Vec<Request> = order.iter().map(|index| requests[*index].clone()).collect();
        for (index, outcome) in order.iter().zip(ask(&three, &shuffled)) {
            prop_assert_eq!(&together[*index], &outcome);
        }
    }
}

#[test]
fn the_real_model_gives_the_same_bits_alone_and_in_a_batch() {
    let Some(path) = real_model() else { return };
    let model = LocalModel::load(&path, &LoadOptions::default()).unwrap();
    let prompts = ["The capital of France is", "The capital of France was once", "Two plus two"];
    let requests: Vec<Request> = prompts
        .iter()
        .flat_map(|prompt| [generate(prompt, 5), score(prompt, " a city on the Seine.")])
        .collect();
    let together = ask(&model, &requests);
    for (request, outcome) in requests.iter().zip(&together) {
        assert_eq!(&ask(&model, std::slice::from_ref(request))[0], outcome);
    }
}

#[test]
fn rounded_activations_stay_near_on_the_real_model() {
    let Some(path) = real_model() else { return };
    let text = " The river rises in the hills north of the town and flows through three lakes before it \
                reaches the sea. In spring, when the snow melts, its lower banks are often under water.";
    let logprobs = |weights| {
        let options = LoadOptions { weights, ..LoadOptions::default() };
        let model = LocalModel::load(&path, &options).unwrap();
        let outcome = ask(&model, &[score("A short description.", text)]);
        completion(&outcome[0])
            .tokens
            .iter()
            .map(|token| token.logprob.unwrap())
            .collect::<Vec<_>>()
    };
    let exact = logprobs(WeightType::AsStored);
    assert_eq!(exact, logprobs(WeightType::F32));
    let unasked = if rounds_unasked() { WeightType::Rounded16 } else { WeightType::AsStored };
    assert_eq!(logprobs(WeightType::Auto), logprobs(unasked));
    let bounds = [(WeightType::Rounded16, 5e-3), (WeightType::Rounded8, 0.5)];
    for (weights, bound) in bounds {
        let differences: Vec<f64> =
            exact.iter().zip(logprobs(weights)).map(|(a, b)| (a - b).abs()).collect();
        let largest = differences.iter().copied().fold(0.0, f64::max);
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        let count = differences.len();
        eprintln!(
            "{weights:?}: {count} log-probabilities, mean difference {mean:.6}, largest {largest:.6}"
        );
        assert!(mean > 0.0 && largest < bound, "{weights:?}: {largest}");
    }
}

#[test]
fn activations_are_rounded_unasked_only_for_quantised_weights() {
    let summary = |path: &Path, weights| {
        let options = LoadOptions { weights, ..LoadOptions::default() };
        let card = LocalModel::load(path, &options).unwrap().card().clone();
        (card.summary, card.fingerprint)
    };
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), false);
    let (text, own) = summary(folder.path(), WeightType::Auto);
    assert!(!text.contains("activations"), "{text}");
    assert_eq!(own, summary(folder.path(), WeightType::AsStored).1);
    let Some(path) = real_model() else { return };
    let (text, own) = summary(&path, WeightType::Auto);
    assert_eq!(text.contains(", activations of 16 bits,"), rounds_unasked(), "{text}");
    let alike = if rounds_unasked() { WeightType::Rounded16 } else { WeightType::AsStored };
    assert_eq!(own, summary(&path, alike).1);
}

/// Whether quantised weights meet rounded activations without being asked: on processors with AVX2.
fn rounds_unasked() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

#[test]
fn little_memory_delays_requests_and_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), false);
    let roomy = LocalModel::load(folder.path(), &LoadOptions::default()).unwrap();
    let requests: Vec<Request> = (0..30)
        .map(|i| {
            with(
                &words(&(0..100 + i).map(|j| j * (i + 1)).collect::<Vec<_>>()),
                Decoding { max_tokens: 20, ..Decoding::default() },
            )
        })
        .collect();
    let expected = ask(&roomy, &requests);
    let needed = match LocalModel::load(
        folder.path(),
        &LoadOptions { max_memory: Some(1), ..LoadOptions::default() },
    ) {
        Err(EngineError::Memory { needed_mib, .. }) => needed_mib,
        other => panic!("one byte is enough: {:?}", other.map(|model| model.card().clone())),
    };
    let options = LoadOptions { max_memory: Some(needed << 20), ..LoadOptions::default() };
    let tight = LocalModel::load(folder.path(), &options).unwrap();
    assert_eq!(ask(&tight, &requests), expected);
}

#[test]
fn generated_log_probabilities_are_those_of_scoring() {
    let model = load(&LoadOptions::default());
    let decoding =
        Decoding { max_tokens: 5, temperature: 3.0, top_k_per_token: 61, ..Decoding::default() };
    let written = ask(&model, &[with("w5 w6 w7", decoding)]);
    let written = completion(&written[0]);
    assert!(!written.tokens.is_empty());
    for token in &written.tokens {
        let total: f64 = token.top.iter().map(|top| top.logprob.exp()).sum();
        assert!((total - 1.0).abs() < 1e-5, "probabilities sum to {total}");
        assert!(token.top.windows(2).all(|pair| pair[0].logprob >= pair[1].logprob));
        let own = token.top.iter().find(|top| top.text == token.text).unwrap();
        assert_eq!(Some(own.logprob), token.logprob);
    }
    let scored = ask(&model, &[score("w5 w6 w7", &format!(" {}", written.text))]);
    let scored = completion(&scored[0]);
    let own: Vec<_> = scored.tokens.iter().map(|token| token.logprob).collect();
    let expected: Vec<_> = written.tokens.iter().map(|token| token.logprob).collect();
    assert_eq!(own, expected);
}

#[test]
fn samples_follow_the_models_distribution() {
    let model = load(&LoadOptions::default());
    let decoding = |random: usize, top_p: f64| Decoding {
        max_tokens: 1,
        temperature: 1.0,
        top_p,
        top_k_per_token: 61,
        random: Some(random.to_string()),
        ..Decoding::default()
    };
    let all: Vec<Request> = (0..4000).map(|random| with("w9 w8", decoding(random, 1.0))).collect();
    let outcomes = ask(&model, &all);
    let distribution =
        outcomes.iter().map(completion).find_map(|own| own.tokens.first()).unwrap().top.clone();
    let mut statistic = 0.0;
    for top in &distribution {
        // The end of text leaves an empty completion.
        let name = if top.text == "w2" { "" } else { top.text.as_str() };
        let seen = outcomes.iter().filter(|outcome| completion(outcome).text == name).count();
        let expected = top.logprob.exp() * 4000.0;
        statistic += (seen as f64 - expected).powi(2) / expected;
    }
    // Chi-square with 60 degrees of freedom: its 0.9999 quantile is 107.
    assert!(statistic < 107.0, "chi-square {statistic}");
    let narrow: Vec<Request> =
        (0..200).map(|random| with("w9 w8", decoding(random, 0.05))).collect();
    let mut mass = 0.0;
    let kept = distribution.iter().take_while(|top| {
        let before = mass;
        mass += top.logprob.exp();
        before < 0.05
    });
    let kept: Vec<&str> = kept.map(|top| top.text.as_str()).collect();
    assert!(kept.len() < 10);
    for outcome in ask(&model, &narrow) {
        let text = completion(&outcome).text.clone();
        assert!(kept.contains(&if text.is_empty() { "w2" } else { text.as_str() }), "{text}");
    }
    let few = |random: usize| Decoding { top_k: Some(3), ..decoding(random, 1.0) };
    let few: Vec<Request> = (0..3000).map(|random| with("w9 w8", few(random))).collect();
    let outcomes = ask(&model, &few);
    let mass: f64 = distribution[..3].iter().map(|top| top.logprob.exp()).sum();
    let (mut total, mut statistic) = (0, 0.0);
    for top in &distribution[..3] {
        let name = if top.text == "w2" { "" } else { top.text.as_str() };
        let seen = outcomes.iter().filter(|outcome| completion(outcome).text == name).count();
        let expected = top.logprob.exp() / mass * 3000.0;
        total += seen;
        statistic += (seen as f64 - expected).powi(2) / expected;
    }
    assert_eq!(total, 3000, "only the three likeliest are drawn");
    // Chi-square with 2 degrees of freedom: its 0.9999 quantile is 18.4.
    assert!(statistic < 18.4, "chi-square {statistic}");
    let one = Decoding { top_k: Some(1), ..decoding(7, 1.0) };
    let best = Decoding { temperature: 0.0, ..decoding(7, 1.0) };
    let both = ask(&model, &[with("w9 w8", one), with("w9 w8", best)]);
    assert_eq!(completion(&both[0]).text, completion(&both[1]).text);
}

#[test]
fn several_completions_differ_and_repeat() {
    let model = load(&LoadOptions::default());
    let decoding =
        Decoding { max_tokens: 12, temperature: 2.0, num_completions: 5, ..Decoding::default() };
    let once = ask(&model, &[with("w3 w4", decoding.clone())]);
    assert_eq!(once, ask(&model, &[with("w3 w4", decoding.clone())]));
    let Outcome::Answered(response) = &once[0] else { panic!("{once:?}") };
    assert_eq!(response.completions.len(), 5);
    assert!(response.completions.windows(2).any(|pair| pair[0].text != pair[1].text));
    let other = Decoding { random: Some("again".into()), ..decoding.clone() };
    assert_ne!(once, ask(&model, &[with("w3 w4", other)]));
    let greedy = ask(&model, &[with("w3 w4", Decoding { temperature: 0.0, ..decoding })]);
    let Outcome::Answered(response) = &greedy[0] else { panic!("{greedy:?}") };
    assert_eq!(response.completions.len(), 5);
    assert!(response.completions.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn stop_sequences_match_text_and_are_left_out() {
    let model = load(&LoadOptions::default());
    let free = ask(&model, &[generate("w30 w31", 10)]);
    let free = completion(&free[0]).clone();
    assert_eq!(free.finish_reason, Some(FinishReason::Length));
    assert_eq!(free.tokens.len(), 10);
    // A stop sequence that spans two tokens.
    let stop = format!("{} {}", free.tokens[3].text, free.tokens[4].text);
    let cut = free.text.find(&stop).unwrap();
    let decoding = Decoding {
        max_tokens: 10,
        stop_sequences: vec![stop, "never".into()],
        ..Decoding::default()
    };
    let stopped = ask(&model, &[with("w30 w31", decoding)]);
    let stopped = completion(&stopped[0]);
    assert_eq!(stopped.finish_reason, Some(FinishReason::Stop));
    assert_eq!(stopped.text, free.text[..cut]);
    assert!(stopped.tokens.len() < free.tokens.len());
    assert_eq!(stopped.tokens, free.tokens[..stopped.tokens.len()]);
}

#[test]
fn penalties_stop_repetition() {
    let model = load(&LoadOptions::default());
    let decoding = |presence_penalty, frequency_penalty| Decoding {
        max_tokens: 12,
        presence_penalty,
        frequency_penalty,
        ..Decoding::default()
    };
    for (presence, frequency) in [(100.0, 0.0), (0.0, 100.0)] {
        let outcome = ask(&model, &[with("w30 w31", decoding(presence, frequency))]);
        let mut texts: Vec<&str> =
            completion(&outcome[0]).tokens.iter().map(|token| token.text.as_str()).collect();
        let count = texts.len();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), count);
    }
}

#[test]
fn windows_are_reported_and_never_silent() {
    let options = LoadOptions { max_context: Some(20), ..LoadOptions::default() };
    let model = load(&options);
    assert_eq!(model.window().max_sequence_length, 20);
    let long = words(&(3..24).collect::<Vec<_>>());
    let outcomes = ask(
        &model,
        &[generate(&long, 1), score(&long, " w3"), generate(&words(&[5; 18]), 10), generate("", 2)],
    );
    for outcome in &outcomes[..2] {
        let Outcome::Failed { kind: FailureKind::TooLong, message } = outcome else {
            panic!("{outcome:?}")
        };
        assert!(message.contains("21") && message.contains("20"), "{message}");
    }
    let full = completion(&outcomes[2]);
    assert!(full.tokens.len() <= 2);
    assert!(matches!(full.finish_reason, Some(FinishReason::Window | FinishReason::EndOfText)));
    assert!(outcomes[3].response().is_some());
}

#[test]
fn an_empty_context_is_the_beginning_of_a_text() {
    let model = load(&LoadOptions::default());
    let outcomes = ask(&model, &[score("", "w9 w10"), score("w1", " w9 w10"), score("w9", "")]);
    let logprobs = |index: usize| -> Vec<_> {
        completion(&outcomes[index]).tokens.iter().map(|token| token.logprob).collect()
    };
    assert_eq!(logprobs(0), logprobs(1));
    assert!(logprobs(2).is_empty());
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), true);
    let prefixed = LocalModel::load(folder.path(), &LoadOptions::default()).unwrap();
    let own = ask(&prefixed, &[score("w9", " w10")]);
    assert_eq!(completion(&own[0]).tokens[0].logprob, logprobs(0)[1]);
}

#[test]
fn conversations_need_a_template() {
    let model = load(&LoadOptions::default());
    assert!(!model.window().chat && !model.card().capabilities.chat);
    let messages = vec![ChatMessage { role: Role::User, content: "w5".into() }];
    let request =
        Request::Generate { prompt: Prompt::Chat(messages), decoding: Decoding::default() };
    let outcomes = ask(&model, &[request]);
    assert!(matches!(outcomes[0], Outcome::Failed { kind: FailureKind::Unsupported, .. }));
}

#[test]
fn cancelling_stops_soon_and_the_model_goes_on_working() {
    let model = load(&LoadOptions { threads: Some(1), ..LoadOptions::default() });
    let requests: Vec<(RequestKey, Request)> =
        (0..500).map(|i| (RequestKey(i), generate(&words(&[i as usize, 7, 9]), 150))).collect();
    let cancel = Cancel::new();
    let seen = AtomicUsize::new(0);
    model.answer(&requests, &cancel, &|_| {
        seen.fetch_add(1, Ordering::SeqCst);
        cancel.cancel();
    });
    assert!((1..500).contains(&seen.load(Ordering::SeqCst)));
    assert_eq!(ask(&model, &[generate("w3", 4)]), ask(&model, &[generate("w3", 4)]));
}

fn vectors(
    model: &LocalModel,
    texts: &[String],
    pooling: Pooling,
) -> Vec<Result<Embedding, String>> {
    let found = std::sync::Mutex::new(vec![None; texts.len()]);
    model.embed(texts, pooling, &Cancel::new(), &|index, result| {
        let before = found.lock().unwrap()[index].replace(result);
        assert!(before.is_none(), "a text was handed out twice");
    });
    found.into_inner().unwrap().into_iter().map(Option::unwrap).collect()
}

/// A causal model's state after a token does not depend on what follows: the mean over a text is that of the last states of its beginnings.
#[test]
fn embeddings_are_pooled_states_and_the_same_in_any_company() {
    let model = load(&LoadOptions { threads: Some(2), ..LoadOptions::default() });
    let numbers: Vec<usize> = (0..130).map(|i| i * 7 + 3).collect();
    let beginnings: Vec<String> =
        (1..=numbers.len()).map(|count| words(&numbers[..count])).collect();
    let last = vectors(&model, &beginnings, Pooling::Last);
    let last: Vec<&Embedding> = last.iter().map(|result| result.as_ref().unwrap()).collect();
    let mean = vectors(&model, &beginnings, Pooling::Mean);
    for (count, mean) in (1..).zip(&mean) {
        let mean = mean.as_ref().unwrap();
        assert_eq!(mean.tokens, count);
        for (place, value) in mean.vector.iter().enumerate() {
            let sum: f64 = last[..count].iter().map(|own| f64::from(own.vector[place])).sum();
            assert!((sum / count as f64 - f64::from(*value)).abs() < 1e-6);
        }
    }
    let alone = load(&LoadOptions { threads: Some(1), ..LoadOptions::default() });
    for index in [0, 63, 64, 129] {
        let text = std::slice::from_ref(&beginnings[index]);
        assert_eq!(vectors(&alone, text, Pooling::Mean)[0], mean[index]);
        assert_eq!(vectors(&alone, text, Pooling::Last)[0].as_ref(), Ok(last[index]));
    }
}

#[test]
fn texts_that_cannot_be_embedded_say_why() {
    let model = load(&LoadOptions { max_context: Some(20), ..LoadOptions::default() });
    let texts = [String::new(), words(&[5; 21]), words(&[5; 20])];
    let found = vectors(&model, &texts, Pooling::Mean);
    // An empty text is the token that begins texts.
    assert_eq!(found[0], vectors(&model, &["w1".to_owned()], Pooling::Last)[0]);
    assert!(
        found[1].as_ref().unwrap_err().contains("21 tokens, more than the model's window of 20")
    );
    assert_eq!(found[2].as_ref().unwrap().tokens, 20);
}

#[test]
fn planning_reads_no_weights() {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), false);
    std::fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    let known = load_tokenizer_and_window(folder.path(), &LoadOptions::default()).unwrap();
    assert_eq!(known.tokenizer.encode("w4 w5"), [4, 5]);
    assert_eq!(known.window.max_sequence_length, 200);
    assert_eq!(
        (known.window.prefix_token.as_str(), known.window.end_of_text_token.as_str()),
        ("w1", "w2")
    );
    let error = LocalModel::load(folder.path(), &LoadOptions::default()).err().unwrap().to_string();
    assert!(error.contains("no `.safetensors` file") && error.contains("hint: "), "{error}");
}

#[test]
fn fingerprints_tell_models_apart() {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), false);
    let print = |options: &LoadOptions| {
        LocalModel::load(folder.path(), options).unwrap().card().fingerprint.clone()
    };
    let first = print(&LoadOptions::default());
    assert_eq!(first, print(&LoadOptions { threads: Some(1), ..LoadOptions::default() }));
    assert_ne!(first, print(&LoadOptions { max_context: Some(50), ..LoadOptions::default() }));
    let path = folder.path().join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_ne!(first, print(&LoadOptions::default()));
}
