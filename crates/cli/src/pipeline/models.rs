//! Models: from what the user names to something that answers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use holometer_core::{Method, Model, ModelName, ModelSpec, Price, Request, RequestState, RunSpec};
use holometer_data::Library;
use holometer_engine::{
    ChatUse, LoadOptions, LocalModel, WeightType, load_tokenizer_and_window, resident_memory,
};
use holometer_plan::{HelmConfig, HelmDeployment, SelectedModel, Tuning};
use holometer_providers::{Contact, NamedServer, Settings};
use holometer_run::Place;

use crate::args::WeightsArg;
use crate::failure::Failure;
use crate::pipeline::environment::LocalSettings;
use crate::pipeline::helm_models;
use crate::pipeline::hub_models::{self, Part};
use crate::pipeline::launch::{self, LaunchedModel, Launcher};
use crate::pipeline::{Environment, Prompting};
use crate::progress::Talk;

/// What models are opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Counting and printing requests: tokenizer and window, no weights, no network.
    Plan,
    /// Answering.
    Run,
}

/// A model that is ready for its purpose.
pub(crate) struct LoadedModel {
    /// Its name in run specs.
    pub(crate) spec: ModelSpec,
    /// Its tokenizer and window.
    pub(crate) prompting: Prompting,
    /// Where it computes.
    pub(crate) place: Place,
    /// Whether what it can do is known; a server that was not asked may do more than is declared.
    known: bool,
    /// The model itself; when planning, a local one is absent.
    answering: Option<Arc<dyn Model>>,
}

/// A model, or why it can't be opened.
type Opened = Result<Rc<LoadedModel>, String>;

/// The models of a selection. Those that only an entry names are opened when they are first asked for.
pub(crate) struct Models {
    opener: Opener,
    named: Vec<Rc<LoadedModel>>,
    by_entry: RefCell<Vec<(ModelName, Opened)>>,
}

#[derive(Clone)]
struct Opener {
    purpose: Purpose,
    local: LocalSettings,
    remote: Settings,
    offline: bool,
    library: Library,
    helm: Arc<HelmConfig>,
}

impl Models {
    /// Opens the models that the user names with `-m` or in a suite file.
    pub(crate) fn open(
        specs: &[String],
        (servers, prices): (BTreeMap<String, NamedServer>, BTreeMap<String, Price>),
        environment: &Environment,
        purpose: Purpose,
        talk: &Talk,
    ) -> Result<Self, Failure> {
        let opener = Opener {
            purpose,
            local: environment.local.clone(),
            remote: Settings { servers, prices, ..environment.remote.clone() },
            offline: environment.library.offline,
            library: environment.library.clone(),
            helm: Arc::clone(&environment.helm),
        };
        let mut named: Vec<Rc<LoadedModel>> = Vec::new();
        for spec in specs {
            let model = opener.open(spec, talk).map_err(Failure::usage)?;
            if named.iter().any(|known| known.spec == model.spec) {
                continue;
            }
            if let Some(answering) = &model.answering {
                talk.say(&format!("model {}: {}", model.spec.name, answering.card().summary));
            }
            named.push(Rc::new(model));
        }
        Ok(Self { opener, named, by_entry: RefCell::default() })
    }

    /// The named models alone, in order.
    pub(crate) fn into_named(self) -> Vec<Rc<LoadedModel>> {
        self.named
    }

    /// The models for the plan.
    pub(crate) fn selected(&self) -> Vec<SelectedModel> {
        self.named
            .iter()
            .map(|model| SelectedModel {
                spec: model.spec.clone(),
                tuning: if model.prompting.window.chat { Tuning::Instruct } else { Tuning::Base },
            })
            .collect()
    }

    /// The model of a run spec; the error is one sentence.
    pub(crate) fn get(&self, spec: &ModelSpec, talk: &Talk) -> Result<Rc<LoadedModel>, String> {
        if let Some(model) = self.named.iter().find(|model| model.spec == *spec) {
            return Ok(Rc::clone(model));
        }
        let mut by_entry = self.by_entry.borrow_mut();
        if let Some((_, model)) = by_entry.iter().find(|(name, _)| *name == spec.name) {
            return model.clone();
        }
        let opened = self.opener.open(spec.name.as_str(), talk).map(Rc::new);
        by_entry.push((spec.name.clone(), opened.clone()));
        opened
    }
}

