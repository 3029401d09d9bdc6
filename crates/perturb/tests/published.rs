//! The cases of HELM's own tests for perturbations (src/helm/benchmark/augmentations/test_perturbation.py, Apache-2.0), as far
//! as they are about the perturbations here.

use holometer_core::{AugmentationSpec, Input, Instance, PerturbationSpec, Reference, Split};
use holometer_perturb::{PerturbError, Resource, augment, perturb_text};
use serde_json::{Value, json};

fn none(resource: &Resource) -> Result<Vec<u8>, String> {
    Err(format!("not needed here: {resource:?}"))
}

fn copies(name: &str, args: Value, original: Instance) -> Vec<Instance> {
    let spec = AugmentationSpec {
        perturbations: vec![PerturbationSpec { name: name.into(), args }],
        augment_eval: true,
        seeds_per_instance: 1,
        ..AugmentationSpec::default()
    };
    augment(vec![original], &spec, &none).expect("a known perturbation").instances
}

fn instance(text: &str) -> Instance {
    let mut instance = Instance::new(text, vec![Reference::wrong("some name")], Split::Test);
    instance.id = "id0".into();
    instance
}

#[test]
fn helms_own_cases() {
    let cases = [
        ("extra_space", json!({"num_spaces": 2}), "Hello my name is", "Hello  my  name  is"),
        (
            "misspelling",
            json!({"prob": 1.0}),
            "Already, the new product is not available.",
            "Alreayd, hten new product is nto avaliable.",
        ),
        (
            "filler_words",
            json!({"insert_prob": 0.3, "speaker_ph": false}),
            "The quick brown fox jumps over the lazy dog.",
            "The quick brown fox jumps over like the lazy probably dog.",
        ),
        (
            "contraction",
            json!({}),
            "She is a doctor, and I am a student",
            "She's a doctor, and I'm a student",
        ),
        (
            "expansion",
            json!({}),
            "She's a doctor, and I'm a student",
            "She is a doctor, and I am a student",
        ),
        (
            "typos",
            json!({"prob": 0.1}),
            "After their marriage, she started a close collaboration with Karvelas.",
            "After tjeir marriage, she xrwrted a cloae dollabpration with Iarvwlas.",
        ),
        (
            "lower_case",
            json!({}),
            "Hello World!\nQuite a day, huh?",
            "hello world!\nquite a day, huh?",
        ),
        (
            "space",
            json!({"max_spaces": 3}),
            "Hello World!\nQuite a day, huh?",
            "Hello   World!\nQuite a  day,   huh?",
        ),
        ("suffix", json!({"suffix": "pixel art"}), "A blue dog", "A blue dog, pixel art"),
    ];
    for (name, args, original, expected) in cases {
        assert_eq!(copies(name, args, instance(original))[0].input.text, expected, "{name}");
    }
}

#[test]
fn helms_own_cases_with_references() {
    let gender = |mode: &str| json!({"mode": mode, "prob": 1.0, "source_class": "male", "target_class": "female"});
    let cases = [
        (
            gender("pronouns"),
            (
                "Did she mention that he was coming with his parents and their friends?",
                "She didn't, perhaps he didn't tell her!",
            ),
            (
                "Did she mention that she was coming with her parents and their friends?",
                "She didn't, perhaps she didn't tell her!",
            ),
        ),
        (
            gender("terms"),
            ("His grandsons looked a lot like their dad.", "How did their father look like?"),
            ("His granddaughters looked a lot like their mom.", "How did their mother look like?"),
        ),
    ];
    for (args, (input, reference), (expected, expected_reference)) in cases {
        let mut original = instance(input);
        original.references = vec![Reference::wrong(reference)];
        let copy = copies("gender", args, original).remove(0);
        assert_eq!(
            (copy.input.text.as_str(), copy.references[0].output.text.as_str()),
            (expected, expected_reference)
        );
    }
}

/// Those whose word lists HELM downloads; the reference data holds HELM's files.
#[test]
fn helms_own_cases_with_word_lists() {
    let Some(lists) = holometer_testkit::shared_path("golden/data/perturbations") else { return };
    let resources = |resource: &Resource| {
        let file = match resource {
            Resource::DialectMapping => "dialect/SAE_to_AAVE_mapping.json",
            Resource::PersonNames => "person_name/data/person_names.txt",
            other => return Err(format!("no case needs {other:?}")),
        };
        std::fs::read(lists.join(file)).map_err(|error| error.to_string())
    };
    let cases = [
        (
            "dialect",
            json!({"prob": 1.0, "source_class": "SAE", "target_class": "AAVE"}),
            ("I will remember this day to be the best day of my life.", "Is this love?"),
            ("I gon remember dis day to b the best day of mah life.", "Is dis love?"),
        ),
        (
            "person_name",
            json!({
                "prob": 1.0, "source_class": {"race": "white_american"}, "target_class": {"race": "black_american"},
                "person_name_type": "first_name", "preserve_gender": true,
            }),
            (
                "I learned that Jack, Peter, and Lauren are siblings! Do you know who is the oldest?",
                "Peter and peter were friends.",
            ),
            (
                "I learned that Lamar, Tyree, and Sharise are siblings! Do you know who is the oldest?",
                "Tyree and tyree were friends.",
            ),
        ),
    ];
    for (name, args, (input, reference), (expected, expected_reference)) in cases {
        let mut original = instance(input);
        original.references = vec![Reference::wrong(reference)];
        let spec = AugmentationSpec {
            perturbations: vec![PerturbationSpec { name: name.into(), args }],
            augment_eval: true,
            seeds_per_instance: 1,
            ..AugmentationSpec::default()
        };
        let copy = augment(vec![original], &spec, &resources).unwrap().instances.remove(0);
        assert_eq!(
            (copy.input.text.as_str(), copy.references[0].output.text.as_str()),
            (expected, expected_reference),
            "{name}"
        );
    }
}

