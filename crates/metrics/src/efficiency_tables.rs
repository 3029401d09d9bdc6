//! HELM's efficiency figures: measured times of models of 2022 and published estimates of their training.

use std::collections::HashMap;
use std::sync::LazyLock;

/// How long a model takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runtime {
    /// Seconds per output token after the first.
    pub(crate) per_token: f64,
    /// Seconds to read a prompt of so many tokens, sorted.
    pub(crate) prompts: Vec<(usize, f64)>,
    /// Seconds on top.
    pub(crate) overhead: Option<f64>,
}

impl Runtime {
    /// Seconds for a prompt and an output of so many tokens. A prompt takes its share of the next longer one in the
    /// profile, or of the longest.
    pub(crate) fn seconds(&self, prompt: f64, output: f64) -> f64 {
        let longer = self.prompts.iter().find(|(tokens, _)| prompt <= *tokens as f64);
        let (tokens, seconds) = longer.or_else(|| self.prompts.last()).copied().unwrap_or((1, 0.0));
        let mut total = seconds * (prompt / tokens as f64);
        if output > 0.0 {
            total += self.per_token * (output - 1.0);
        }
        total + self.overhead.unwrap_or(0.0)
    }
}

#[derive(Default)]
struct Tables {
    idealized: HashMap<&'static str, Runtime>,
    denoised: HashMap<&'static str, Runtime>,
    carbon: HashMap<&'static str, f64>,
    energy: HashMap<&'static str, f64>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables::default();
    for line in include_str!("../data/efficiency.tsv").lines().filter(|l| !l.starts_with('#')) {
        let mut fields = line.split('\t');
        let mut field = || fields.next().expect("a line has four fields");
        let (table, model, figure) = (field(), field(), field());
        let value: f64 = field().parse().expect("a value is a number");
        let runtime = match table {
            "idealized" => tables.idealized.entry(model).or_default(),
            "denoised" => tables.denoised.entry(model).or_default(),
            "carbon" => {
                tables.carbon.insert(model, value);
                continue;
            }
            _ => {
                tables.energy.insert(model, value);
                continue;
            }
        };
        match figure {
            "token" => runtime.per_token = value,
            "overhead" => runtime.overhead = Some(value),
            tokens => {
                runtime.prompts.push((tokens.parse().expect("a length is a number"), value));
            }
        }
    }
    tables
});

/// Times on HELM's reference hardware.
pub(crate) fn idealized(deployment: &str) -> Option<&'static Runtime> {
    TABLES.idealized.get(deployment)
}

/// Times of the provider's own servers, without waiting.
pub(crate) fn denoised(deployment: &str) -> Option<&'static Runtime> {
    TABLES.denoised.get(deployment)
}

/// Kilograms of CO2 that training emitted, as published or estimated.
pub(crate) fn training_carbon(deployment: &str) -> Option<f64> {
    TABLES.carbon.get(deployment).copied()
}

/// Megawatt hours that training took, as published or estimated.
pub(crate) fn training_energy(deployment: &str) -> Option<f64> {
    TABLES.energy.get(deployment).copied()
}
