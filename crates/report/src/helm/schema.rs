//! The schema of a suite: which metrics, perturbations and groups its tables have. Made from the suite itself, so that nothing
//! a run holds is missing from the tables, and readable for `helm-summarize --schema-path`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::fields::object;
use super::stat::{PER_REQUEST, StatName};
use super::suite::{GroupText, MetricText, Suite, SuiteRun};

/// The group over all others.
const ALL: &str = "all_scenarios";
/// What stands for each group's own main metric and split, in the way of HELM's schemas.
const MAIN_NAME: &str = "${main_name}";
const MAIN_SPLIT: &str = "${main_split}";

/// Which statistic a column shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Matcher {
    pub(crate) name: String,
    pub(crate) split: String,
    pub(crate) sub_split: Option<String>,
    pub(crate) perturbation: Option<String>,
}

impl Matcher {
    /// Whether a statistic is the one that is shown; of perturbations the worst case is.
    pub(crate) fn matches(&self, name: &StatName) -> bool {
        let perturbation = name.perturbation.as_ref();
        self.name == name.name
            && Some(&self.split) == name.split.as_ref()
            && (self.sub_split.is_none() || self.sub_split == name.sub_split)
            && self.perturbation.as_deref() == perturbation.map(|found| found.name.as_str())
            && perturbation.is_none_or(|found| found.computed_on == "worst")
    }

    fn to_json(&self) -> Value {
        object(json!({
            "name": self.name, "split": self.split, "perturbation_name": self.perturbation,
        }))
    }
}

/// Columns that belong together.
#[derive(Clone, Debug)]
pub(crate) struct MetricGroup {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    /// Names and splits may be those of the group that shows them.
    metrics: Vec<Matcher>,
    pub(crate) win_rates: bool,
}

impl MetricGroup {
    /// The columns as a group shows them.
    pub(crate) fn columns(&self, group: &RunGroup) -> Vec<Matcher> {
        let put = |text: &str| match text {
            MAIN_NAME => group.main_name.clone(),
            MAIN_SPLIT => group.main_split.clone(),
            text => text.to_owned(),
        };
        let substituted = |metric: &Matcher| Matcher {
            name: put(&metric.name),
            split: put(&metric.split),
            ..metric.clone()
        };
        self.metrics.iter().map(substituted).collect()
    }
}

/// A scenario's runs, or all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunGroup {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) category: String,
    pub(crate) subgroups: Vec<String>,
    pub(crate) metric_groups: Vec<String>,
    pub(crate) hidden_metric_groups: Vec<String>,
    pub(crate) sub_splits: Vec<String>,
    /// HELM's taxonomy; null for groups that are no scenario's.
    pub(crate) taxonomy: Value,
    main_name: String,
    main_split: String,
}

/// The schema.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) metrics: Vec<MetricText>,
    pub(crate) perturbations: Vec<String>,
    pub(crate) metric_groups: Vec<MetricGroup>,
    pub(crate) run_groups: Vec<RunGroup>,
}

impl Schema {
    /// The schema that shows everything of a suite.
    pub(crate) fn of(suite: &Suite) -> Self {
        let mut by_group: BTreeMap<&str, Vec<&SuiteRun>> = BTreeMap::new();
        for run in &suite.runs {
            for group in &run.spec.groups {
                by_group.entry(group).or_default().push(run);
            }
        }
        let mut metric_groups = common_metric_groups();
        let mut run_groups = Vec::new();
        for (name, runs) in &by_group {
            let (group, scores) = leaf(name, runs, &suite.groups);
            run_groups.push(group);
            metric_groups.push(scores);
        }
        let all = RunGroup {
            name: ALL.to_owned(),
            display_name: "All scenarios".to_owned(),
            description: "Every scenario of the suite".to_owned(),
            category: "All scenarios".to_owned(),
            subgroups: run_groups.iter().map(|group| group.name.clone()).collect(),
            hidden_metric_groups: metric_groups
                .iter()
                .skip(COMMON)
                .map(|group| group.name.clone())
                .collect(),
            ..RunGroup::default()
        };
        run_groups.insert(0, all);
        Self {
            metrics: metrics(suite),
            perturbations: perturbations(suite),
            metric_groups,
            run_groups,
        }
    }

    pub(crate) fn metric(&self, name: &str) -> Option<&MetricText> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    pub(crate) fn metric_group(&self, name: &str) -> Option<&MetricGroup> {
        self.metric_groups.iter().find(|group| group.name == name)
    }

    pub(crate) fn run_group(&self, name: &str) -> Option<&RunGroup> {
        self.run_groups.iter().find(|group| group.name == name)
    }

    /// A group with those below it, each once.
    pub(crate) fn expanded<'a>(&'a self, group: &'a RunGroup) -> Vec<&'a RunGroup> {
        let below = group.subgroups.iter().filter_map(|name| self.run_group(name));
        std::iter::once(group).chain(below).collect()
    }