impl LoadedModel {
    /// What the model lacks for a run; `None` if it has all that is known to be needed.
    pub(crate) fn lacks(&self, spec: &RunSpec) -> Option<String> {
        let capabilities = self.answering.as_ref().filter(|_| self.known)?.card().capabilities;
        let method = spec.adapter.method;
        let scores = if method == Method::LanguageModeling {
            capabilities.score_continuation
        } else {
            capabilities.score_next_token
        };
        if method.needs_logprobs() && !scores {
            let what = format!("of given text, which {} does not report", self.spec.name);
            return Some(lacks_scores(method, &what));
        }
        let decoding = &spec.adapter.decoding;
        if decoding.top_k.is_some() && decoding.temperature > 0.0 && !capabilities.top_k {
            return Some(format!(
                "not applicable: the run samples from the likeliest tokens (`top_k`), which {} can't be told to do; hint: leave `top_k` \
                 out, or use a local model",
                self.spec.name
            ));
        }
        None
    }

    /// What it lacks for a run's requests: where only the next token is scored, an answer has one word.
    pub(crate) fn lacks_for(&self, spec: &RunSpec, requests: &[RequestState]) -> Option<String> {
        let capabilities = self.answering.as_ref().filter(|_| self.known)?.card().capabilities;
        if capabilities.score_continuation {
            return None;
        }
        let longer = requests.iter().find_map(|state| match &state.request {
            Request::ScoreContinuation { continuation, .. } => {
                Some(continuation.trim()).filter(|text| text.contains(char::is_whitespace))
            }
            Request::Generate { .. } => None,
        })?;
        let start: String = longer.chars().take(SHOWN_OF_ANSWER).collect();
        let name = &self.spec.name;
        let what = format!("of `{start}`, and {name} reports those of its next token only");
        Some(lacks_scores(spec.adapter.method, &what))
    }

    /// What its answers cost, where a price is known.
    pub(crate) fn price(&self) -> Option<Price> {
        self.answering.as_ref()?.price()
    }

    /// The model itself.
    pub(crate) fn answering(&self) -> Result<Arc<dyn Model>, String> {
        self.answering
            .clone()
            .ok_or_else(|| format!("{} was opened for planning only", self.spec.name))
    }
}

/// Characters of an answer that a reason shows.
const SHOWN_OF_ANSWER: usize = 40;

fn lacks_scores(method: Method, what: &str) -> String {
    let method = method.as_str();
    format!(
        "not applicable: `{method}` needs log-probabilities {what}; hint: use `method=multiple_choice_joint`, or a local model"
    )
}

impl Opener {
    /// Opens `SPEC` or `NAME=SPEC`; the name is then what results show.
    fn open(&self, text: &str, talk: &Talk) -> Result<LoadedModel, String> {
        let (label, spec) = split_label(text);
        if let Some(deployment) = self.helm.find(spec) {
            return self.open_helms(deployment, label, talk);
        }
        let name = ModelName::new(label.unwrap_or_else(|| default_name(spec)));
        let spec_of = |name: ModelName| ModelSpec { deployment: name.0.clone(), name };
        if let Some(path) = local_path(spec) {
            return self.open_local(&path, spec_of(name));
        }
        if let Some((launcher, model)) = launch::launcher(spec) {
            return self.open_launched(launcher, model, spec_of(name), talk);
        }
        if let Some(repository) = spec.strip_prefix("hf:") {
            let part = match self.purpose {
                Purpose::Plan => Part::Description,
                Purpose::Run => Part::Everything,
            };
            let path = hub_models::fetch(&self.library, repository, part, talk)?;
            return self.open_local(&path, spec_of(name));
        }
        let settings = Settings { contact: self.contact(spec), ..self.remote.clone() };
        let place = if spec.starts_with("test:") { Place::Local } else { Place::Remote };
        if self.offline
            && place == Place::Remote
            && !is_loopback(spec)
            && self.purpose == Purpose::Run
        {
            return Err(format!(
                "`{spec}` is on the network, which --offline forbids; hint: use a local model"
            ));
        }
        let mut asked = settings.contact == Contact::Probe;
        let mut opened = holometer_providers::open(spec, &settings);
        if opened.is_err() && asked && self.purpose == Purpose::Plan {
            // A plan can be made without the server; what it offers is then not known.
            asked = false;
            opened =
                holometer_providers::open(spec, &Settings { contact: Contact::Never, ..settings });
        }
        let opened = opened.map_err(|error| error.to_string())?;
        let Some(model) = opened else {
            if self.helm.knows_model(spec) {
                return Err(format!(
                    "HELM's model_metadata.yaml names `{spec}`, and model_deployments.yaml has no deployment of it; hint: add one, or write \
                     `-m {spec}=SPEC`"
                ));
            }
            return Err(unknown(spec));
        };
        let model: Arc<dyn Model> = Arc::from(model);
        let prompting = Prompting { tokenizer: model.tokenizer(), window: model.window() };
        let known = asked || place == Place::Local;
        Ok(LoadedModel { spec: spec_of(name), prompting, place, known, answering: Some(model) })
    }

