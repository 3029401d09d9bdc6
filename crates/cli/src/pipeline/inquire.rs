//! Inquiries: after the models have answered, judges are asked about the answers and generated programs are run.
//!
//! Each respondent (a judge, the interpreter) gets a run of its own for each run it is asked about. That run's instances are the
//! judged run's, and its requests are the questions. So the questions have everything that requests have: they are asked once
//! in a file's life, an interrupted stage goes on where it stopped, and their tokens and prices are recorded. These runs
//! are kept in a suite beside the judged one, which reports do not list.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use holometer_core::{
    Args, Cancel, Model, ModelSpec, RecordedFindings, Request, RequestState, Respondent, RunName,
    RunSpec, ScenarioName, ScenarioSpec, ScorerRole,
};
use holometer_run::{Event, Job, Options, Place, WarningTally, execute};
use holometer_store::{RunContext, RunId, RunInfo, RunInputs, Store, inquiry_suite};

use crate::args::InquiryArgs;
use crate::failure::Failure;
use crate::pipeline::interpreter::InterpreterModel;
use crate::pipeline::score::Questions;
use crate::pipeline::scorers::{FINGERPRINT, ScorerModel};
use crate::pipeline::{
    Environment, LoadedModel, Models, PRICE_FIELD, Purpose, ScoreOptions, Spending, dollars, now,
};
use crate::progress::{Talk, Unit, stop_on_signal};

/// The scenario's name of runs that hold inquiries.
const SCENARIO: &str = "inquiry";

/// Who can be asked.
pub(crate) struct Respondents {
    args: InquiryArgs,
    judges: Vec<Rc<LoadedModel>>,
    scorers: Vec<Arc<ScorerModel>>,
    max_cost: Option<f64>,
}

impl Respondents {
    /// Opens the judges that the user names. The interpreter is looked for when a program is to be run.
    pub(crate) fn open(
        args: &InquiryArgs,
        environment: &Environment,
        max_cost: Option<f64>,
        talk: &Talk,
    ) -> Result<Self, Failure> {
        let models = Models::open(&args.judges, <_>::default(), environment, Purpose::Run, talk)?;
        let judges = models.into_named();
        let unpriced =
            |judge: &&Rc<LoadedModel>| judge.place == Place::Remote && judge.price().is_none();
        if let (Some(_), Some(judge)) = (max_cost, judges.iter().find(unpriced)) {
            let message = format!(
                "--max-cost can't hold: the price of the judge {} is not known",
                judge.spec.name
            );
            return Err(Failure::usage(message)
                .hint("leave --max-cost out, or judge with a model whose price is known"));
        }
        let open = |text: &String| ScorerModel::open(text, environment, talk).map(Arc::new);
        let scorers: Vec<_> = args.scorers.iter().map(open).collect::<Result<_, _>>()?;
        for (at, scorer) in scorers.iter().enumerate() {
            if scorers[..at].iter().any(|other| other.role == scorer.role) {
                let role = scorer.role.as_str();
                return Err(Failure::usage(format!("two {role} scorers are named"))
                    .hint("name one of each role: numbers of different scorers are not mixed"));
            }
        }
        let unpriced = |scorer: &&Arc<ScorerModel>| {
            scorer.place() == Place::Remote && scorer.price().is_none()
        };
        if let (Some(_), Some(scorer)) = (max_cost, scorers.iter().find(unpriced)) {
            let name = &scorer.card().name;
            let message =
                format!("--max-cost can't hold: the price of the guard {name} is not known");
            return Err(Failure::usage(message)
                .hint("leave --max-cost out, or use a guard whose price is known"));
        }
        Ok(Self { args: args.clone(), judges, scorers, max_cost })
    }

    /// The same when so many US dollars of the limit are spent.
    pub(crate) fn after_spending(mut self, spent: Option<f64>) -> Self {
        self.max_cost = self.max_cost.map(|limit| (limit - spent.unwrap_or(0.0)).max(0.0));
        self
    }

