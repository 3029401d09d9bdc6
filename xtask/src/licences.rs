//! The licences and origins of all dependencies, held against `deny.toml`.
//!
//! This is the part of `cargo deny check bans licenses sources` that every test run can afford: it needs nothing but
//! cargo itself.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Checks every package of the lock file.
///
/// # Errors
/// A line for each package whose licence, name or origin is not accepted.
pub fn check(root: &Path) -> Result<(), String> {
    let policy =
        std::fs::read_to_string(root.join("deny.toml")).map_err(|error| error.to_string())?;
    let policy: toml::Table = policy.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let allowed = strings(policy.get("licenses").and_then(|table| table.get("allow")));
    let denied = policy
        .get("bans")
        .and_then(|table| table.get("deny"))
        .and_then(toml::Value::as_array)
        .map(|list| list.iter().filter_map(|ban| ban.get("name")?.as_str()).collect::<Vec<_>>())
        .unwrap_or_default();
    let mut faults = Vec::new();
    for package in packages(root)? {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or_default();
        if !accepts(licence, &allowed) {
            faults.push(format!("`{name}`: the licence `{licence}` is not in deny.toml"));
        }
        if denied.contains(&name) {
            faults.push(format!("`{name}` is banned by deny.toml"));
        }
        if package["source"].as_str().is_some_and(|source| !source.starts_with("registry+")) {
            faults.push(format!("`{name}` does not come from the registry"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn strings(list: Option<&toml::Value>) -> Vec<&str> {
    list.and_then(toml::Value::as_array)
        .map(|list| list.iter().filter_map(toml::Value::as_str).collect())
        .unwrap_or_default()
}

/// The packages that are really built: those in the resolved graph.
fn packages(root: &Path) -> Result<Vec<Value>, String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("can't run cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let used: Vec<&str> = metadata["resolve"]["nodes"]
        .as_array()
        .map(|nodes| nodes.iter().filter_map(|node| node["id"].as_str()).collect())
        .unwrap_or_default();
    let all = metadata["packages"].as_array().cloned().unwrap_or_default();
    Ok(all
        .into_iter()
        .filter(|package| package["id"].as_str().is_some_and(|id| used.contains(&id)))
        .collect())
}

/// Whether an SPDX expression can be met with the allowed licences. `/` is an old way to write `OR`.
fn accepts(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    !words.is_empty() && any(&words, &mut at, allowed) && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut met = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all(words, at, allowed);
    }
    met
}

fn all(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut met = term(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= term(words, at, allowed);
    }
    met
}

fn term(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let met = any(words, at, allowed);
        *at += 1;
        return met;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return allowed.contains(&format!("{word} WITH {exception}").as_str())
            || allowed.contains(word);
    }
    allowed.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_says() {
        let allowed = ["MIT", "Apache-2.0"];
        assert!(accepts("MIT", &allowed));
        assert!(accepts("MIT/GPL-3.0", &allowed));
        assert!(accepts("(GPL-3.0 OR MIT) AND Apache-2.0", &allowed));
        assert!(accepts("Apache-2.0 WITH LLVM-exception OR GPL-2.0", &allowed));
        assert!(!accepts("MIT AND GPL-3.0", &allowed));
        assert!(!accepts("", &allowed));
    }

    #[test]
    fn every_dependency_is_acceptable() {
        check(&crate::root()).unwrap();
    }
}