    /// Opens a deployment of HELM's configuration; results show it under HELM's names.
    fn open_helms(
        &self,
        deployment: &HelmDeployment,
        label: Option<&str>,
        talk: &Talk,
    ) -> Result<LoadedModel, String> {
        let spec = self.helm.spec(deployment, &|path| Path::new(path).is_dir())?;
        let mut opener = self.clone();
        // What is opened now is no name of HELM's again.
        opener.helm = Arc::default();
        opener.remote.env =
            helm_models::with_key_of(opener.remote.env.clone(), &self.helm, deployment);
        opener.remote.window = opener.remote.window.or(deployment.window);
        opener.local.max_context = opener.local.max_context.or(deployment.window);
        let tokenizer = self.helm.tokenizer_place(deployment).map(PathBuf::from);
        let tokenizer = tokenizer.filter(|path| path.join("tokenizer.json").is_file());
        opener.local.tokenizer = opener.local.tokenizer.or(tokenizer);
        talk.say(&format!("HELM's deployment {} is {spec}", deployment.name));
        let mut model = opener.open(&spec, talk)?;
        model.spec = ModelSpec {
            name: ModelName::new(label.unwrap_or(&deployment.model)),
            deployment: deployment.name.clone(),
        };
        Ok(model)
    }

    /// Servers named by address are asked what they offer, also for a plan; vendors only when they are to answer.
    fn contact(&self, spec: &str) -> Contact {
        let by_address = spec.contains("://") && (!self.offline || is_loopback(spec));
        if self.purpose == Purpose::Run || by_address { Contact::Probe } else { Contact::Never }
    }

    /// Starts a server and opens the model behind it. A plan starts nothing.
    fn open_launched(
        &self,
        launcher: &Launcher,
        model: &str,
        spec: ModelSpec,
        talk: &Talk,
    ) -> Result<LoadedModel, String> {
        let tokenizer = if launcher.takes_path {
            let options = LoadOptions { name: Some(spec.name.0.clone()), ..LoadOptions::default() };
            load_tokenizer_and_window(Path::new(model), &options).ok().map(|found| found.tokenizer)
        } else {
            None
        };
        let place = Place::Local;
        let (base_url, contact, server) = if self.purpose == Purpose::Plan {
            ("http://127.0.0.1:9/v1".to_owned(), Contact::Never, None)
        } else {
            let server = launch::start(launcher, model, &launch::log_folder(), talk)?;
            (server.base_url.clone(), Contact::Probe, Some(server))
        };
        let settings = Settings { contact, batching: None, ..self.remote.clone() };
        let opened =
            holometer_providers::open(&base_url, &settings).map_err(|error| error.to_string())?;
        let Some(opened) = opened else { return Err(unknown(spec.name.as_str())) };
        let window = opened.window();
        let opened: Arc<dyn Model> = Arc::from(opened);
        let prompting = Prompting { tokenizer: tokenizer.clone(), window };
        let answering = match server {
            Some(server) => {
                let identity = launch::identity(launcher, model);
                Arc::new(LaunchedModel::new(opened, &spec.name, &identity, tokenizer, server))
                    as Arc<dyn Model>
            }
            None => opened,
        };
        let known = self.purpose == Purpose::Run;
        Ok(LoadedModel { spec, prompting, place, known, answering: Some(answering) })
    }

    fn open_local(&self, path: &Path, spec: ModelSpec) -> Result<LoadedModel, String> {
        let options = load_options(&self.local, Some(&spec.name));
        let place = Place::Local;
        if self.purpose == Purpose::Plan {
            let described =
                load_tokenizer_and_window(path, &options).map_err(|error| error.to_string())?;
            let prompting =
                Prompting { tokenizer: Some(described.tokenizer), window: described.window };
            return Ok(LoadedModel { spec, prompting, place, known: true, answering: None });
        }
        let model = LocalModel::load(path, &options).map_err(|error| error.to_string())?;
        let prompting = Prompting { tokenizer: model.tokenizer(), window: model.window() };
        Ok(LoadedModel { spec, prompting, place, known: true, answering: Some(Arc::new(model)) })
    }
}

