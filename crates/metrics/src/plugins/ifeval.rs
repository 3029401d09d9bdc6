//! Instructions that a program can check: HELM's `IFEvalMetric`, with IFEval's loose mode and its other averages.

use holometer_core::{Metric, MetricCard, MetricOptions, Score, TotalsMetric, Unit, Value};
use holometer_text::python::strip;
use serde_json::Value as Json;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::ifeval::{KINDS, follows, loose_forms};
use crate::unit::all_unscored;

const NAME: &str = "ifeval";
const DOCS: &str = include_str!("../docs/ifeval.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &Json, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(Instructions { options }))
}

const STRICT: &str = "ifeval_strict_accuracy";
const OURS: [&str; 3] =
    ["ifeval_loose_accuracy", "ifeval_strict_prompt_accuracy", "ifeval_loose_prompt_accuracy"];
const TOTALS: [&str; 4] = [
    "ifeval_strict_instruction_accuracy",
    "ifeval_loose_instruction_accuracy",
    "ifeval_strict_by_kind",
    "ifeval_loose_by_kind",
];

fn card(name: &'static str, summary: &'static str) -> MetricCard {
    MetricCard { name, summary, docs: DOCS, higher_is_better: Some(true), range: (0.0, 1.0) }
}

fn unit_cards() -> Vec<MetricCard> {
    vec![
        card(STRICT, "Share of the prompt's instructions that are followed"),
        card(OURS[0], "As `ifeval_strict_accuracy`, forgiving a first or last line and asterisks"),
        card(OURS[1], "All of the prompt's instructions are followed"),
        card(OURS[2], "As `ifeval_strict_prompt_accuracy`, in loose mode"),
    ]
}

fn totals_cards() -> Vec<MetricCard> {
    vec![
        card(TOTALS[0], "Share of all instructions that are followed"),
        card(TOTALS[1], "As `ifeval_strict_instruction_accuracy`, in loose mode"),
        card(TOTALS[2], "Share of the instructions of one kind that are followed"),
        card(TOTALS[3], "As `ifeval_strict_by_kind`, in loose mode"),
    ]
}

fn cards() -> Vec<MetricCard> {
    [unit_cards(), totals_cards()].concat()
}

struct Instructions {
    options: MetricOptions,
}

/// One instruction of a unit: which kind, and whether it was followed.
struct Checked {
    kind: usize,
    strict: bool,
    loose: bool,
}

impl Metric for Instructions {
    fn cards(&self) -> Vec<MetricCard> {
        if self.options.helm_compat { vec![unit_cards()[0]] } else { unit_cards() }
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        let cards = self.cards();
        let checked = match check(unit) {
            Ok(checked) => checked,
            Err(reason) => return all_unscored(cards.iter().map(|card| card.name), &reason),
        };
        let share = |followed: &dyn Fn(&Checked) -> bool| {
            let followed = checked.iter().filter(|instruction| followed(instruction)).count();
            Value::number(followed as f64 / checked.len() as f64)
        };
        let mut scores = vec![Score::new(STRICT, share(&|instruction| instruction.strict))];
        if !self.options.helm_compat {
            let all = |followed: &dyn Fn(&Checked) -> bool| {
                Value::indicator(checked.iter().all(followed))
            };
            scores.push(Score::new(OURS[0], share(&|instruction| instruction.loose)));
            scores.push(Score::new(OURS[1], all(&|instruction| instruction.strict)));
            scores.push(Score::new(OURS[2], all(&|instruction| instruction.loose)));
        }
        scores
    }

    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        if self.options.helm_compat { Vec::new() } else { vec![Box::new(ByKind)] }
    }
}

/// Checks the unit's instructions, which its instance holds under `instruction_ids` and `instruction_kwargs`.
fn check(unit: &Unit<'_>) -> Result<Vec<Checked>, String> {
    let responses = unit.responses()?;
    let completion = responses.first().and_then(|response| response.completions.first());
    let response = strip(&completion.ok_or("the response holds no completion")?.text);
    let list = |name: &str| unit.instance.extra.get(name).and_then(Json::as_array);
    let (Some(kinds), Some(wanted)) = (list("instruction_ids"), list("instruction_kwargs")) else {
        return Err("the instance has no instructions to check".into());
    };
    if kinds.is_empty() || kinds.len() != wanted.len() {
        return Err("the instance's instructions are incomplete".into());
    }
    let forms = loose_forms(response);
    let nothing = serde_json::Map::new();
    kinds
        .iter()
        .zip(wanted)
        .map(|(kind, wanted)| {
            let name = kind.as_str().unwrap_or_default();
            let wanted = wanted.as_object().unwrap_or(&nothing);
            let kind = KINDS.iter().position(|known| *known == name);
            let kind = kind.ok_or_else(|| format!("there is no instruction `{name}`"))?;
            let strict = follows(name, wanted, response)?;
            let mut loose = strict;
            for form in &forms[1..] {
                loose = loose || follows(name, wanted, form)?;
            }
            Ok(Checked { kind, strict, loose })
        })
        .collect()
}

/// Per kind: instructions, followed, followed in loose mode.
struct ByKind;

impl TotalsMetric for ByKind {
    fn cards(&self) -> Vec<MetricCard> {
        totals_cards()
    }

    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        let mut sums = vec![0.0; 3 * KINDS.len()];
        for Checked { kind, strict, loose } in check(unit)? {
            sums[3 * kind] += 1.0;
            sums[3 * kind + 1] += f64::from(u8::from(strict));
            sums[3 * kind + 2] += f64::from(u8::from(loose));
        }
        Ok(sums)
    }

    fn combine(&self, sums: &[f64]) -> Vec<Score> {
        let kinds: Vec<&[f64]> = sums.chunks_exact(3).collect();
        let total = |which: usize| kinds.iter().map(|kind| kind[which]).sum::<f64>();
        let all = total(0);
        let none = || Value::Unscored("no instruction was checked".into());
        let share = |followed: f64, of: f64| {
            if of > 0.0 { Value::number(followed / of) } else { none() }
        };
        let mut scores = vec![
            Score::new(TOTALS[0], share(total(1), all)),
            Score::new(TOTALS[1], share(total(2), all)),
        ];
        for (name, kind) in KINDS.iter().zip(&kinds).filter(|(_, kind)| kind[0] > 0.0) {
            scores.push(Score::new(format!("{}@{name}", TOTALS[2]), share(kind[1], kind[0])));
            scores.push(Score::new(format!("{}@{name}", TOTALS[3]), share(kind[2], kind[0])));
        }
        scores
    }
}
