//! Perturbed copies of a scenario's instances.

use holometer_core::{AugmentationSpec, Instance};

use crate::{PerturbError, Perturbation, Resources, build};

/// The instances with their perturbed copies, and what was left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Augmented {
    /// Train instances first, then evaluated ones, each followed by its copies in the order of the perturbations. This is HELM's order.
    pub instances: Vec<Instance>,
    /// Copies that were dropped because the perturbation changed nothing.
    pub unchanged: usize,
}

/// Makes the perturbed copies that a specification asks for.
///
/// # Errors
/// When a perturbation is unknown, its arguments are wrong, or its word list can't be had.
pub fn augment(
    instances: Vec<Instance>,
    spec: &AugmentationSpec,
    resources: Resources<'_>,
) -> Result<Augmented, PerturbError> {
    let perturbations = spec
        .perturbations
        .iter()
        .map(|spec| build(spec, resources))
        .collect::<Result<Vec<_>, _>>()?;
    let (evaluated, train): (Vec<Instance>, Vec<Instance>) =
        instances.into_iter().partition(|instance| instance.split.is_eval());
    let mut augmented = Augmented { instances: Vec::new(), unchanged: 0 };
    let how = |augment, keep_original, skip_unchanged| How {
        augment,
        keep_original,
        skip_unchanged,
        copies: spec.seeds_per_instance.max(1),
    };
    let train_how = how(spec.augment_train, spec.include_original_train, spec.skip_unchanged_train);
    let eval_how = how(spec.augment_eval, spec.include_original_eval, spec.skip_unchanged_eval);
    extend(&mut augmented, train, &perturbations, train_how);
    extend(&mut augmented, evaluated, &perturbations, eval_how);
    Ok(augmented)
}

/// How the instances of one kind of split are treated.
#[derive(Clone, Copy)]
struct How {
    augment: bool,
    keep_original: bool,
    skip_unchanged: bool,
    copies: u64,
}

fn extend(
    augmented: &mut Augmented,
    instances: Vec<Instance>,
    perturbations: &[Box<dyn Perturbation>],
    how: How,
) {
    if !how.augment {
        augmented.instances.extend(instances);
        return;
    }
    for instance in instances {
        let mut copies = Vec::new();
        for perturbation in perturbations {
            for copy in 0..how.copies {
                let perturbed = perturbation.apply(&instance, (copy > 0).then_some(copy));
                if how.skip_unchanged && perturbed.input == instance.input {
                    augmented.unchanged += 1;
                } else {
                    copies.push(perturbed);
                }
            }
        }
        if how.keep_original {
            augmented.instances.push(instance);
        }
        augmented.instances.extend(copies);
    }
}
