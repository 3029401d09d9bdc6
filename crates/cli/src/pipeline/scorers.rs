//! Models on disk and guard models that give texts numbers, as models that are asked: their prompts are tasks, their answers numbers.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use holometer_core::{
    Cancel, Capabilities, Completion, FailureKind, Finished, Model, ModelCard, ModelName, Outcome,
    Price, Request, RequestKey, Response, ScorerRole, Sink, Tokenizer, Window,
};
use holometer_engine::Encoder;
use holometer_metrics::neural::{OF_ANSWERS, Reply, Task};
use holometer_run::Place;

use crate::failure::Failure;
use crate::pipeline::guards::{Guard, GuardFile};
use crate::pipeline::scorer_outputs::Use;
use crate::pipeline::{Environment, Models, Purpose};
use crate::progress::Talk;

/// What comes before a role in the fingerprints of scorers.
pub(crate) const FINGERPRINT: &str = "scorer:";
/// Raise a role's when its numbers change while the models stay.
fn version(role: ScorerRole) -> u32 {
    match role {
        // 2: the tokens of bert-score, and its layers; pairs cut as SummaC cuts them.
        ScorerRole::Matching | ScorerRole::Entailment => 2,
        _ => 1,
    }
}

/// A scorer on disk.
pub(crate) struct ScorerModel {
    pub(crate) role: ScorerRole,
    card: ModelCard,
    kind: Kind,
}

/// What answers.
enum Kind {
    Encoder(Box<Encoder>, Use),
    Guard(Guard),
}

impl ScorerModel {
    /// From `ROLE=FOLDER` or `ROLE=FOLDER#CLASS` (for BERTScore, `#LAYER` or `#MODEL`); for guards, `ROLE=FILE.toml` or `ROLE=FILE.toml#MODEL`.
    pub(crate) fn open(
        text: &str,
        environment: &Environment,
        talk: &Talk,
    ) -> Result<Self, Failure> {
        let roles = ScorerRole::ALL.map(|role| format!("`{}`", role.as_str())).join(", ");
        let shape =
            format!("--scorer takes ROLE=FOLDER or ROLE=FILE.toml, where ROLE is one of {roles}");
        let Some((role, rest)) = text.split_once('=') else {
            return Err(Failure::usage(format!("the scorer `{text}` has no role")).hint(shape));
        };
        let role = ScorerRole::named(role).ok_or_else(|| {
            Failure::usage(format!("there is no scorer's role `{role}`")).hint(shape)
        })?;
        if let Some((path, model)) = guard_file(rest) {
            return Self::open_guard(role, Path::new(path), model, environment, talk);
        }
        let (folder, class) = match rest.rsplit_once('#') {
            Some((folder, class)) if !Path::new(rest).exists() => (folder, Some(class)),
            _ => (rest, None),
        };
        Self::open_encoder(role, Path::new(folder), class, talk)
    }

    fn open_encoder(
        role: ScorerRole,
        folder: &Path,
        class: Option<&str>,
        talk: &Talk,
    ) -> Result<Self, Failure> {
        let encoder = Encoder::load(folder, None).map_err(Failure::usage)?;
        let use_ = Use::of(role, &encoder, class)?;
        let name = folder
            .canonicalize()
            .ok()
            .and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
        let name = name.unwrap_or_else(|| role.as_str().to_owned());
        if let Some(without) = use_.without_baseline() {
            talk.warn(&format!("{name}: {without}"));
        }
        let label = use_.label(class);
        let version = version(role);
        let details = use_.details();
        let hash = if version == 1 {
            encoder.fingerprint()[..16].to_owned()
        } else {
            let known = encoder.fingerprint();
            let parts = [known.as_bytes(), &version.to_le_bytes(), details.as_bytes()];
            holometer_metrics::scorers::hash(&parts)
        };
        let card = ModelCard {
            name: ModelName(format!("{name}{label}@{hash}")),
            fingerprint: format!(
                "{FINGERPRINT}{}:{}:{version}:{}{details}",
                role.as_str(),
                encoder.fingerprint(),
                class.unwrap_or_default()
            ),
            summary: format!(
                "{} scorer at {}: {}",
                role.as_str(),
                folder.display(),
                encoder.summary()
            ),
            capabilities: CAPABILITIES,
        };
        Ok(Self { role, card, kind: Kind::Encoder(Box::new(encoder), use_) })
    }

