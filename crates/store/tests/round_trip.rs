//! What goes in comes out, whatever the texts.

#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

mod common;

use std::sync::Arc;

use common::{Scratch, answer_all, begin, generate, instance, perturbed, plain_run, state};
use holometer_core::{
    ChatMessage, Decoding, Instance, Prompt, Reference, Request, RequestMode, RequestState, Role,
};
use holometer_store::{StoredAnswer, UnitId};
use proptest::prelude::*;

/// Texts of all lengths: short ones are kept plain, long ones share beginnings.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        (".{0,40}", 0_usize..40, any::<String>())
            .prop_map(|(start, times, end)| format!("{}{end}", start.repeat(times))),
        (0_usize..3, any::<String>()).prop_map(|(examples, question)| format!(
            "{}{question}",
            "Question: who?\nAnswer: me\n\n".repeat(10 * examples)
        )),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let role = prop_oneof![Just(Role::System), Just(Role::User), Just(Role::Assistant)];
    let message = (role, text()).prop_map(|(role, content)| ChatMessage { role, content });
    let prompt = prop_oneof![
        text().prop_map(Prompt::Text),
        prop::collection::vec(message, 0..4).prop_map(Prompt::Chat),
    ];
    let decoding = (0_usize..200, 0.0..2.0, prop::collection::vec(any::<String>(), 0..3)).prop_map(
        |(max_tokens, temperature, stop_sequences)| Decoding {
            max_tokens,
            temperature,
            stop_sequences,
            ..Decoding::default()
        },
    );
    prop_oneof![
        (prompt, decoding).prop_map(|(prompt, decoding)| Request::Generate { prompt, decoding }),
        (text(), text()).prop_map(|(context, continuation)| Request::ScoreContinuation {
            context,
            continuation
        }),
    ]
}

fn states() -> impl Strategy<Value = (Vec<Arc<Instance>>, Vec<RequestState>)> {
    let mapping = prop::option::of(prop::collection::vec(
        ("[A-E]", prop_oneof![Just("yes".to_owned()), Just("no".to_owned()), any::<String>()]),
        0..4,
    ));
    let mode =
        prop::option::of(prop_oneof![Just(RequestMode::Original), Just(RequestMode::Calibration)]);
    let row = (
        0_usize..6,
        request(),
        prop::option::of(0_usize..5),
        mode,
        0_usize..3,
        mapping,
        0_usize..6,
        any::<bool>(),
        0_usize..2000,
    );
    (prop::collection::vec(text(), 3), prop::collection::vec(row, 0..30)).prop_map(
        |(texts, rows)| {
            let originals: Vec<Instance> =
                texts.iter().enumerate().map(|(index, text)| instance(index, text)).collect();
            let copies: Vec<Instance> = originals
                .iter()
                .map(|one| perturbed(one, &one.input.text.to_uppercase()))
                .collect();
            let instances: Vec<Arc<Instance>> =
                originals.into_iter().chain(copies).map(Arc::new).collect();
            let requests = rows
                .into_iter()
                .map(|(at, request, reference, mode, trial, mapping, examples, cut, tokens)| {
                    RequestState {
                        instance: Arc::clone(&instances[at]),
                        reference_index: reference,
                        request_mode: mode,
                        train_trial_index: trial,
                        output_mapping: mapping,
                        request,
                        num_train_instances: examples,
                        prompt_truncated: cut,
                        num_conditioning_tokens: tokens,
                    }
                })
                .collect();
            (instances, requests)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn runs_come_back_as_they_were((instances, requests) in states()) {
        let scratch = Scratch::new();
        let mut store = scratch.open();
        let run = begin(&mut store, "r", &instances, &requests).run;
        answer_all(&mut store, run);
        drop(store);
        let store = holometer_store::Store::open_read_only(scratch.path()).unwrap();
        let found: Vec<Arc<Instance>> = store.instances(run).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(&found, &instances);
        let answers: Vec<StoredAnswer> = store.answers(run).collect::<Result<_, _>>().unwrap();
        let states: Vec<RequestState> =
            answers.iter().map(|answer| answer.state.clone()).collect();
        prop_assert_eq!(&states, &requests);
        for answer in &answers {
            let expected = common::answered(&format!("{:?}", answer.state.request));
            prop_assert_eq!(&answer.reply.as_ref().unwrap().outcome, &expected);
        }
        store.check().unwrap();
    }
}

#[test]
fn units_gather_their_requests_even_when_these_are_scattered() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let instances = [Arc::new(instance(0, "first")), Arc::new(instance(1, "second"))];
    let mut requests = Vec::new();
    for (number, (trial, at)) in
        [(1, 1), (0, 1), (0, 0), (1, 1), (0, 0), (0, 1), (1, 0)].into_iter().enumerate()
    {
        let mut state = state(&instances[at], generate(&format!("request {number}")));
        state.train_trial_index = trial;
        requests.push(state);
    }
    let run = begin(&mut store, "r", &instances, &requests).run;
    let units: Vec<(UnitId, Vec<usize>)> = store
        .units(run)
        .map(|unit| {
            let unit = unit.unwrap();
            assert_eq!(unit.instance, instances[unit.id.instance]);
            (unit.id, unit.answers.iter().map(|answer| answer.position).collect())
        })
        .collect();
    let unit = |trial, instance| UnitId { trial, instance };
    assert_eq!(
        units,
        [
            (unit(0, 0), vec![2, 4]),
            (unit(0, 1), vec![1, 5]),
            (unit(1, 0), vec![6]),
            (unit(1, 1), vec![0, 3]),
        ]
    );
}

#[test]
fn long_runs_are_read_page_by_page_without_gaps() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (instances, requests) = plain_run(&common::prompts(1000));
    let run = begin(&mut store, "r", &instances, &requests).run;
    let positions: Vec<usize> = store.answers(run).map(|answer| answer.unwrap().position).collect();
    assert_eq!(positions, (0..1000).collect::<Vec<_>>());
    let units: Vec<usize> = store.units(run).map(|unit| unit.unwrap().id.instance).collect();
    assert_eq!(units, (0..1000).collect::<Vec<_>>());
    assert_eq!(store.instances(run).count(), 1000);
}

