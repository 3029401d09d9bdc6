//! Programs that use many libraries, held to unit tests: HELM's `BigCodeBenchMetric`, with the tests run here instead of by a server.

use holometer_core::{
    Findings, Inquiry, Metric, MetricCard, MetricOptions, NoFindings, Respondent, Score, Unit,
    Value,
};
use serde_json::{Value as Json, json};

use crate::Plugin;
use crate::args;
use crate::code::Task;
use crate::error::MetricError;

const NAME: &str = "bigcodebench";
const SCORE: &str = "bigcodebench_p@1";
const SCRIPT: &str = include_str!("../code/big_code_bench.py");
const WORD: &str = "verdict:";

/// Libraries such as TensorFlow take their time and memory.
const PROCESSOR_SECONDS: f64 = 60.0;
const WALL_SECONDS: f64 = 120.0;
const MEMORY: u64 = 8 << 30;

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &Json, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(BigCodeBench))
}

fn cards() -> Vec<MetricCard> {
    vec![MetricCard {
        name: SCORE,
        summary: "The program in the answer passes the problem's unit tests",
        docs: include_str!("../docs/bigcodebench.md"),
        higher_is_better: Some(true),
        range: (0.0, 1.0),
    }]
}

struct BigCodeBench;

impl Metric for BigCodeBench {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        self.score_with(unit, &NoFindings)
    }

    fn inquiries(&self, unit: &Unit<'_>) -> Vec<Inquiry> {
        task(unit).map(|task| vec![task.inquiry()]).unwrap_or_default()
    }

    fn asking(&self) -> Vec<(&'static str, Respondent)> {
        vec![(SCORE, Respondent::Python)]
    }

    fn score_with(&self, unit: &Unit<'_>, findings: &dyn Findings) -> Vec<Score> {
        let value = task(unit).and_then(|task| verdict(&task, findings));
        vec![Score::new(SCORE, value.unwrap_or_else(Value::Unscored))]
    }
}

fn task(unit: &Unit<'_>) -> Result<Task, String> {
    let responses = unit.responses()?;
    let completion = responses.first().and_then(|response| response.completions.first());
    let completion = completion.ok_or("the response holds no completion")?;
    let text = |name: &str| unit.instance.extra.get(name).and_then(Json::as_str);
    let test = text("test").ok_or("the instance has no tests")?;
    let stdin = json!({
        "answer": completion.text,
        "test": test,
        "stub": text("code_prompt").unwrap_or_default(),
        "modules": modules(text("libs").unwrap_or_default()),
        "word": WORD,
    });
    Ok(Task {
        source: SCRIPT.to_owned(),
        stdin: stdin.to_string(),
        wall: WALL_SECONDS,
        processor: PROCESSOR_SECONDS,
        memory: MEMORY,
    })
}

/// The names in a list as the data has it, `['numpy', 'pandas']`.
fn modules(list: &str) -> Vec<&str> {
    list.split('\'').skip(1).step_by(2).collect()
}

fn verdict(task: &Task, findings: &dyn Findings) -> Result<Value, String> {
    let record = task.look_up(findings)?;
    let line = record.stdout.lines().next_back().and_then(|line| line.strip_prefix(WORD));
    let verdict: Json = line.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if let Some(lacking) = verdict["lacking"].as_array() {
        let names: Vec<&str> = lacking.iter().filter_map(Json::as_str).collect();
        return Err(format!(
            "the interpreter lacks modules that the problem needs: {}",
            names.join(", ")
        ));
    }
    Ok(Value::indicator(record.succeeded() && verdict["passed"] == true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read_as_the_data_lists_them() {
        assert_eq!(modules("['numpy', 'matplotlib']"), ["numpy", "matplotlib"]);
        assert_eq!(modules("[]"), [] as [&str; 0]);
    }
}
