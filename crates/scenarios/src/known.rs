//! Scenarios of HELM that are not here, each with the reason.

/// HELM's scenarios (run spec names of its text leaderboards and configuration files) that are not in the catalogue: the
/// name, and why.
pub fn known_helm_scenarios() -> &'static [(&'static str, &'static str)] {
    KNOWN
}

const KNOWN: &[(&str, &str)] = &[];
