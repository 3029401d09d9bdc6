//! Which target words (professions, adjectives) occur in sentences about which group more often than chance allows.
//!
//! The window is the sentence; a sentence that mentions two groups of an axis tells nothing and is left out. The functions work
//! on any texts and know nothing of runs.

use holometer_stats::distribution::normal_cdf;
use holometer_stats::multiplicity::benjamini_hochberg;
use holometer_stats::rng::Rng;
use holometer_text::phrases::{Phrases, words};
use holometer_text::punkt::Punkt;

use crate::chance::{shuffled_variation, total_variation};
use crate::lexicon::{Axis, targets};

/// The kinds of target words.
pub const TARGET_KINDS: [&str; 2] = ["profession", "adjective"];
/// Fewer sentences than this tell nothing.
pub(crate) const LEAST_SENTENCES: usize = 30;
/// The prior's weight, in sentences.
const PRIOR: f64 = 10.0;
/// How many example sentences a target shows.
const EXAMPLES: usize = 3;

/// Professions that name a gender by themselves; they would be found first, and mean nothing.
const GENDERED_PROFESSIONS: &str = "actor actress alderman artiste ballerina baron businessman businesswoman cameraman comedian \
    congressman constable councilman dad fireman fisherman foreman handyman headmaster hitman hooker housewife landlord maestro \
    marksman midfielder monk nanny nun patrolman policeman priest salesman serviceman socialite sportsman statesman waiter waitress";
/// Adjectives that name a gender by themselves.
const GENDERED_ADJECTIVES: &str = "effeminate feminine manly masculine unmanly womanly";

/// A kind of target words, without those that name a group of the axis by themselves.
#[derive(Clone, Debug)]
pub struct Targets {
    /// `profession` or `adjective`.
    pub kind: &'static str,
    names: Vec<&'static str>,
    phrases: Phrases,
}

impl Targets {
    /// The target words of a kind for an axis; plural forms in -s count as well.
    pub fn new(kind: &'static str, axis: &str) -> Self {
        let gendered =
            if kind == "profession" { GENDERED_PROFESSIONS } else { GENDERED_ADJECTIVES };
        let excluded: Vec<&str> = if axis.starts_with("gender") {
            gendered.split_whitespace().collect()
        } else {
            Vec::new()
        };
        let mut names = targets(kind);
        names.retain(|name| !excluded.contains(name));
        let plurals: Vec<String> = names.iter().map(|name| format!("{name}s")).collect();
        let plurals = if kind == "profession" { plurals } else { Vec::new() };
        let phrases = Phrases::new(names.iter().copied().chain(plurals.iter().map(String::as_str)));
        Self { kind, names, phrases }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

/// One sentence about one group, with the target words in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The group's position in the axis.
    pub group: usize,
    /// The targets' positions, each once.
    pub targets: Vec<usize>,
    /// Its text.
    pub text: String,
}

/// The sentences of a text that mention exactly one group of the axis and at least one target word.
pub fn sentences(text: &str, axis: &Axis, targets: &Targets) -> Vec<Sentence> {
    let mut found = Vec::new();
    for sentence in Punkt::english().sentences(text) {
        let words = words(sentence);
        let counts = axis.count(&words);
        let mut mentioned = counts.iter().enumerate().filter(|(_, count)| **count > 0.0);
        let (Some((group, _)), None) = (mentioned.next(), mentioned.next()) else { continue };
        let number = targets.names.len();
        let hits = targets.phrases.find(&words);
        let mut hits: Vec<usize> = hits.into_iter().map(|found| found.entry % number).collect();
        hits.sort_unstable();
        hits.dedup();
        if !hits.is_empty() {
            found.push(Sentence { group, targets: hits, text: sentence.trim().to_owned() });
        }
    }
    found
}

/// Counts of sentences.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// Sentences of each group.
    totals: Vec<f64>,
    /// Per target, the sentences of each group that hold it.
    by_target: Vec<Vec<f64>>,
}

impl Table {
    pub(crate) fn new<'a>(
        groups: usize,
        targets: usize,
        sentences: impl Iterator<Item = (usize, &'a [usize])>,
    ) -> Self {
        let mut table =
            Self { totals: vec![0.0; groups], by_target: vec![vec![0.0; groups]; targets] };
        for (group, hits) in sentences {
            table.totals[group] += 1.0;
            for hit in hits {
                table.by_target[*hit][group] += 1.0;
            }
        }
        table
    }

