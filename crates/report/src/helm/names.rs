//! HELM's class names and ours, and names that every file system takes.
//!
//! `classes.tsv` lists the classes of HELM 0.5.16 (kind, our name, class), taken from its run specs and modules.

const CLASSES: &str = include_str!("classes.tsv");

/// What a class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Scenario,
    Metric,
    Perturbation,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Metric => "metric",
            Self::Perturbation => "perturbation",
        }
    }
}

fn rows(kind: Kind) -> impl Iterator<Item = (&'static str, &'static str)> {
    CLASSES.lines().filter_map(move |line| {
        let mut parts = line.split('\t');
        (parts.next() == Some(kind.as_str())).then_some(())?;
        Some((parts.next()?, parts.next()?))
    })
}

/// The class's own name, without its module.
fn simple(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

/// Our name of a metric or perturbation class, whichever module it was in at the time; an unknown class keeps its name.
pub(crate) fn from_class(kind: Kind, class: &str) -> String {
    rows(kind)
        .find(|(_, known)| *known == class)
        .or_else(|| rows(kind).find(|(_, known)| simple(known) == simple(class)))
        .map_or_else(|| class.to_owned(), |(name, _)| name.to_owned())
}

/// The scenario that a class and a run's name stand for: of several scenarios of one class, the one that the run is named
/// after. A class that stands for something else than its scenario's first class keeps its name, so that it is not lost.
pub(crate) fn scenario_from_class(class: &str, run_name: &str) -> String {
    let first_part = first_part(run_name);
    let candidates: Vec<&str> = rows(Kind::Scenario)
        .filter(|(_, known)| simple(known) == simple(class))
        .map(|(name, _)| name)
        .filter(|name| simple(&to_class(Kind::Scenario, name)) == simple(class))
        .collect();
    if class.is_empty() || candidates.contains(&first_part) {
        return first_part.to_owned();
    }
    candidates.first().map_or_else(|| class.to_owned(), |name| (*name).to_owned())
}

/// What a run's name says before its arguments.
fn first_part(run_name: &str) -> &str {
    let name = run_name.split([':', ',']).next().unwrap_or(run_name);
    name.split("--").next().unwrap_or(name)
}

/// HELM's class for a name of ours. A class is kept; a name that HELM has no class for is put under `holometer.`.
pub(crate) fn to_class(kind: Kind, name: &str) -> String {
    if let Some((_, class)) = rows(kind).find(|(known, _)| *known == name) {
        return class.to_owned();
    }
    if name.contains('.') { name.to_owned() } else { format!("holometer.{name}") }
}

/// The longest folder name that is written, in bytes; file systems stop at 255.
const LONGEST: usize = 200;

/// A run's name as a folder's name that every file system takes. Names that are the same up to that stay apart only by the
/// caller's doing.
pub fn folder_name(run_name: &str) -> String {
    let mut name = String::new();
    for character in run_name.chars() {
        match character {
            ':' => name.push_str("--"),
            '/' | '\\' | '*' | '?' | '"' | '<' | '>' | '|' => name.push('_'),
            character if character.is_control() => name.push('_'),
            character => name.push(character),
        }
    }
    if name.len() > LONGEST {
        let hash = format!("{:016x}", fnv1a([name.as_bytes()]));
        let mut end = LONGEST - hash.len() - 1;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name = format!("{}-{hash}", &name[..end]);
    }
    // Windows takes no dot or space at the end, and no names of devices.
    let kept = name.trim_end_matches(['.', ' ']).len();
    name.truncate(kept);
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let device = matches!(stem.as_str(), "con" | "prn" | "aux" | "nul")
        || (stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(|last: char| last.is_ascii_digit()));
    // HELM leaves out the folders `eval_cache` and `groups` of a suite.
    if name.is_empty() || device || matches!(stem.as_str(), "eval_cache" | "groups") {
        name.insert(0, '_');
    }
    name
}

/// A hash that is the same in every version and on every machine (64-bit FNV-1a); not for security.
pub fn fnv1a<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.into_iter().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_names_go_both_ways() {
        for kind in [Kind::Metric, Kind::Perturbation] {
            for (name, class) in rows(kind) {
                if to_class(kind, name) == class {
                    assert_eq!(from_class(kind, class), name);
                }
            }
        }
        let bbq = "helm.benchmark.scenarios.bbq_scenario.BBQScenario";
        assert_eq!(scenario_from_class(bbq, "bbq:subject=all,model=x"), "bbq");
        let dyck = "helm.benchmark.scenarios.dyck_language_scenario.DyckLanguageScenario";
        assert_eq!(scenario_from_class(dyck, "dyck_language_np=3:model=x"), "dyck_language");
        let xsum = "helm.benchmark.scenarios.summarization_scenario.SummarizationScenario";
        assert_eq!(scenario_from_class(xsum, "summarization_cnndm:model=x"), "summarization_cnndm");
        assert_eq!(scenario_from_class("my.lab.OwnScenario", "own:model=x"), "my.lab.OwnScenario");
        assert_eq!(to_class(Kind::Scenario, "my.lab.OwnScenario"), "my.lab.OwnScenario");
        // The module in which a class lived in early versions does not matter.
        assert_eq!(
            from_class(Kind::Metric, "helm.benchmark.old.BasicGenerationMetric"),
            "basic_generation"
        );
    }

    #[test]
    fn folder_names_are_valid_everywhere() {
        assert_eq!(folder_name("mmlu:subject=a,model=x/y"), "mmlu--subject=a,model=x_y");
        assert_eq!(folder_name("con.x"), "_con.x");
        assert_eq!(folder_name("groups"), "_groups");
        assert_eq!(folder_name("a?*<>|\"\\\u{7}b. "), "a________b");
        let long = folder_name(&"é".repeat(300));
        assert!(long.len() <= LONGEST, "{}", long.len());
        assert_ne!(long, folder_name(&"é".repeat(301)));
    }
}