    /// The judges' names, in order.
    pub(crate) fn judge_names(&self) -> impl Iterator<Item = &holometer_core::ModelName> {
        self.judges.iter().map(|judge| &judge.spec.name)
    }

    /// The names, with hashes, of the scorers on disk; they stay for the program's life.
    pub(crate) fn scorer_ids(&self) -> &'static [String] {
        Vec::leak(self.scorers.iter().map(|scorer| scorer.card().name.0.clone()).collect())
    }

    fn roles(&self) -> Vec<ScorerRole> {
        self.scorers.iter().map(|scorer| scorer.role).collect()
    }

    /// Those who are asked this kind of question. The error is why nobody can be.
    fn of(&self, kind: Respondent, talk: &Talk) -> Result<Vec<Asked>, String> {
        match kind {
            Respondent::Judge => self.judges.iter().map(asked).collect(),
            Respondent::Scorer(role) => Ok(self
                .scorers
                .iter()
                .filter(|scorer| scorer.role == role)
                .map(|scorer| {
                    let name = scorer.card().name.clone();
                    let spec = ModelSpec { deployment: name.0.clone(), name };
                    let model: Arc<dyn Model> = Arc::<ScorerModel>::clone(scorer);
                    // The same files may serve two roles, whose questions are not the same.
                    let label = format!("{}:{}", role.as_str(), spec.name);
                    Asked { spec, label, model, place: scorer.place() }
                })
                .collect()),
            Respondent::Python => {
                let model = InterpreterModel::open(&self.args)?;
                talk.say(&format!("generated programs: {}", model.card().summary));
                if self.args.allow_unsandboxed_code && model.card().summary.contains("NOT isolated")
                {
                    talk.warn("generated programs run with all your rights");
                }
                let name = model.card().name.clone();
                let spec = ModelSpec { deployment: name.0.clone(), name };
                let label = spec.name.0.clone();
                Ok(vec![Asked { spec, label, model: Arc::new(model), place: Place::Local }])
            }
        }
    }
}

/// Somebody who is asked.
struct Asked {
    spec: ModelSpec,
    /// Tells its run from those of others who are asked about the same run.
    label: String,
    model: Arc<dyn Model>,
    place: Place,
}

fn asked(judge: &Rc<LoadedModel>) -> Result<Asked, String> {
    let spec = judge.spec.clone();
    let label = spec.name.0.clone();
    Ok(Asked { spec, label, model: judge.answering()?, place: judge.place })
}

/// How asking ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Inquired {
    /// Whether the user stopped it.
    pub(crate) interrupted: bool,
    /// Whether any inquiry failed or was not made.
    pub(crate) incomplete: bool,
}

/// Asks everything that the metrics of these runs want to know, and records what comes back.
pub(crate) fn inquire(
    store: &mut Store,
    runs: &[RunId],
    respondents: &Respondents,
    options: ScoreOptions,
    talk: &Talk,
) -> Result<Inquired, Failure> {
    let mut inquired = Inquired::default();
    let mut questions: Vec<(RunInfo, Questions)> = Vec::new();
    for run in runs {
        let info = store.run(*run).map_err(Failure::usage)?;
        let asked = Questions::of(store, &info, options, &respondents.roles())?;
        questions.push((info, asked));
    }
    let kinds = [Respondent::Python, Respondent::Judge];
    for kind in kinds.into_iter().chain(ScorerRole::ALL.map(Respondent::Scorer)) {
        if questions.iter().all(|(_, questions)| questions.to(kind).is_empty()) {
            continue;
        }
        let asked = match respondents.of(kind, talk) {
            Ok(asked) if asked.is_empty() => continue,
            Ok(asked) => asked,
            Err(reason) => {
                talk.warn(&format!("generated programs are not run: {reason}"));
                continue;
            }
        };
        let put = ask(store, kind, &questions, &asked, respondents.max_cost, talk)?;
        inquired.incomplete |= put.incomplete;
        inquired.interrupted |= put.interrupted;
        if inquired.interrupted {
            break;
        }
    }
    Ok(inquired)
}

