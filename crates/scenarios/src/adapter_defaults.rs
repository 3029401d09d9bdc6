//! HELM's common adapters, written once (`helm/benchmark/adaptation/common_adapter_specs.py`).

use holometer_core::{AdapterSpec, Decoding, FewShot, Method, PromptTemplate};

/// What a common adapter is told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// The instructions, without a newline at the end.
    pub(crate) instructions: String,
    /// What the input is called.
    pub(crate) input_noun: Option<String>,
    /// What the output is called.
    pub(crate) output_noun: Option<String>,
    /// The input follows its noun on a new line.
    pub(crate) newline_after_input_noun: bool,
    /// The output follows its noun on a new line.
    pub(crate) newline_after_output_noun: bool,
    /// Nothing stands before a choice that is scored alone.
    pub(crate) empty_input: bool,
    /// How many sentences a summary is to have.
    pub(crate) sentences: Option<u64>,
}

/// `get_generation_adapter_spec`.
pub(crate) fn generation(words: &Words) -> AdapterSpec {
    let after_noun = |on_new_line| if on_new_line { "\n" } else { " " };
    let prefix = |noun: &Option<String>, end: &str| {
        noun.as_ref().map(|noun| format!("{noun}:{end}")).unwrap_or_default()
    };
    let template = PromptTemplate {
        instructions: with_newline(&words.instructions),
        input_prefix: prefix(&words.input_noun, after_noun(words.newline_after_input_noun)),
        output_prefix: prefix(&words.output_noun, after_noun(words.newline_after_output_noun)),
        ..PromptTemplate::default()
    };
    spec(Method::Generation, template, 5, 1, decoding(5, 0.0, &["\n"]))
}

/// `get_completion_adapter_spec`.
pub(crate) fn completion(words: &Words) -> AdapterSpec {
    let template =
        PromptTemplate { instructions: with_newline(&words.instructions), ..bare_template() };
    spec(Method::Generation, template, 0, 1, decoding(100, 0.0, &[]))
}

/// `get_multiple_choice_adapter_spec`.
pub(crate) fn multiple_choice(method: Method, words: &Words) -> AdapterSpec {
    match method {
        Method::MultipleChoiceSeparateOriginal | Method::MultipleChoiceSeparateCalibrated => {
            let output_prefix = if words.empty_input { "" } else { " " };
            let template =
                PromptTemplate { output_prefix: output_prefix.into(), ..bare_template() };
            spec(method, template, 0, 1, decoding(0, 0.0, &[]))
        }
        _ => {
            let noun = |noun: &Option<String>| {
                noun.as_ref().map(|noun| format!("{noun}: ")).unwrap_or_default()
            };
            let input_suffix = if words.input_noun.is_some() { "\n" } else { "" };
            let template = PromptTemplate {
                instructions: with_newline(&words.instructions),
                input_prefix: noun(&words.input_noun),
                input_suffix: input_suffix.into(),
                output_prefix: noun(&words.output_noun),
                ..PromptTemplate::default()
            };
            spec(method, template, 5, 5, decoding(1, 0.0, &["\n"]))
        }
    }
}

/// `get_language_modeling_adapter_spec`.
pub(crate) fn language_modeling() -> AdapterSpec {
    spec(Method::LanguageModeling, bare_template(), 0, 1, decoding(0, 0.0, &[]))
}

/// `get_summarization_adapter_spec`.
pub(crate) fn summarization(words: &Words) -> AdapterSpec {
    let request = match words.sentences {
        Some(1) => "Summarize the above article in 1 sentence.\n".to_owned(),
        None => "Summarize the above article.\n".to_owned(),
        Some(count) => format!("Summarize the above article in {count} sentences.\n"),
    };
    let template = PromptTemplate {
        input_prefix: "###\nArticle: ".into(),
        input_suffix: "\n\n".into(),
        output_prefix: request,
        ..PromptTemplate::default()
    };
    spec(Method::Generation, template, 5, 1, decoding(100, 1.0, &["###"]))
}

/// `get_machine_translation_adapter_spec`; the nouns are the two languages.
pub(crate) fn translation(words: &Words) -> AdapterSpec {
    let from = words.input_noun.as_deref().unwrap_or_default();
    let into = words.output_noun.as_deref().unwrap_or_default();
    let template = PromptTemplate {
        instructions: format!("Translate the following sentences from {from} to {into}."),
        input_prefix: format!("{from}: "),
        output_prefix: format!("{into}: "),
        ..PromptTemplate::default()
    };
    spec(Method::Generation, template, 1, 1, decoding(100, 0.0, &["\n\n"]))
}

/// `get_instruct_adapter_spec`.
pub(crate) fn instruct() -> AdapterSpec {
    let template = PromptTemplate { input_suffix: "\n".into(), ..bare_template() };
    spec(Method::Generation, template, 0, 1, decoding(512, 0.7, &[]))
}

/// `get_ranking_binary_adapter_spec`. Each example shows a right and a wrong passage, so 2 are HELM's 4.
pub(crate) fn ranking_binary() -> AdapterSpec {
    let template = PromptTemplate {
        input_prefix: "Query: ".into(),
        reference_prefix: "Passage: ".into(),
        output_prefix: "Does the passage answer the query?\nAnswer: ".into(),
        ..PromptTemplate::default()
    };
    spec(Method::RankingBinary, template, 2, 1, decoding(5, 0.0, &[]))
}

/// A template in which nothing stands around input and output.
fn bare_template() -> PromptTemplate {
    PromptTemplate {
        input_prefix: String::new(),
        input_suffix: String::new(),
        output_prefix: String::new(),
        output_suffix: String::new(),
        ..PromptTemplate::default()
    }
}

fn with_newline(instructions: &str) -> String {
    if instructions.is_empty() { String::new() } else { format!("{instructions}\n") }
}

fn decoding(max_tokens: usize, temperature: f64, stop: &[&str]) -> Decoding {
    Decoding {
        max_tokens,
        temperature,
        stop_sequences: stop.iter().map(|text| (*text).to_owned()).collect(),
        ..Decoding::default()
    }
}

fn spec(
    method: Method,
    template: PromptTemplate,
    max_train_instances: usize,
    num_outputs: usize,
    decoding: Decoding,
) -> AdapterSpec {
    AdapterSpec {
        template,
        few_shot: FewShot { max_train_instances, ..FewShot::default() },
        decoding,
        num_outputs,
        ..AdapterSpec::new(method)
    }
}
