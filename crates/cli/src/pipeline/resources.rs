//! Word lists and models for perturbations: from a data folder, in HELM's layout, or downloaded from where HELM has them.

use std::path::Path;

use holometer_core::AugmentationSpec;
use holometer_data::{DataError, DataFile, Library, Location, Progress, read};
use holometer_perturb::{Resource, needs};

/// Where HELM keeps its lists (`dialect_perturbation.py`, `person_name_perturbation.py`).
const HELM_LISTS: &str =
    "https://storage.googleapis.com/crfm-helm-public/source_datasets/augmentations";

/// Finds word lists through a library.
pub(crate) fn perturbation_resources<'a>(
    library: &'a Library,
    progress: &'a dyn Progress,
) -> impl Fn(&Resource) -> Result<Vec<u8>, String> + 'a {
    let content = move |resource: &Resource| {
        let path = library.fetch(&file_of(resource), progress)?;
        match resource {
            Resource::SpacyModel(inside) => {
                member(&path, "en_core_web_sm/en_core_web_sm-3.8.0", inside)
            }
            Resource::WordNet(name) => member(&path, "wordnet", name),
            _ => Ok(read::text(&path)?.into_bytes()),
        }
    };
    move |resource| content(resource).map_err(|error: DataError| error.to_string())
}

/// The files that a run's perturbations need.
pub(crate) fn perturbation_files(spec: &AugmentationSpec) -> Vec<DataFile> {
    spec.perturbations.iter().flat_map(needs).map(|resource| file_of(&resource)).collect()
}

/// The file that holds a resource, among others or alone.
fn file_of(resource: &Resource) -> DataFile {
    match resource {
        Resource::DialectMapping => list(
            "perturbations/dialect/SAE_to_AAVE_mapping.json",
            "dialect_perturbation/SAE_to_AAVE_mapping.json",
        ),
        Resource::PersonNames => list(
            "perturbations/person_name/data/person_names.txt",
            "person_name_perturbation/person_names.txt",
        ),
        Resource::SpacyModel(_) => spacy_model(),
        Resource::WordNet(_) => wordnet(),
        Resource::File(path) => {
            DataFile { locations: vec![Location::Path(path.into())], ..DataFile::default() }
        }
    }
}

fn list(local: &str, remote: &str) -> DataFile {
    DataFile {
        local: vec![local.to_owned()],
        locations: vec![Location::Url(format!("{HELM_LISTS}/{remote}"))],
        ..DataFile::default()
    }
}

/// The model that HELM's `spacy.load("en_core_web_sm")` takes with spaCy 3.8, from its release.
fn spacy_model() -> DataFile {
    let releases = "https://github.com/explosion/spacy-models/releases/download";
    let wheel = "en_core_web_sm-3.8.0-py3-none-any.whl";
    DataFile {
        local: vec![
            "perturbations/synonym/en_core_web_sm-3.8.0".to_owned(),
            format!("perturbations/synonym/{wheel}"),
        ],
        locations: vec![Location::Url(format!("{releases}/en_core_web_sm-3.8.0/{wheel}"))],
        sha256: Some("1932429db727d4bff3deed6b34cfc05df17794f4a52eeb26cf8928f7c1a0fb85".to_owned()),
        bytes: Some(12_806_118),
        ..DataFile::default()
    }
}

/// WordNet 3.0, as NLTK distributes it; HELM downloads it to the same place under its output folder.
fn wordnet() -> DataFile {
    let corpora = "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora";
    DataFile {
        local: vec![
            "perturbations/synonym/corpora/wordnet".to_owned(),
            "perturbations/synonym/corpora/wordnet.zip".to_owned(),
        ],
        locations: vec![Location::Url(format!("{corpora}/wordnet.zip"))],
        sha256: Some("cbda5ea6eef7f36a97a43d4a75f85e07fccbb4f23657d27b4ccbc93e2646ab59".to_owned()),
        bytes: Some(10_775_600),
        ..DataFile::default()
    }
}

/// A file of a folder, or of an archive that has that folder inside.
fn member(place: &Path, folder: &str, name: &str) -> Result<Vec<u8>, DataError> {
    if place.is_dir() {
        return read::bytes(&place.join(name));
    }
    read::archive_member(place, &format!("{folder}/{name}"))
}
