//! How good a summary is, how much of it is copied, and how faithful it is: HELM's `SummarizationMetric`.

use holometer_core::{
    Findings, Inquiry, Metric, MetricCard, MetricOptions, NoFindings, Respondent, Score, Unit,
    Value,
};
use holometer_text::extractive::{Extractiveness, novel_share};
use holometer_text::python::strip;
use holometer_text::{intern, rouge, treebank};
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::faithfulness::{self, Faithfulness};
use crate::reference_scores;
use crate::unit::all_unscored;

const NAME: &str = "summarization";
const DOCS: &str = include_str!("../docs/summarization.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

/// HELM's arguments. The task changes nothing here; the device would choose the scores that need a model, and `--scorer` names the model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    #[serde(default, rename = "task")]
    _task: Option<String>,
    language: Option<String>,
    #[serde(default, rename = "device")]
    _device: Option<String>,
    #[serde(default, rename = "bertscore_model")]
    _bertscore_model: Option<String>,
    rescale_with_baseline: Option<bool>,
    summac_new_line_split: Option<bool>,
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let hint = "the arguments are HELM's, and each may be left out";
    let arguments = args::read::<Arguments>(NAME, args, hint)?;
    let faithfulness = Faithfulness {
        rescale: arguments.rescale_with_baseline.unwrap_or(true),
        language: arguments.language.unwrap_or_else(|| "en".to_owned()),
        by_lines: arguments.summac_new_line_split.unwrap_or(false),
    };
    Ok(Box::new(Summarization { options, faithfulness }))
}

const ROUGE: [&str; 3] = ["rouge_1", "rouge_2", "rouge_l"];
const COPIED: [&str; 3] =
    ["summarization_coverage", "summarization_density", "summarization_compression"];
const NOVEL: [&str; 3] =
    ["summarization_novel_1_grams", "summarization_novel_2_grams", "summarization_novel_3_grams"];

fn cards() -> Vec<MetricCard> {
    let card = |name, summary, most| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better: None,
        range: (0.0, most),
    };
    let mut cards: Vec<MetricCard> =
        ROUGE.iter().filter_map(|name| Some(reference_scores::find(name)?.card)).collect();
    cards.extend([
        card(COPIED[0], "Share of the summary's words that lie in copied fragments", 1.0),
        card(COPIED[1], "Mean length of the copied fragment that a word lies in", f64::INFINITY),
        card(COPIED[2], "Words of the source over words of the summary", f64::INFINITY),
        card(NOVEL[0], "Share of the summary's words that the source lacks", 1.0),
        card(NOVEL[1], "Share of the summary's pairs of words that the source lacks", 1.0),
        card(NOVEL[2], "Share of the summary's runs of three words that the source lacks", 1.0),
    ]);
    let by_model = |name, summary, least| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better: Some(true),
        range: (least, 1.0),
    };
    // A baseline near 1 takes scores below it far below 0.
    let any = f64::NEG_INFINITY;
    let [precision, recall, f1, summac] = faithfulness::NAMES;
    cards.extend([
        by_model(precision, "How well a reference's tokens cover the summary's", any),
        by_model(recall, "How well the summary's tokens cover a reference's", any),
        by_model(f1, "How well the tokens of summary and reference match", any),
        by_model(summac, "How far the source entails the summary's sentences", -1.0),
    ]);
    cards
}

struct Summarization {
    options: MetricOptions,
    faithfulness: Faithfulness,
}

impl Metric for Summarization {
    fn cards(&self) -> Vec<MetricCard> {
        let mut cards = cards();
        let own = |name: &str| NOVEL.contains(&name) || faithfulness::NAMES.contains(&name);
        cards.retain(|card| !(self.options.helm_compat && own(card.name)));
        cards
    }

    fn inquiries(&self, unit: &Unit<'_>) -> Vec<Inquiry> {
        match parts(unit) {
            Ok((source, references, summary)) if !self.options.helm_compat => {
                self.faithfulness.inquiries(source, &references, summary)
            }
            _ => Vec::new(),
        }
    }

    fn asking(&self) -> Vec<(&'static str, Respondent)> {
        if self.options.helm_compat { Vec::new() } else { faithfulness::asking() }
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        self.score_with(unit, &NoFindings)
    }

    fn score_with(&self, unit: &Unit<'_>, findings: &dyn Findings) -> Vec<Score> {
        match self.scores(unit, findings) {
            Ok(scores) => scores,
            Err(reason) => all_unscored(self.cards().iter().map(|card| card.name), &reason),
        }
    }
}

impl Summarization {
    fn scores(&self, unit: &Unit<'_>, findings: &dyn Findings) -> Result<Vec<Score>, String> {
        let (source, references, summary) = parts(unit)?;
        let mut scores = rouge_scores(unit, summary);
        if !self.options.helm_compat {
            scores.extend(self.faithfulness.scores(source, &references, summary, findings));
        }
        let source = words(source);
        let summary = words(summary);
        let copied = Extractiveness::new(&source, &summary);
        let values = [copied.coverage, copied.density, copied.compression];
        for (name, value) in COPIED.into_iter().zip(values) {
            let empty = summary.is_empty() && !self.options.helm_compat;
            let value = if empty {
                Value::Unscored("the summary has no words".into())
            } else {
                Value::number(value)
            };
            scores.push(Score::new(name, value));
        }
        if !self.options.helm_compat {
            scores.extend(NOVEL.into_iter().zip(1..).map(|(name, n)| {
                let none = || Value::Unscored("the summary has too few words".into());
                let share = novel_share(&source, &summary, n);
                Score::new(name, share.map_or_else(none, Value::number))
            }));
        }
        Ok(scores)
    }
}

/// The source, the references and the summary, without the braces of legal texts.
fn parts<'a>(unit: &Unit<'a>) -> Result<(&'a str, Vec<String>, &'a str), String> {
    let responses = unit.responses()?;
    let completion = responses.first().and_then(|response| response.completions.first());
    let completion = completion.ok_or("the response holds no completion")?;
    let references = unit.instance.references.iter();
    let references = references.map(|one| without_braces(&one.output.text).to_owned()).collect();
    let source = without_braces(&unit.instance.input.text);
    Ok((source, references, without_braces(strip(&completion.text))))
}

/// The best ROUGE over all references, right or not: a summary has no wrong ones.
fn rouge_scores(unit: &Unit<'_>, summary: &str) -> Vec<Score> {
    let given = rouge::Words::new(summary);
    let mut best: Option<[f64; 3]> = None;
    for reference in &unit.instance.references {
        let gold = rouge::Words::new(without_braces(&reference.output.text));
        let (gold, given) = intern::words(gold.iter(), given.iter());
        let scores = [
            rouge::rouge_n(&gold, &given, 1).f1,
            rouge::rouge_n(&gold, &given, 2).f1,
            rouge::rouge_l(&gold, &given).f1,
        ];
        let so_far = best.get_or_insert(scores);
        for (most, score) in so_far.iter_mut().zip(scores) {
            *most = most.max(score);
        }
    }
    match best {
        Some(best) => ROUGE
            .into_iter()
            .zip(best)
            .map(|(name, value)| Score::new(name, Value::number(value)))
            .collect(),
        None => all_unscored(ROUGE, "the instance has no summary to compare with"),
    }
}

/// The legal summaries stand in braces.
fn without_braces(text: &str) -> &str {
    let text = text.strip_prefix('{').unwrap_or(text);
    text.strip_suffix('}').unwrap_or(text)
}

fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    treebank::tokenize(&text)
}
