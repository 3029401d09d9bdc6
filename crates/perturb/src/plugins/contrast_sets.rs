//! Contrast sets: the scenario's own counterexamples.

use holometer_core::{Instance, PerturbationDescription};
use holometer_pyrand::PyRandom;

use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe, random_for};

const CARD: PerturbationCard = PerturbationCard {
    name: "contrast_sets",
    summary: "small changes, written by people, that change the answer (boolq, imdb)",
    docs: "## What it does\n\nTakes one of the contrast inputs that the scenario gives for the instance, with its answer.\n\n\
        ## Source and licence\n\nHELM's `ContrastSetsPerturbation`; Gardner et al. 2020, *Evaluating Models' Local Decision Boundaries via \
        Contrast Sets*.\n\n\
        ## Example\n\n`is it the last movie?` becomes `is it the first of several movies?`, and *no* becomes *yes*.\n\n\
        ## Caveats\n\nOnly `boolq` and `imdb` have contrast inputs; elsewhere nothing changes, and unchanged copies are dropped and counted.",
};

pub(crate) fn plugin() -> Plugin {
    Plugin { card: CARD, build: |_, _| Ok(Box::new(ContrastSets)) }
}

struct ContrastSets;

impl Perturbation for ContrastSets {
    fn description(&self) -> PerturbationDescription {
        describe("contrast_sets", CountsAs::Robustness, &[])
    }

    /// Contrast sets belong to instances: a text alone has none.
    fn perturb(&self, text: &str, _random: &mut PyRandom) -> String {
        text.to_owned()
    }

    fn apply(&self, instance: &Instance, seed: Option<u64>) -> Instance {
        let mut perturbed = instance.clone();
        let choices = instance.contrast_inputs.len().min(instance.contrast_references.len());
        if choices > 0 {
            let at = random_for(instance, seed).randbelow(choices as u64) as usize;
            perturbed.input = instance.contrast_inputs[at].clone();
            perturbed.references.clone_from(&instance.contrast_references[at]);
        }
        perturbed.perturbation = Some(PerturbationDescription { seed, ..self.description() });
        perturbed
    }
}
