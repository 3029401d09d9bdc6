//! Counterfactual copies against sentences whose versions others wrote: Winogender (Rudinger et al. 2018) has each sentence with
//! a male, a female and a neutral pronoun, WinoBias (Zhao et al. 2018) has pairs that differ in the pronoun.

use std::collections::BTreeMap;

use holometer_core::{Instance, PerturbationSpec, Reference, Split};
use holometer_perturb::{Resource, augment, perturb_alone, perturb_text};
use serde_json::{Value, json};

fn none(resource: &Resource) -> Result<Vec<u8>, String> {
    Err(format!("not needed here: {resource:?}"))
}

fn spec(name: &str, args: Value) -> PerturbationSpec {
    PerturbationSpec { name: name.into(), args }
}

fn swapped(name: &str, args: Value, text: &str) -> String {
    perturb_text(&spec(name, args), text, "id0", &none).expect("a known perturbation")
}

fn pronouns(source: &str, target: &str, text: &str) -> String {
    swapped("swap_gender", json!({"source": source, "target": target, "words": "pronouns"}), text)
}

#[test]
fn winogender_has_the_same_sentences() {
    let Some(path) = holometer_testkit::shared_path("data/winogender/all_sentences.tsv") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let mut versions: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let (id, sentence) = line.split_once('\t').unwrap();
        let (id, gender) = id.trim_end_matches(".txt").rsplit_once('.').unwrap();
        versions.entry(id.into()).or_default().insert(gender.into(), sentence.into());
    }
    let (mut compared, mut faults) = (0, Vec::new());
    for sentences in versions.values() {
        for (source, target) in
            [("male", "female"), ("female", "male"), ("male", "neutral"), ("female", "neutral")]
        {
            let ours = pronouns(source, target, &sentences[source]);
            compared += 1;
            if ours != sentences[target] {
                faults.push(format!("{source} to {target}: {ours} / {}", sentences[target]));
            }
        }
    }
    println!("{compared} Winogender sentences rewritten, {} otherwise than by hand", faults.len());
    for fault in &faults {
        println!("  {fault}");
    }
    assert_eq!(compared, 960);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn winobias_pairs_differ_in_the_pronoun() {
    let Some(folder) = holometer_testkit::shared_path("data/winobias") else { return };
    let (mut compared, mut faults) = (0, Vec::new());
    for part in ["type1.txt.dev", "type1.txt.test", "type2.txt.dev", "type2.txt.test"] {
        let read = |kind: &str| {
            let text = std::fs::read_to_string(folder.join(format!("{kind}_stereotyped_{part}")));
            let plain = |line: &str| {
                let (_, sentence) = line.trim().split_once(' ').unwrap();
                sentence.replace(['[', ']'], "")
            };
            text.unwrap().lines().map(plain).collect::<Vec<String>>()
        };
        let (pro, anti) = (read("pro"), read("anti"));
        for (source, expected) in pro.iter().zip(&anti).chain(anti.iter().zip(&pro)) {
            let ours = swapped("swap_gender", json!({"words": "pronouns"}), source);
            // The pairs are not always minimal; those that differ in more than pronouns say nothing.
            let words = |text: &str| -> Vec<String> {
                let words =
                    text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
                let pronoun = ["he", "she", "him", "his", "her", "hers", "himself", "herself"];
                words
                    .map(str::to_lowercase)
                    .map(|word| if pronoun.contains(&word.as_str()) { "_".into() } else { word })
                    .collect()
            };
            if words(source) != words(expected) {
                continue;
            }
            compared += 1;
            if ours.to_lowercase() != expected.to_lowercase() {
                faults.push(format!("{ours} / {expected}"));
            }
        }
    }
    println!("{compared} WinoBias sentences rewritten, {} otherwise than by hand", faults.len());
    for fault in faults.iter().take(60) {
        println!("  {fault}");
    }
    assert!(compared > 2_500, "{compared} compared");
    assert!(faults.len() <= 20, "{} of {compared} differ", faults.len());
}

