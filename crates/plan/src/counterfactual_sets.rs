//! Sets of counterfactual copies, each with the placebo copies that they are judged against. They are not HELM's.

use holometer_core::PerturbationSpec;
use serde_json::{Value, json};

use crate::augmentations::AugmentationSet;

/// The sets by whom they exchange, and one of gender, names and religion together.
pub(crate) fn sets() -> Vec<AugmentationSet> {
    let gender = with_placebo("swap_gender", &[json!({})]);
    let names = with_placebo("swap_names", &targets(&["asian", "black", "hispanic", "white"]));
    let religion = with_placebo("swap_religion", &targets(&["christian", "jewish", "muslim"]));
    let nationality = with_placebo("swap_nationality", &targets(&["next"]));
    let dialect = with_placebo("swap_dialect", &[json!({})]);
    let together = [
        gender.clone(),
        with_placebo("swap_names", &targets(&["black", "white"])),
        with_placebo("swap_religion", &targets(&["christian", "muslim"])),
    ];
    [
        ("counterfactual", together.concat()),
        ("counterfactual_gender", gender),
        ("counterfactual_names", names),
        ("counterfactual_religion", religion),
        ("counterfactual_nationality", nationality),
        ("counterfactual_dialect", dialect),
    ]
    .into_iter()
    .map(|(name, perturbations)| AugmentationSet {
        name,
        runs: vec![(name.to_owned(), perturbations)],
    })
    .collect()
}

fn targets(groups: &[&str]) -> Vec<Value> {
    groups.iter().map(|group| json!({ "target": group })).collect()
}

/// A perturbation once per set of arguments, and its placebo.
fn with_placebo(name: &str, arguments: &[Value]) -> Vec<PerturbationSpec> {
    let swaps =
        arguments.iter().map(|args| PerturbationSpec { name: name.into(), args: args.clone() });
    let placebo = PerturbationSpec { name: "placebo".into(), args: json!({ "for": name }) };
    swaps.chain([placebo]).collect()
}
