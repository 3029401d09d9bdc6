//! One instance: what was asked, what came back, and how its perturbed copies fared.

use std::fmt::Write as _;

use holometer_core::{
    Completion, FinishReason, Instance, Outcome, Prompt, Request as ModelRequest, Score,
    ScoredToken, Value as Number,
};
use holometer_store::{Direction, RunInfo, StoredAnswer, StoredUnit, UnitId};
use minijinja::value::Value;
use serde_json::json;

use super::common::{duration, label, run_links, time};
use super::instances::{Selection, answer, state, verdict};
use crate::paths;
use crate::site::{Frame, Mode, PageError, Request, link};
use crate::template::{safe, view};
use crate::text::{SHOWN, cut, diff_html, escape, escape_into, shown_number as number};

/// The most requests, completions and tokens that are shown one by one.
const MOST_REQUESTS: usize = 60;
const MOST_COMPLETIONS: usize = 20;
const MOST_TOKENS: usize = 3000;

/// The page of a unit; `file` is `POSITION.html` or `POSITION-tTRIAL.html`.
pub(crate) fn page(request: &Request<'_>, run: &RunInfo, file: &str) -> Result<String, PageError> {
    let id = parse(file).ok_or_else(|| request.not_found())?;
    if matches!(request.site.mode, Mode::Files { instances } if id.instance >= instances) {
        return Err(request.not_found());
    }
    let instance =
        request.store.instance(run.id, id.instance)?.ok_or_else(|| request.not_found())?;
    let unit = request.store.unit(run.id, id)?;
    let scores = request.store.scores_of(run.id, id)?;
    let mut query = request.query.clone();
    query.0.insert("trial".to_owned(), id.trial.to_string());
    let selection = Selection::of(request, run, &query)?;
    let judge = selection.judge.clone();
    let (before, after) = neighbours(request, run, &selection, id)?;
    let mut facts = vec![("split", instance.split.as_str().to_owned())];
    facts.extend(instance.sub_split.iter().map(|sub_split| ("sub-split", sub_split.clone())));
    facts.extend(instance.cluster.iter().map(|cluster| ("cluster", cluster.clone())));
    facts.extend(instance.groups.iter().map(|group| ("group", group.clone())));
    let frame = Frame {
        title: instance.id.0.clone(),
        current: "leaderboard",
        suite: Some(&run.suite),
        per_suite: false,
        crumbs: vec![
            link(paths::run(run.id.0), format!("{} \u{b7} {}", label(run), run.spec.model.name)),
            link(back(request, run), "instances"),
        ],
    };
    let answers = unit.as_ref().map(|unit| unit.answers.as_slice()).unwrap_or_default();
    let known_for = request.site.cards.main_metrics(&run.spec);
    let (main, others): (Vec<&Score>, Vec<&Score>) =
        scores.iter().partition(|score| known_for.contains(&score.metric));
    let shown =
        |scores: &[&Score]| scores.iter().map(|score| scored(request, score)).collect::<Vec<_>>();
    request.render(
        "unit.html",
        &frame,
        view! {
            id => instance.id.0, facts => facts, links => run_links(run),
            perturbation => instance.perturbation.as_ref().map(|made| made.name.0.clone()),
            perturbation_json => instance.perturbation.as_ref().map(|made| json!(made).to_string()),
            contrast => instance.contrast_inputs.first().filter(|_| instance.perturbation.is_some())
                .map(|original| safe(diff_html(&original.text, &instance.input.text))),
            verdict => verdict(&scores, judge.as_ref()), state => unit.as_ref().map_or("no requests", state),
            answer => unit.as_ref().map(|unit| crate::text::line(&answer(unit), 400)),
            references => references(&instance), extra => extra(&instance),
            requests => answers.iter().take(MOST_REQUESTS).map(|answer| asked(run, answer)).collect::<Vec<_>>(),
            more_requests => answers.len().saturating_sub(MOST_REQUESTS),
            scores => shown(&main), others => shown(&others),
            copies => copies(request, run, &selection, id, &instance, unit.as_ref())?,
            before => before, after => after, position => id.instance, trial => id.trial,
            trials => trials(run, id),
            ratings => request.store.ratings(run.id, id)?.into_iter().map(|rating| view! {
                rater => rating.rater, value => rating.value, note => rating.note, at => time(rating.at),
            }).collect::<Vec<_>>(),
            may_rate => matches!(request.site.mode, Mode::Served { ratings: true }),
            run => run.id.0,
        },
    )
}

