//! Newtypes for the names that run through the pipeline.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// Wraps a name.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }
    };
}

name_type! {
    /// An instance's id within its scenario: `id0`, `id1`, ... in the scenario's own order, given before
    /// down-sampling, so that it names the same item whatever the sample.
    InstanceId
}
name_type! {
    /// A run's name as HELM writes it, `mmlu:subject=anatomy,model=openai_gpt2`. Data, never a path.
    RunName
}
name_type! {
    /// A model as the user names it, for instance `path:./my-model` or `openai/gpt-4o`.
    ModelName
}
name_type! {
    /// A scenario's name, for instance `mmlu`.
    ScenarioName
}
name_type! {
    /// A metric's name, for instance `quasi_exact_match`.
    MetricName
}
name_type! {
    /// A perturbation's name, for instance `dialect`.
    PerturbationName
}