/// That whose model and WordNet HELM downloads (`parity/perturb/synonym.py`).
#[test]
fn helms_own_case_with_a_tagger() {
    let variable = "HOLOMETER_SYNONYM_DATA";
    let Some(data) = holometer_testkit::named_folder(variable, "parity/perturb/synonym.py") else {
        return;
    };
    let resources = |resource: &Resource| {
        let file = match resource {
            Resource::SpacyModel(path) => format!("en_core_web_sm-3.8.0/{path}"),
            Resource::WordNet(name) => format!("corpora/wordnet/{name}"),
            other => return Err(format!("no case needs {other:?}")),
        };
        std::fs::read(data.join("perturbations/synonym").join(file))
            .map_err(|error| error.to_string())
    };
    let spec = PerturbationSpec { name: "synonym".into(), args: json!({"prob": 1.0}) };
    let text = "This was a good movie, would watch again.";
    assert_eq!(
        perturb_text(&spec, text, "id0", &resources).unwrap(),
        "This was a near motion-picture show, would check once more."
    );
}

/// `test_data_preprocessor.py`: ten train instances as they are, ten evaluated ones as they are and perturbed.
#[test]
fn evaluated_instances_come_with_their_copies() {
    let numbered = (0..20).map(|at| {
        let split = if at < 10 { Split::Train } else { Split::Test };
        let mut instance = Instance::new(format!("{at} {at}"), Vec::new(), split);
        instance.id = format!("id{at}").as_str().into();
        instance
    });
    let spec = AugmentationSpec {
        perturbations: vec![PerturbationSpec {
            name: "extra_space".into(),
            args: json!({"num_spaces": 5}),
        }],
        include_original_eval: true,
        augment_eval: true,
        include_original_train: true,
        seeds_per_instance: 1,
        ..AugmentationSpec::default()
    };
    let made = augment(numbered.collect(), &spec, &none).unwrap().instances;
    assert_eq!(made.len(), 30);
    for instance in &made {
        assert_eq!(instance.input.text.contains("     "), instance.perturbation.is_some());
    }
}

#[test]
fn synonyms_keep_the_sentence() {
    let spec = PerturbationSpec { name: "synonym_wordnet".into(), args: json!({"prob": 1.0}) };
    let changed = |text: &str| perturb_text(&spec, text, "id0", &none).unwrap();
    // WordNet 3.0: attorney and lawyer, and seldom and rarely, are each one synset, marked most often in that sense.
    assert_eq!(changed("An attorney seldom calls."), "A lawyer rarely calls.");
    assert_eq!(
        changed("ATTORNEY Seldom saw Attorney General."),
        "LAWYER Seldom saw Attorney General."
    );
    assert_eq!(
        changed("They were good, and the attorneys ran."),
        "They were good, and the attorneys ran."
    );
    let never = PerturbationSpec { name: "synonym_wordnet".into(), args: json!({"prob": 0.0}) };
    assert_eq!(perturb_text(&never, "An attorney.", "id0", &none).unwrap(), "An attorney.");
}

#[test]
fn contrast_sets_take_the_scenarios_own_counterexample() {
    let mut original = instance("is it the last movie");
    original.contrast_inputs = vec![Input::text("is it the first of multiple movies")];
    original.contrast_references = vec![vec![Reference::correct("yes")]];
    let copies = copies("contrast_sets", json!({}), original);
    assert_eq!(copies[0].input.text, "is it the first of multiple movies");
    assert_eq!(copies[0].references[0].output.text, "yes");
}

#[test]
fn faults_are_clear() {
    let spec = |name: &str, args: Value| PerturbationSpec { name: name.into(), args };
    let message = |spec| perturb_text(&spec, "text", "id0", &none).unwrap_err().to_string();
    assert!(
        message(spec("misspeling", json!({"prob": 1}))).contains("did you mean `misspelling`?")
    );
    assert!(
        message(spec("typos", json!({"prob": 2})))
            .contains("`prob` can't be `2`; hint: it is a number from 0 to 1")
    );
    assert!(message(spec("space", json!({}))).contains("`max_spaces` is missing"));
    assert!(message(spec("translate", json!({}))).contains("translation service"));
    assert_eq!(
        message(spec("synonym", json!({"prob": 0.5}))),
        "perturbation `synonym`: not needed here: SpacyModel(\"vocab/lookups.bin\")"
    );
    assert!(message(spec("chinese_gender", json!({}))).contains("segmenter"));
    let unavailable =
        spec("dialect", json!({"prob": 1, "source_class": "SAE", "target_class": "AAVE"}));
    assert!(matches!(
        perturb_text(&unavailable, "text", "id0", &none),
        Err(PerturbError::Resource { .. })
    ));
}
