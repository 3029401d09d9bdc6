//! The cases of HELM's own tests for adapters (Apache-2.0), as data: `test_generation_adapter.py`, `test_language_modeling_adapter.py`
//! and `test_multiple_choice_joint_adapter.py` in `src/helm/benchmark/adaptation/adapters/`.

use std::sync::{Arc, LazyLock};

use holometer_adapt::{AdaptContext, adapt};
use holometer_core::instance::number_instances;
use holometer_core::{
    AdapterSpec, Instance, Method, Reference, RequestState, Split, TokenId, Tokenizer, Window,
};

/// Splits what these cases are about as GPT-2's tokenizer does: a number or a word with its space is a token.
struct Pieces;

static PIECES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let words = ["<|endoftext|>", " the", "The", "eval", "train", "0"].map(str::to_owned);
    // The longer numbers first, so that the first that fits is the longest.
    words.into_iter().chain((0..25).rev().map(|number| format!(" {number}"))).collect()
});

impl Tokenizer for Pieces {
    fn encode(&self, text: &str) -> Vec<TokenId> {
        let (mut rest, mut tokens) = (text, Vec::new());
        while let Some(letter) = rest.chars().next() {
            let found = PIECES.iter().position(|piece| rest.starts_with(piece.as_str()));
            let length = found.map_or(letter.len_utf8(), |at| PIECES[at].len());
            let other = || 1000 + u32::from(letter);
            tokens.push(found.map_or_else(other, |at| u32::try_from(at).unwrap()));
            rest = &rest[length..];
        }
        tokens
    }

    fn decode(&self, tokens: &[TokenId]) -> String {
        let piece = |token: &TokenId| match token.checked_sub(1000) {
            Some(letter) => char::from_u32(letter).unwrap().to_string(),
            None => PIECES[*token as usize].clone(),
        };
        tokens.iter().map(piece).collect()
    }
}

/// GPT-2's window, or another length.
fn window(length: usize) -> Window {
    Window {
        max_sequence_length: length,
        max_request_length: length + 1,
        prefix_token: "<|endoftext|>".into(),
        end_of_text_token: "<|endoftext|>".into(),
        chat: false,
    }
}

fn requests(spec: &AdapterSpec, instances: Vec<Instance>, window: &Window) -> Vec<RequestState> {
    let mut instances = instances;
    number_instances(&mut instances);
    let instances: Vec<Arc<Instance>> = instances.into_iter().map(Arc::new).collect();
    let context = AdaptContext { tokenizer: Some(&Pieces), window };
    adapt(spec, &instances, &context).unwrap().requests
}

fn prompts(spec: &AdapterSpec, instances: Vec<Instance>, length: usize) -> Vec<String> {
    let made = requests(spec, instances, &window(length));
    made.iter().map(|state| state.request.text().unwrap()).collect()
}

fn spec(method: Method, shots: usize) -> AdapterSpec {
    let mut spec = AdapterSpec::new(method);
    spec.few_shot.max_train_instances = shots;
    spec
}

/// Right answers are marked with a star.
fn instance(split: Split, text: &str, answers: &[&str]) -> Instance {
    let reference = |answer: &&str| match answer.strip_prefix('*') {
        Some(right) => Reference::correct(right),
        None => Reference::wrong(*answer),
    };
    Instance::new(text, answers.iter().map(reference).collect(), split)
}

fn several_right() -> Vec<Instance> {
    vec![
        instance(Split::Train, "Second reference is correct", &["First", "*Second", "Third"]),
        instance(
            Split::Train,
            "First and second references are correct",
            &["*First", "*Second", "Third"],
        ),
        instance(Split::Test, "First reference is correct", &["*First", "Second", "Third"]),
    ]
}

#[test]
fn several_right_answers() {
    let cases = [(false, "First", "A"), (true, "First, Second", "A, B")];
    for (multi_label, answer, letter) in cases {
        let mut generation = spec(Method::Generation, 2);
        generation.few_shot.sample_train = false;
        generation.few_shot.multi_label = multi_label;
        let expected = format!(
            "Input: Second reference is correct\nOutput: Second\n\nInput: First and second references are correct\nOutput: {answer}\n\nInput: First \
             reference is correct\nOutput:"
        );
        assert_eq!(prompts(&generation, several_right(), 1024), [expected]);

        let mut joint = spec(Method::MultipleChoiceJoint, 10);
        joint.few_shot.sample_train = false;
        joint.few_shot.multi_label = multi_label;
        let choices = "A. First\nB. Second\nC. Third\nOutput:";
        let expected = format!(
            "Input: Second reference is correct\n{choices} B\n\nInput: First and second references are correct\n{choices} {letter}\n\nInput: First \
             reference is correct\n{choices}"
        );
        assert_eq!(prompts(&joint, several_right(), 1024), [expected]);
    }
}

#[test]
fn labels_count_up_from_the_given_one() {
    let mut joint = spec(Method::MultipleChoiceJoint, 10);
    joint.few_shot.sample_train = false;
    joint.template.reference_prefix = "  1: ".into();
    let answers = ["First", "*Second", "Third"];
    let instances = vec![
        instance(Split::Train, "Second reference is correct", &answers),
        instance(Split::Train, "Third reference is correct", &["First", "Second", "*Third"]),
        instance(Split::Test, "First reference is correct", &["*First", "Second", "Third"]),
    ];
    let choices = "  1: First\n  2: Second\n  3: Third\nOutput:";
    let expected = format!(
        "Input: Second reference is correct\n{choices} 2\n\nInput: Third reference is correct\n{choices} 3\n\nInput: First reference is \
         correct\n{choices}"
    );
    assert_eq!(prompts(&joint, instances, 1024), [expected]);
}

