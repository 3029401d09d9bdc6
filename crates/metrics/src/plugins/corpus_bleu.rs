//! BLEU of a whole set of texts, as `sacrebleu` reports it for translations.

use holometer_core::{Metric, MetricCard, MetricOptions, Score, TotalsMetric, Unit, Value};
use holometer_text::sacrebleu::{self, Counts, Orders};

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::unit::is_per_reference;

const NAME: &str = "corpus_bleu";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(CorpusBleu))
}

fn cards() -> Vec<MetricCard> {
    vec![MetricCard {
        name: NAME,
        summary: "BLEU over all texts, as sacreBLEU reports it",
        docs: include_str!("../docs/corpus_bleu.md"),
        higher_is_better: Some(true),
        range: (0.0, 100.0),
    }]
}

#[derive(Clone, Copy)]
struct CorpusBleu;

impl Metric for CorpusBleu {
    fn cards(&self) -> Vec<MetricCard> {
        Vec::new()
    }

    fn score(&self, _: &Unit<'_>) -> Vec<Score> {
        Vec::new()
    }

    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        vec![Box::new(*self)]
    }
}

impl TotalsMetric for CorpusBleu {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        if is_per_reference(unit) {
            return Err("the model wrote no text".into());
        }
        let responses = unit.responses()?;
        let completion = responses.first().and_then(|response| response.completions.first());
        let given = &completion.ok_or("the response holds no completion")?.text;
        let references: Vec<&str> =
            unit.instance.correct_references().map(|gold| gold.output.text.as_str()).collect();
        if references.is_empty() {
            return Err("the instance has no right answer".into());
        }
        let counts = sacrebleu::counts(&references, given);
        let mut components = vec![counts.given, counts.reference];
        components.extend(counts.shared);
        components.extend(counts.total);
        Ok(components)
    }

    fn combine(&self, sums: &[f64]) -> Vec<Score> {
        let mut counts = Counts { given: sums[0], reference: sums[1], ..Counts::default() };
        counts.shared.copy_from_slice(&sums[2..6]);
        counts.total.copy_from_slice(&sums[6..10]);
        vec![Score::new(NAME, Value::number(counts.score(Orders::All)))]
    }
}
