//! What no reference shows: instances that HELM would hang or crash on, unknown tokenizers, errors and notes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helper functions")]

use std::sync::Arc;

use holometer_adapt::{
    AdaptContext, AdaptError, Adaptation, Note, adapt, helm_request, sample_eval_instances,
};
use holometer_core::instance::number_instances;
use holometer_core::{
    AdapterSpec, Args, AugmentationSpec, FewShot, Instance, Method, ModelSpec, Prompt, Reference,
    Request, RequestState, RunName, RunSpec, ScenarioName, ScenarioSpec, Split, Window,
};

fn window(length: usize) -> Window {
    Window {
        max_sequence_length: length,
        max_request_length: length,
        prefix_token: String::new(),
        end_of_text_token: String::new(),
        chat: false,
    }
}

fn spec(method: Method, examples: usize, max_tokens: usize) -> AdapterSpec {
    let mut spec = AdapterSpec::new(method);
    spec.few_shot.max_train_instances = examples;
    spec.decoding.max_tokens = max_tokens;
    spec
}

fn instances(train: &[&str], asked: &[&str]) -> Vec<Arc<Instance>> {
    let example =
        |answer: &&str| Instance::new("given", vec![Reference::correct(*answer)], Split::Train);
    let question = |text: &&str| {
        Instance::new(*text, vec![Reference::correct("yes"), Reference::wrong("no")], Split::Test)
    };
    let mut all: Vec<Instance> =
        train.iter().map(example).chain(asked.iter().map(question)).collect();
    number_instances(&mut all);
    all.into_iter().map(Arc::new).collect()
}

/// Requests for a model whose tokenizer is unknown.
fn estimated(
    spec: &AdapterSpec,
    instances: &[Arc<Instance>],
    length: usize,
) -> Result<Adaptation, AdaptError> {
    adapt(spec, instances, &AdaptContext { tokenizer: None, window: &window(length) })
}

fn text(state: &RequestState) -> String {
    state.request.text().unwrap()
}

#[test]
fn sampling_keeps_train_instances_and_prefers_nothing() {
    let splits = [Split::Test, Split::Train, Split::Valid, Split::Test, Split::Train, Split::Valid];
    let mut all: Vec<Instance> =
        (0..24).map(|index| Instance::new("", Vec::new(), splits[index % 6])).collect();
    number_instances(&mut all);
    let ids = |few_shot: &FewShot| -> Vec<String> {
        let chosen = sample_eval_instances(all.clone(), few_shot);
        chosen.iter().map(|instance| instance.id.to_string()).collect()
    };
    let train = ["id1", "id4", "id7", "id10", "id13", "id16", "id19", "id22"];
    let mut few_shot = FewShot { eval_splits: Some(vec![Split::Valid]), ..FewShot::default() };
    let valid = ["id2", "id5", "id8", "id11", "id14", "id17", "id20", "id23"];
    assert_eq!(ids(&few_shot), [train, valid].concat());
    few_shot.max_eval_instances = Some(8);
    assert_eq!(ids(&few_shot), [train, valid].concat(), "no more than the maximum: not shuffled");

    // numpy.random.seed(0); numpy.random.choice(8, 3, replace=False) gives 6, 2, 1.
    few_shot.max_eval_instances = Some(3);
    assert_eq!(ids(&few_shot), [&train[..], &["id20", "id8", "id5"]].concat());
}

#[test]
fn labels_that_run_out_give_way_to_unlabelled_instances() {
    let mut all = instances(&["a", "b"], &["ask"]);
    for _ in 0..3 {
        all.push(Arc::new(Instance::new("bare", Vec::new(), Split::Train)));
    }
    let adaptation = estimated(&spec(Method::Generation, 4, 5), &all, 1000).unwrap();
    let state = &adaptation.requests[0];
    assert_eq!(state.num_train_instances, 4);
    assert_eq!(text(state).matches("Output: n/a").count(), 2, "{}", text(state));
}

#[test]
fn unknown_tokenizers_count_four_characters_as_a_token() {
    let all = instances(&["a", "b", "c"], &["What?"]);
    let spec = spec(Method::Generation, 3, 10);
    let whole = estimated(&spec, &all, 1000).unwrap();
    assert_eq!(whole.notes, [Note::LengthsEstimated]);
    let characters = text(&whole.requests[0]).chars().count();
    let tokens = characters.div_ceil(4);

    assert_eq!(estimated(&spec, &all, tokens + 10).unwrap(), whole, "it fits exactly");
    let narrower = estimated(&spec, &all, tokens + 9).unwrap();
    assert_eq!(narrower.requests[0].num_train_instances, 2);
    assert_eq!(
        narrower.notes,
        [Note::ExamplesDropped { prompts: 1, examples: 1, of: 1 }, Note::LengthsEstimated]
    );
    let cut = estimated(&spec, &all, 12).unwrap();
    assert_eq!(text(&cut.requests[0]), "Input: W");
    assert!(cut.requests[0].prompt_truncated);
    assert!(cut.notes.contains(&Note::PromptsCut { prompts: 1, of: 1 }));
    assert_eq!(estimated(&spec, &all, 10).unwrap().requests, whole.requests, "no room to judge by");
}

