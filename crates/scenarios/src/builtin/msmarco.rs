//! MS MARCO: for each query, passages that may answer it.
//!
//! The collection has 8.8 million passages; only those that some chosen query needs are kept in memory.

use std::collections::{HashMap, HashSet};

use holometer_core::{Instance, Reference, Split};
use holometer_data::read::{CsvOptions, StringRow, csv_each};
use holometer_pyrand::PyRandom;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "msmarco", instances }
}

/// HELM's seed, its number of queries for examples, and the ranks among which it looks for a wrong passage.
const SEED: i64 = 1885;
const TRAIN_QUERIES: usize = 1000;
const WRONG_RANKS: std::ops::RangeInclusive<u32> = 11..=20;

/// The number of a query or passage.
type Id = u32;

/// Per query, passages with their relevance or their rank, in the order of the file.
type Ratings = HashMap<Id, Vec<(Id, u32)>>;

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let Some(collection) = material.role("documents").next() else { return Ok(Vec::new()) };
    let mut random = PyRandom::from_int(SEED);
    let mut documents = Vec::new();
    each(material, collection, &mut |row| {
        documents.push(number(row, 0)?);
        Some(())
    })?;
    random.shuffle(&mut documents);
    let mut train = Queries::read(material, "train", &[1])?;
    random.shuffle(&mut train.ids);
    let trec = material.argument("track") == "trec";
    let mut valid = Queries::read(material, "valid", if trec { &[2, 3] } else { &[1] })?;
    random.shuffle(&mut valid.ids);
    let depth = material.args.get("valid_topk").and_then(holometer_core::ArgValue::as_usize);

    let mut wanted: Vec<(Split, Id, Vec<Id>)> = Vec::new();
    let deepest = *WRONG_RANKS.end() as usize;
    for id in train.usable(Some(deepest)).into_iter().take(TRAIN_QUERIES) {
        if let Some(passages) = train.right_and_wrong(id) {
            wanted.push((Split::Train, id, passages));
        }
    }
    for id in valid.usable(depth) {
        wanted.push((Split::Valid, id, valid.judged_and_ranked(id, depth)));
    }
    let order = order(&documents, &wanted);
    let texts = texts(material, collection, &order)?;
    let made = wanted.into_iter().map(|(split, id, mut passages)| {
        passages.sort_by_key(|passage| order.get(passage).copied().unwrap_or(usize::MAX));
        let queries = if split == Split::Train { &train } else { &valid };
        queries.instance(id, &passages, &texts, split)
    });
    made.map(|made| made.map_err(|problem| material.unexpected(collection, problem))).collect()
}

/// The queries of a split.
struct Queries {
    ids: Vec<Id>,
    texts: HashMap<Id, String>,
    relevance: Ratings,
    ranks: Ratings,
    /// The degrees of relevance that make a passage right.
    gold: &'static [u32],
}

impl Queries {
    fn read(
        material: &Material<'_>,
        split: &str,
        gold: &'static [u32],
    ) -> Result<Self, ScenarioError> {
        let mut queries = Self {
            ids: Vec::new(),
            texts: HashMap::new(),
            relevance: Ratings::new(),
            ranks: Ratings::new(),
            gold,
        };
        for file in material.role(&format!("{split}_queries")) {
            each(material, file, &mut |row| {
                let id = number(row, 0)?;
                queries.ids.push(id);
                queries.texts.insert(id, row.get(1)?.to_owned());
                Some(())
            })?;
        }
        for file in material.role(&format!("{split}_qrels")) {
            rate(material, file, &mut queries.relevance, 2, 3)?;
        }
        for file in material.role(&format!("{split}_topk")) {
            rate(material, file, &mut queries.ranks, 1, 2)?;
        }
        Ok(queries)
    }

    fn is_gold(&self, id: Id, passage: Id) -> bool {
        rating(&self.relevance, id, passage).is_some_and(|degree| self.gold.contains(&degree))
    }

    /// The queries that have a right passage and, where ranks are used, so many ranked passages.
    fn usable(&self, depth: Option<usize>) -> Vec<Id> {
        let has_gold = |id: &Id| {
            let rated = self.relevance.get(id).into_iter().flatten();
            rated.into_iter().any(|(_, degree)| self.gold.contains(degree))
        };
        let has_ranks = |id: &Id| {
            depth.is_none_or(|depth| self.ranks.get(id).is_some_and(|list| list.len() >= depth))
        };
        self.ids.iter().copied().filter(|id| has_gold(id) && has_ranks(id)).collect()
    }