fn ask(
    store: &mut Store,
    kind: Respondent,
    questions: &[(RunInfo, Questions)],
    asked: &[Asked],
    max_cost: Option<f64>,
    talk: &Talk,
) -> Result<Inquired, Failure> {
    let mut jobs = Vec::new();
    for (info, questions) in questions {
        let requests = questions.to(kind);
        for respondent in asked.iter().filter(|_| !requests.is_empty()) {
            jobs.push(begin(store, info, info.spec.name.as_str(), requests, respondent)?);
        }
    }
    let what = match kind {
        Respondent::Judge => "judging",
        Respondent::Python => "running programs",
        Respondent::Scorer(_) => "scoring by models",
    };
    put(store, what, &jobs, max_cost, talk)
}

/// Has everything asked that was not asked before.
fn put(
    store: &mut Store,
    what: &str,
    jobs: &[Job],
    max_cost: Option<f64>,
    talk: &Talk,
) -> Result<Inquired, Failure> {
    let prices = jobs.iter().filter_map(|job| Some((job.run, job.model.price()?))).collect();
    let cancel = Cancel::new();
    stop_on_signal(&cancel);
    let spending = Spending::new(prices, max_cost);
    let pending = std::cell::Cell::new(0);
    let tally = std::cell::RefCell::new(WarningTally::default());
    let events = |event: Event| match event {
        Event::Resumed { pending: more, .. } => pending.set(pending.get() + more as u64),
        Event::ModelStarted { .. } => talk.begin(what, pending.get(), Unit::Requests),
        Event::RequestFinished { run, prompt_tokens, completion_tokens, .. } => {
            spending.add(run, prompt_tokens, completion_tokens, &cancel);
            talk.advance(1);
        }
        Event::Warning { code, text } => {
            tracing::warn!(code, "{text}");
            if tally.borrow_mut().add(code, &text) == 1 {
                talk.warn(&text);
            }
        }
        other => tracing::debug!("{other:?}"),
    };
    let report = execute(store, jobs, &Options::default(), &cancel, &events);
    talk.end();
    let report = report.map_err(Failure::usage)?;
    let total = &report.total;
    let cost = spending.spent().map(|spent| format!(", {}", dollars(spent))).unwrap_or_default();
    talk.say(&format!(
        "{what}: {} inquiries, {} answered, {} failed, {} not made ({} made now{cost})",
        total.planned,
        total.answered + total.refused,
        total.failed,
        total.not_run,
        report.asked
    ));
    let interrupted = report.interrupted && !spending.stopped();
    Ok(Inquired { interrupted, incomplete: total.failed > 0 || total.not_run > 0 })
}

/// Enters a respondent's run about a run, or about what `about` names.
fn begin(
    store: &mut Store,
    judged: &RunInfo,
    about: &str,
    requests: &[RequestState],
    respondent: &Asked,
) -> Result<Job, Failure> {
    let spec = RunSpec {
        name: RunName(format!("{about},asked={}", respondent.label)),
        scenario: ScenarioSpec { name: ScenarioName::from(SCENARIO), args: Args::default() },
        metrics: Vec::new(),
        groups: vec![about.to_owned()],
        model: respondent.spec.clone(),
        ..judged.spec.clone()
    };
    let inputs = RunInputs {
        fingerprint: &respondent.model.card().fingerprint,
        data_hashes: &BTreeMap::new(),
        instances: &[],
        requests,
    };
    let mut host = serde_json::json!({ "respondent": respondent.model.card().summary });
    if let Some(price) = respondent.model.price() {
        host[PRICE_FIELD] = serde_json::json!(price);
    }
    let context = RunContext { at: now(), version: env!("CARGO_PKG_VERSION").to_owned(), host };
    let suite = inquiry_suite(&judged.suite);
    let run = store.begin_run(&suite, &spec, &inputs, &context).map_err(Failure::usage)?.run;
    Ok(Job { run, model: Arc::clone(&respondent.model), place: respondent.place })
}

