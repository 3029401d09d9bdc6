//! Guard models: models that write, asked whether an answer is toxic, declines or is unsafe. What they are asked, and which of their
//! words mean yes and no, is data in a file, because every guard was trained with a prompt of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use holometer_core::{
    Cancel, Decoding, FailureKind, Finished, Model, Outcome, Prompt, Request, RequestKey, Response,
};
use holometer_metrics::neural::{Reply, Task};
use holometer_run::Place;
use serde::Deserialize;

use crate::failure::Failure;

/// The most of an unreadable verdict that is kept.
const SHOWN: usize = 200;

/// How a verdict is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reading {
    /// From the probabilities of the words for yes and no after the prompt.
    #[default]
    Probability,
    /// From what the model writes.
    Text,
}

/// A guard's file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GuardFile {
    /// The model, as `--model` takes it; `FILE.toml#MODEL` names another.
    pub(super) model: Option<String>,
    /// The prompt, with `{{ answer }}` and perhaps `{{ question }}`.
    prompt: String,
    /// What it says for yes: toxic, declines, unsafe.
    yes: Vec<String>,
    /// What it says for no.
    no: Vec<String>,
    #[serde(default)]
    read: Reading,
    /// Text after which the verdict stands, where the model writes several.
    #[serde(default)]
    after: String,
    /// The most tokens that it writes.
    #[serde(default = "default_tokens")]
    max_tokens: usize,
}

fn default_tokens() -> usize {
    32
}

impl GuardFile {
    /// Reads and checks a file; gives its text, too.
    pub(super) fn read(path: &Path) -> Result<(Self, String), Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!("the guard file `{}` can't be read: {error}", path.display()))
                .hint("`docs/scorers.md` shows one")
        })?;
        let wrong = |message: String| {
            Failure::usage(format!("the guard file `{}`: {message}", path.display())).hint(
                "it has `prompt` with `{{ answer }}` (and perhaps `{{ question }}`), the lists `yes` and `no`, and perhaps `model`, `read`, \
                 `after`, `max_tokens`",
            )
        };
        let file: Self =
            toml::from_str(&text).map_err(|error| wrong(error.to_string().trim().to_owned()))?;
        let places = file.places().map_err(wrong)?;
        if !places.contains(&"answer") {
            return Err(wrong("its prompt has no `{{ answer }}`".to_owned()));
        }
        let words = || file.yes.iter().chain(&file.no);
        if file.yes.is_empty() || file.no.is_empty() || words().any(|word| word.trim().is_empty()) {
            return Err(wrong("`yes` and `no` need a word each".to_owned()));
        }
        if words().enumerate().any(|(at, word)| words().skip(at + 1).any(|other| other == word)) {
            return Err(wrong("a word stands twice in `yes` and `no`".to_owned()));
        }
        if file.read == Reading::Probability && !file.after.is_empty() {
            return Err(wrong("`after` goes with `read = \"text\"`".to_owned()));
        }
        Ok((file, text))
    }

    /// The names in double braces, in order.
    fn places(&self) -> Result<Vec<&str>, String> {
        let mut names = Vec::new();
        for part in self.prompt.split("{{").skip(1) {
            let name = part.split_once("}}").map(|(name, _)| name.trim());
            match name {
                Some(name @ ("question" | "answer")) => names.push(name),
                _ => return Err("its prompt has double braces around another word".to_owned()),
            }
        }
        Ok(names)
    }

    /// The prompt about an answer. What question and answer hold is put in as it is.
    fn prompt(&self, question: &str, answer: &str) -> String {
        let mut parts = self.prompt.split("{{");
        let mut prompt = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
            let text = if name.trim() == "question" { question } else { answer };
            let _ = write!(prompt, "{text}{rest}");
        }
        prompt
    }

    /// What a written verdict says: whichever word for yes or no stands first, as a word of its own.
    fn verdict(&self, written: &str) -> Reply {
        let unreadable = || Reply::Unreadable(written.chars().take(SHOWN).collect());
        let lower = written.to_lowercase();
        let place = match self.after.trim() {
            "" => Some(lower.as_str()),
            after => lower.split_once(&after.to_lowercase()).map(|(_, rest)| rest),
        };
        let Some(place) = place else { return unreadable() };
        let first = |words: &[String]| words.iter().filter_map(|word| find_word(place, word)).min();
        match (first(&self.yes), first(&self.no)) {
            (Some(yes), Some(no)) if yes < no => Reply::Score(1.0),
            (Some(_), None) => Reply::Score(1.0),
            (_, Some(_)) => Reply::Score(0.0),
            (None, None) => unreadable(),
        }
    }
}

