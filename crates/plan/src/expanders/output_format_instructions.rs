//! `output_format_instructions`: a sentence that says how the answer should look. The run keeps its name.

use std::fmt::Write as _;

use holometer_core::{ArgValue, Method, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of};

const NAME: &str = "output_format_instructions";

const ARABIC: &str = "اكتب حرف الإجابة فقط، دون أي إضافات أخرى.";
const ONE_LETTER: &str = "Answer with only a single letter.";
const ONE_LETTER_LAST: &str = "Answer only the last question with only a single letter.";
const ONE_LETTER_BARE: &str =
    "Answer with only a single letter. Do not include a period in your answer.";
const REPLACE_LETTER: &str = "In your response, replace \"insert answer here\" with the single uppercase \
    letter corresponding to your answer.";

/// What HELM asks for in generation, by the name of the format; legalbench's own form is in [`generation`].
const GENERATION: &[(&str, &str)] = &[
    (
        "narrative_qa",
        "Answer with one word, a few-word phrase, or a short sentence. \
         Avoid extra, unnecessary information in the answer.",
    ),
    ("natural_qa", "Answer with a short answer or a boolean 'yes' or 'no' answer."),
    ("natural_qa_short_answer", "Answer with a short answer."),
    (
        "legalbench_abercrombie",
        "Answer with only 'generic', 'descriptive', 'suggestive', 'arbitrary' or 'fanciful'.",
    ),
    (
        "legalbench_function_of_decision_section",
        "Answer with only 'Facts', 'Procedural History', 'Issue', 'Rule', 'Analysis', 'Conclusion' or \
         'Decree'.",
    ),
    ("legalbench_yes_or_no", "Answer with only 'Yes' or 'No'."),
    ("wmt_14", "Answer with the English translation."),
    (
        "wmt_14_only_last_sentence",
        "Answer with only the English translation for the last sentence.",
    ),
    ("math", "Wrap the final answer with the \\boxed{} command."),
    (
        "numeric_nlg",
        "Answer with only description of the last table as a single paragraph on a single line.",
    ),
    (
        "tab_fact",
        "Answer with only the classification of the last statement, either 'refuted' or 'entailed'.",
    ),
    (
        "wikitq",
        "Answer only the last question with a short answer. \
         Avoid extra, unnecessary information in the answer.",
    ),
    ("arabic_mcqa", ARABIC),
];

/// Other formats, by name: those of multiple choice, and legalbench.
const OTHERS: [&str; 8] = [
    "mmlu_only_last_question",
    "mmlu",
    "mcqa",
    "mcqa_no_period",
    "mcqa_only_last_question",
    "legalbench",
    "mmlu_pro",
    "gpqa",
];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Says in the instructions how the answer should look; the run keeps its name.",
            values: GENERATION.iter().map(|(name, _)| *name).chain(OTHERS).collect(),
            takes: "any of these with `_suffix`, to say it after the prompt, and before that `_no_prefix`, to \
                    keep the answer's label out of the answer; in joint multiple choice any name",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let (format, as_suffix) = without(name_of(value), "_suffix");
    let (format, no_prefix) = without(format, "_no_prefix");
    let mut instructions = instructions(format, run)?;
    let mut run = run.clone();
    let template = &mut run.adapter.template;
    if no_prefix {
        let label = template.output_prefix.trim();
        let _ = write!(instructions, " Do not include '{label}' in your answer.");
    }
    if as_suffix {
        let _ = write!(template.global_suffix, "\n\n{instructions}");
    } else if template.instructions.is_empty() {
        template.instructions = format!("{instructions}\n");
    } else {
        template.instructions = format!("{instructions}\n\n{}", template.instructions);
    }
    Ok(vec![run])
}

/// The name without an ending, and whether it had that ending.
fn without<'a>(name: &'a str, ending: &str) -> (&'a str, bool) {
    name.strip_suffix(ending).map_or((name, false), |shorter| (shorter, true))
}

fn instructions(format: &str, run: &RunSpec) -> Result<String, ExpandError> {
    let text = match run.adapter.method {
        Method::MultipleChoiceJoint => match format {
            "" => return Err(ExpandError::Value),
            "mmlu_only_last_question" | "mcqa_only_last_question" => ONE_LETTER_LAST,
            "mcqa_no_period" => ONE_LETTER_BARE,
            "arabic_mcqa" => ARABIC,
            _ => ONE_LETTER,
        },
        Method::Generation => return generation(format, run),
        Method::MultipleChoiceJointChainOfThought if matches!(format, "mmlu_pro" | "gpqa") => {
            REPLACE_LETTER
        }
        Method::MultipleChoiceJointChainOfThought => return Err(unsuitable(format, run)),
        _ => {
            return Err(ExpandError::Run(format!(
                "it has nothing to say to the method `{}`",
                run.adapter.method.as_str()
            )));
        }
    };
    Ok(text.to_owned())
}

fn generation(format: &str, run: &RunSpec) -> Result<String, ExpandError> {
    if format == "legalbench" {
        let noun = run.adapter.template.output_prefix.split(':').next().unwrap_or_default();
        return Ok(match noun {
            "Answer" => "Answer yes or no.".to_owned(),
            _ => format!("Answer with the {}.", noun.to_lowercase()),
        });
    }
    let known = GENERATION.iter().find(|(name, _)| *name == format);
    match known {
        Some((_, text)) => Ok((*text).to_owned()),
        None if OTHERS.contains(&format) => Err(unsuitable(format, run)),
        None => Err(ExpandError::Value),
    }
}

fn unsuitable(format: &str, run: &RunSpec) -> ExpandError {
    ExpandError::Run(format!(
        "the format `{format}` doesn't go with the method `{}`",
        run.adapter.method.as_str()
    ))
}