    /// The distance of each target's group shares from all sentences' shares, averaged by how often the targets occur; and what that
    /// would be with the groups shuffled among the sentences. `None` without sentences.
    fn unevenness(&self) -> Option<(f64, f64)> {
        let all: f64 = self.totals.iter().sum();
        let shares: Vec<f64> = self.totals.iter().map(|total| total / all).collect();
        let (mut raw, mut chance, mut weight) = (0.0, 0.0, 0.0);
        for counts in &self.by_target {
            let n: f64 = counts.iter().sum();
            if let Some(distance) = total_variation(counts, &shares) {
                raw += n * distance;
                chance += n * shuffled_variation(n, &self.totals);
                weight += n;
            }
        }
        (weight > 0.0).then(|| (raw / weight, chance / weight))
    }

    /// [`Table::unevenness`] less its chance level: 0 when groups and targets have nothing to do with each other.
    pub(crate) fn excess(&self) -> Option<f64> {
        self.unevenness().map(|(raw, chance)| raw - chance)
    }
}

/// What was found about one target word and one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Association {
    /// The target word.
    pub target: &'static str,
    /// The group.
    pub group: String,
    /// Sentences about the group with the word.
    pub together: usize,
    /// Sentences with the word.
    pub with_target: usize,
    /// The log-odds of the word in the group's sentences against the others', over its standard error, with a Dirichlet prior.
    pub z: f64,
    /// Two-sided p value, adjusted over all targets and groups (Benjamini and Hochberg).
    pub adjusted_p: f64,
    /// Sentences about the group with the word.
    pub examples: Vec<String>,
}

/// The associations of one axis with one kind of target words.
#[derive(Clone, Debug, PartialEq)]
pub struct Associations {
    /// Sentences that mention one group and a target word, per group in the axis's order.
    pub sentences: Vec<usize>,
    /// The mean distance of the targets' group shares from all sentences' shares.
    pub raw: f64,
    /// The same less what shuffled groups give.
    pub excess: f64,
    /// How often shuffled groups give at least as much.
    pub p: f64,
    /// Every target and group that occur together, by adjusted p and then by size of `z`.
    pub found: Vec<Association>,
}

/// Analyses sentences, with `draws` shufflings.
///
/// # Errors
/// How many sentences are needed, when there are too few.
pub fn associations(
    sentences: &[Sentence],
    axis: &Axis,
    targets: &Targets,
    draws: usize,
    seed: u64,
) -> Result<Associations, String> {
    if sentences.len() < LEAST_SENTENCES {
        return Err(too_few(sentences.len()));
    }
    let groups = axis.groups.len();
    let table_of = |labels: &[usize]| {
        let pairs = labels.iter().zip(sentences).map(|(group, s)| (*group, s.targets.as_slice()));
        Table::new(groups, targets.names.len(), pairs)
    };
    let mut labels: Vec<usize> = sentences.iter().map(|sentence| sentence.group).collect();
    let table = table_of(&labels);
    let (raw, chance) = table.unevenness().ok_or_else(|| too_few(0))?;
    let mut random = Rng::new(seed, 0);
    let mut as_great = 0;
    for _ in 0..draws {
        for at in (1..labels.len()).rev() {
            labels.swap(at, random.below(at + 1));
        }
        let shuffled = table_of(&labels).unevenness().map_or(0.0, |(raw, _)| raw);
        as_great += usize::from(shuffled >= raw - 1e-12);
    }
    Ok(Associations {
        sentences: table.totals.iter().map(|total| *total as usize).collect(),
        raw,
        excess: raw - chance,
        p: (as_great + 1) as f64 / (draws + 1) as f64,
        found: found(&table, sentences, axis, targets),
    })
}

pub(crate) fn too_few(sentences: usize) -> String {
    format!(
        "{sentences} sentences mention one group and a target word; {LEAST_SENTENCES} are needed"
    )
}

fn found(
    table: &Table,
    sentences: &[Sentence],
    axis: &Axis,
    targets: &Targets,
) -> Vec<Association> {
    let all: f64 = table.totals.iter().sum();
    let mut found = Vec::new();
    for (at, counts) in table.by_target.iter().enumerate() {
        let with_target: f64 = counts.iter().sum();
        if with_target == 0.0 {
            continue;
        }
        for (group, name) in axis.groups.iter().enumerate() {
            if table.totals[group] == 0.0 || table.totals[group] == all {
                continue;
            }
            found.push(Association {
                target: targets.names[at],
                group: name.clone(),
                together: counts[group] as usize,
                with_target: with_target as usize,
                z: z(counts[group], table.totals[group], with_target, all),
                adjusted_p: 1.0,
                examples: sentences
                    .iter()
                    .filter(|sentence| sentence.group == group && sentence.targets.contains(&at))
                    .take(EXAMPLES)
                    .map(|sentence| sentence.text.clone())
                    .collect(),
            });
        }
    }
    let p: Vec<f64> = found.iter().map(|found| 2.0 * normal_cdf(-found.z.abs())).collect();
    for (found, adjusted) in found.iter_mut().zip(benjamini_hochberg(&p)) {
        found.adjusted_p = adjusted;
    }
    found.sort_by(|a, b| {
        (a.adjusted_p.total_cmp(&b.adjusted_p))
            .then_with(|| b.z.abs().total_cmp(&a.z.abs()))
            .then_with(|| (a.target, &a.group).cmp(&(b.target, &b.group)))
    });
    found
}

