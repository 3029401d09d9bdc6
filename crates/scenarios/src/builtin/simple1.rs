//! HELM's debugging scenario: random numbers, one of which is the answer.

use holometer_core::{Instance, Reference, Split};
use holometer_pyrand::PyRandom;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "simple1", instances }
}

/// HELM's run spec fixes these.
const TOKENS: usize = 5;
const VOCABULARY: i64 = 20;
const INSTANCES_PER_SPLIT: usize = 10;

#[expect(clippy::unnecessary_wraps, reason = "the signature of every scenario in Rust")]
fn instances(_material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut random = PyRandom::from_int(1);
    let mut instances = Vec::new();
    for split in [Split::Train, Split::Test] {
        for _ in 0..INSTANCES_PER_SPLIT {
            let tokens: Vec<String> = (0..TOKENS)
                .filter_map(|_| random.randint(0, VOCABULARY - 1))
                .map(|number| number.to_string())
                .collect();
            let answer = random.choice(&tokens).cloned().unwrap_or_default();
            let references = vec![Reference::correct(answer), Reference::wrong("-1")];
            instances.push(Instance::new(tokens.join(" "), references, split));
        }
    }
    Ok(instances)
}