#[test]
fn few_shot_prompts_take_a_small_part_of_their_size() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let mut naive = 0;
    let mut requests = Vec::new();
    let instances: Vec<Arc<Instance>> = (0..2000)
        .map(|index| {
            let mut one = instance(index, &question(index));
            one.references = vec![Reference::correct("alpha"), Reference::wrong("beta")];
            Arc::new(one)
        })
        .collect();
    // Three draws of five examples, as in HELM: the examples change where the trial does.
    for trial in 0..3 {
        let examples: Vec<String> =
            (0..5).map(|example| question(100_000 * (trial + 1) + example)).collect();
        let examples = examples.join("\n\n");
        for (index, instance) in instances.iter().enumerate() {
            let prompt =
                format!("Answer the question.\n\n{examples}\n\n{}\nAnswer:", question(index));
            naive += prompt.len();
            let mut state = state(instance, generate(&prompt));
            state.train_trial_index = trial;
            requests.push(state);
        }
    }
    begin(&mut store, "r", &instances, &requests);
    drop(store);
    let size = std::fs::metadata(scratch.path()).unwrap().len() as usize;
    eprintln!("naive {naive} bytes, stored {size} bytes with instances, indices and all");
    assert!(size * 4 < naive, "{size} bytes for {naive} bytes of prompts");
    // The same prompts for another model cost their rows only.
    let mut store = scratch.open();
    let mut other = common::spec("r2");
    other.model.deployment = "other".into();
    let data = std::collections::BTreeMap::new();
    let inputs = holometer_store::RunInputs {
        fingerprint: "model 2",
        data_hashes: &data,
        instances: &instances,
        requests: &requests,
    };
    store.begin_run("suite", &other, &inputs, &common::context()).unwrap();
    drop(store);
    let grown = std::fs::metadata(scratch.path()).unwrap().len() as usize - size;
    eprintln!("a second model adds {grown} bytes");
    assert!(grown < 100 * requests.len(), "{grown} bytes");
}

/// A question of some hundred bytes that no other resembles: words of a small vocabulary drawn by a generator.
fn question(seed: usize) -> String {
    let mut state = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words: Vec<String> = (0..60)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            format!("word{}", state % 500)
        })
        .collect();
    format!("Question: {}?", words.join(" "))
}
