//! Suites that come with the product.

use super::{SuiteFile, read_suite};
use crate::error::PlanError;

/// A suite that comes with the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShippedSuite {
    /// Its name, as `--suite` takes it.
    pub name: &'static str,
    /// One line for lists: the comment that its file begins with.
    pub summary: &'static str,
    /// Its suite file.
    pub text: &'static str,
}

impl ShippedSuite {
    /// What the file says.
    ///
    /// # Errors
    /// Never for the suites of [`shipped_suites`]; a test reads them all.
    pub fn read(&self) -> Result<SuiteFile, PlanError> {
        read_suite(&format!("suite `{}`", self.name), self.text)
    }
}

/// The suites that come with the product, the quickest first.
pub fn shipped_suites() -> Vec<ShippedSuite> {
    FILES
        .iter()
        .map(|&(name, text)| {
            let first = text.lines().next().unwrap_or_default();
            ShippedSuite { name, summary: first.trim_start_matches(['#', ' ']), text }
        })
        .collect()
}

const FILES: &[(&str, &str)] = &[
    ("quick", include_str!("../../suites/quick.toml")),
    ("bias", include_str!("../../suites/bias.toml")),
    ("lite", include_str!("../../suites/lite.toml")),
    ("capabilities", include_str!("../../suites/capabilities.toml")),
    ("safety", include_str!("../../suites/safety.toml")),
    ("mmlu", include_str!("../../suites/mmlu.toml")),
    ("air-bench", include_str!("../../suites/air-bench.toml")),
    ("classic", include_str!("../../suites/classic.toml")),
];
