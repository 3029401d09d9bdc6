//! The named sets of perturbations, as data.
//!
//! Names, members and arguments are HELM's (`PERTURBATION_SPECS_DICT` in `run_expander.py`, HELM 0.5.16); a
//! perturbation's name is HELM's class name in snake case.

use holometer_core::PerturbationSpec;
use serde_json::{Value, json};

/// A value of `data_augmentation`.
#[derive(Clone, Debug, PartialEq)]
pub struct AugmentationSet {
    /// Its name in a run entry.
    pub name: &'static str,
    /// The runs it makes: what each run's name says, and the perturbations.
    pub runs: Vec<(String, Vec<PerturbationSpec>)>,
}

/// Every named set: HELM's in HELM's order, then ours.
pub fn augmentation_sets() -> Vec<AugmentationSet> {
    sets()
}

pub(crate) fn sets() -> Vec<AugmentationSet> {
    let mut all = robustness_sets();
    all.extend(dialect_sets());
    all.extend(person_name_sets());
    all.extend(gender_sets());
    all.extend(pooled_sets());
    all.extend(chinese_sets());
    all.extend(translation_and_style_sets());
    all.extend(crate::counterfactual_sets::sets());
    // Not HELM's: what there is instead of its `synonym`.
    all.push(set("synonym_wordnet", "synonym_wordnet", vec![with_prob("synonym_wordnet", 0.5)]));
    all
}

fn set(name: &'static str, shown: &str, perturbations: Vec<PerturbationSpec>) -> AugmentationSet {
    AugmentationSet { name, runs: vec![(shown.to_owned(), perturbations)] }
}

fn perturbation(name: &str, args: Value) -> PerturbationSpec {
    PerturbationSpec { name: name.to_owned(), args }
}

fn with_prob(name: &str, prob: f64) -> PerturbationSpec {
    perturbation(name, json!({ "prob": prob }))
}

fn contraction_and_expansion() -> Vec<PerturbationSpec> {
    vec![perturbation("contraction", json!({})), perturbation("expansion", json!({}))]
}

fn filler_words(prob: f64) -> PerturbationSpec {
    perturbation("filler_words", json!({ "insert_prob": prob, "speaker_ph": false }))
}

fn space() -> PerturbationSpec {
    perturbation("space", json!({ "max_spaces": 3 }))
}

fn robustness_sets() -> Vec<AugmentationSet> {
    let misspelling = |prob| vec![with_prob("misspelling", prob)];
    let typos = |prob| vec![with_prob("typos", prob)];
    let sweep = [("misspelling0", json!(0)), ("misspelling0.05", json!(0.05))]
        .into_iter()
        .chain([("misspelling0.2", json!(0.2)), ("misspelling0.5", json!(0.5))])
        .map(|(shown, prob)| {
            (shown.to_owned(), vec![perturbation("misspelling", json!({ "prob": prob }))])
        });
    vec![
        set(
            "extra_space",
            "extra_space2",
            vec![perturbation("extra_space", json!({ "num_spaces": 2 }))],
        ),
        set("contrast_sets", "contrast_sets", vec![perturbation("contrast_sets", json!({}))]),
        set("space", "space3", vec![space()]),
        set("lower", "lower", vec![perturbation("lower_case", json!({}))]),
        set("contract", "contract", contraction_and_expansion()),
        set("filler", "filler0.3", vec![filler_words(0.3)]),
        set("misspelling_mild", "misspelling0.05", misspelling(0.05)),
        set("misspelling_medium", "misspelling0.20", misspelling(0.20)),
        set("misspelling_hard", "misspelling0.5", misspelling(0.5)),
        AugmentationSet { name: "misspelling_sweep", runs: sweep.collect() },
        set("typo_easy", "typo0.1", typos(0.1)),
        set("typo_medium", "typo0.3", typos(0.3)),
        set("typo_hard", "typo0.5", typos(0.5)),
        set("synonym", "synonym0.5", vec![with_prob("synonym", 0.5)]),
    ]
}

fn dialect(prob: f64) -> PerturbationSpec {
    perturbation(
        "dialect",
        json!({
            "prob": prob, "source_class": "SAE", "target_class": "AAVE", "mapping_file_path": null,
        }),
    )
}

fn dialect_sets() -> Vec<AugmentationSet> {
    let shown = |prob: &str| format!("dialect_prob={prob}_source=SAE_target=AAVE");
    vec![
        set("dialect_easy", "dialect_easy_prob=0.1_source=SAE_target=AAVE", vec![dialect(0.1)]),
        set("dialect_medium", &shown("0.3"), vec![dialect(0.3)]),
        set("dialect_hard", &shown("0.5"), vec![dialect(0.5)]),
        set("dialect_deterministic", &shown("1.0"), vec![dialect(1.0)]),
    ]
}

/// Whether a replacement name must be of the same gender.
#[derive(Clone, Copy)]
enum Gender {
    Kept,
    Any,
}

