//! `ranking_binary`: the model is asked of each candidate passage whether it answers the query; the answers rank the
//! passages. An example shows all its passages, each with its answer.

use std::sync::Arc;

use holometer_core::{AdapterSpec, Instance, Method, Reference, RequestMode};

use crate::Plugin;
use crate::adaptation::Make;
use crate::error::AdaptError;
use crate::prompt::{input_block, open_output, output_block};
use crate::trial::{Drafts, Trial, completions_decoding};

/// The answer for a passage that answers the query. HELM's.
const RELEVANT: &str = "Yes";
/// The answer for any other passage.
const IRRELEVANT: &str = "No";

pub(crate) fn plugin() -> Plugin {
    let make = Make::AfterExamples { block: answered, make: requests };
    Plugin { method: Method::RankingBinary, make }
}

fn answered(spec: &AdapterSpec, instance: &Instance) -> Result<String, AdaptError> {
    let blocks: Vec<String> = instance
        .references
        .iter()
        .map(|reference| {
            let answer = if reference.is_correct() { RELEVANT } else { IRRELEVANT };
            passage_block(spec, instance, reference) + &output_block(&spec.template, answer)
        })
        .collect();
    Ok(blocks.join(&spec.template.instance_prefix))
}

fn requests(trial: &Trial<'_>, instance: &Arc<Instance>) -> Drafts {
    let spec = trial.spec;
    let request = |(index, reference)| {
        let question = passage_block(spec, instance, reference) + open_output(&spec.template);
        let mut draft = trial.writing(instance, &question, completions_decoding(spec));
        draft.state.reference_index = Some(index);
        draft.state.request_mode = Some(RequestMode::Original);
        draft
    };
    Ok(instance.references.iter().enumerate().map(request).collect())
}

fn passage_block(spec: &AdapterSpec, instance: &Instance, reference: &Reference) -> String {
    let template = &spec.template;
    let input = input_block(template, &instance.input.text);
    format!(
        "{}{}{}{input}",
        template.reference_prefix, reference.output.text, template.reference_suffix
    )
}