/// Where a word stands in a lower-case text, with no letter or digit beside it: `safe` is not in `unsafe`.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let word = word.trim().to_lowercase();
    text.match_indices(&word).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

/// What a guard says, and what saying it took.
pub(super) struct Verdict {
    pub(super) reply: Reply,
    pub(super) prompt_tokens: Option<usize>,
    pub(super) completion_tokens: Option<usize>,
}

/// Takes each task's verdict, or why there is none, from any thread.
type Done<'a> = &'a (dyn Fn(RequestKey, Result<Verdict, Outcome>, &Finished) + Send + Sync);

/// The sum over all responses, where each tells.
fn total(responses: &[&Response], of: fn(&Response) -> Option<usize>) -> Option<usize> {
    responses.iter().map(|response| of(response)).sum()
}

/// A guard that is ready to answer.
pub(super) struct Guard {
    file: GuardFile,
    model: Arc<dyn Model>,
    place: Place,
}

impl Guard {
    pub(super) fn new(
        file: GuardFile,
        model: Arc<dyn Model>,
        place: Place,
    ) -> Result<Self, Failure> {
        if file.read == Reading::Probability && !model.card().capabilities.score_next_token {
            return Err(Failure::usage(format!(
                "the guard {} does not report the probability of given words",
                model.card().name
            ))
            .hint("put `read = \"text\"` into its file, or use a model on this machine"));
        }
        Ok(Self { file, model, place })
    }

    pub(super) fn model(&self) -> &dyn Model {
        self.model.as_ref()
    }

    /// Where its model computes.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// For `holometer show scorer`.
    pub(super) fn describe(&self) -> String {
        let words = |words: &[String]| {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        };
        let (yes, no) = (words(&self.file.yes), words(&self.file.no));
        match self.file.read {
            Reading::Probability => {
                format!("The probability of {yes} among {yes} and {no} after its prompt.")
            }
            Reading::Text => {
                format!("1 where it writes {yes} first, 0 where {no}; else no number.")
            }
        }
    }

    /// The requests of one task: one for each word, or one to write.
    fn requests(&self, task: &Task) -> Result<Vec<Request>, String> {
        let Task::Classify { text, question } = task else {
            return Err("a guard says nothing about this".to_owned());
        };
        let prompt = self.file.prompt(question.as_deref().unwrap_or_default(), text);
        Ok(match self.file.read {
            Reading::Probability => {
                let words = self.file.yes.iter().chain(&self.file.no);
                words
                    .map(|word| Request::ScoreContinuation {
                        context: prompt.clone(),
                        continuation: word.clone(),
                    })
                    .collect()
            }
            Reading::Text => {
                let decoding = Decoding { max_tokens: self.file.max_tokens, ..Decoding::default() };
                vec![Request::Generate { prompt: Prompt::Text(prompt), decoding }]
            }
        })
    }

    /// What came of them.
    fn reply(&self, responses: &[&Response]) -> Reply {
        if self.file.read == Reading::Text {
            let written = responses.first().and_then(|response| response.completions.first());
            return self.file.verdict(written.map_or("", |completion| completion.text.as_str()));
        }
        let logprobs: Option<Vec<f64>> = responses
            .iter()
            .map(|response| {
                response.completions.first().and_then(holometer_core::Completion::logprob)
            })
            .collect();
        let Some(logprobs) = logprobs else {
            return Reply::Unreadable("no probability of its words".to_owned());
        };
        // Relative to the likeliest, so that small probabilities do not vanish.
        let most = logprobs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum = |logprobs: &[f64]| logprobs.iter().map(|one| (one - most).exp()).sum::<f64>();
        let (yes, no) = logprobs.split_at(self.file.yes.len());
        let share = sum(yes) / (sum(yes) + sum(no));
        if share.is_finite() {
            Reply::Score(share)
        } else {
            Reply::Unreadable("its words have no probability".to_owned())
        }
    }