#[test]
fn unknown_tokenizers_still_window_a_text() {
    let all = instances(&[], &["abcdefghij klmnopqrst uvwxyz"]);
    let adaptation = estimated(&spec(Method::LanguageModeling, 0, 0), &all, 3).unwrap();
    let split: Vec<(String, String)> = adaptation
        .requests
        .iter()
        .map(|state| match &state.request {
            Request::ScoreContinuation { context, continuation } => {
                (context.clone(), continuation.clone())
            }
            Request::Generate { .. } => panic!("text is scored, not written"),
        })
        .collect();
    let scored: String = split.iter().map(|(_, continuation)| continuation.as_str()).collect();
    assert_eq!(scored, "abcdefghij klmnopqrst uvwxyz", "every character is scored once");
    assert!(split.iter().all(|(context, scored)| context.len() + scored.len() == 12));
}

#[test]
fn separate_choices_are_divided_before_the_space() {
    let mut spec = spec(Method::MultipleChoiceSeparateCalibrated, 0, 0);
    spec.template.output_prefix = "Answer: ".into();
    spec.template.output_suffix = String::new();
    let adaptation = estimated(&spec, &instances(&[], &["Is it?"]), 1000).unwrap();
    let requests: Vec<&Request> = adaptation.requests.iter().map(|state| &state.request).collect();
    let scored = |context: &str, continuation: &str| Request::ScoreContinuation {
        context: context.into(),
        continuation: continuation.into(),
    };
    assert_eq!(
        requests,
        [
            &scored("Input: Is it?\nAnswer:", " yes"),
            &scored("Input: Answer:\nAnswer:", " yes"),
            &scored("Input: Is it?\nAnswer:", " no"),
            &scored("Input: Answer:\nAnswer:", " no"),
        ]
    );
}

#[test]
fn every_method_makes_requests() {
    for method in Method::ALL {
        let mut all = instances(&[], &["Is it?"]);
        let message = serde_json::json!({"role": "user", "content": "Is it?"});
        Arc::make_mut(&mut all[0]).input.messages = vec![serde_json::from_value(message).unwrap()];
        let adaptation = estimated(&spec(method, 0, 1), &all, 1000).unwrap();
        assert!(!adaptation.requests.is_empty(), "{method:?}");
        for state in &adaptation.requests {
            let scored = matches!(state.request, Request::ScoreContinuation { .. });
            assert_eq!(scored, method.needs_logprobs(), "{method:?}");
            let chat = matches!(&state.request, Request::Generate { prompt: Prompt::Chat(_), .. });
            assert_eq!(chat, method == Method::Chat, "{method:?}");
        }
    }
}

#[test]
fn order_is_by_trial_then_repetition_then_instance() {
    let mut spec = spec(Method::Generation, 1, 1);
    spec.few_shot.num_train_trials = 2;
    spec.few_shot.num_trials = 2;
    let adaptation = estimated(&spec, &instances(&["a", "b"], &["p", "q"]), 1000).unwrap();
    let run = RunSpec {
        name: RunName::new("r"),
        scenario: ScenarioSpec { name: ScenarioName::new("s"), args: Args::default() },
        adapter: spec,
        metrics: Vec::new(),
        augmentation: AugmentationSpec::default(),
        groups: Vec::new(),
        model: ModelSpec::default(),
    };
    let order: Vec<String> = adaptation
        .requests
        .iter()
        .map(|state| {
            let request = helm_request(state, &run);
            let random = request.get("random").map_or("-", |random| random.as_str().unwrap());
            format!("{} {random} {}", request["train_trial_index"], state.instance.input.text)
        })
        .collect();
    assert_eq!(order, ["0 - p", "0 - q", "0 1 p", "0 1 q", "1 - p", "1 - q", "1 1 p", "1 1 q"]);
}

#[test]
fn errors_say_what_to_do() {
    struct Bytes;
    impl holometer_core::Tokenizer for Bytes {
        fn encode(&self, text: &str) -> Vec<u32> {
            text.bytes().map(u32::from).collect()
        }
        fn decode(&self, tokens: &[u32]) -> String {
            tokens.iter().map(|token| char::from_u32(*token).unwrap()).collect()
        }
    }
    let all = instances(&[], &["p"]);
    let context = AdaptContext { tokenizer: Some(&Bytes), window: &window(100) };
    let error = adapt(&spec(Method::Generation, 0, 100), &all, &context).unwrap_err();
    assert_eq!(error, AdaptError::NoRoom { max_tokens: 100, window: 100 });
    assert!(error.to_string().contains("\nhint: "), "{error}");

    let error = estimated(&spec(Method::Chat, 0, 1), &all, 100).unwrap_err();
    assert_eq!(error, AdaptError::NoMessages { instance: "id0".into() });

    let mut joint = spec(Method::MultipleChoiceJoint, 0, 1);
    joint.template.reference_prefix = "- ".into();
    let error = estimated(&joint, &all, 100).unwrap_err();
    assert_eq!(error, AdaptError::NoLetter { prefix: "- ".into() });
    joint.template.reference_prefix = "A. ".into();
    joint.template.reference_prefix_characters = Some(vec!["x".into()]);
    let error = estimated(&joint, &all, 100).unwrap_err();
    assert_eq!(error, AdaptError::TooFewLabels { instance: "id0".into(), choices: 2, labels: 1 });
}

#[test]
fn notes_are_sentences() {
    let all = instances(&["a"], &["p"]);
    let notes = estimated(&spec(Method::Generation, 5, 1), &all, 100).unwrap().notes;
    let sentences: Vec<String> = notes.iter().map(Note::to_string).collect();
    assert_eq!(
        sentences,
        [
            "5 examples were asked for, but the scenario has 1 train instances",
            "the model's tokenizer is not known here: lengths were estimated at four characters a token",
        ]
    );
}