    /// The most relevant passage, and the first that is ranked 11th to 20th and not right.
    fn right_and_wrong(&self, id: Id) -> Option<Vec<Id>> {
        let rated = self.relevance.get(&id)?;
        let best = rated.iter().map(|(_, degree)| *degree).max()?;
        let right = rated.iter().find(|(_, degree)| *degree == best)?.0;
        let wrong =
            self.ranks.get(&id)?.iter().find(|(passage, rank)| {
                WRONG_RANKS.contains(rank) && !self.is_gold(id, *passage)
            })?;
        Some(vec![right, wrong.0])
    }

    /// The passages that were judged, and those ranked so high.
    fn judged_and_ranked(&self, id: Id, depth: Option<usize>) -> Vec<Id> {
        let judged = self.relevance.get(&id).into_iter().flatten().map(|(passage, _)| *passage);
        let ranked = depth.into_iter().flat_map(|depth| {
            let list = self.ranks.get(&id).into_iter().flatten();
            list.filter(move |(_, rank)| *rank as usize <= depth).map(|(passage, _)| *passage)
        });
        let mut seen = HashSet::new();
        judged.chain(ranked).filter(|passage| seen.insert(*passage)).collect()
    }

    fn instance(
        &self,
        id: Id,
        passages: &[Id],
        texts: &HashMap<Id, String>,
        split: Split,
    ) -> Result<Instance, String> {
        let mut references = Vec::new();
        for passage in passages {
            let text =
                texts.get(passage).ok_or_else(|| format!("it lacks the passage {passage}"))?;
            let mut reference = Reference::wrong(text);
            reference.tags.push(format!("docid={passage}"));
            if self.is_gold(id, *passage) {
                reference.tags.push(holometer_core::instance::CORRECT_TAG.to_owned());
            }
            let relevance = rating(&self.relevance, id, *passage).filter(|degree| *degree > 0);
            reference.tags.extend(relevance.map(|degree| format!("relevance={degree}")));
            let rank = rating(&self.ranks, id, *passage).filter(|rank| *rank > 0);
            reference.tags.extend(rank.map(|rank| format!("rank={rank}")));
            references.push(reference);
        }
        let query = self.texts.get(&id).cloned().unwrap_or_default();
        Ok(Instance::new(query, references, split))
    }
}

fn rating(ratings: &Ratings, id: Id, passage: Id) -> Option<u32> {
    ratings.get(&id)?.iter().find(|(rated, _)| *rated == passage).map(|(_, rating)| *rating)
}

/// Reads a file of ratings: the query comes first, passage and rating stand in the given columns. A passage that is rated
/// again keeps its place and gets the new rating.
fn rate(
    material: &Material<'_>,
    file: &OpenFile,
    ratings: &mut Ratings,
    passage: usize,
    value: usize,
) -> Result<(), ScenarioError> {
    each(material, file, &mut |row| {
        let list = ratings.entry(number(row, 0)?).or_default();
        let (passage, value) = (number(row, passage)?, number(row, value)?);
        match list.iter_mut().find(|(rated, _)| *rated == passage) {
            Some((_, known)) => *known = value,
            None => list.push((passage, value)),
        }
        Some(())
    })
}

/// Reads a tab-separated file (TREC's judgements have spaces) row by row.
fn each(
    material: &Material<'_>,
    file: &OpenFile,
    take: &mut dyn FnMut(&StringRow<'_>) -> Option<()>,
) -> Result<(), ScenarioError> {
    let spaces = file.role == "valid_qrels" && material.argument("track") == "trec";
    let options =
        CsvOptions { delimiter: if spaces { b' ' } else { b'\t' }, ..CsvOptions::tab().headless() };
    let mut line = 0_u64;
    csv_each(&file.path, &options, &mut |row| {
        line += 1;
        take(row).ok_or_else(|| material.unexpected(file, format!("row {line} is not as expected")))
    })
}

fn number(row: &StringRow<'_>, column: usize) -> Option<u32> {
    row.get(column)?.trim().parse().ok()
}

/// The place of every needed passage in the shuffled collection.
fn order(documents: &[Id], wanted: &[(Split, Id, Vec<Id>)]) -> HashMap<Id, usize> {
    let needed: HashSet<Id> =
        wanted.iter().flat_map(|(_, _, passages)| passages).copied().collect();
    let places = documents.iter().enumerate();
    places.filter(|(_, id)| needed.contains(id)).map(|(place, id)| (*id, place)).collect()
}

fn texts(
    material: &Material<'_>,
    collection: &OpenFile,
    needed: &HashMap<Id, usize>,
) -> Result<HashMap<Id, String>, ScenarioError> {
    let mut texts = HashMap::new();
    each(material, collection, &mut |row| {
        let id = number(row, 0)?;
        if needed.contains_key(&id) {
            texts.insert(id, row.get(1)?.to_owned());
        }
        Some(())
    })?;
    Ok(texts)
}
