//! Word lists for perturbations: from a data folder, in HELM's layout, or downloaded from where HELM has them.

use holometer_data::{DataFile, Library, Location, Progress, read};
use holometer_perturb::Resource;

/// Where HELM keeps its lists (`dialect_perturbation.py`, `person_name_perturbation.py`).
const HELM_LISTS: &str =
    "https://storage.googleapis.com/crfm-helm-public/source_datasets/augmentations";

/// Finds word lists through a library.
pub(crate) fn perturbation_resources<'a>(
    library: &'a Library,
    progress: &'a dyn Progress,
) -> impl Fn(&Resource) -> Result<String, String> + 'a {
    move |resource| {
        let file = match resource {
            Resource::DialectMapping => list(
                "perturbations/dialect/SAE_to_AAVE_mapping.json",
                "dialect_perturbation/SAE_to_AAVE_mapping.json",
            ),
            Resource::PersonNames => list(
                "perturbations/person_name/data/person_names.txt",
                "person_name_perturbation/person_names.txt",
            ),
            Resource::File(path) => {
                DataFile { locations: vec![Location::Path(path.into())], ..DataFile::default() }
            }
        };
        let path = library.fetch(&file, progress).map_err(|error| error.to_string())?;
        read::text(&path).map_err(|error| error.to_string())
    }
}

fn list(local: &str, remote: &str) -> DataFile {
    DataFile {
        local: vec![local.to_owned()],
        locations: vec![Location::Url(format!("{HELM_LISTS}/{remote}"))],
        ..DataFile::default()
    }
}