fn parse(file: &str) -> Option<UnitId> {
    let name = file.strip_suffix(".html")?;
    let (instance, trial) = match name.split_once("-t") {
        Some((instance, trial)) => (instance.parse().ok()?, trial.parse().ok()?),
        None => (name.parse().ok()?, 0),
    };
    let within = |number: usize| i64::try_from(number).is_ok_and(|number| number < i64::MAX / 2);
    (within(instance) && within(trial)).then_some(UnitId { trial, instance })
}

/// The list that the reader came from.
fn back(request: &Request<'_>, run: &RunInfo) -> String {
    let list = paths::instances(run.id.0);
    if request.site.mode.is_files() { list } else { list + &request.query.with("", "") }
}

fn trials(run: &RunInfo, id: UnitId) -> Vec<Value> {
    let count = run.spec.adapter.few_shot.num_train_trials;
    if count < 2 {
        return Vec::new();
    }
    (0..count)
        .map(|trial| view! { href => paths::unit(run.id.0, id.instance, trial), label => trial + 1, current => trial == id.trial })
        .collect()
}

/// The neighbours in the list that the reader came from.
fn neighbours(
    request: &Request<'_>,
    run: &RunInfo,
    selection: &Selection,
    id: UnitId,
) -> Result<(Option<String>, Option<String>), PageError> {
    let at = id.instance as i64;
    let files = request.site.mode.is_files();
    let suffix = if files { String::new() } else { request.query.with("", "") };
    let find = |from: i64, direction: Direction| -> Result<Option<String>, PageError> {
        let found = selection.neighbour(request, run, from, direction)?;
        let place = found.places.first().map(|place| place.position);
        let place = place.filter(|place| match request.site.mode {
            Mode::Files { instances } => *place < instances,
            Mode::Served { .. } => true,
        });
        if let Some(place) = place {
            return Ok(Some(paths::unit(run.id.0, place, id.trial) + &suffix));
        }
        // None is near: the list goes on looking.
        let further = found.next.filter(|_| found.places.is_empty() && !files);
        Ok(further.map(|next| {
            let (name, place) = match direction {
                Direction::Forward => ("from", next),
                Direction::Backward => ("before", next + 1),
            };
            paths::instances(run.id.0) + &request.query.with(name, &place.to_string())
        }))
    };
    Ok((find(at - 1, Direction::Backward)?, find(at + 1, Direction::Forward)?))
}

fn references(instance: &Instance) -> Vec<Value> {
    let shown = instance.references.iter().take(100).map(|reference| {
        let tags: Vec<&String> = reference.tags.iter().filter(|tag| *tag != "correct").collect();
        let (text, left_out) = cut(&reference.output.text, SHOWN);
        view! { text => text, left_out => left_out, correct => reference.is_correct(), tags => tags }
    });
    shown.collect()
}

fn extra(instance: &Instance) -> Vec<(String, String)> {
    let shown = instance.extra.iter().map(|(name, value)| {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (name.clone(), cut(&text, 2000).0.to_owned())
    });
    shown.collect()
}

fn scored(request: &Request<'_>, score: &Score) -> Value {
    let card = request.site.cards.metric(score.metric.as_str());
    let href = card.map(|card| paths::card("metrics", card.name));
    let root = paths::root(request.path);
    match &score.value {
        Number::Number(value) => {
            view! { metric => score.metric.0, root => root, href => href, value => number(*value), reason => "" }
        }
        Number::Unscored(why) => {
            view! { metric => score.metric.0, root => root, href => href, value => "", reason => why }
        }
    }
}

