//! Instances and perturbations, in and out.

use std::collections::BTreeMap;

use holometer_core::{
    ChatMessage, Input, Instance, InstanceId, PerturbationDescription, PerturbationName, Reference,
    Role, Split,
};
use serde_json::{Map, Value, json};

use super::fields::{flag, list, object, optional_text, text, texts};
use super::spec::OWN_FIELD;

/// Reads an instance. A split that is none of ours is read as `test`.
pub(crate) fn read_instance(value: &Value) -> Instance {
    let own = &value["extra_data"][OWN_FIELD];
    let mut extra: BTreeMap<String, Value> = value["extra_data"]
        .as_object()
        .map(|extra| extra.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
        .unwrap_or_default();
    extra.remove(OWN_FIELD);
    Instance {
        id: InstanceId(text(value, "id")),
        input: read_input(&value["input"]),
        references: list(value, "references").iter().map(read_reference).collect(),
        split: Split::parse(&text(value, "split")).unwrap_or(Split::Test),
        sub_split: optional_text(value, "sub_split"),
        perturbation: value.get("perturbation").and_then(read_perturbation),
        contrast_inputs: list(value, "contrast_inputs").iter().map(read_input).collect(),
        contrast_references: list(value, "contrast_references")
            .iter()
            .map(|references| {
                references.as_array().into_iter().flatten().map(read_reference).collect()
            })
            .collect(),
        cluster: optional_text(own, "cluster"),
        groups: texts(own, "groups"),
        extra,
    }
}

/// The instance under HELM's field names. Clusters and groups are HELM's `extra_data`.
pub(crate) fn write_instance(instance: &Instance) -> Value {
    let inputs = |inputs: &[Input]| -> Value {
        if inputs.is_empty() { Value::Null } else { inputs.iter().map(write_input).collect() }
    };
    let references = |references: &[Reference]| -> Value {
        references.iter().map(|reference| json!(reference)).collect()
    };
    let contrast_references: Value = if instance.contrast_references.is_empty() {
        Value::Null
    } else {
        instance.contrast_references.iter().map(|list| references(list)).collect()
    };
    let mut extra: Map<String, Value> =
        instance.extra.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    if instance.cluster.is_some() || !instance.groups.is_empty() {
        let own = object(json!({ "cluster": instance.cluster, "groups": instance.groups }));
        extra.insert(OWN_FIELD.to_owned(), own);
    }
    object(json!({
        "input": write_input(&instance.input),
        "references": references(&instance.references),
        "split": instance.split,
        "sub_split": instance.sub_split,
        "id": instance.id,
        "perturbation": instance.perturbation.as_ref().map(write_perturbation),
        "contrast_inputs": inputs(&instance.contrast_inputs),
        "contrast_references": contrast_references,
        "extra_data": if extra.is_empty() { Value::Null } else { Value::Object(extra) },
    }))
}

/// Early versions wrote plain texts for inputs and outputs.
fn read_input(value: &Value) -> Input {
    let plain = value.as_str().map(str::to_owned);
    Input { text: plain.unwrap_or_else(|| text(value, "text")), messages: read_messages(value) }
}

fn write_input(input: &Input) -> Value {
    let messages = (!input.messages.is_empty()).then(|| json!(input.messages));
    object(json!({ "text": input.text, "messages": messages }))
}

/// The messages of a conversation; those with other contents than text are left out.
pub(crate) fn read_messages(value: &Value) -> Vec<ChatMessage> {
    let message = |message: &Value| {
        let role = match text(message, "role").as_str() {
            "system" | "developer" => Role::System,
            "assistant" => Role::Assistant,
            _ => Role::User,
        };
        Some(ChatMessage { role, content: optional_text(message, "content")? })
    };
    list(value, "messages").iter().filter_map(message).collect()
}

fn read_reference(value: &Value) -> Reference {
    let output = &value["output"];
    let plain = output.as_str().map(str::to_owned);
    let tags = texts(value, "tags");
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    Reference::new(plain.unwrap_or_else(|| text(output, "text")), &tags)
}

/// Reads HELM's flat `perturbation` object: what all perturbations share, then the perturbation's own parameters.
pub(crate) fn read_perturbation(value: &Value) -> Option<PerturbationDescription> {
    let fields = value.as_object()?;
    let shared = ["name", "robustness", "fairness", "computed_on", "seed"];
    let own = fields.iter().filter(|(key, _)| !shared.contains(&key.as_str()));
    Some(PerturbationDescription {
        name: PerturbationName(text(value, "name")),
        robustness: flag(value, "robustness", false),
        fairness: flag(value, "fairness", false),
        computed_on: optional_text(value, "computed_on").unwrap_or_else(|| "perturbed".to_owned()),
        seed: value.get("seed").and_then(Value::as_u64),
        parameters: own.map(|(key, value)| (key.clone(), value.clone())).collect(),
    })
}

/// HELM's flat `perturbation` object.
pub(crate) fn write_perturbation(description: &PerturbationDescription) -> Value {
    let mut value = object(json!({
        "name": description.name,
        "robustness": description.robustness,
        "fairness": description.fairness,
        "computed_on": description.computed_on,
        "seed": description.seed,
    }));
    if let Some(fields) = value.as_object_mut() {
        let own = description.parameters.iter().filter(|(_, value)| !value.is_null());
        fields.extend(own.map(|(key, value)| (key.clone(), value.clone())));
    }
    value
}
