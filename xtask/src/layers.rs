//! The law of the layers: which crate may depend on which.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Each crate with the crates of ours it may depend on. `holometer-testkit` is allowed as a development dependency
/// everywhere.
const LAW: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("stats", &[]),
    ("text", &[]),
    ("pyrand", &[]),
    ("data", &[]),
    ("plan", &["core"]),
    ("scenarios", &["core", "text", "data", "pyrand"]),
    ("perturb", &["core", "text", "pyrand"]),
    ("adapt", &["core", "pyrand"]),
    ("engine", &["core"]),
    ("providers", &["core"]),
    ("store", &["core"]),
    ("run", &["core", "store"]),
    ("sandbox", &[]),
    ("metrics", &["core", "stats", "text", "sandbox"]),
    ("summary", &["core", "stats"]),
    ("report", &["core", "summary"]),
    ("web", &["core", "stats", "store", "summary", "report"]),
    ("testkit", &["core"]),
];

/// The crate that wires all others.
const TOP: &str = "cli";

/// Holds every manifest against the law.
///
/// # Errors
/// A line for each breach.
pub fn check(root: &Path) -> Result<(), String> {
    let mut breaches = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(root.join("crates")).map_err(|error| error.to_string())? {
        let folder = entry.map_err(|error| error.to_string())?.path();
        let name =
            folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        breaches.extend(breaches_of(&name, &manifest));
        seen.insert(name);
    }
    let missing =
        LAW.iter().map(|(name, _)| *name).chain([TOP]).filter(|name| !seen.contains(*name));
    breaches.extend(missing.map(|name| format!("the crate `{name}` of the law does not exist")));
    if breaches.is_empty() { Ok(()) } else { Err(breaches.join("\n")) }
}

/// The breaches of one manifest.
fn breaches_of(name: &str, manifest: &str) -> Vec<String> {
    if name == TOP {
        return Vec::new();
    }
    let Some((_, allowed)) = LAW.iter().find(|(known, _)| *known == name) else {
        return vec![format!("the crate `{name}` is not in the law of the layers")];
    };
    let manifest: toml::Table = match manifest.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("the manifest of `{name}` can't be read: {error}")],
    };
    let mut breaches = Vec::new();
    for (section, extra) in [
        ("dependencies", None),
        ("build-dependencies", None),
        ("dev-dependencies", Some("testkit")),
    ] {
        let Some(dependencies) = manifest.get(section).and_then(toml::Value::as_table) else {
            continue;
        };
        for dependency in dependencies.keys().filter_map(|key| key.strip_prefix("holometer-")) {
            if !allowed.contains(&dependency) && extra != Some(dependency) {
                breaches.push(format!("`{name}` may not have `{dependency}` in its {section}"));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_the_law() {
        check(&crate::root()).unwrap();
    }

    #[test]
    fn a_breach_is_found() {
        let manifest = "[dependencies]\nholometer-metrics.workspace = true\n";
        assert_eq!(
            breaches_of("engine", manifest),
            ["`engine` may not have `metrics` in its dependencies"]
        );
        let manifest = "[dependencies]\nholometer-testkit.workspace = true\n";
        assert_eq!(breaches_of("core", manifest).len(), 1);
        let manifest = "[dev-dependencies]\nholometer-testkit.workspace = true\n";
        assert!(breaches_of("core", manifest).is_empty());
        assert_eq!(breaches_of("new", "").len(), 1);
    }
}