    fn open_guard(
        role: ScorerRole,
        path: &Path,
        model: Option<&str>,
        environment: &Environment,
        talk: &Talk,
    ) -> Result<Self, Failure> {
        let graded = [ScorerRole::Sentiment, ScorerRole::Regard].contains(&role);
        if !OF_ANSWERS.contains(&role) || graded {
            return Err(Failure::usage(format!("a guard can't be a {} scorer", role.as_str()))
                .hint("guards are for `toxicity`, `refusal`, `safety` and `stereotype`"));
        }
        let (file, text) = GuardFile::read(path)?;
        let Some(spec) = model.map(str::to_owned).or_else(|| file.model.clone()) else {
            return Err(Failure::usage(format!(
                "the guard file `{}` names no model",
                path.display()
            ))
            .hint("put `model = \"SPEC\"` into it, or write `FILE.toml#SPEC`"));
        };
        let specs = [spec];
        let models = Models::open(&specs, <_>::default(), environment, Purpose::Run, talk)?;
        let named = models.into_named();
        let opened = named.first().map(|model| (model.answering(), model.place));
        let Some((Ok(inner), place)) = opened else {
            return Err(Failure::usage(format!("the guard's model `{}` can't answer", specs[0])));
        };
        let known = &inner.card().fingerprint;
        let hash = holometer_metrics::scorers::hash(&[known.as_bytes(), text.as_bytes()]);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let card = ModelCard {
            name: ModelName(format!("{stem}@{hash}")),
            fingerprint: format!("{FINGERPRINT}{}:{hash}:{}:{known}", role.as_str(), version(role)),
            summary: format!(
                "{} guard {}: {}",
                role.as_str(),
                path.display(),
                inner.card().summary
            ),
            capabilities: CAPABILITIES,
        };
        Ok(Self { role, card, kind: Kind::Guard(Guard::new(file, inner, place)?) })
    }

    /// Where it computes.
    pub(crate) fn place(&self) -> Place {
        match &self.kind {
            Kind::Guard(guard) => guard.place(),
            Kind::Encoder(..) => Place::Local,
        }
    }

    /// A description for `holometer show scorer`.
    pub(crate) fn describe(&self) -> String {
        let (scale, what) = match &self.kind {
            Kind::Guard(guard) => ("0 to 1", guard.describe()),
            Kind::Encoder(encoder, use_) => {
                let (scale, what) = use_.describe(encoder);
                (scale, format!("{what} Texts are cut to {} tokens.", encoder.window()))
            }
        };
        format!(
            "# {}\n\n{}\n\n**What it measures.** {what}\n\n**Scale.** {scale}\n\n**Hash.** `{}`\n\n\
             **Caveats.** Models are not audited here: `holometer scorer audit {}=...` audits this one on labelled texts, by dialect and by the people that \
             they mention; `holometer show scorer toxicity` shows what an audit finds. Numbers of other hashes are not comparable with these.",
            self.role.as_str(),
            self.card.summary,
            self.card.name,
            self.role.as_str(),
        )
    }

