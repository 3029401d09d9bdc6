//! How well a model ranks passages for a query: HELM's `RankingMetric`, with the measures of `trec_eval`.

use holometer_core::{Answer, Metric, MetricCard, MetricOptions, Reference, Score, Unit, Value};
use holometer_text::python::strip;
use holometer_text::ranking;
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::unit::all_unscored;

const NAME: &str = "ranking";
const DOCS: &str = include_str!("../docs/ranking.md");
const HINT: &str = "`method` is `ranking_binary`; `measure_names` are `success.K`, `recall.K`, `recip_rank.K` or `ndcg_cut.K`; `correct_output` and `wrong_output` are the two answers; `rank` is the longest ranking or absent";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    method: Method,
    measure_names: Vec<String>,
    correct_output: String,
    wrong_output: String,
    /// Measure the passages up to this rank of the first search on their own, too.
    #[serde(default)]
    rank: Option<usize>,
    /// Whether passages are more or less relevant, not only relevant or not.
    #[serde(default)]
    multiple_relevance_values: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    RankingBinary,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Success,
    Recall,
    ReciprocalRank,
    Gain,
}

/// A measure of the first `k` passages.
#[derive(Clone, Copy, Debug)]
struct Measure {
    kind: Kind,
    k: Option<usize>,
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let Arguments {
        method: Method::RankingBinary,
        measure_names,
        correct_output,
        wrong_output,
        rank,
        multiple_relevance_values,
    } = args::read(NAME, args, HINT)?;
    let measures = measure_names
        .iter()
        .map(|name| {
            let problem = || format!("there is no measure `{name}`");
            Measure::parse(name).ok_or_else(|| MetricError::arguments(NAME, problem(), HINT))
        })
        .collect::<Result<_, _>>()?;
    Ok(Box::new(Ranking {
        measures,
        correct: standard(&correct_output),
        wrong: standard(&wrong_output),
        rank,
        graded: multiple_relevance_values,
        options,
    }))
}

fn cards() -> Vec<MetricCard> {
    let card = |name, summary, higher_is_better, range| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better,
        range,
    };
    let unit = (0.0, 1.0);
    vec![
        card("Success", "A relevant passage is among the first k", Some(true), unit),
        card("Recall", "Share of the relevant passages among the first k", Some(true), unit),
        card("RR", "One over the rank of the first relevant passage", Some(true), unit),
        card("NDCG", "Discounted gain of the first k over the best possible", Some(true), unit),
        card(
            "ref_rank",
            "Where a passage ends up, counted from 0; HELM's numbers only",
            None,
            (0.0, f64::INFINITY),
        ),
    ]
}

impl Measure {
    fn parse(name: &str) -> Option<Self> {
        let (kind, k) = match name.split_once('.') {
            Some((kind, k)) => (kind, Some(k.parse().ok().filter(|k| *k > 0)?)),
            None => (name, None),
        };
        let kind = match kind {
            "success" => Kind::Success,
            "recall" => Kind::Recall,
            "recip_rank" => Kind::ReciprocalRank,
            "ndcg_cut" => Kind::Gain,
            _ => return None,
        };
        (kind == Kind::ReciprocalRank || k.is_some()).then_some(Self { kind, k })
    }

    fn name(self) -> String {
        let kind = match self.kind {
            Kind::Success => "Success",
            Kind::Recall => "Recall",
            Kind::ReciprocalRank => "RR",
            Kind::Gain => "NDCG",
        };
        self.k.map_or_else(|| kind.to_owned(), |k| format!("{kind}@{k}"))
    }

    /// Over the relevances in ranked order, and those of all passages that were judged.
    fn value(self, ranked: &[u32], judged: &[u32]) -> Option<f64> {
        let k = self.k.unwrap_or(usize::MAX);
        let relevant = judged.iter().filter(|relevance| **relevance > 0).count();
        match self.kind {
            _ if relevant == 0 => None,
            Kind::Success => Some(ranking::success(ranked, k)),
            Kind::Recall => ranking::recall(ranked, k, relevant),
            Kind::ReciprocalRank => Some(ranking::reciprocal_rank(ranked, k)),
            Kind::Gain => ranking::ndcg(ranked, k, judged),
        }
    }
}

struct Ranking {
    measures: Vec<Measure>,
    correct: String,
    wrong: String,
    rank: Option<usize>,
    graded: bool,
    options: MetricOptions,
}

