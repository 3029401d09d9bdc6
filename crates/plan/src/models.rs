//! Which models an entry means.
//!
//! In HELM's files an entry names a group of models (`model=text`) that stands for hundreds of registered ones. Here there
//! is no registry: a group stands for the models that the user gives. A model named in full stays as it is.

use holometer_core::{ModelName, ModelSpec};

use crate::nearest::nearest;
use crate::plugin::SelectedModel;
use crate::selection::Selection;
use crate::skip::{ArgumentProblem, Skip};
use crate::suite::SourcedEntry;

/// What the models of a group take and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    Text,
    Other,
}

/// HELM's groups of models (`ModelRunExpander`, HELM 0.5.16); each exists with `ablation_` before it, too.
pub(crate) const GROUPS: &[(&str, Medium)] = &[
    ("all", Medium::Text),
    ("text", Medium::Text),
    ("code", Medium::Text),
    ("text_code", Medium::Text),
    ("instruction_following", Medium::Text),
    ("full_functionality_text", Medium::Text),
    ("limited_functionality_text", Medium::Text),
    ("summarization_zs", Medium::Text),
    ("biomedical", Medium::Text),
    ("interactive_qa", Medium::Text),
    ("opinions_qa_openai", Medium::Text),
    ("opinions_qa_ai21", Medium::Text),
    ("ablation", Medium::Text),
    ("text_to_image", Medium::Other),
    ("vlm", Medium::Other),
    ("audiolm", Medium::Other),
];

/// One model that an entry means, or why there is none.
pub(crate) struct Choice {
    /// The model as it is shown, if there is one.
    pub(crate) name: Option<ModelName>,
    /// The model.
    pub(crate) model: Result<SelectedModel, Skip>,
}

impl Choice {
    fn chosen(model: SelectedModel) -> Self {
        Self { name: Some(model.spec.name.clone()), model: Ok(model) }
    }

    fn none(name: Option<ModelName>, skip: Skip) -> Self {
        Self { name, model: Err(skip) }
    }
}

/// The models that an entry means; never empty.
pub(crate) fn choose(entry: &SourcedEntry, selection: &Selection) -> Vec<Choice> {
    let written = entry.entry.args.text("model");
    let deployment = entry.entry.args.text("model_deployment");
    let Some(literal) = written.as_deref().filter(|name| group(name).is_none()) else {
        return of_group(written.as_deref(), deployment.as_deref(), selection);
    };
    if !literal.contains(['/', ':', '.', '#', '\\']) {
        let groups = GROUPS.iter().map(|(name, _)| *name);
        let problem = ArgumentProblem::Value {
            value: literal.to_owned(),
            nearest: nearest(literal, groups),
            takes: "a group such as `text`, or a model such as `openai/gpt2` or `./folder`"
                .to_owned(),
        };
        let position = entry.argument_position("model").clone();
        let skip =
            Skip::BadArgument { position, key: "model".to_owned(), problem: Box::new(problem) };
        return vec![Choice::none(Some(ModelName::from(literal)), skip)];
    }
    let named = named_in_full(literal);
    let found = matching(selection, &[literal, named.name.as_str()]);
    match (found, selection.models.is_empty()) {
        (Some(model), _) => vec![Choice::chosen(with_deployment(model, deployment.as_deref()))],
        (None, true) => {
            let model = SelectedModel { spec: named, ..SelectedModel::default() };
            vec![Choice::chosen(with_deployment(&model, deployment.as_deref()))]
        }
        (None, false) => {
            let skip = Skip::ModelFilter { model: literal.to_owned() };
            vec![Choice::none(Some(named.name), skip)]
        }
    }
}

/// The models given by the user, for an entry that names a group or nothing.
fn of_group(written: Option<&str>, deployment: Option<&str>, selection: &Selection) -> Vec<Choice> {
    if let Some(name) = written.filter(|name| group(name) == Some(Medium::Other)) {
        let reason = format!(
            "`model={name}` asks for models of images or sound, which are not evaluated here"
        );
        return vec![Choice::none(None, Skip::OutOfScope { reason })];
    }
    let Some(deployment) = deployment else {
        if selection.models.is_empty() {
            let group = written.map(str::to_owned);
            return vec![Choice::none(None, Skip::NoModel { group })];
        }
        return selection.models.iter().cloned().map(Choice::chosen).collect();
    };
    let named = named_in_full(deployment);
    let found = matching(selection, &[deployment, named.name.as_str()]);
    match (found, selection.models.is_empty()) {
        (Some(model), _) => vec![Choice::chosen(with_deployment(model, Some(deployment)))],
        (None, true) => {
            vec![Choice::chosen(SelectedModel { spec: named, ..SelectedModel::default() })]
        }
        (None, false) => {
            let skip = Skip::ModelFilter { model: deployment.to_owned() };
            vec![Choice::none(Some(named.name), skip)]
        }
    }
}

fn group(name: &str) -> Option<Medium> {
    let known = |name| GROUPS.iter().find(|(group, _)| *group == name).map(|(_, medium)| *medium);
    known(name).or_else(|| name.strip_prefix("ablation_").and_then(known))
}

fn matching<'a>(selection: &'a Selection, names: &[&str]) -> Option<&'a SelectedModel> {
    selection.models.iter().find(|model| {
        names.contains(&model.spec.name.as_str()) || names.contains(&model.spec.deployment.as_str())
    })
}

fn with_deployment(model: &SelectedModel, deployment: Option<&str>) -> SelectedModel {
    let mut model = model.clone();
    if let Some(deployment) = deployment {
        deployment.clone_into(&mut model.spec.deployment);
    }
    model
}

/// A model named in an entry. HELM names a deployment `host/creator/model`; the model is its last two parts.
fn named_in_full(literal: &str) -> ModelSpec {
    let is_helm_name = !literal.contains([':', '#', '\\']) && !literal.starts_with(['.', '/', '~']);
    let slashes: Vec<usize> = literal.match_indices('/').map(|(at, _)| at).collect();
    let name = match slashes.as_slice() {
        [.., before, _] if is_helm_name => &literal[before + 1..],
        _ => literal,
    };
    ModelSpec { name: ModelName::from(name), deployment: literal.to_owned() }
}