    /// The scores of tasks that have one number each, in order; each error is why there is none.
    pub(crate) fn score_all(&self, tasks: &[Task], cancel: &Cancel) -> Vec<Result<f64, String>> {
        let requests: Vec<(RequestKey, Request)> = tasks
            .iter()
            .enumerate()
            .map(|(at, task)| (RequestKey(at as u64), task.inquiry(self.role).request))
            .collect();
        let scores = Mutex::new(vec![Err("it was stopped".to_owned()); tasks.len()]);
        self.answer(&requests, cancel, &|finished: Finished| {
            let score = match finished.outcome {
                Outcome::Answered(response) => {
                    let text = response.completions.first().map(|one| one.text.as_str());
                    let reply = serde_json::from_str(text.unwrap_or_default());
                    reply
                        .map_err(|error| error.to_string())
                        .and_then(|reply: Reply| reply.number(self.role))
                }
                Outcome::Refused { reason } => Err(reason),
                Outcome::Failed { message, .. } => Err(message),
            };
            let mut scores = scores.lock().unwrap_or_else(PoisonError::into_inner);
            scores[finished.key.0 as usize] = score;
        });
        scores.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `FILE.toml`, with the model behind `#`.
fn guard_file(text: &str) -> Option<(&str, Option<&str>)> {
    let (path, model) = match text.split_once('#') {
        Some((path, model)) => (path, Some(model)),
        None => (text, None),
    };
    path.to_lowercase().ends_with(".toml").then_some((path, model))
}

const CAPABILITIES: Capabilities = Capabilities {
    generate: true,
    score_continuation: false,
    score_next_token: false,
    token_logprobs: false,
    chat: false,
    top_k: false,
};

impl Model for ScorerModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn tokenizer(&self) -> Option<Arc<dyn Tokenizer>> {
        None
    }

    fn window(&self) -> Window {
        Window {
            max_sequence_length: usize::MAX,
            max_request_length: usize::MAX,
            prefix_token: String::new(),
            end_of_text_token: String::new(),
            chat: false,
        }
    }

    fn price(&self) -> Option<Price> {
        match &self.kind {
            Kind::Guard(guard) => guard.model().price(),
            Kind::Encoder(..) => None,
        }
    }

    fn answer(&self, requests: &[(RequestKey, Request)], cancel: &Cancel, sink: Sink<'_>) {
        let (encoder, use_) = match &self.kind {
            Kind::Encoder(encoder, use_) => (encoder, use_),
            Kind::Guard(guard) => {
                guard.answer(requests, cancel, &|key, verdict, finished| {
                    let outcome = match verdict {
                        Ok(verdict) => Outcome::Answered(Response {
                            prompt_tokens: verdict.prompt_tokens,
                            completion_tokens: verdict.completion_tokens,
                            ..recorded(&verdict.reply)
                        }),
                        Err(outcome) => outcome,
                    };
                    sink(Finished { key, outcome, ..finished.clone() });
                });
                return;
            }
        };
        for (key, request) in requests {
            if cancel.is_cancelled() {
                return;
            }
            let started = Instant::now();
            let reply =
                Task::of(request).and_then(|task| use_.reply(encoder, self.role, &task, cancel));
            if cancel.is_cancelled() {
                return;
            }
            let outcome = match reply {
                Ok(reply) => Outcome::Answered(recorded(&reply)),
                Err(problem) => Outcome::failed(FailureKind::Rejected, problem),
            };
            let seconds = started.elapsed().as_secs_f64();
            sink(Finished { key: *key, outcome, seconds, retries: 0 });
        }
    }
}

/// A reply as it is kept.
fn recorded(reply: &Reply) -> Response {
    let text = serde_json::to_string(reply).expect("finite numbers are valid JSON");
    let completions = vec![Completion { text, ..Completion::default() }];
    Response { completions, ..Response::default() }
}

/// How to get a scorer of a role, as reports say it.
pub(crate) fn how_to_get(role: ScorerRole) -> String {
    let example = match role {
        ScorerRole::Toxicity => "unitary/unbiased-toxic-roberta",
        ScorerRole::Sentiment => "cardiffnlp/twitter-roberta-base-sentiment-latest",
        ScorerRole::Refusal => "protectai/distilroberta-base-rejection-v1",
        ScorerRole::Safety => "meta-llama/Llama-Guard-3-1B",
        ScorerRole::Regard => "sasha/regardv3",
        ScorerRole::Stereotype => "wu981526092/Sentence-Level-Stereotype-Detector",
        ScorerRole::Entailment => "tals/albert-xlarge-vitaminc-mnli",
        ScorerRole::Matching => "microsoft/deberta-large-mnli",
        ScorerRole::Similarity => "sentence-transformers/all-MiniLM-L6-v2",
    };
    let note = match role {
        ScorerRole::Matching => {
            "; call the folder deberta-large-mnli, or write FOLDER#microsoft/deberta-large-mnli: the model's name tells layer and baseline"
        }
        _ => "",
    };
    format!(
        "`hf download {example} --local-dir FOLDER` fetches a model, `holometer rescore --scorer {}=FOLDER` uses it{note}",
        role.as_str()
    )
}
