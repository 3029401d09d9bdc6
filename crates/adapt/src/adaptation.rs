//! From instances to requests: trials, examples, and the method's own part.

use std::sync::Arc;

use holometer_core::{AdapterSpec, Instance, Method, Request, RequestState, Tokenizer, Window};
use rayon::prelude::*;

use crate::error::AdaptError;
use crate::fit::Fit;
use crate::methods;
use crate::note::Note;
use crate::sample::train_examples;
use crate::trial::{Draft, Drafts, Trial};

/// What is known about the model that will be asked.
#[derive(Clone, Copy)]
pub struct AdaptContext<'a> {
    /// Its tokenizer. Without one, lengths are estimated at four characters a token and a [`Note`] says so.
    pub tokenizer: Option<&'a dyn Tokenizer>,
    /// Its context window.
    pub window: &'a Window,
}

/// The requests of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adaptation {
    /// The requests in HELM's order: by train trial, then by repetition, then by instance, then by reference.
    pub requests: Vec<RequestState>,
    /// What was done to the prompts, with counts.
    pub notes: Vec<Note>,
}

/// Makes the requests of a run's instances (train instances for the examples, the others to be evaluated; perturbed
/// copies are instances of their own).
///
/// # Errors
/// When the window has no room for a prompt or the instances don't suit the method.
pub fn adapt(
    spec: &AdapterSpec,
    instances: &[Arc<Instance>],
    context: &AdaptContext<'_>,
) -> Result<Adaptation, AdaptError> {
    let fit = Fit::new(context.tokenizer, context.window);
    let (train, evaluated): (Vec<_>, Vec<_>) =
        instances.iter().partition(|instance| !instance.split.is_eval());
    let mut notes = Vec::new();
    let drafts = match plugin(spec.method).make {
        Make::Once(make) => each_instance(&evaluated, |instance| make(spec, &fit, instance))?,
        Make::EachTrial(make) => each_trial(spec, |trial| {
            each_instance(&evaluated, |instance| make(spec, trial, instance))
        })?,
        Make::AfterExamples { block, make } => {
            let wanted = spec.few_shot.max_train_instances;
            if train.len() < wanted {
                notes.push(Note::FewTrainInstances { wanted, found: train.len() });
            }
            let budget = fit.budget(spec.decoding.max_tokens)?;
            each_trial(spec, |index| {
                let examples = train_examples(&train, &spec.few_shot, index);
                let examples = examples.iter().map(|example| block(spec, example));
                let examples = examples.collect::<Result<_, _>>()?;
                let trial = Trial { spec, fit: &fit, budget, index, examples };
                each_instance(&evaluated, |instance| make(&trial, instance))
            })?
        }
    };
    notes.extend(count(&drafts));
    if fit.is_estimated() {
        notes.push(Note::LengthsEstimated);
    }
    Ok(Adaptation { requests: drafts.into_iter().map(|draft| draft.state).collect(), notes })
}

/// An adaptation method.
pub(crate) struct Plugin {
    /// Its name.
    pub(crate) method: Method,
    /// How it makes requests.
    pub(crate) make: Make,
}

/// How a method makes an instance's requests.
pub(crate) enum Make {
    /// From the instance alone, once.
    Once(fn(&AdapterSpec, &Fit<'_>, &Arc<Instance>) -> Drafts),
    /// From the instance alone, once for each trial.
    EachTrial(fn(&AdapterSpec, usize, &Arc<Instance>) -> Drafts),
    /// From the instance and the examples before it, once for each trial.
    AfterExamples {
        /// An example's block, answer included.
        block: fn(&AdapterSpec, &Instance) -> Result<String, AdaptError>,
        /// The instance's requests.
        make: fn(&Trial<'_>, &Arc<Instance>) -> Drafts,
    },
}

fn plugin(method: Method) -> Plugin {
    let known = methods::all().into_iter().find(|plugin| plugin.method == method);
    known.expect("every method has its file; a test goes through Method::ALL")
}

/// The drafts of all train trials, each followed by its repetitions.
fn each_trial(spec: &AdapterSpec, make: impl Fn(usize) -> Drafts) -> Drafts {
    let mut all = Vec::new();
    for trial in 0..spec.few_shot.num_train_trials {
        all.extend(repeated(make(trial)?, spec.few_shot.num_trials));
    }
    Ok(all)
}

/// The drafts of all instances, in the instances' order.
fn each_instance<F>(instances: &[&Arc<Instance>], make: F) -> Drafts
where
    F: Fn(&Arc<Instance>) -> Drafts + Sync,
{
    let drafts: Vec<Vec<Draft>> =
        instances.par_iter().map(|instance| make(instance)).collect::<Result<_, _>>()?;
    Ok(drafts.into_iter().flatten().collect())
}

/// The drafts, followed by their repetitions, which differ in `random` (`1`, `2`, ...). Scoring given text has no
/// randomness, so its repetitions are equal.
fn repeated(mut drafts: Vec<Draft>, trials: usize) -> Vec<Draft> {
    let once = drafts.len();
    for seed in 1..trials {
        for index in 0..once {
            let mut draft = drafts[index].clone();
            if let Request::Generate { decoding, .. } = &mut draft.state.request {
                decoding.random = Some(seed.to_string());
            }
            drafts.push(draft);
        }
    }
    drafts
}

/// What happened to the prompts.
fn count(drafts: &[Draft]) -> Vec<Note> {
    let of = drafts.len();
    let mut notes = Vec::new();
    let shortened = drafts.iter().filter(|draft| draft.dropped_examples > 0).count();
    if shortened > 0 {
        let examples = drafts.iter().map(|draft| draft.dropped_examples).sum();
        notes.push(Note::ExamplesDropped { prompts: shortened, examples, of });
    }
    let cut = drafts.iter().filter(|draft| draft.state.prompt_truncated).count();
    if cut > 0 {
        notes.push(Note::PromptsCut { prompts: cut, of });
    }
    let tokens: usize = drafts.iter().map(|draft| draft.skipped_tokens).sum();
    if tokens > 0 {
        let texts = drafts.iter().filter(|draft| draft.skipped_tokens > 0).count();
        notes.push(Note::TokensSkipped { tokens, texts });
    }
    notes
}
