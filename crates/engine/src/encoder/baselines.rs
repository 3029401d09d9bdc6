//! Which layer BERTScore takes from which model, and what its numbers are rescaled by.
//!
//! All numbers are those of bert-score 0.3.13 (Zhang et al. 2020; MIT): the layer that agrees best with people's ratings of translations
//! (`model2layers` in `utils.py`), and the mean score of unrelated English sentences at that layer (`rescale_baseline/en`). Models
//! that no encoder here can run (XLNet, XLM, ELECTRA, T5, BART and others) are left out.

use std::path::Path;

use crate::error::EngineError;

/// A file beside the model's with baselines of one's own, laid out as bert-score's: `LAYER,P,R,F` and a line for each layer.
pub(crate) const BASELINE_FILE: &str = "rescale_baseline.tsv";

/// How BERTScore is computed with a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BertScoreSettings {
    /// The states after so many layers are compared; 0 are the embeddings.
    pub layer: usize,
    /// What the scores are rescaled by; none is known for most models.
    pub baseline: Option<Baseline>,
}

/// The mean scores of unrelated texts: precision, recall and F1, each below 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// Precision, recall and F1.
    pub values: [f64; 3],
    /// Where they are from.
    pub source: BaselineSource,
}

/// Where a baseline is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaselineSource {
    /// bert-score's, for English, of the model with this name.
    Package(&'static str),
    /// `rescale_baseline.tsv` beside the model's files, for whatever language its author made it.
    File,
}

/// A model of bert-score's list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    /// How many layers it has, where there is a baseline.
    layers: Option<usize>,
    pub(super) layer: usize,
    baseline: Option<[f64; 3]>,
}

impl Known {
    /// The model of this name. The owner before the `/` may be left out, since models have moved.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        let same = |known: &&Self| {
            let short = known.name.rsplit('/').next().unwrap_or(known.name);
            let given = name.rsplit('/').next().unwrap_or(name);
            let folder = |sign: &str| known.name.replace('/', sign).eq_ignore_ascii_case(given);
            short.eq_ignore_ascii_case(given) || folder("--") || folder("_")
        };
        KNOWN.iter().find(same)
    }

    /// The model that a folder is called after, also in the hub's cache (`models--OWNER--NAME/snapshots/REVISION`). Only names are
    /// looked at: what `config.json` calls the model is often the one that it was trained from.
    pub(super) fn of_folder(folder: &Path) -> Option<&'static Self> {
        let mut names = folder.iter().rev().filter_map(|part| part.to_str());
        let (last, before, owner) = (names.next()?, names.next(), names.next());
        match (before, owner) {
            (Some("snapshots"), Some(cached)) => {
                Self::named(&cached.strip_prefix("models--")?.replace("--", "/"))
            }
            _ => Self::named(last),
        }
    }

    /// Whether a model of so many layers can be this one.
    pub(super) fn fits(&self, layers: usize) -> bool {
        self.layer <= layers && self.layers.is_none_or(|own| own == layers)
    }

    /// The baseline for the states after `layer` layers: known for the one layer that bert-score takes.
    pub(super) fn baseline(&self, layer: usize) -> Option<Baseline> {
        let values = self.baseline.filter(|_| layer == self.layer)?;
        Some(Baseline { values, source: BaselineSource::Package(self.name) })
    }
}

/// The layer for a model that is not in the list, by its number of layers: what bert-score takes for BERT base and large and for
/// DistilBERT; else the last.
pub(super) fn usual_layer(layers: usize) -> usize {
    match layers {
        24 => 18,
        12 => 9,
        6 => 5,
        other => other,
    }
}