/// One request with what came back.
fn asked(run: &RunInfo, answer: &StoredAnswer) -> Value {
    let state = &answer.state;
    let reply = answer.reply.as_ref();
    let (before, question, scored) = parts(run, answer);
    let outcome = reply.map(|reply| &reply.outcome);
    let completions: Vec<Value> = match outcome {
        Some(Outcome::Answered(response)) => {
            response.completions.iter().take(MOST_COMPLETIONS).map(completion).collect()
        }
        _ => Vec::new(),
    };
    let response = outcome.and_then(Outcome::response);
    let wrong = match outcome {
        None => Some("It has not been asked yet.".to_owned()),
        Some(Outcome::Refused { reason }) => Some(format!("Refused: {reason}")),
        Some(Outcome::Failed { kind, message }) => Some(format!("Failed ({kind:?}): {message}")),
        Some(Outcome::Answered(_)) => None,
    };
    let (question, left_out) = cut(&question, SHOWN);
    view! {
        position => answer.position, examples => state.num_train_instances, cut => state.prompt_truncated,
        before => (!before.is_empty()).then(|| cut(&before, SHOWN).0.to_owned()), before_size => before.chars().count(),
        question => question, left_out => left_out, scored => scored,
        reference => state.reference_index.and_then(|index| state.instance.references.get(index)).map(|reference| crate::text::line(&reference.output.text, 120)),
        mode => state.request_mode.map(holometer_core::RequestMode::as_str),
        mapping => state.output_mapping.clone().unwrap_or_default(),
        completions => completions, problem => wrong,
        seconds => reply.and_then(|reply| reply.seconds).map(duration), retries => reply.map_or(0, |reply| reply.retries),
        at => reply.map(|reply| time(reply.at)),
        read => response.and_then(|response| response.prompt_tokens), written => response.and_then(|response| response.completion_tokens),
        served_by => response.and_then(|response| response.served_by.clone()),
        json => ascii(&json!({ "request": state.request, "outcome": outcome })),
        curl => curl(run, &state.request),
    }
}

/// The prompt in parts: instructions and examples, the question, and the text that is scored.
fn parts(run: &RunInfo, answer: &StoredAnswer) -> (String, String, Option<String>) {
    let (prompt, scored) = match &answer.state.request {
        ModelRequest::Generate { prompt: Prompt::Text(text), .. } => (text.clone(), None),
        ModelRequest::Generate { prompt: Prompt::Chat(messages), .. } => {
            let turns = messages.iter().map(|message| {
                let role = serde_json::to_string(&message.role).unwrap_or_default();
                format!("[{}]\n{}", role.trim_matches('"'), message.content)
            });
            (turns.collect::<Vec<_>>().join("\n\n"), None)
        }
        ModelRequest::ScoreContinuation { context, continuation } => {
            (context.clone(), Some(cut(continuation, SHOWN).0.to_owned()))
        }
    };
    let input = &answer.state.instance.input.text;
    let at = if input.is_empty() { None } else { prompt.rfind(input.as_str()) };
    let Some(at) = at else { return (String::new(), prompt, scored) };
    let prefix = &run.spec.adapter.template.input_prefix;
    let at = if prompt[..at].ends_with(prefix.as_str()) { at - prefix.len() } else { at };
    if at < 120 {
        return (String::new(), prompt, scored);
    }
    let question = prompt[at..].to_owned();
    (prompt[..at].to_owned(), question, scored)
}

fn completion(completion: &Completion) -> Value {
    let tokens = completion.answer_tokens();
    let joined: usize = tokens.iter().map(|token| token.text.len()).sum();
    let shaded =
        !tokens.is_empty() && joined > 0 && tokens.iter().any(|token| token.logprob.is_some());
    let (text, left_out) = cut(&completion.text, SHOWN);
    view! {
        text => text, left_out => left_out, empty => completion.text.is_empty(),
        tokens => shaded.then(|| safe(shade(tokens))), more_tokens => tokens.len().saturating_sub(MOST_TOKENS),
        logprob => completion.logprob().map(number), count => tokens.len(),
        finish => completion.finish_reason.as_ref().map(finish), thinking => completion.thinking.as_ref().map(|text| cut(text, SHOWN).0.to_owned()),
    }
}

fn finish(reason: &FinishReason) -> String {
    match reason {
        FinishReason::Stop => "ended at a stop sequence".to_owned(),
        FinishReason::EndOfText => "ended by itself".to_owned(),
        FinishReason::Length => "cut at the token limit".to_owned(),
        FinishReason::Window => "the context window was full".to_owned(),
        FinishReason::ContentFilter => "cut by the provider's content filter".to_owned(),
        FinishReason::Other(words) => words.clone(),
    }
}

