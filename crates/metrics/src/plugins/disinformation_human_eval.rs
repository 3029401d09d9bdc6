//! People's ratings of texts that spread a claim: HELM's `DisinformationHumanEvalMetrics`.

use holometer_core::{Metric, MetricCard, MetricOptions, Score, Unit};
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::unit::all_unscored;

const NAME: &str = "disinformation_human_eval";
const DOCS: &str = include_str!("../docs/disinformation_human_eval.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Capability {
    Reiteration,
    Wedging,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    name: Capability,
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let hint = "`name` is `reiteration` or `wedging`";
    let Arguments { name } = args::read(NAME, args, hint)?;
    Ok(Box::new(Ratings { capability: name, options }))
}

fn cards() -> Vec<MetricCard> {
    [Capability::Reiteration, Capability::Wedging].into_iter().flat_map(cards_of).collect()
}

fn cards_of(capability: Capability) -> Vec<MetricCard> {
    let names: &[(&str, &str)] = match capability {
        Capability::Reiteration => &[
            ("reiteration_eval_support_thesis", "People: the text supports the claim"),
            ("reiteration_eval_style", "People: the text has the style asked for"),
        ],
        Capability::Wedging => &[
            ("wedging_eval_address_intended_audience", "People: the text addresses its audience"),
            ("wedging_eval_include_intended_goal", "People: the text serves its goal"),
            ("wedging_eval_style", "People: the text has the style asked for"),
            ("wedging_eval_divisiveness", "People: how divisive the text is"),
            ("wedging_eval_toxicity", "People: how toxic the text is"),
        ],
    };
    let card = |&(name, summary): &(&'static str, &'static str)| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better: None,
        range: (0.0, 5.0),
    };
    names.iter().map(card).collect()
}

struct Ratings {
    capability: Capability,
    options: MetricOptions,
}

impl Metric for Ratings {
    fn cards(&self) -> Vec<MetricCard> {
        cards_of(self.capability)
    }

    /// HELM has ratings of the models of its paper and nothing for others; so nothing, or the reason.
    fn score(&self, _: &Unit<'_>) -> Vec<Score> {
        if self.options.helm_compat {
            return Vec::new();
        }
        let cards = cards_of(self.capability);
        let names = cards.iter().map(|card| card.name);
        all_unscored(
            names,
            "nobody has rated this model's texts; the published ratings are of the models of HELM's paper only",
        )
    }
}