    /// Answers tasks, all at once: the model sees every request and can share what their prompts share.
    pub(super) fn answer(&self, tasks: &[(RequestKey, Request)], cancel: &Cancel, done: Done<'_>) {
        let mut requests = Vec::new();
        let mut of = Vec::new();
        let mut open: BTreeMap<usize, Vec<Option<Response>>> = BTreeMap::new();
        for (at, (key, request)) in tasks.iter().enumerate() {
            match Task::of(request).and_then(|task| self.requests(&task)) {
                Ok(asked) => {
                    open.insert(at, vec![None; asked.len()]);
                    for (part, request) in asked.into_iter().enumerate() {
                        requests.push((RequestKey(of.len() as u64), request));
                        of.push((at, part));
                    }
                }
                Err(problem) => {
                    let outcome = Outcome::failed(FailureKind::Rejected, problem);
                    let finished = Finished { key: *key, outcome, seconds: 0.0, retries: 0 };
                    done(*key, Err(finished.outcome.clone()), &finished);
                }
            }
        }
        let open = Mutex::new(open);
        let sink = |finished: Finished| {
            let Some((at, part)) = of.get(finished.key.0 as usize).copied() else { return };
            let key = tasks[at].0;
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(parts) = open.get_mut(&at) else { return };
            let Outcome::Answered(response) = &finished.outcome else {
                open.remove(&at);
                drop(open);
                done(key, Err(finished.outcome.clone()), &finished);
                return;
            };
            parts[part] = Some(response.clone());
            if parts.iter().all(Option::is_some) {
                let parts = open.remove(&at).unwrap_or_default();
                drop(open);
                let responses: Vec<&Response> = parts.iter().flatten().collect();
                let verdict = Verdict {
                    reply: self.reply(&responses),
                    prompt_tokens: total(&responses, |response| response.prompt_tokens),
                    completion_tokens: total(&responses, |response| response.completion_tokens),
                };
                done(key, Ok(verdict), &finished);
            }
        };
        self.model.answer(&requests, cancel, &sink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<GuardFile, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guard.toml");
        std::fs::write(&path, text).unwrap();
        GuardFile::read(&path).map(|(file, _)| file).map_err(|failure| format!("{failure:?}"))
    }

    const WORDS: &str = "yes = [\"unsafe\"]\nno = [\"safe\"]\nread = \"text\"\n";

    #[test]
    fn verdicts_are_words_of_their_own() {
        let guard = file(&format!("prompt = \"{{{{ answer }}}}\"\n{WORDS}")).unwrap();
        assert_eq!(guard.verdict("\n\nUnsafe\nS1"), Reply::Score(1.0));
        assert_eq!(guard.verdict("safe"), Reply::Score(0.0));
        assert_eq!(guard.verdict("safe, not unsafe"), Reply::Score(0.0));
        assert_eq!(guard.verdict("unsafely"), Reply::Unreadable("unsafely".into()));
        assert_eq!(guard.verdict(""), Reply::Unreadable(String::new()));
    }

    #[test]
    fn a_verdict_among_several_stands_after_its_name() {
        let guard = file(
            "prompt = \"{{ answer }}\"\nread = \"text\"\nafter = \"Response refusal:\"\nyes = [\"yes\"]\nno = [\"no\"]\n",
        )
        .unwrap();
        let said = "Harmful request: yes\nResponse refusal: no\nHarmful response: yes";
        assert_eq!(guard.verdict(said), Reply::Score(0.0));
        assert_eq!(guard.verdict("yes"), Reply::Unreadable("yes".into()));
    }

    #[test]
    fn texts_are_put_in_as_they_are() {
        let guard =
            file(&format!("prompt = \"Q {{{{question}}}} A {{{{ answer }}}}.\"\n{WORDS}")).unwrap();
        assert_eq!(guard.prompt("{{ answer }}", "b{{"), "Q {{ answer }} A b{{.");
    }

    #[test]
    fn files_that_can_not_work_are_refused() {
        for (text, why) in [
            (format!("prompt = \"x\"\n{WORDS}"), "no `{{ answer }}`"),
            (format!("prompt = \"{{{{ answer }}}} {{{{ other }}}}\"\n{WORDS}"), "another word"),
            ("prompt = \"{{ answer }}\"\nyes = []\nno = [\"n\"]\n".to_owned(), "a word each"),
            ("prompt = \"{{ answer }}\"\nyes = [\"n\"]\nno = [\"n\"]\n".to_owned(), "twice"),
            (
                "prompt = \"{{ answer }}\"\nyes = [\"y\"]\nno = [\"n\"]\nafter = \"x\"\n"
                    .to_owned(),
                "goes with",
            ),
            (format!("prompt = \"{{{{ answer }}}}\"\nvoice = 1\n{WORDS}"), "voice"),
        ] {
            let error = file(&text).unwrap_err();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