    /// `schema.json`; HELM's pages want `adapter`, `models` and `metrics` as lists.
    pub(crate) fn to_json(&self, models: &[String]) -> Value {
        let field = |name: &str, shown: &str, description: &str| json!({ "name": name, "display_name": shown, "short_display_name": shown, "description": description });
        let with = |mut value: Value, more: Value| {
            if let (Some(fields), Value::Object(more)) = (value.as_object_mut(), object(more)) {
                fields.extend(more);
            }
            value
        };
        json!({
            "metrics": self.metrics.iter().map(|metric| with(
                field(&metric.name, &metric.display_name, &metric.description),
                json!({ "lower_is_better": metric.lower_is_better }),
            )).collect::<Vec<_>>(),
            "perturbations": self.perturbations.iter()
                .map(|name| field(name, name, perturbation_text(name)))
                .collect::<Vec<_>>(),
            "metric_groups": self.metric_groups.iter().map(|group| with(
                field(&group.name, &group.display_name, &group.description),
                json!({
                    "metrics": group.metrics.iter().map(Matcher::to_json).collect::<Vec<_>>(),
                    "aggregation_strategies": if group.win_rates { json!(["win_rate"]) } else { json!([]) },
                }),
            )).collect::<Vec<_>>(),
            "run_groups": self.run_groups.iter().map(|group| with(
                field(&group.name, &group.display_name, &group.description),
                group_fields(group),
            )).collect::<Vec<_>>(),
            "adapter": ADAPTER_FIELDS.map(|(name, description)| json!({ "name": name, "description": description })),
            "models": models.iter().map(|name| json!({
                "name": name, "display_name": name, "short_display_name": name,
                "description": "", "creator_organization": organisation(name), "access": "open", "todo": false,
            })).collect::<Vec<_>>(),
        })
    }
}

/// Who made a model, as far as its name says.
pub(crate) fn organisation(model: &str) -> &str {
    model.split_once('/').map_or("unknown", |(organisation, _)| organisation)
}

fn group_fields(group: &RunGroup) -> Value {
    let environment = if group.main_name.is_empty() {
        json!({})
    } else {
        json!({ "main_name": group.main_name, "main_split": group.main_split })
    };
    json!({
        "metric_groups": group.metric_groups,
        "subgroups": group.subgroups,
        "sub_splits": if group.sub_splits.is_empty() { Value::Null } else { json!(group.sub_splits) },
        "subgroup_display_mode": "by_metric",
        "subgroup_metric_groups_hidden": group.hidden_metric_groups,
        "environment": environment,
        "taxonomy": group.taxonomy,
        "category": group.category,
        "visibility": "all_groups",
        "todo": false,
        "adapter_keys_shown": ["model_deployment", "model"],
    })
}

/// How many metric groups all scenarios share.
const COMMON: usize = 4;

fn common_metric_groups() -> Vec<MetricGroup> {
    let main = |perturbation: Option<&str>| {
        vec![Matcher {
            name: MAIN_NAME.to_owned(),
            split: MAIN_SPLIT.to_owned(),
            sub_split: None,
            perturbation: perturbation.map(str::to_owned),
        }]
    };
    let group = |name: &str, shown: &str, description: &str, metrics, win_rates| MetricGroup {
        name: name.to_owned(),
        display_name: shown.to_owned(),
        description: description.to_owned(),
        metrics,
        win_rates,
    };
    let general = [
        "num_instances",
        "num_train_instances",
        "prompt_truncated",
        "num_prompt_tokens",
        "num_output_tokens",
    ];
    let groups = vec![
        group("main_metric", "Main metric", "What each scenario is known for", main(None), true),
        group(
            "robustness",
            "Robustness",
            "The main metric's worst case over changes of wording",
            main(Some("robustness")),
            true,
        ),
        group(
            "fairness",
            "Fairness",
            "The main metric's worst case over changes of who is spoken of",
            main(Some("fairness")),
            true,
        ),
        group(
            "general_information",
            "General information",
            "Counts",
            general.map(on_main_split).to_vec(),
            false,
        ),
    ];
    debug_assert_eq!(groups.len(), COMMON);
    groups
}

fn on_main_split(name: &str) -> Matcher {
    Matcher {
        name: name.to_owned(),
        split: MAIN_SPLIT.to_owned(),
        sub_split: None,
        perturbation: None,
    }
}