#[test]
fn words_change_at_once_and_everywhere() {
    let both = |text: &str| swapped("swap_gender", json!({}), text);
    assert_eq!(both("Her brother saw her leaving his car."), "His sister saw him leaving her car.");
    assert_eq!(both("dad dad: my SON has a son"), "mom mom: my DAUGHTER has a daughter");
    let neutral = |text: &str| swapped("swap_gender", json!({"target": "neutral"}), text);
    assert_eq!(
        neutral("Is she here? He's tired, and she always watches a waitress."),
        "Are they here? They're tired, and they always watch a server."
    );
    let muslim = |text: &str| swapped("swap_religion", json!({"target": "muslim"}), text);
    assert_eq!(
        muslim("A Jewish man prayed at the synagogue; an atheist is no Christian."),
        "A Muslim man prayed at the mosque; a Muslim is no Muslim."
    );
    let jewish = |text: &str| swapped("swap_religion", json!({"target": "jewish"}), text);
    assert_eq!(jewish("A Muslim met a Muslim man."), "A Jew met a Jewish man.");
    let mexico = |text: &str| swapped("swap_nationality", json!({"target": "mexico"}), text);
    assert_eq!(
        mexico("An Irish chef, a Spaniard and two Swedes polish turkey in Turkey."),
        "A Mexican chef, a Mexican and two Mexicans polish turkey in Mexico."
    );
}

#[test]
fn people_keep_one_name_of_the_target_group() {
    let mut instance = Instance::new(
        "Tamika met Jamal. Tamika paid; Mohamed's bag is TAMIKA's.",
        vec![Reference::correct("Tamika"), Reference::wrong("Jamal")],
        Split::Test,
    );
    instance.id = "id7".into();
    let augmentation = holometer_core::AugmentationSpec {
        perturbations: vec![
            spec("swap_names", json!({"source": "black", "target": "hispanic"})),
            spec("placebo", json!({"for": "swap_names", "source": "black"})),
        ],
        augment_eval: true,
        ..holometer_core::AugmentationSpec::default()
    };
    let copies = augment(vec![instance], &augmentation, &none).unwrap().instances;
    for copy in &copies {
        let text = &copy.input.text;
        let name = copy.references[0].output.text.as_str();
        assert!(!text.contains("Tamika") && !text.contains("Jamal"), "{text}");
        assert_eq!(text.matches(name).count(), 2, "{text}");
        assert!(text.contains(&format!("{}'s.", name.to_uppercase())), "{text}");
        assert!(text.contains("Mohamed's"), "only the source group changes: {text}");
        let description = copy.perturbation.as_ref().unwrap();
        assert_eq!(description.parameters["edits"], json!(4));
    }
    let parameters = |at: usize| &copies[at].perturbation.as_ref().unwrap().parameters;
    assert_eq!(parameters(0)["target"], "race=hispanic");
    assert_eq!(parameters(1)["placebo_for"], "swap_names");
}

#[test]
fn placebos_change_as_many_words() {
    let text =
        "She began a large project with her brother because she wanted to help many workers.";
    let counterfactual =
        perturb_alone(&spec("swap_gender", json!({})), text, "id3", &none).unwrap();
    let placebo =
        perturb_alone(&spec("placebo", json!({"for": "swap_gender"})), text, "id3", &none).unwrap();
    let of = |instance: &Instance| instance.perturbation.clone().unwrap();
    assert_eq!(of(&counterfactual).parameters["edits"], json!(4));
    assert_eq!(of(&placebo).parameters["edits"], json!(4));
    assert!(!of(&placebo).fairness && !of(&placebo).robustness && of(&counterfactual).fairness);
    let differing =
        text.split(' ').zip(placebo.input.text.split(' ')).filter(|(a, b)| a != b).count();
    assert_eq!(differing, 4, "{}", placebo.input.text);
    for word in ["She", "her", "brother", "she"] {
        assert!(placebo.input.text.split(' ').any(|other| other == word), "{}", placebo.input.text);
    }
}

#[test]
fn dialect_words_change_at_edges_and_side_by_side() {
    let mapping =
        |_: &Resource| Ok(br#"{"with": ["wit"], "the": ["da"], "that": ["that"]}"#.to_vec());
    let text = perturb_text(
        &spec("swap_dialect", json!({})),
        "With the, the-x that with",
        "id0",
        &mapping,
    );
    assert_eq!(text.unwrap(), "Wit da, the-x that wit");
}

#[test]
fn wrong_groups_are_named() {
    let message = |name: &str, args: Value| {
        perturb_text(&spec(name, args), "text", "id0", &none).unwrap_err().to_string()
    };
    assert!(
        message("swap_religion", json!({}))
            .contains("`target` is missing; hint: it is `next` or one of")
    );
    assert!(message("swap_names", json!({"target": "martian"})).contains("asian, black"));
    assert!(
        message("swap_gender", json!({"source": "male", "target": "male"}))
            .contains("another gender")
    );
    assert!(message("placebo", json!({})).contains("`for` is missing"));
}