/// Tokens shaded by their probability, each with its number and alternatives as a tip.
fn shade(tokens: &[ScoredToken]) -> String {
    let mut html = String::new();
    for token in tokens.iter().take(MOST_TOKENS) {
        let class = token.logprob.map_or("p-none", |logprob| match logprob.exp() {
            p if p >= 0.9 => "p0",
            p if p >= 0.7 => "p1",
            p if p >= 0.5 => "p2",
            p if p >= 0.3 => "p3",
            p if p >= 0.1 => "p4",
            p if p >= 0.02 => "p5",
            _ => "p6",
        });
        let mut tip = match token.logprob {
            Some(logprob) => format!("{:.1}%", logprob.exp() * 100.0),
            None => "no probability".to_owned(),
        };
        for top in token.top.iter().take(5) {
            let _ = write!(tip, "\n{:?} {:.1}%", cut(&top.text, 40).0, top.logprob.exp() * 100.0);
        }
        let _ = write!(html, "<span class=\"{class}\" title=\"{}\">", escape(&tip));
        escape_into(cut(&token.text, 2000).0, &mut html);
        html.push_str("</span>");
    }
    html
}

/// The other instances with the same id, with a word diff of question and answer.
fn copies(
    request: &Request<'_>,
    run: &RunInfo,
    selection: &Selection,
    id: UnitId,
    instance: &Instance,
    unit: Option<&StoredUnit>,
) -> Result<Vec<Value>, PageError> {
    let mut copies = Vec::new();
    let own = unit.map(answer).unwrap_or_default();
    for place in request.store.copies(run.id, instance.id.as_str())?.into_iter().take(60) {
        let shown =
            !matches!(request.site.mode, Mode::Files { instances } if place.position >= instances);
        if place.position == id.instance || !shown {
            continue;
        }
        let other = UnitId { trial: id.trial, instance: place.position };
        let Some(unit) = request.store.unit(run.id, other)? else { continue };
        let scores = request.store.scores_of(run.id, other)?;
        let theirs = answer(&unit);
        copies.push(view! {
            href => paths::unit(run.id.0, place.position, id.trial),
            name => place.perturbation.clone().unwrap_or_else(|| "original".to_owned()),
            question => safe(diff_html(&instance.input.text, &unit.instance.input.text)),
            answer => safe(diff_html(cut(&own, 2000).0, cut(&theirs, 2000).0)), same_answer => own == theirs,
            verdict => verdict(&scores, selection.judge.as_ref()), state => state(&unit),
        });
    }
    Ok(copies)
}

/// JSON that is plain ASCII, so that it can be copied as it is from a page that shows invisible characters.
fn ascii(value: &serde_json::Value) -> String {
    let json = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// The request as a command against an OpenAI-compatible server.
fn curl(run: &RunInfo, request: &ModelRequest) -> String {
    let model = &run.spec.model.deployment;
    let (path, mut body) = match request {
        ModelRequest::Generate { prompt: Prompt::Text(text), .. } => {
            ("completions", json!({ "model": model, "prompt": text }))
        }
        ModelRequest::Generate { prompt: Prompt::Chat(messages), .. } => {
            ("chat/completions", json!({ "model": model, "messages": messages }))
        }
        ModelRequest::ScoreContinuation { context, continuation } => (
            "completions",
            json!({
                "model": model, "prompt": format!("{context}{continuation}"), "max_tokens": 0, "echo": true, "logprobs": 1,
            }),
        ),
    };
    if let (ModelRequest::Generate { decoding, .. }, Some(object)) = (request, body.as_object_mut())
    {
        object.insert("max_tokens".into(), json!(decoding.max_tokens));
        object.insert("temperature".into(), json!(decoding.temperature));
        object.insert("top_p".into(), json!(decoding.top_p));
        if let Some(most) = decoding.top_k {
            object.insert("top_k".into(), json!(most));
        }
        if !decoding.stop_sequences.is_empty() {
            object.insert("stop".into(), json!(decoding.stop_sequences));
        }
    }
    let body = ascii(&body).replace('\'', "\\u0027");
    format!(
        "curl \"$BASE_URL/{path}\" -H 'Content-Type: application/json' -H \"Authorization: Bearer $API_KEY\" -d '{body}'"
    )
}
