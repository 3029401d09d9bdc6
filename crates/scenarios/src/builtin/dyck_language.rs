//! Dyck languages: complete a sequence of nested brackets (Suzgun et al. 2019, generated as HELM generates it).
//!
//! Sequences come from the grammar S -> ( S ) with probability 1/2, S -> S S with 1/4, and the empty sequence otherwise.

use holometer_core::{Instance, Reference, Split};
use holometer_pyrand::{NumpyRandom, PyRandom};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "dyck_language", instances }
}

const OPENING: [char; 4] = ['(', '[', '{', '<'];
const CLOSING: [char; 4] = [')', ']', '}', '>'];
const SEED: u32 = 42;
const TRAIN_INSTANCES: usize = 3;
const TEST_INSTANCES: usize = 500;
const TRAIN_LENGTHS: (usize, usize) = (4, 50);
const TEST_LENGTHS: (usize, usize) = (52, 100);
const LONGEST_INNER: usize = 100;
const DEEPEST: usize = 100;
const LONGEST_OUTPUT: i64 = 3;

#[expect(clippy::unnecessary_wraps, reason = "the signature of every scenario in Rust")]
fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let pairs = material.argument("num_parenthesis_pairs").parse().unwrap_or(1);
    let mut generator = Generator {
        pairs,
        numpy: NumpyRandom::new(SEED),
        python: PyRandom::from_int(i64::from(SEED)),
    };
    let mut seen = Vec::new();
    let mut instances = generator.corpus(Split::Train, TRAIN_INSTANCES, TRAIN_LENGTHS, &mut seen);
    instances.extend(generator.corpus(Split::Test, TEST_INSTANCES, TEST_LENGTHS, &mut seen));
    Ok(instances)
}

struct Generator {
    pairs: usize,
    numpy: NumpyRandom,
    python: PyRandom,
}

impl Generator {
    /// Distinct instances whose inputs have not been seen.
    fn corpus(
        &mut self,
        split: Split,
        size: usize,
        lengths: (usize, usize),
        seen: &mut Vec<String>,
    ) -> Vec<Instance> {
        let mut instances = Vec::new();
        while instances.len() < size {
            let input = self.input(lengths);
            let text = spaced(&input);
            if !seen.contains(&text) {
                let answer = format!(" {}", spaced(&self.closing_of(&input)));
                seen.push(text.clone());
                instances.push(Instance::new(text, vec![Reference::correct(answer)], split));
            }
        }
        instances
    }

    /// A sequence cut off before its last closing brackets.
    fn input(&mut self, (shortest, longest): (usize, usize)) -> Vec<char> {
        loop {
            let sequence = self.sequence(0, longest);
            if sequence.len() >= shortest {
                let open = self.python.randint(1, LONGEST_OUTPUT).unwrap_or(1);
                let input = cut_before_closing(&sequence, open);
                if !input.is_empty() {
                    return input;
                }
            }
        }
    }

    fn sequence(&mut self, depth: usize, longest: usize) -> Vec<char> {
        if depth > DEEPEST {
            return Vec::new();
        }
        let draw = self.python.random();
        let mut sequence = Vec::new();
        if draw < 0.5 {
            let kind = self.numpy.randint(0, self.pairs as i64).unwrap_or(0) as usize;
            sequence.push(OPENING[kind]);
            sequence.extend(self.sequence(depth + 1, LONGEST_INNER));
            sequence.push(CLOSING[kind]);
        } else if draw < 0.75 {
            sequence = self.sequence(depth, LONGEST_INNER);
            sequence.extend(self.sequence(depth, LONGEST_INNER));
        }
        if sequence.len() <= longest { sequence } else { Vec::new() }
    }

    /// The brackets that close what is open.
    fn closing_of(&self, input: &[char]) -> Vec<char> {
        let mut stack = Vec::new();
        for bracket in input {
            match OPENING[..self.pairs].iter().position(|opening| opening == bracket) {
                Some(kind) => stack.push(CLOSING[kind]),
                None => {
                    stack.pop();
                }
            }
        }
        stack.reverse();
        stack
    }
}

/// The part before the point from which so many more brackets close than open; empty when there is none.
fn cut_before_closing(sequence: &[char], open: i64) -> Vec<char> {
    let mut depth = 0;
    for (index, bracket) in sequence.iter().enumerate().rev() {
        depth += if OPENING.contains(bracket) { -1 } else { 1 };
        if depth == open {
            return sequence[..index].to_vec();
        }
    }
    Vec::new()
}

fn spaced(brackets: &[char]) -> String {
    brackets.iter().map(char::to_string).collect::<Vec<_>>().join(" ")
}