/// How the engine loads a model, by the user's settings.
pub(crate) fn load_options(local: &LocalSettings, name: Option<&ModelName>) -> LoadOptions {
    LoadOptions {
        name: name.map(|name| name.0.clone()),
        threads: local.threads,
        weights: weight_type(local.weights),
        max_memory: local.max_memory.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        memory_taken: resident_memory().unwrap_or(0),
        chat: if local.no_chat_template { ChatUse::Never } else { ChatUse::IfPresent },
        tokenizer: local.tokenizer.as_deref().map(tokenizer_file),
        max_context: local.max_context,
    }
}

/// The engine's word for how weights are kept.
pub(crate) fn weight_type(typed: WeightsArg) -> WeightType {
    match typed {
        WeightsArg::Auto => WeightType::Auto,
        WeightsArg::Stored => WeightType::AsStored,
        WeightsArg::F32 => WeightType::F32,
        WeightsArg::Rounded16 => WeightType::Rounded16,
        WeightsArg::Rounded8 => WeightType::Rounded8,
    }
}

/// `tokenizer.json` itself, or the one in a folder.
fn tokenizer_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("tokenizer.json") } else { path.to_path_buf() }
}

/// Splits `NAME=SPEC`. A name has letters, digits and `._/-`, so no address is taken for one.
fn split_label(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((label, spec))
            if !label.is_empty()
                && !spec.is_empty()
                && label.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c)) =>
        {
            (Some(label), spec)
        }
        _ => (None, text),
    }
}

/// How the model of `SPEC` or `NAME=SPEC` is shown.
pub(crate) fn shown_name(text: &str) -> &str {
    let (label, spec) = split_label(text);
    label.unwrap_or_else(|| default_name(spec))
}

/// How a model is shown when the user gives it no name: a local one by its file's or folder's name.
fn default_name(spec: &str) -> &str {
    let Some(_) = local_path(spec) else { return spec };
    let path = spec.strip_prefix("path:").unwrap_or(spec).trim_end_matches(['/', '\\']);
    let last = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let last = if last.is_empty() || last == "." || last == ".." { path } else { last };
    last.strip_suffix(".gguf").unwrap_or(last)
}

/// The path of a local model: `path:...`, a `.gguf` file, or anything that looks like or is a path.
pub(crate) fn local_path(spec: &str) -> Option<PathBuf> {
    if let Some(path) = spec.strip_prefix("path:") {
        return Some(PathBuf::from(path));
    }
    if launch::launcher(spec).is_some() {
        return None;
    }
    let looks = spec.starts_with(['.', '/', '~']) || spec.to_lowercase().ends_with(".gguf");
    let path = PathBuf::from(spec);
    (looks || (!spec.contains(':') && path.exists())).then_some(path)
}

fn is_loopback(spec: &str) -> bool {
    ["://127.", "://localhost", "://[::1]"].iter().any(|host| spec.contains(host))
}

fn unknown(spec: &str) -> String {
    let hint = match spec.split_once('/') {
        Some((vendor, model)) => format!(
            "for an API write `{vendor}:{model}`; for a folder write `path:{spec}`; `holometer list providers` lists the APIs"
        ),
        None => format!(
            "a model is a folder or .gguf file (`path:{spec}`), an API (`openai:{spec}`), or an address (`http://host:port/v1#{spec}`)"
        ),
    };
    format!("`{spec}` is no model that can be opened: no such file or folder; hint: {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_from_specs() {
        assert_eq!(
            split_label("huggingface/gpt2=path:./gpt2"),
            (Some("huggingface/gpt2"), "path:./gpt2")
        );
        assert_eq!(split_label("http://host/v1?a=b#m"), (None, "http://host/v1?a=b#m"));
        assert_eq!(split_label("test:echo"), (None, "test:echo"));
    }

    #[test]
    fn local_models_are_named_after_their_files() {
        assert_eq!(default_name("path:./models/SmolLM2.Q4_1.gguf"), "SmolLM2.Q4_1");
        assert_eq!(default_name("./my-model/"), "my-model");
        assert_eq!(default_name("openai:gpt-4o"), "openai:gpt-4o");
        assert_eq!(default_name("llama-server:m.gguf"), "llama-server:m.gguf");
        assert_eq!(default_name("path:.."), "..");
    }
}