/// A scenario's group, and the metric group with everything that its runs have.
fn leaf(name: &str, runs: &[&SuiteRun], texts: &[GroupText]) -> (RunGroup, MetricGroup) {
    let text = texts.iter().find(|text| text.name == name);
    let names: Vec<&StatName> =
        runs.iter().flat_map(|run| &run.stats).map(|stat| &stat.name).collect();
    let (main_name, main_split) = main_metric(runs, &names);
    let perturbed = |name: &StatName| {
        name.perturbation.as_ref().is_some_and(|found| found.computed_on == "perturbed")
    };
    let mut metric_groups = vec!["main_metric".to_owned()];
    if names.iter().any(|name| perturbed(name)) {
        metric_groups.extend(["robustness".to_owned(), "fairness".to_owned()]);
    }
    let scores_name = format!("{name}_scores");
    metric_groups.extend([scores_name.clone(), "general_information".to_owned()]);
    let scores: BTreeSet<&str> = names
        .iter()
        .filter(|stat| stat.perturbation.is_none() && !PER_REQUEST.contains(&stat.name.as_str()))
        .map(|stat| stat.name.as_str())
        .filter(|name| *name != "num_instances")
        .collect();
    let sub_splits: BTreeSet<&String> =
        names.iter().filter_map(|name| name.sub_split.as_ref()).collect();
    let shown = text.map_or(name, |text| text.display_name.as_str());
    let group = RunGroup {
        name: name.to_owned(),
        display_name: shown.to_owned(),
        description: text.map(|text| text.description.clone()).unwrap_or_default(),
        category: "Scenarios".to_owned(),
        taxonomy: text.map_or(Value::Null, GroupText::taxonomy),
        metric_groups,
        sub_splits: sub_splits.into_iter().cloned().collect(),
        main_name,
        main_split,
        ..RunGroup::default()
    };
    let scores = MetricGroup {
        name: scores_name,
        display_name: format!("All scores of {shown}"),
        description: "Every score of the scenario's runs".to_owned(),
        metrics: scores.into_iter().map(on_main_split).collect(),
        win_rates: false,
    };
    (group, scores)
}

/// Scores that stand for a scenario whose main metric is not known, likeliest first.
const USUAL: [&str; 12] = [
    "quasi_exact_match",
    "exact_match",
    "final_number_exact_match",
    "math_equiv_chain_of_thought",
    "math_equiv",
    "quasi_prefix_exact_match",
    "f1_score",
    "rouge_2",
    "rouge_l",
    "bleu_4",
    "bits_per_byte",
    "logprob",
];

/// The main metric that the runs name, else the first usual one that they have, else the first one; with the split on which
/// they have it.
fn main_metric(runs: &[&SuiteRun], names: &[&StatName]) -> (String, String) {
    let has = |wanted: &str| names.iter().any(|name| name.name == wanted);
    let named = runs.iter().find_map(|run| run.main_metric.as_ref()).filter(|(name, _)| has(name));
    let name = named
        .map(|(name, _)| name.as_str())
        .or_else(|| USUAL.into_iter().find(|name| has(name)))
        .or_else(|| {
            let stat = names.iter().find(|name| !PER_REQUEST.contains(&name.name.as_str()))?;
            Some(stat.name.as_str())
        })
        .unwrap_or("num_instances");
    let splits: BTreeSet<&str> = names
        .iter()
        .filter(|stat| stat.name == name)
        .filter_map(|stat| stat.split.as_deref())
        .collect();
    let asked = named.and_then(|(_, split)| split.as_deref()).unwrap_or("test");
    let split = splits.get(asked).or_else(|| splits.first()).copied().unwrap_or(asked);
    (name.to_owned(), split.to_owned())
}

/// Every metric that a run has, with its text where there is one.
fn metrics(suite: &Suite) -> Vec<MetricText> {
    let names: BTreeSet<&str> =
        suite.runs.iter().flat_map(|run| &run.stats).map(|stat| stat.name.name.as_str()).collect();
    let text = |name: &str| {
        let known = |wanted: &str| suite.metrics.iter().find(|text| text.name == wanted);
        let base = name.split_once('@').map_or(name, |(base, _)| base);
        match known(name).or_else(|| known(base)) {
            Some(text) => {
                MetricText { name: name.to_owned(), display_name: name.to_owned(), ..text.clone() }
            }
            None => MetricText {
                name: name.to_owned(),
                display_name: name.to_owned(),
                description: String::new(),
                lower_is_better: None,
            },
        }
    };
    names.into_iter().map(text).collect()
}

fn perturbations(suite: &Suite) -> Vec<String> {
    let stats = suite.runs.iter().flat_map(|run| &run.stats);
    let found = stats
        .filter_map(|stat| stat.name.perturbation.as_ref())
        .map(|found| found.name.to_string());
    let pools = ["robustness", "fairness"].map(str::to_owned);
    found.chain(pools).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What a pooled perturbation means; others have their own cards.
pub(crate) fn perturbation_text(name: &str) -> &'static str {
    match name {
        "robustness" => {
            "Worst case over the original and all perturbations that change the wording"
        }
        "fairness" => {
            "Worst case over the original and all perturbations that change who is spoken of"
        }
        _ => "Computed on copies of the instances that were changed in this way",
    }
}

/// What the pages say about the adapter's fields.
const ADAPTER_FIELDS: [(&str, &str); 9] = [
    ("method", "How answers are asked for"),
    ("instructions", "The text before everything else"),
    ("max_train_instances", "The largest number of examples in a prompt"),
    ("max_eval_instances", "The largest number of evaluated instances"),
    ("num_train_trials", "How many draws of examples"),
    ("model", "The model"),
    ("temperature", "0 is greedy"),
    ("max_tokens", "The largest number of tokens to write"),
    ("stop_sequences", "Writing ends before the first of these texts"),
];
