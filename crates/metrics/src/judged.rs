//! What metrics that rest on judges have in common: the question for a unit, and the scores from the verdicts.

use holometer_core::{
    Findings, Inquiry, Metric, MetricCard, NoFindings, Respondent, Score, Unit, Value,
};

use crate::judges::Question;

/// What is to be judged in a unit.
pub(crate) enum Matter {
    /// This is to be asked.
    Ask(Question),
    /// The value is known without a judge.
    Known(f64),
}

/// A score that is the judges' mean verdict, perhaps on other scales as well.
pub(crate) struct Judged {
    /// The cards of all scores; the first is the verdicts' own scale.
    pub(crate) cards: Vec<MetricCard>,
    /// The question; the error is why the unit can't be judged.
    pub(crate) matter: Box<AskAbout>,
    /// All scores' names and values from the mean verdict.
    pub(crate) scores: fn(&Unit<'_>, f64) -> Vec<(String, f64)>,
    /// What stands for a verdict where judges were asked and none of them can be read; `None`: the unit is unscored.
    pub(crate) unread: Option<f64>,
}

/// Says what is to be judged in a unit; the error is why it can't be.
pub(crate) type AskAbout = dyn Fn(&Unit<'_>) -> Result<Matter, String> + Send + Sync;

impl Metric for Judged {
    fn cards(&self) -> Vec<MetricCard> {
        self.cards.clone()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        self.score_with(unit, &NoFindings)
    }

    fn inquiries(&self, unit: &Unit<'_>) -> Vec<Inquiry> {
        match (self.matter)(unit) {
            Ok(Matter::Ask(question)) => vec![question.inquiry()],
            _ => Vec::new(),
        }
    }

    fn asking(&self) -> Vec<(&'static str, Respondent)> {
        self.cards.iter().map(|card| (card.name, Respondent::Judge)).collect()
    }

    /// The mean of all judges, and each judge's verdict as `name@judge`.
    fn score_with(&self, unit: &Unit<'_>, findings: &dyn Findings) -> Vec<Score> {
        let question = match (self.matter)(unit) {
            Ok(Matter::Ask(question)) => question,
            Ok(Matter::Known(value)) => return self.known(unit, value),
            Err(reason) => return self.unscored(unit, &reason),
        };
        let verdicts = question.look_up(findings);
        let unread = self.unread.filter(|_| !verdicts.each().is_empty());
        let mut scores = match (verdicts.mean(), unread) {
            (Ok(verdict), _) | (Err(_), Some(verdict)) => self.known(unit, verdict),
            (Err(reason), None) => self.unscored(unit, &reason),
        };
        let name = self.cards[0].name;
        scores.extend(verdicts.each().iter().map(|(judge, verdict)| {
            let value = verdict.clone().map_or_else(Value::Unscored, Value::number);
            Score::new(format!("{name}@{judge}"), value)
        }));
        scores
    }
}

impl Judged {
    fn known(&self, unit: &Unit<'_>, value: f64) -> Vec<Score> {
        let scores = (self.scores)(unit, value).into_iter();
        scores.map(|(name, value)| Score::new(name, Value::number(value))).collect()
    }

    fn unscored(&self, unit: &Unit<'_>, reason: &str) -> Vec<Score> {
        let scores = (self.scores)(unit, 0.0).into_iter();
        scores.map(|(name, _)| Score::new(name, Value::Unscored(reason.to_owned()))).collect()
    }
}

/// The first completion's text, and the text that was sent.
pub(crate) fn answer_and_prompt(unit: &Unit<'_>) -> Result<(String, String), String> {
    let responses = unit.responses()?;
    let completion = responses.first().and_then(|response| response.completions.first());
    let completion = completion.ok_or("the response holds no completion")?;
    Ok((completion.text.clone(), crate::unit::prompt_text(&unit.answers[0].state.request)))
}

/// Fills a template in, one mark after the other, as Python's `str.replace` does: a mark within what was filled in before counts.
pub(crate) fn fill(template: &str, parts: &[(&str, &str)]) -> String {
    parts.iter().fold(template.to_owned(), |text, (mark, part)| text.replace(mark, part))
}

/// Fills a template in, reading it once: a mark within what is filled in stays as it is.
pub(crate) fn fill_once(template: &str, parts: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    let next = |rest: &str| {
        let found = parts.iter().filter_map(|(mark, part)| Some((rest.find(mark)?, *mark, *part)));
        found.min_by_key(|(at, ..)| *at)
    };
    while let Some((at, mark, part)) = next(rest) {
        filled.push_str(&rest[..at]);
        filled.push_str(part);
        rest = &rest[at + mark.len()..];
    }
    filled + rest
}
