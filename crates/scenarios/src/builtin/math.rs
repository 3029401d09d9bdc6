//! MATH: HELM sorts and shuffles all problems before it takes those of a subject and level.

use holometer_core::{Instance, Reference, Split};
use holometer_pyrand::tables::dataset_shuffle;
use holometer_text::math::boxed_answer;
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "math", instances }
}

const SEED: u64 = 42;

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let official = material.argument("use_official_examples") == "True";
    let mut instances = Vec::new();
    for split in [Split::Train, Split::Test] {
        if split == Split::Train && official {
            instances.extend(OFFICIAL_EXAMPLES.iter().map(|(problem, answer)| {
                Instance::new(*problem, vec![Reference::correct(*answer)], split)
            }));
        } else {
            instances.extend(of_split(material, split)?);
        }
    }
    Ok(instances)
}

/// A problem with its solution, type and level.
struct Problem {
    text: String,
    solution: String,
    kind: String,
    level: String,
}

fn of_split(material: &Material<'_>, split: Split) -> Result<Vec<Instance>, ScenarioError> {
    let mut problems = Vec::new();
    for file in material.files.iter().filter(|file| file.split == split) {
        for row in file.rows()? {
            let problem = read(&row)
                .ok_or_else(|| material.unexpected(file, "a row is no problem of MATH"))?;
            problems.push(problem);
        }
    }
    problems.sort_by(|a, b| a.text.cmp(&b.text));
    let level = format!("Level {}", material.argument("level"));
    let kind = kind_of(material);
    let whole_solution = material.argument("use_chain_of_thought") == "True";
    let mut instances = Vec::new();
    for index in dataset_shuffle(problems.len(), SEED) {
        let problem = &problems[index];
        if problem.kind == kind && problem.level == level {
            let answer = if whole_solution {
                Some(problem.solution.as_str())
            } else {
                boxed_answer(&problem.solution)
            };
            // HELM stops at a problem without a boxed answer; leaving it out changes nothing else.
            if let Some(answer) = answer {
                let references = vec![Reference::correct(answer)];
                instances.push(Instance::new(problem.text.clone(), references, split));
            }
        }
    }
    Ok(instances)
}

/// The data's name of the subject.
fn kind_of(material: &Material<'_>) -> String {
    let subject = material.argument("subject");
    material
        .files
        .first()
        .and_then(|file| file.scope.get("constants"))
        .and_then(|constants| constants.get_attr("types").ok())
        .and_then(|types| types.get_attr(&subject).ok())
        .map(|kind| kind.to_string())
        .unwrap_or_default()
}

/// One row; copies of the data call the problem `problem` or `question`.
fn read(row: &Value) -> Option<Problem> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Problem {
        text: text("problem").or_else(|| text("question"))?,
        solution: text("solution")?,
        kind: text("type")?,
        level: text("level")?,
    })
}

/// The examples of Lewkowycz et al. 2022, as HELM lists them: problem and answer.
const OFFICIAL_EXAMPLES: &[(&str, &str)] = &[
    (r"What is $\left(\frac{7}{8}\right)^3 \cdot \left(\frac{7}{8}\right)^{-3}$?", "1"),
    (
        "In how many ways can 4 books be selected from a shelf of 6 books if the order in which the books are selected does not matter?",
        "15",
    ),
    ("Find the distance between the points $(2,1,-4)$ and $(5,8,-3).$", r"\sqrt{59}"),
    (
        "The faces of an octahedral die are labeled with digits $1$ through $8$. What is the probability, expressed as a common fraction, of rolling a sum of $15$ with a pair of such octahedral dice?",
        r"\frac{1}{32}",
    ),
    (
        "The first three terms of an arithmetic sequence are 1, 10 and 19, respectively. What is the value of the 21st term?",
        "181",
    ),
    (r"Calculate $6 \cdot 8\frac{1}{3}", "50"),
    (
        "When the binary number $100101110010_2$ is divided by 4, what is the remainder (give your answer in base 10)?",
        "2",
    ),
    (r"How many zeros are at the end of the product 25 $\times$ 240?", "3"),
];