/// The baseline of a layer in the file beside a model; `None` without such a file.
///
/// # Errors
/// The file can't be read, has no line for the layer, or a number that is no score below 1.
pub(super) fn beside(folder: &Path, layer: usize) -> Result<Option<Baseline>, EngineError> {
    let path = folder.join(BASELINE_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let failed = |reason: String| EngineError::Config {
        path: path.clone(),
        reason,
        hint: "its lines are `LAYER,P,R,F`, as in bert-score's `rescale_baseline` folder".into(),
    };
    let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
    for line in text.lines() {
        let cells: Vec<&str> = line.split([',', '\t']).map(str::trim).collect();
        if cells[0].parse() != Ok(layer) {
            continue;
        }
        let numbers: Vec<f64> = cells[1..].iter().filter_map(|cell| cell.parse().ok()).collect();
        return match numbers.as_slice() {
            &[precision, recall, f1] if numbers.iter().all(|number| *number < 1.0) => {
                let values = [precision, recall, f1];
                Ok(Some(Baseline { values, source: BaselineSource::File }))
            }
            _ => Err(failed(format!("`{line}` has no three numbers below 1 after the layer"))),
        };
    }
    Err(failed(format!("it has no line for layer {layer}")))
}

const fn rescaled(name: &'static str, layers: usize, layer: usize, baseline: [f64; 3]) -> Known {
    Known { name, layers: Some(layers), layer, baseline: Some(baseline) }
}

/// A model without a baseline.
const fn raw(name: &'static str, layer: usize) -> Known {
    Known { name, layers: None, layer, baseline: None }
}

/// Name, layers where there is a baseline, the layer that counts, the baseline there (precision, recall, F1).
#[rustfmt::skip]
#[expect(clippy::unreadable_literal, reason = "they are to be found again in the package's files")]
pub(super) const KNOWN: &[Known] = &[
    rescaled("bert-base-uncased", 12, 9, [0.35375935, 0.3537393, 0.35219112]),
    rescaled("bert-large-uncased", 24, 18, [0.4278576, 0.42786714, 0.42646673]),
    rescaled("bert-base-cased-finetuned-mrpc", 12, 9, [0.55345184, 0.55342007, 0.5525519]),
    rescaled("bert-base-multilingual-cased", 12, 9, [0.6320527, 0.6320019, 0.63146895]),
    raw("bert-base-chinese", 8),
    rescaled("roberta-base", 12, 10, [0.8146725, 0.8146619, 0.814463]),
    rescaled("roberta-large", 24, 17, [0.83150584, 0.8314941, 0.83122575]),
    rescaled("roberta-large-mnli", 24, 19, [0.6901594, 0.69018, 0.6896288]),
    raw("roberta-base-openai-detector", 7),
    raw("roberta-large-openai-detector", 15),
    raw("allenai/scibert_scivocab_uncased", 8),
    raw("allenai/scibert_scivocab_cased", 9),
    raw("nfliu/scibert_basevocab_uncased", 9),
    rescaled("distilroberta-base", 6, 5, [0.84732, 0.84759504, 0.8473319]),
    rescaled("distilbert-base-uncased", 6, 5, [0.6666034, 0.66660464, 0.66620487]),
    rescaled("distilbert-base-uncased-distilled-squad", 6, 4, [0.6591859, 0.65919137, 0.65882134]),
    rescaled("distilbert-base-multilingual-cased", 6, 5, [0.8164157, 0.81645757, 0.81623197]),
    rescaled("albert-base-v1", 12, 10, [0.3572713, 0.35730729, 0.35451323]),
    rescaled("albert-large-v1", 24, 17, [0.50674427, 0.5067624, 0.5054734]),
    rescaled("albert-xlarge-v1", 24, 16, [0.33028397, 0.3303347, 0.32389277]),
    rescaled("albert-xxlarge-v1", 12, 8, [0.24470611, 0.24472676, 0.24312295]),
    rescaled("albert-base-v2", 12, 9, [0.56169736, 0.56174135, 0.56031275]),
    rescaled("albert-large-v2", 24, 14, [0.63760334, 0.6376027, 0.6370052]),
    rescaled("albert-xlarge-v2", 24, 13, [0.28223696, 0.2822432, 0.27990422]),
    rescaled("albert-xxlarge-v2", 12, 8, [0.23694733, 0.2369875, 0.23519956]),
    rescaled("xlm-roberta-base", 12, 9, [0.81658614, 0.8165717, 0.81639785]),
    rescaled("xlm-roberta-large", 24, 17, [0.85291016, 0.8529066, 0.8525485]),
    raw("google/bert_uncased_L-2_H-128_A-2", 1),
    raw("google/bert_uncased_L-2_H-256_A-4", 1),
    raw("google/bert_uncased_L-2_H-512_A-8", 1),
    raw("google/bert_uncased_L-2_H-768_A-12", 2),
    raw("google/bert_uncased_L-4_H-128_A-2", 3),
    raw("google/bert_uncased_L-4_H-256_A-4", 3),
    raw("google/bert_uncased_L-4_H-512_A-8", 3),
    raw("google/bert_uncased_L-4_H-768_A-12", 3),
    raw("google/bert_uncased_L-6_H-128_A-2", 5),
    raw("google/bert_uncased_L-6_H-256_A-4", 5),
    raw("google/bert_uncased_L-6_H-512_A-8", 5),
    raw("google/bert_uncased_L-6_H-768_A-12", 5),
    raw("google/bert_uncased_L-8_H-128_A-2", 7),
    raw("google/bert_uncased_L-8_H-256_A-4", 7),
    raw("google/bert_uncased_L-8_H-512_A-8", 6),
    raw("google/bert_uncased_L-8_H-768_A-12", 7),
    raw("google/bert_uncased_L-10_H-128_A-2", 8),
    raw("google/bert_uncased_L-10_H-256_A-4", 8),
    raw("google/bert_uncased_L-10_H-512_A-8", 9),
    raw("google/bert_uncased_L-10_H-768_A-12", 8),
    raw("google/bert_uncased_L-12_H-128_A-2", 10),
    raw("google/bert_uncased_L-12_H-256_A-4", 11),
    raw("google/bert_uncased_L-12_H-512_A-8", 10),
    raw("google/bert_uncased_L-12_H-768_A-12", 9),
    rescaled("microsoft/deberta-base", 12, 9, [0.6282066, 0.62825406, 0.6269483]),
    rescaled("microsoft/deberta-base-mnli", 12, 9, [0.53045946, 0.5304829, 0.52866036]),
    rescaled("microsoft/deberta-large", 24, 16, [0.5341927, 0.53433174, 0.53205305]),
    rescaled("microsoft/deberta-large-mnli", 24, 18, [0.45358238, 0.45362508, 0.45173016]),
    rescaled("microsoft/deberta-xlarge", 48, 18, [0.5177917, 0.5178813, 0.51596016]),
    rescaled("microsoft/deberta-xlarge-mnli", 48, 40, [0.5169066, 0.5170288, 0.5150192]),
    raw("SpanBERT/spanbert-base-cased", 8),
    raw("SpanBERT/spanbert-large-cased", 17),
    raw("ProsusAI/finbert", 10),
    raw("microsoft/deberta-v2-xlarge", 10),
    raw("microsoft/deberta-v2-xlarge-mnli", 17),
    raw("microsoft/deberta-v2-xxlarge", 21),
    raw("microsoft/deberta-v2-xxlarge-mnli", 22),
    raw("princeton-nlp/unsup-simcse-bert-base-uncased", 10),
    raw("princeton-nlp/unsup-simcse-bert-large-uncased", 18),
    raw("princeton-nlp/unsup-simcse-roberta-base", 8),
    raw("princeton-nlp/unsup-simcse-roberta-large", 13),
    raw("princeton-nlp/sup-simcse-bert-base-uncased", 10),
    raw("princeton-nlp/sup-simcse-bert-large-uncased", 18),
    raw("princeton-nlp/sup-simcse-roberta-base", 10),
    raw("princeton-nlp/sup-simcse-roberta-large", 16),
    raw("dbmdz/bert-base-turkish-cased", 10),
    raw("dbmdz/distilbert-base-turkish-cased", 4),
    raw("microsoft/deberta-v3-xsmall", 10),
    raw("microsoft/deberta-v3-small", 4),
    raw("microsoft/deberta-v3-base", 9),
    raw("microsoft/mdeberta-v3-base", 10),
    raw("microsoft/deberta-v3-large", 12),
    raw("khalidalt/DeBERTa-v3-large-mnli", 18),
];
