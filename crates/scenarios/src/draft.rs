//! The run spec that a scenario gives for its arguments: adapter, metrics, groups and name.

use holometer_core::{
    AdapterSpec, Args, Method, MetricSpec, ModelSpec, RunName, RunSpec, ScenarioName, ScenarioSpec,
};

use crate::adapter_defaults::{self as defaults, Words};
use crate::definition::{AdapterDef, Definition, Like, Text};
use crate::metric_sets;
use crate::scope;
use crate::template::{Scope, TemplateError, applies, render};

/// Builds the run spec for resolved arguments.
pub(crate) fn draft(
    name: &str,
    definition: &Definition,
    args: &Args,
) -> Result<RunSpec, TemplateError> {
    let scope = scope::of_arguments(definition, args);
    let adapter = adapter(definition, &scope, args)?;
    let metrics = metrics(definition, &scope)?;
    let run_name = match &definition.run_name {
        Some(text) => render(text, &scope)?,
        None if args.0.is_empty() => name.to_owned(),
        None => format!("{name}:{args}"),
    };
    let mut groups = Vec::new();
    for text in &definition.run_groups {
        groups.push(render(text, &scope)?);
    }
    groups.retain(|group| !group.is_empty());
    Ok(RunSpec {
        name: RunName(run_name),
        scenario: ScenarioSpec { name: ScenarioName::from(name), args: args.clone() },
        adapter,
        metrics,
        augmentation: holometer_core::AugmentationSpec::default(),
        groups,
        model: ModelSpec::default(),
    })
}

fn metrics(definition: &Definition, scope: &Scope) -> Result<Vec<MetricSpec>, TemplateError> {
    let mut metrics = Vec::new();
    for def in &definition.metrics {
        if applies(def.when.as_ref(), scope)? {
            metrics.extend(metric_sets::specs(def, scope)?);
        }
    }
    Ok(metrics)
}

fn adapter(
    definition: &Definition,
    scope: &Scope,
    args: &Args,
) -> Result<AdapterSpec, TemplateError> {
    let mut applying = Vec::new();
    for def in &definition.adapter {
        if applies(def.when.as_ref(), scope)? {
            applying.push(def);
        }
    }
    let (like, words, method) = beginning(&applying, scope, args)?;
    let mut spec = match like {
        Like::Plain => AdapterSpec::new(method),
        Like::Generation => defaults::generation(&words),
        Like::Completion => defaults::completion(&words),
        Like::MultipleChoice => defaults::multiple_choice(method, &words),
        Like::LanguageModeling => defaults::language_modeling(),
        Like::Summarization => defaults::summarization(&words),
        Like::Translation => defaults::translation(&words),
        Like::Instruct => defaults::instruct(),
        Like::RankingBinary => defaults::ranking_binary(),
    };
    if like == Like::Plain {
        spec.template.instructions.clone_from(&words.instructions);
    }
    // HELM's separate methods take none of a scenario's own settings.
    let separate = matches!(
        spec.method,
        Method::MultipleChoiceSeparateOriginal | Method::MultipleChoiceSeparateCalibrated
    );
    if !(like == Like::MultipleChoice && separate) {
        for def in applying {
            change_texts(&mut spec, def, scope)?;
            change_numbers(&mut spec, def, args);
        }
    }
    Ok(spec)
}

/// What the common adapter is told: of several entries that apply, the last word counts.
fn beginning(
    applying: &[&AdapterDef],
    scope: &Scope,
    args: &Args,
) -> Result<(Like, Words, Method), TemplateError> {
    let mut like = Like::Plain;
    let mut words = Words::default();
    let asked = args.text("method").and_then(|name| Method::parse(&name));
    let mut method = asked;
    for def in applying {
        let text = |text: &Option<Text>| text.as_ref().map(|text| render(text, scope)).transpose();
        like = def.like.unwrap_or(like);
        method = def.method.or(method);
        words.instructions = text(&def.instructions)?.unwrap_or(words.instructions);
        words.input_noun = text(&def.input_noun)?.or(words.input_noun);
        words.output_noun = text(&def.output_noun)?.or(words.output_noun);
        words.newline_after_input_noun |= def.newline_after_input_noun;
        words.newline_after_output_noun |= def.newline_after_output_noun;
        words.empty_input |= def.empty_input;
        words.sentences = def.sentences.or(words.sentences);
    }
    let usual = match like {
        Like::MultipleChoice => Method::MultipleChoiceJoint,
        _ => Method::Generation,
    };
    Ok((like, words, method.unwrap_or(usual)))
}

fn change_texts(
    spec: &mut AdapterSpec,
    def: &AdapterDef,
    scope: &Scope,
) -> Result<(), TemplateError> {
    let template = &mut spec.template;
    for (text, place) in [
        (&def.global_prefix, &mut template.global_prefix),
        (&def.global_suffix, &mut template.global_suffix),
        (&def.input_prefix, &mut template.input_prefix),
        (&def.input_suffix, &mut template.input_suffix),
        (&def.reference_prefix, &mut template.reference_prefix),
        (&def.reference_suffix, &mut template.reference_suffix),
        (&def.chain_of_thought_prefix, &mut template.chain_of_thought_prefix),
        (&def.chain_of_thought_suffix, &mut template.chain_of_thought_suffix),
        (&def.output_prefix, &mut template.output_prefix),
        (&def.output_suffix, &mut template.output_suffix),
        (&def.instance_prefix, &mut template.instance_prefix),
    ] {
        if let Some(text) = text {
            *place = render(text, scope)?;
        }
    }
    Ok(())
}

fn change_numbers(spec: &mut AdapterSpec, def: &AdapterDef, args: &Args) {
    let argument = |name: &Option<String>| name.as_ref().and_then(|name| args.get(name));
    let count = |name: &Option<String>| argument(name).and_then(holometer_core::ArgValue::as_usize);
    let few_shot = &mut spec.few_shot;
    set(&mut few_shot.max_train_instances, def.max_train_instances);
    set(&mut few_shot.max_train_instances, count(&def.max_train_instances_from));
    set(&mut few_shot.num_train_trials, def.num_train_trials);
    set(&mut few_shot.sample_train, def.sample_train);
    set(&mut few_shot.multi_label, def.multi_label);
    few_shot.max_eval_instances = def.max_eval_instances.or(few_shot.max_eval_instances);
    few_shot.eval_splits = def.eval_splits.clone().or(few_shot.eval_splits.take());
    set(&mut spec.num_outputs, def.num_outputs);
    set(&mut spec.num_outputs, count(&def.num_outputs_from));
    let decoding = &mut spec.decoding;
    set(&mut decoding.max_tokens, def.max_tokens);
    set(&mut decoding.max_tokens, count(&def.max_tokens_from));
    set(&mut decoding.temperature, def.temperature);
    let temperature = argument(&def.temperature_from).and_then(holometer_core::ArgValue::as_f64);
    set(&mut decoding.temperature, temperature);
    set(&mut decoding.stop_sequences, def.stop_sequences.clone());
    decoding.random = argument(&def.random_from)
        .map(ToString::to_string)
        .filter(|text| text != "None")
        .or(decoding.random.take());
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
