//! Programs for competition problems, by the tests they pass: HELM's `APPSMetric`.

use holometer_core::{
    Findings, Inquiry, Metric, MetricCard, MetricOptions, NoFindings, Respondent, Score, Unit,
    Value,
};
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::code::{apps_inquiries, apps_results};
use crate::error::MetricError;

const NAME: &str = "apps";
const TEST_AVERAGE: &str = "test_avg";
const STRICT: &str = "strict_acc";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    names: Vec<String>,
    /// Seconds for each test.
    timeout: serde_json::Value,
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let hint = "`names` is a list of `test_avg` and `strict_acc`, `timeout` a number of seconds";
    let arguments: Arguments = args::read(NAME, args, hint)?;
    let names = arguments
        .names
        .iter()
        .map(|name| {
            [TEST_AVERAGE, STRICT].into_iter().find(|known| known == name).ok_or_else(|| {
                MetricError::arguments(NAME, format!("there is no score `{name}`"), hint)
            })
        })
        .collect::<Result<_, _>>()?;
    let timeout = match &arguments.timeout {
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    };
    let seconds = timeout.filter(|seconds| *seconds >= 1.0).ok_or_else(|| {
        MetricError::arguments(NAME, format!("`timeout` is `{}`", arguments.timeout), hint)
    })?;
    Ok(Box::new(Apps { names, seconds: seconds as u64 }))
}

fn cards() -> Vec<MetricCard> {
    let card = |name, summary| MetricCard {
        name,
        summary,
        docs: include_str!("../docs/apps.md"),
        higher_is_better: Some(true),
        range: (0.0, 1.0),
    };
    vec![
        card(TEST_AVERAGE, "Share of the problem's tests that the program passes"),
        card(STRICT, "The program passes all of the problem's tests"),
    ]
}

struct Apps {
    names: Vec<&'static str>,
    seconds: u64,
}

impl Metric for Apps {
    fn cards(&self) -> Vec<MetricCard> {
        cards().into_iter().filter(|card| self.names.contains(&card.name)).collect()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        self.score_with(unit, &NoFindings)
    }

    fn inquiries(&self, unit: &Unit<'_>) -> Vec<Inquiry> {
        apps_inquiries(unit, self.seconds)
    }

    fn asking(&self) -> Vec<(&'static str, Respondent)> {
        self.names.iter().map(|name| (*name, Respondent::Python)).collect()
    }

    fn score_with(&self, unit: &Unit<'_>, findings: &dyn Findings) -> Vec<Score> {
        let results = self.results(unit, findings);
        let score = |name: &&'static str| {
            let value = match &results {
                Err(reason) => Value::Unscored(reason.clone()),
                Ok(results) => best(name, results),
            };
            Score::new(*name, value)
        };
        self.names.iter().map(score).collect()
    }
}

impl Apps {
    fn results(&self, unit: &Unit<'_>, findings: &dyn Findings) -> Result<Vec<Vec<bool>>, String> {
        let responses = unit.responses()?;
        let completions = responses.first().map(|response| response.completions.as_slice());
        let completions = completions.filter(|list| !list.is_empty());
        let completions = completions.ok_or("the response holds no completion")?;
        apps_results(unit, completions, self.seconds, findings)
    }
}

/// The best completion's score.
fn best(name: &str, results: &[Vec<bool>]) -> Value {
    let score = |passed: &Vec<bool>| {
        let count = passed.iter().filter(|passed| **passed).count();
        if name == STRICT {
            f64::from(u8::from(count == passed.len()))
        } else {
            count as f64 / passed.len() as f64
        }
    };
    Value::number(results.iter().map(score).fold(0.0, f64::max))
}
