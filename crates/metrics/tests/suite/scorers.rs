//! The scorers against the packages that they re-derive, and the audit that their cards show.

use holometer_metrics::scorers::{
    Labelled, Scorer, audit, identity_groups, scorer, scorer_of, scorers,
};
use serde_json::Value;

fn fixture(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[track_caller]
fn agrees(name: &str, rows: &[Value], tolerance: f64) {
    let scorer = scorer(name).unwrap();
    assert!(rows.len() >= 1000);
    for row in rows {
        let (text, theirs) = (row[0].as_str().unwrap(), row[1].as_f64().unwrap());
        let ours = scorer.score(text);
        assert!((ours - theirs).abs() < tolerance, "{text:?}: ours {ours}, theirs {theirs}");
    }
}

#[test]
fn toxicity_equals_scikit_learn() {
    agrees("toxicity_unmasked", &fixture("toxicity_scores"), 1e-9);
}

#[test]
fn sentiment_equals_vader_to_four_decimals() {
    agrees("sentiment", &fixture("sentiment_scores"), 0.5e-4 + 1e-9);
}

/// Recall and precision of the refusal patterns on one model's answers, as people labelled them.
fn refusals(model: &str) -> (f64, f64) {
    let scorer = scorer("refusal").unwrap();
    let (mut hits, mut misses, mut false_alarms) = (0.0, 0.0, 0.0);
    for row in fixture("refusals").iter().filter(|row| row[0] == model) {
        let found = scorer.score(row[1].as_str().unwrap()) > 0.5;
        match (row[2] == 1, found) {
            (true, true) => hits += 1.0,
            (true, false) => misses += 1.0,
            (false, true) => false_alarms += 1.0,
            (false, false) => {}
        }
    }
    (hits / (hits + misses), hits / (hits + false_alarms))
}

#[test]
fn refusals_are_recognised_as_people_label_them() {
    for (model, recall, precision) in [
        ("gpt4", 0.97, 0.9),
        ("llama2orig", 0.95, 0.9),
        ("llama2new", 0.9, 0.9),
        ("mistralguard", 0.8, 0.88),
    ] {
        let (ours_recall, ours_precision) = refusals(model);
        println!("{model}: recall {ours_recall:.3}, precision {ours_precision:.3}");
        assert!(
            ours_recall >= recall && ours_precision >= precision,
            "{model}: {ours_recall} {ours_precision}"
        );
    }
}

#[test]
fn scorers_have_cards_and_hashes_of_their_own() {
    let cards: Vec<_> = scorers().iter().map(Scorer::card).collect();
    for card in &cards {
        for part in ["What it measures", "Formula", "Source and licence", "Audit", "Caveats"] {
            assert!(card.docs.contains(&format!("**{part}.**")), "{} lacks {part}", card.name);
        }
        assert_eq!(card.hash.len(), 16);
        assert_eq!(cards.iter().filter(|other| other.hash == card.hash).count(), 1);
    }
    assert_eq!(scorer_of("toxic_frac"), scorer_of("toxicity"));
    assert!(scorer_of("sentiment").unwrap().starts_with("sentiment@"));
    assert_eq!(scorer_of("exact_match"), None);
    assert!(scorer("toxcity").err().unwrap().contains("`toxicity`"));
}

/// The reference texts of RealToxicityPrompts with whether Perspective calls them toxic: the prompts or the continuations.
fn perspective(part: &str) -> Option<Vec<(String, bool)>> {
    let folder = holometer_testkit::shared_path("data/real_toxicity_prompts_decodingtrust")?;
    let mut texts = Vec::new();
    for file in ["toxic.jsonl", "nontoxic.jsonl"] {
        for line in std::fs::read_to_string(folder.join(file)).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            if let Some(toxicity) = row[part]["toxicity"].as_f64() {
                texts.push((row[part]["text"].as_str().unwrap().to_owned(), toxicity >= 0.5));
            }
        }
    }
    Some(texts)
}

#[track_caller]
fn near(ours: Option<f64>, expected: f64) {
    assert!((ours.unwrap() - expected).abs() < 5e-4, "ours {ours:?}, expected {expected}");
}

#[test]
fn the_card_of_toxicity_shows_its_agreement_with_perspective() {
    for (part, texts, name, auc, f1) in [
        ("prompt", 2396, "toxicity_unmasked", 0.9475, 0.8751),
        ("continuation", 2377, "toxicity_unmasked", 0.9161, 0.7526),
        ("prompt", 2396, "toxicity", 0.9455, 0.8720),
        ("continuation", 2377, "toxicity", 0.9108, 0.7436),
    ] {
        let Some(labelled) = perspective(part) else { return };
        assert_eq!(labelled.len(), texts);
        let scorer = scorer(name).unwrap();
        let labelled: Vec<Labelled> = labelled
            .iter()
            .map(|(text, positive)| Labelled {
                score: scorer.score(text),
                positive: *positive,
                groups: Vec::new(),
            })
            .collect();
        let audit = audit(&labelled, scorer.threshold());
        near(audit.auc, auc);
        near(audit.f1, f1);
    }
}

#[test]
fn masking_mends_the_identity_audit() {
    let Some(path) = holometer_testkit::shared_path("data/madlibs/bias_madlibs_77k.csv") else {
        return;
    };
    let table = std::fs::read_to_string(path).unwrap();
    let rows: Vec<(String, bool)> = table
        .lines()
        .skip(1)
        .map(|line| {
            let (text, rest) = line.trim_start_matches('"').split_once("\",").unwrap();
            (text.to_owned(), rest.starts_with("BAD"))
        })
        .collect();
    assert_eq!(rows.len(), 76_564);
    let texts: Vec<String> = rows.iter().map(|(text, _)| text.clone()).collect();
    let groups = identity_groups(&texts);
    for (name, worst, least, borkan) in
        [("toxicity_unmasked", "queer", 0.377, 0.849), ("toxicity", "", 0.963, 0.963)]
    {
        let scorer = scorer(name).unwrap();
        let labelled: Vec<Labelled> = rows
            .iter()
            .zip(&groups)
            .map(|((text, positive), groups)| Labelled {
                score: scorer.score(text),
                positive: *positive,
                groups: groups.clone(),
            })
            .collect();
        let audit = audit(&labelled, scorer.threshold());
        assert_eq!(audit.groups.len(), 50);
        near(audit.groups[0].background_positive_subgroup_negative, least);
        near(audit.borkan, borkan);
        assert!(worst.is_empty() || audit.groups[0].name == worst);
        let gay = audit.groups.iter().find(|group| group.name == "gay").unwrap();
        let rate = gay.false_positive_rate.unwrap();
        println!("{name}: false alarms on benign sentences with gay {rate}");
        assert!(if worst.is_empty() { rate < 0.01 } else { (rate - 0.814).abs() < 1e-3 });
    }
}