/// Asks the judges about pairs of answers and gives everything that was said.
pub(crate) fn compare_by_judges(
    store: &mut Store,
    judged: &RunInfo,
    about: &str,
    requests: &[RequestState],
    respondents: &Respondents,
    talk: &Talk,
) -> Result<RecordedFindings, Failure> {
    let asked = respondents.of(Respondent::Judge, talk).map_err(Failure::usage)?;
    let jobs = asked.iter().map(|judge| begin(store, judged, about, requests, judge));
    let jobs = jobs.collect::<Result<Vec<_>, _>>()?;
    put(store, "judging pairs", &jobs, respondents.max_cost, talk)?;
    let mut found = RecordedFindings::default();
    for (job, judge) in jobs.iter().zip(&asked) {
        for answer in store.answers(job.run) {
            let answer = answer.map_err(Failure::usage)?;
            if let Some(reply) = answer.reply {
                found.add(&answer.state.request, &judge.spec.name, reply.outcome);
            }
        }
    }
    Ok(found)
}

/// What was found out about a run so far.
#[derive(Default)]
pub(crate) struct Found {
    /// By question.
    pub(crate) findings: RecordedFindings,
    /// Whether a judge was asked anything.
    pub(crate) judged: bool,
    /// Whether programs were run.
    pub(crate) ran: bool,
    /// The scorer on disk, with its hash, whose numbers count, by role.
    pub(crate) scorers: BTreeMap<ScorerRole, String>,
}

/// Reads what was recorded about a run, of every respondent that was ever asked.
///
/// Of several scorers on disk of one role only one counts, so that numbers of different hashes are never mixed: one of those that
/// are `preferred`, else the one that came last.
pub(crate) fn findings(
    store: &Store,
    run: &RunInfo,
    preferred: &[String],
) -> Result<Found, Failure> {
    let mut found = Found::default();
    let runs = inquiry_runs(store, run)?;
    for about in &runs {
        if let Some(role) = scorer_role(about) {
            let name = &about.spec.model.name.0;
            let known = found.scorers.get(&role).is_some_and(|known| preferred.contains(known));
            if !known {
                found.scorers.insert(role, name.clone());
            }
        }
    }
    for about in runs {
        let role = scorer_role(&about);
        if let Some(role) = role {
            if found.scorers.get(&role) != Some(&about.spec.model.name.0) {
                continue;
            }
        } else {
            let python = about.fingerprint.starts_with("python:");
            found.ran |= python;
            found.judged |= !python;
        }
        for answer in store.answers(about.id) {
            let answer = answer.map_err(Failure::usage)?;
            if let Some(reply) = answer.reply {
                let (request, name) = (&answer.state.request, &about.spec.model.name);
                match role {
                    Some(role) => found.findings.add_score(role, request, name, reply.outcome),
                    None => found.findings.add(request, name, reply.outcome),
                }
            }
        }
    }
    Ok(found)
}

/// What the scorer on disk that a run asked is for; `None` for other respondents.
fn scorer_role(about: &RunInfo) -> Option<ScorerRole> {
    ScorerRole::named(about.fingerprint.strip_prefix(FINGERPRINT)?.split(':').next()?)
}

/// The runs that hold what was asked about a run.
pub(crate) fn inquiry_runs(store: &Store, run: &RunInfo) -> Result<Vec<RunInfo>, Failure> {
    let runs = store.runs(&inquiry_suite(&run.suite)).map_err(Failure::usage)?;
    Ok(runs.into_iter().filter(|about| about.spec.groups == [run.spec.name.0.clone()]).collect())
}

/// A question as a request about a unit's instance.
pub(crate) fn question(
    instance: &Arc<holometer_core::Instance>,
    trial: usize,
    request: Request,
) -> RequestState {
    RequestState {
        instance: Arc::clone(instance),
        reference_index: None,
        request_mode: None,
        train_trial_index: trial,
        output_mapping: None,
        request,
        num_train_instances: 0,
        prompt_truncated: false,
        num_conditioning_tokens: 0,
    }
}