fn person_name(
    prob: f64,
    races: (&str, &str),
    name_type: &str,
    gender: Gender,
) -> PerturbationSpec {
    perturbation(
        "person_name",
        json!({
            "prob": prob, "source_class": { "race": races.0 }, "target_class": { "race": races.1 },
            "name_file_path": null, "person_name_type": name_type,
            "preserve_gender": matches!(gender, Gender::Kept),
        }),
    )
}

fn first_name(prob: f64, gender: Gender) -> PerturbationSpec {
    person_name(prob, ("white_american", "black_american"), "first_name", gender)
}

fn last_name(prob: f64) -> PerturbationSpec {
    person_name(prob, ("white", "hispanic"), "last_name", Gender::Any)
}

fn person_name_sets() -> Vec<AugmentationSet> {
    let first = |prob: &str, kept: &str| {
        format!("person_name_first_prob={prob}_source=white_target=black_preserve_gender={kept}")
    };
    let last = |prob: &str| format!("person_name_last_prob={prob}_source=white_target=hispanic");
    vec![
        set(
            "person_name_first_hard_preserve_gender",
            &first("0.5", "True"),
            vec![first_name(0.5, Gender::Kept)],
        ),
        set(
            "person_name_first_hard_dont_preserve_gender",
            &first("0.5", "False"),
            vec![first_name(0.5, Gender::Any)],
        ),
        set(
            "person_name_first_deterministic",
            &first("1.0", "True"),
            vec![first_name(1.0, Gender::Kept)],
        ),
        set("person_name_last_deterministic", &last("1.0"), vec![last_name(1.0)]),
        set("person_name_last_hard", &last("0.5"), vec![last_name(0.5)]),
    ]
}

fn gender(mode: &str, prob: f64) -> PerturbationSpec {
    perturbation(
        "gender",
        json!({
            "mode": mode, "prob": prob, "source_class": "male", "target_class": "female",
            "mapping_file_path": null, "mapping_file_genders": null, "bidirectional": false,
        }),
    )
}

fn gender_sets() -> Vec<AugmentationSet> {
    [
        ("gender_terms_easy", "terms", "0.1", 0.1),
        ("gender_terms_medium", "terms", "0.3", 0.3),
        ("gender_terms_hard", "terms", "0.5", 0.5),
        ("gender_terms_deterministic", "terms", "1.0", 1.0),
        ("gender_pronouns_easy", "pronouns", "0.1", 0.1),
        ("gender_pronouns_medium", "pronouns", "0.3", 0.3),
        ("gender_pronouns_hard", "pronouns", "0.5", 0.5),
        ("gender_pronouns_deterministic", "pronouns", "1.0", 1.0),
    ]
    .into_iter()
    .map(|(name, mode, shown, prob)| {
        let shown = format!("gender_{mode}_prob={shown}_source=male_target=female");
        set(name, &shown, vec![gender(mode, prob)])
    })
    .collect()
}

fn pooled_sets() -> Vec<AugmentationSet> {
    let robustness = vec![perturbation("mild_mix", json!({}))];
    let fairness = vec![dialect(1.0), gender("pronouns", 1.0), first_name(1.0, Gender::Kept)];
    let canonical = [robustness.clone(), fairness.clone()].concat();
    let mut every = contraction_and_expansion();
    every.extend([
        filler_words(0.1),
        perturbation("lower_case", json!({})),
        with_prob("misspelling", 0.1),
        space(),
        with_prob("synonym", 0.1),
        with_prob("typos", 0.01),
    ]);
    vec![
        set("robustness", "robustness", robustness),
        set("fairness", "fairness", fairness),
        set("canonical", "canonical", canonical),
        set("robustness_all", "robustness_all", every),
    ]
}

fn chinese_sets() -> Vec<AugmentationSet> {
    let robustness = vec![perturbation("cleva_mild_mix", json!({}))];
    let fairness = vec![
        perturbation(
            "chinese_gender",
            json!({
                "mode": "pronouns", "prob": 1.0, "source_class": "male", "target_class": "female",
            }),
        ),
        perturbation(
            "chinese_person_name",
            json!({
                "prob": 1.0, "source_class": { "gender": "male" },
                "target_class": { "gender": "female" }, "preserve_gender": true,
            }),
        ),
        perturbation("simplified_to_traditional", json!({})),
        perturbation("mandarin_to_cantonese", json!({})),
    ];
    let both = [robustness.clone(), fairness.clone()].concat();
    vec![
        set("cleva_robustness", "robustness", robustness),
        set("cleva_fairness", "fairness", fairness),
        set("cleva", "cleva", both),
    ]
}

fn translation_and_style_sets() -> Vec<AugmentationSet> {
    let languages = [("chinese", "zh-CN"), ("hindi", "hi"), ("spanish", "es"), ("swahili", "sw")];
    let styles = [
        "oil painting",
        "watercolor",
        "pencil sketch",
        "animation",
        "vector graphics",
        "pixel art",
    ];
    let translations = languages.into_iter().map(|(name, code)| {
        set(name, name, vec![perturbation("translate", json!({ "language_code": code }))])
    });
    let styles = styles.into_iter().map(|style| perturbation("suffix", json!({ "suffix": style })));
    translations.chain([set("art", "art", styles.collect())]).collect()
}