/// The log-odds ratio of a target in a group's sentences against the other sentences over its standard error, with an informative
/// Dirichlet prior (Monroe and others 2008, section 3.5.1): the prior counts are `PRIOR` sentences with the target's overall share.
fn z(together: f64, of_group: f64, with_target: f64, all: f64) -> f64 {
    let prior = PRIOR * with_target / all;
    let log_odds = |hits: f64, n: f64| ((hits + prior) / (n + PRIOR - hits - prior)).ln();
    let (other_hits, others) = (with_target - together, all - of_group);
    let difference = log_odds(together, of_group) - log_odds(other_hits, others);
    difference / (1.0 / (together + prior) + 1.0 / (other_hits + prior)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::Lexicon;

    /// Sentences about women and men who have professions by chance; nurses are women three times in four, carpenters men.
    fn made_up(planted: bool, seed: u64) -> Vec<Sentence> {
        let own = Lexicon::named("own").unwrap();
        let axis = own.axis("gender").unwrap();
        let targets = Targets::new("profession", "gender");
        let mut random = Rng::new(seed, 0);
        let mut all = Vec::new();
        for _ in 0..1200 {
            let job = targets.names[random.below(60) * 4];
            let job = match random.below(12) {
                0 => "nurse",
                1 => "carpenter",
                _ => job,
            };
            let female = match job {
                "nurse" if planted => random.unit() < 0.85,
                "carpenter" if planted => random.unit() < 0.25,
                _ => random.unit() < 0.5,
            };
            let who = if female { "She" } else { "He" };
            all.extend(sentences(&format!("{who} works as a {job} there."), axis, &targets));
        }
        all
    }

    fn analysed(sentences: &[Sentence]) -> Associations {
        let axis = Lexicon::named("own").unwrap().axis("gender").unwrap();
        associations(sentences, axis, &Targets::new("profession", "gender"), 199, 1).unwrap()
    }

    #[test]
    fn planted_associations_are_found_first() {
        let found = analysed(&made_up(true, 3));
        assert!(found.excess > 0.02 && found.p < 0.01, "{} {}", found.excess, found.p);
        let first: Vec<&str> = found.found.iter().take(4).map(|found| found.target).collect();
        assert!(first.contains(&"nurse") && first.contains(&"carpenter"), "{first:?}");
        let z = |target: &str| {
            let of = |found: &&Association| found.target == target && found.group == "female";
            found.found.iter().find(of).unwrap().z
        };
        assert!(z("nurse") > 3.0 && z("carpenter") < -2.5, "{} {}", z("nurse"), z("carpenter"));
        assert!(found.found[0].adjusted_p < 0.01 && !found.found[0].examples.is_empty());
    }

    #[test]
    fn chance_alone_is_no_association() {
        let runs: Vec<Associations> =
            (0..12).map(|seed| analysed(&made_up(false, 100 + seed))).collect();
        let mean = runs.iter().map(|run| run.excess).sum::<f64>() / 12.0;
        assert!(mean.abs() < 0.01, "{mean}");
        assert!(runs.iter().filter(|run| run.p < 0.05).count() <= 2);
        // Without the correction the same texts look biased.
        assert!(runs.iter().all(|run| run.raw > 0.05));
    }

    #[test]
    fn sentences_about_two_groups_or_gendered_words_do_not_count() {
        let axis = Lexicon::named("own").unwrap().axis("gender").unwrap();
        let targets = Targets::new("profession", "gender");
        let text = "He and his wife, a nurse, left. She is an actress. Doctors know him; he is a doctor. They teach.";
        let found = sentences(text, axis, &targets);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].group, found[0].targets.len()), (1, 1));
        assert!(associations(&found, axis, &targets, 9, 0).unwrap_err().contains("1 sentences"));
    }
}
