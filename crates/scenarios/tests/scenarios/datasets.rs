//! Row counts per split on real copies of the datasets, and what every scenario says about itself.

use std::collections::BTreeSet;

use holometer_core::{ScenarioCatalogue, ScenarioName, ScenarioSpec};
use holometer_scenarios::Catalogue;
use holometer_testkit::shared_path;

use crate::common::{args, counts, instances};

type Expected = (&'static str, &'static [(&'static str, &'static str)], [usize; 3]);

/// Published counts: train, valid, test.
const EXPECTED: &[Expected] = &[
    ("gsm", &[], [7473, 0, 1319]),
    ("bbq", &[("subject", "all")], [57492, 0, 1000]),
    ("bbq", &[("subject", "religion")], [200, 0, 1000]),
    ("bbq", &[("subject", "Sexual_orientation")], [0, 0, 864]),
    ("lsat_qa", &[("task", "all")], [1630, 231, 230]),
    ("truthful_qa", &[("task", "mc_single")], [163, 654, 0]),
    ("bold", &[("subject", "all")], [0, 0, 7201]),
    ("bold", &[("subject", "all"), ("prompts", "all")], [0, 0, 23679]),
    ("blimp", &[("phenomenon", "island_effects")], [0, 0, 8000]),
    ("blimp", &[("phenomenon", "ellipsis")], [0, 0, 2000]),
    ("code", &[("dataset", "humaneval")], [0, 0, 164]),
    ("babi_qa", &[("task", "2")], [900, 100, 1000]),
    ("ifeval", &[], [0, 0, 541]),
    ("harm_bench", &[], [0, 0, 400]),
    ("xstest", &[], [0, 0, 450]),
    ("simple_safety_tests", &[], [0, 0, 100]),
    ("raft", &[("subset", "banking_77")], [10, 0, 40]),
    ("raft", &[("subset", "tai_safety_research")], [10, 0, 40]),
    ("med_qa", &[], [0, 0, 1273]),
    ("legalbench", &[("subset", "abercrombie")], [5, 0, 95]),
    ("legalbench", &[("subset", "proa")], [5, 0, 95]),
    ("legalbench", &[("subset", "corporate_lobbying")], [10, 0, 490]),
    ("commonsense", &[("dataset", "piqa")], [0, 1838, 0]),
    ("commonsense", &[("dataset", "siqa")], [0, 1954, 0]),
    ("commonsense", &[("dataset", "commonsenseqa")], [0, 1221, 0]),
    ("crows_pairs", &[], [0, 0, 1508]),
    ("crows_pairs", &[("bias_type", "race-color")], [0, 0, 516]),
    ("stereoset", &[("task", "intrasentence")], [0, 0, 2106]),
    ("stereoset", &[("task", "intersentence"), ("bias_type", "religion")], [0, 0, 78]),
    ("winobias", &[("type", "type1")], [0, 0, 396]),
    ("winobias", &[("type", "type2"), ("part", "dev")], [0, 0, 396]),
    ("winogender", &[("refers_to", "all")], [0, 0, 240]),
    ("winogender", &[], [0, 0, 120]),
    ("big_bench", &[("task", "strategyqa")], [1374, 458, 458]),
    ("big_bench", &[("task", "conceptual_combinations"), ("subtask", "homonyms")], [0, 9, 0]),
    ("big_bench", &[("task", "semantic_parsing_spider")], [622, 206, 206]),
    ("synthetic_reasoning", &[("mode", "induction")], [1000, 5000, 5000]),
    ("dyck_language", &[("num_parenthesis_pairs", "4")], [3, 0, 500]),
    ("simple_classification", &[], [11, 0, 79]),
    ("simple1", &[], [10, 0, 10]),
    ("raft", &[("subset", "neurips_impact_statement_risks")], [10, 0, 40]),
    ("raft", &[("subset", "one_stop_english")], [10, 0, 40]),
    ("raft", &[("subset", "systematic_review_inclusion")], [10, 0, 40]),
    ("decodingtrust_toxicity_prompts", &[("subject", "toxic")], [0, 0, 1196]),
    ("decodingtrust_toxicity_prompts", &[("subject", "non-toxic")], [0, 0, 1200]),
    ("stereoset", &[("task", "intersentence")], [0, 0, 2123]),
    ("winobias", &[("type", "type1"), ("part", "dev")], [0, 0, 396]),
    ("holistic_bias", &[("axis", "null"), ("sentences", "0")], [0, 0, 832]),
];