/// A passage with what the model said of it.
struct Passage {
    reference: usize,
    relevance: u32,
    /// Its rank in the first search.
    rank: Option<usize>,
    /// The kind of answer, then how sure the model is of it, or that it is wrong.
    order: (u8, f64),
}

impl Metric for Ranking {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    /// Nothing for units whose passages were not judged one by one.
    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        if !crate::unit::is_per_reference(unit) {
            return Vec::new();
        }
        let mut passages = match self.passages(unit) {
            Ok(passages) => passages,
            Err(reason) => {
                let names = self.names();
                return all_unscored(names.iter().map(String::as_str), &reason);
            }
        };
        passages.sort_by(|a, b| {
            b.order.0.cmp(&a.order.0).then_with(|| b.order.1.total_cmp(&a.order.1))
        });
        let mut scores = self.measured(&passages, |_| true, "");
        if let Some(limit) = self.rank {
            let within = |passage: &Passage| passage.rank.is_some_and(|r| r > 0 && r <= limit);
            scores.extend(self.measured(&passages, within, &format!(" (topk={limit})")));
        }
        if self.options.helm_compat {
            scores.extend(passages.iter().enumerate().map(|(place, passage)| {
                Score::new(format!("ref{}_rank", passage.reference), Value::number(place as f64))
            }));
        }
        scores
    }
}

impl Ranking {
    fn names(&self) -> Vec<String> {
        let names = self.measures.iter().map(|measure| measure.name());
        let limited = self.rank.iter().flat_map(|limit| {
            self.measures.iter().map(move |m| format!("{} (topk={limit})", m.name()))
        });
        names.chain(limited).collect()
    }

    fn measured(
        &self,
        passages: &[Passage],
        keep: impl Fn(&Passage) -> bool,
        suffix: &str,
    ) -> Vec<Score> {
        self.measures
            .iter()
            .map(|measure| {
                // Where there are degrees, a passage that is merely related (1) is not relevant; only the gain counts it.
                let binary = self.graded && measure.kind != Kind::Gain;
                let relevance = |passage: &Passage| {
                    if binary { u32::from(passage.relevance > 1) } else { passage.relevance }
                };
                let kept = passages.iter().filter(|passage| keep(passage));
                let ranked: Vec<u32> = kept.map(relevance).collect();
                let judged: Vec<u32> = passages.iter().map(relevance).collect();
                let value = match measure.value(&ranked, &judged) {
                    Some(value) => Value::number(value),
                    // HELM counts a query that nothing answers as failed.
                    None if self.options.helm_compat => Value::Number(0.0),
                    None => Value::Unscored("no passage is relevant".into()),
                };
                Score::new(measure.name() + suffix, value)
            })
            .collect()
    }

    fn passages(&self, unit: &Unit<'_>) -> Result<Vec<Passage>, String> {
        let responses = unit.responses()?;
        unit.answers
            .iter()
            .zip(responses)
            .map(|(answer, response)| {
                let completion = response.completions.first();
                let text = completion.map_or("missing", |completion| &completion.text);
                let logprob = completion.and_then(holometer_core::Completion::logprob);
                let logprob = match logprob {
                    Some(logprob) => logprob,
                    None if self.options.helm_compat || completion.is_none() => 0.0,
                    None => return Err("the model reports no log-probabilities".to_owned()),
                };
                let text = standard(text);
                let order = if text == self.correct {
                    (2, logprob)
                } else {
                    (u8::from(text == self.wrong), -logprob)
                };
                let (reference, passage) = passage_of(answer)?;
                let relevance = tag(passage, "relevance").unwrap_or(0) as u32;
                Ok(Passage { reference, relevance, rank: tag(passage, "rank"), order })
            })
            .collect()
    }
}

fn passage_of<'a>(answer: &Answer<'a>) -> Result<(usize, &'a Reference), String> {
    let index = answer.state.reference_index.ok_or("a request belongs to no passage")?;
    let reference = answer.state.instance.references.get(index);
    Ok((index, reference.ok_or("a request belongs to no passage")?))
}

/// The number in a reference's tag such as `relevance=2`.
fn tag(reference: &Reference, name: &str) -> Option<usize> {
    let tagged = reference.tags.iter().rev().find(|tag| tag.contains(name))?;
    tagged.split_once('=')?.1.parse().ok()
}

fn standard(text: &str) -> String {
    strip(text).to_lowercase()
}