#[test]
fn labels_decide_which_examples_are_drawn() {
    let joint = spec(Method::MultipleChoiceJoint, 3);
    let train = [
        ("one", ["*0", "1"]),
        ("two", ["*2", "3"]),
        ("three", ["*4", "5"]),
        ("four", ["6", "*7"]),
        ("five", ["8", "*9"]),
    ];
    let mut instances: Vec<Instance> =
        train.iter().map(|(text, answers)| instance(Split::Train, text, answers)).collect();
    instances.push(instance(Split::Test, "eval", &["10", "*11"]));
    let expected = "Input: three\nA. 4\nB. 5\nOutput: A\n\nInput: two\nA. 2\nB. 3\nOutput: A\n\nInput: one\nA. 0\nB. 1\nOutput: A\n\nInput: eval\nA. \
                    10\nB. 11\nOutput:";
    assert_eq!(prompts(&joint, instances, 1024), [expected]);

    let four = spec(Method::Generation, 4);
    let says = ["no", "yes1", "yes2", "yes3", "yes4"];
    let mut instances: Vec<Instance> = says
        .iter()
        .map(|word| {
            instance(
                Split::Train,
                &format!("say {word}"),
                &[if *word == "no" { "*no" } else { "*yes" }],
            )
        })
        .collect();
    instances.push(instance(Split::Test, "?", &[]));
    let prompt = prompts(&four, instances, 1024).remove(0);
    let drawn: Vec<&str> =
        prompt.lines().filter_map(|line| line.strip_prefix("Input: say ")).collect();
    assert_eq!(drawn, ["yes4", "no", "yes1", "yes3"]);
}

#[test]
fn examples_beyond_the_window_and_none_at_all() {
    let asked = || instance(Split::Test, "eval", &[]);
    assert_eq!(
        prompts(&spec(Method::Generation, 2), vec![asked()], 1024),
        ["Input: eval\nOutput:"]
    );

    let mut bare = spec(Method::Generation, 2049);
    bare.few_shot.sample_train = false;
    bare.decoding.max_tokens = 100;
    bare.template.input_prefix = String::new();
    bare.template.output_prefix = String::new();
    let with_examples = |count: usize, asked: Instance| {
        let train = std::iter::repeat_n(instance(Split::Train, "train", &["*"]), count);
        train.chain([asked]).collect::<Vec<Instance>>()
    };
    bare.template.input_suffix = String::new();
    bare.template.output_suffix = String::new();
    let prompt = prompts(&bare, with_examples(2049, asked()), 1024).remove(0);
    assert!(Pieces.encode(&prompt).len() + 100 <= 1025, "{prompt}");
    assert!(prompt.starts_with("train") && prompt.ends_with("eval"), "{prompt}");

    bare.few_shot.max_train_instances = 100;
    bare.template.input_suffix = "\n".into();
    bare.template.output_suffix = "\n".into();
    let long = instance(Split::Test, &"eval".repeat(2049), &[]);
    let prompt = prompts(&bare, with_examples(100, long), 1024).remove(0);
    assert!(!prompt.contains("train"));
    // HELM's case counts 924, because GPT-2's merges spend a token on the text's edge; here a word is a token.
    assert_eq!(prompt.matches("eval").count(), 925);
}

#[test]
fn common_labels_come_first_in_every_trial() {
    let mut generation = spec(Method::Generation, 5);
    generation.few_shot.num_train_trials = 10;
    let mut kinds = vec![3, 3, 1, 1, 1, 2, 2];
    kinds.extend(4..100);
    let mut instances: Vec<Instance> = kinds
        .iter()
        .map(|kind| {
            instance(Split::Train, &format!("prompt{kind}"), &[&format!("*reference{kind}")])
        })
        .collect();
    instances.push(instance(Split::Test, "?", &[]));
    let prompts = prompts(&generation, instances, 1024);
    assert_eq!(prompts.len(), 10);
    for prompt in &prompts {
        let drawn: Vec<&str> =
            prompt.lines().filter_map(|line| line.strip_prefix("Input: prompt")).collect();
        assert_eq!((drawn.len(), drawn[0]), (5, "1"));
        assert!(drawn[1..3].iter().all(|kind| ["2", "3"].contains(kind)), "{drawn:?}");
        assert!(drawn[3..].iter().all(|kind| !["1", "2", "3"].contains(kind)), "{drawn:?}");
        assert_eq!(prompts.iter().filter(|other| *other == prompt).count(), 1);
    }
}

#[test]
fn long_texts_are_asked_in_windows() {
    let mut scored = spec(Method::LanguageModeling, 0);
    scored.template.input_prefix = String::new();
    scored.template.output_prefix = String::new();
    scored.decoding.max_tokens = 0;
    let numbers: Vec<String> = (0..25).map(|number| number.to_string()).collect();
    let text = instance(Split::Test, &numbers.join(" "), &[]);
    let expected = [
        "<|endoftext|>0 1 2 3 4 5 6 7 8 9",
        " 9 10 11 12 13 14 15 16 17 18 19",
        " 14 15 16 17 18 19 20 21 22 23 24",
    ];
    assert_eq!(prompts(&scored, vec![text], 10), expected);

    let text = instance(Split::Test, &format!("The{}", " the".repeat(2048)), &[]);
    let first = prompts(&scored, vec![text], 1024).remove(0);
    assert_eq!(first, format!("<|endoftext|>The{}", " the".repeat(1023)));
}