#[test]
fn counts_equal_the_published_ones() {
    let Some(data) = shared_path("data") else { return };
    let mut differences = Vec::new();
    for (name, pairs, expected) in EXPECTED {
        match instances(name, &args(pairs), &data) {
            Ok(made) if counts(&made) == *expected => {}
            Ok(made) => differences
                .push(format!("{name} {pairs:?}: {:?} instead of {expected:?}", counts(&made))),
            Err(error) => differences.push(format!("{name} {pairs:?}: {error}")),
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn mmlu_holds_every_question_once() {
    let Some(data) = shared_path("data") else { return };
    let catalogue = Catalogue::builtin();
    let subjects = catalogue.card("mmlu").unwrap().parameters[0].values.clone();
    assert_eq!(subjects.len(), 57);
    let mut totals = [0, 0, 0];
    for subject in subjects {
        let made = instances("mmlu", &args(&[("subject", &subject)]), &data).unwrap();
        for (total, count) in totals.iter_mut().zip(counts(&made)) {
            *total += count;
        }
    }
    assert_eq!(totals, [285, 1531, 14042]);
}

#[test]
fn math_holds_every_problem_once() {
    let Some(data) = shared_path("data") else { return };
    let mut totals = [0, 0, 0];
    let catalogue = Catalogue::builtin();
    let subjects = catalogue.card("math").unwrap().parameters[0].values.clone();
    for subject in &subjects {
        for level in 1..=5 {
            let arguments = args(&[
                ("subject", subject),
                ("level", &level.to_string()),
                ("use_chain_of_thought", "True"),
            ]);
            let made = instances("math", &arguments, &data).unwrap();
            for (total, count) in totals.iter_mut().zip(counts(&made)) {
                *total += count;
            }
        }
    }
    // Two training problems of geometry have no level.
    assert_eq!(totals, [7498, 0, 5000]);
}

#[test]
fn pairs_carry_their_tags_and_groups() {
    let Some(data) = shared_path("data") else { return };
    let made = instances("winogender", &args(&[]), &data).unwrap();
    let technician = &made[0];
    assert_eq!(technician.references[0].tags, ["stereo"]);
    // 40.34% of technicians are women: the male pronoun is the stereotyped one.
    assert_eq!(
        technician.references[0].output.text,
        "The technician told the customer that he had completed the repair."
    );
    let made = instances("winobias", &args(&[]), &data).unwrap();
    assert!(
        made.iter().all(|pair| pair.cluster.as_deref().is_some_and(|person| !person.is_empty()))
    );
    let made = instances("crows_pairs", &args(&[]), &data).unwrap();
    assert_eq!(made[0].groups, ["bias_type=race-color", "direction=stereo"]);
    assert_eq!(made[0].references.len(), 2);
    let made = instances("stereoset", &args(&[]), &data).unwrap();
    let tags: BTreeSet<&str> = made[0].references.iter().map(|r| r.tags[0].as_str()).collect();
    assert_eq!(tags, BTreeSet::from(["antistereo", "stereo", "unrelated"]));
}

#[test]
fn bbq_names_clusters_and_groups() {
    let Some(data) = shared_path("golden/data") else { return };
    let made = instances("bbq", &args(&[("subject", "age")]), &data).unwrap();
    let clusters: BTreeSet<&str> = made.iter().filter_map(|i| i.cluster.as_deref()).collect();
    assert_eq!(clusters.len(), 25, "Age has 25 templates");
    let groups: BTreeSet<&str> = made.iter().map(|i| i.groups[0].as_str()).collect();
    assert_eq!(groups, BTreeSet::from(["age=nonold", "age=old"]));
}

/// The authors' `target_loc` is the answer that fits the stereotype: the named group's in a negative question, the other's
/// in a non-negative one.
#[test]
fn bbq_marks_the_authors_stereotyped_answers() {
    let Some(data) = shared_path("data") else { return };
    let Some(path) = shared_path("data/bbq/additional_metadata.csv") else { return };
    let mut authors = std::collections::HashMap::new();
    for row in holometer_data::read::csv_records(&path, &holometer_data::read::CsvOptions::comma())
        .unwrap()
    {
        let key = (row["category"].to_string(), row["example_id"].to_string().replace('"', ""));
        authors.insert(key, row["target_loc"].as_str().and_then(|text| text.parse::<u64>().ok()));
    }
    let made = instances("bbq", &args(&[("subject", "all")]), &data).unwrap();
    let (mut same, mut none) = (0, 0);
    for instance in &made {
        let extra = &instance.extra;
        let marked = authors[&(extra["category"].to_string(), extra["example_id"].to_string())];
        let unknown = instance.references[0].tags.last().unwrap();
        let unknown = ["A", "B", "C"].iter().position(|letter| letter == unknown).unwrap() as u64;
        match (extra["stereotyped_answer"].as_u64(), marked) {
            (Some(ours), Some(fitting)) => {
                let other = 3 - unknown - ours;
                let expected = if extra["question_polarity"] == "neg" { ours } else { other };
                assert_eq!(expected, fitting, "{}", instance.input.text);
                same += 1;
            }
            _ => none += 1,
        }
    }
    assert_eq!((same, none), (58364, 128));
}

/// Every scenario is documented, drafts a run spec for each parameter's values, and says where its files come from.
#[test]
fn every_scenario_is_documented() {
    let catalogue = Catalogue::builtin();
    for name in catalogue.names() {
        let card = catalogue.card(&name).unwrap_or_else(|| panic!("{name} can't be read"));
        assert_eq!(card.name.as_str(), name);
        assert!(
            !card.summary.is_empty() && !card.description.is_empty(),
            "{name} lacks a description"
        );
        assert!(!card.licence.id.is_empty(), "{name} lacks a licence");
        assert!(!card.main_metric.metric.as_str().is_empty(), "{name} lacks a main metric");
        assert!(!card.size.is_empty(), "{name} lacks its size");
        assert!(!card.tags.is_empty(), "{name} lacks tags");
        let is_bias = card.tags.iter().any(|tag| tag == "bias");
        assert!(!is_bias || card.about.is_some(), "{name} does not say whom it is about");
        let generated = card.tags.iter().any(|tag| tag == "generated" || tag == "tutorial");
        assert!(generated || !card.sources.is_empty(), "{name} lacks a source");
        for parameter in &card.parameters {
            assert!(
                !parameter.description.is_empty(),
                "{name} does not describe {}",
                parameter.name
            );
        }
        let mut arguments = holometer_core::Args::default();
        for parameter in &card.parameters {
            let value = parameter.default.clone().or_else(|| parameter.values.first().cloned());
            arguments.set(
                &parameter.name,
                holometer_core::ArgValue::parse(value.as_deref().unwrap_or("en")),
            );
        }
        if name == "big_bench" {
            arguments.set("task", holometer_core::ArgValue::parse("strategyqa"));
        }
        catalogue.draft(&name, &arguments).unwrap_or_else(|error| panic!("{name}: {error}"));
        let spec = ScenarioSpec { name: ScenarioName::new(name.clone()), args: arguments };
        let files = catalogue.files(&spec).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(generated || !files.is_empty(), "{name} needs no files");
        // What nobody may pass on says how to get it.
        let by_hand = card.sources.iter().any(|source| source.how_to_obtain.is_some());
        for file in files {
            let has_source = by_hand || !file.locations.is_empty();
            assert!(has_source, "{name}: {} has no source", file.name());
        }
    }
}

/// RealToxicityPrompts in its own layout, from the rows that another benchmark passed on.
#[test]
fn real_toxicity_prompts_reads_its_layout() {
    let Some(rows) = shared_path("data/real_toxicity_prompts_decodingtrust/toxic.jsonl") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("scenarios/real_toxicity_prompts/data");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::copy(rows, place.join("prompts.jsonl")).unwrap();
    let made = instances("real_toxicity_prompts", &args(&[]), folder.path()).unwrap();
    assert_eq!(made.len(), 1196);
    // Counted in the file: prompts whose own toxicity is at least one half.
    let toxic = made.iter().filter(|i| i.sub_split.as_deref() == Some("toxic"));
    assert_eq!(toxic.count(), 993);
}

/// The dataset's own generator made the same sentences in the same order (`parity/scenarios/holistic_bias_sentences.py`).
#[test]
fn holistic_bias_makes_the_datasets_sentences() {
    use sha2::{Digest, Sha256};
    let Some(data) = shared_path("data") else { return };
    for (axis, count, digest) in [
        ("all", 566_625, "70233b8103505ee01f26d82145cbd9261541a7c34e08435c4dfa2182c4d854c4"),
        ("religion", 42_400, "604e8221b51c1bf9e6fea0361d8f0fd60106afce8d504a5fdfd2c424597349fe"),
        ("null", 832, "cb7f7b12365bb3e1baedbfe4827ee4e2905e3f156a432c47ab781dcceb31ae0b"),
    ] {
        let made = instances("holistic_bias", &args(&[("axis", axis), ("sentences", "0")]), &data)
            .unwrap();
        let mut hash = Sha256::new();
        for instance in &made {
            hash.update(instance.input.text.as_bytes());
            hash.update(b"\n");
        }
        assert_eq!((made.len(), hex::encode(hash.finalize()).as_str()), (count, digest), "{axis}");
    }
    let sample = instances("holistic_bias", &args(&[]), &data).unwrap();
    assert!(sample.iter().all(|i| i.extra.contains_key("descriptor") && i.cluster.is_some()));
}
