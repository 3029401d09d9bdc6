//! `data_augmentation`: which perturbed copies of the instances are asked as well.

use holometer_core::{ArgValue, AugmentationSpec, RunSpec};

use crate::augmentations::sets;
use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of, with_comma};

const NAME: &str = "data_augmentation";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Asks perturbed copies of the instances as well; a set may make several runs.",
            values: sets().iter().map(|set| set.name).collect(),
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let set =
        sets().into_iter().find(|set| set.name == name_of(value)).ok_or(ExpandError::Value)?;
    let runs = set.runs.into_iter().map(|(name, perturbations)| {
        let mut run = with_comma(run, NAME, &name);
        run.augmentation = AugmentationSpec {
            perturbations,
            augment_train: false,
            include_original_train: true,
            skip_unchanged_train: true,
            augment_eval: true,
            include_original_eval: true,
            skip_unchanged_eval: true,
            seeds_per_instance: 1,
        };
        run
    });
    Ok(runs.collect())
}
