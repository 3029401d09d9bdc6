//! The whole evaluation, wired: selection, models, data, requests, execution, scores, report.

mod classes;
mod credentials;
mod downloads;
mod environment;
mod guards;
mod helm_models;
mod hub_models;
mod inquire;
mod interpreter;
mod journal;
mod launch;
mod models;
mod originals;
mod pages;
mod prepare;
mod resources;
mod results;
mod score;
mod scorer_outputs;
mod scorers;
mod scoring;
mod select;
mod spending;
mod tables;
mod tokenizer;

pub(crate) use downloads::{Download, Downloads};
pub(crate) use environment::Environment;
pub(crate) use hub_models::{Part, fetch as fetch_model};
pub(crate) use inquire::{Respondents, compare_by_judges, inquire, inquiry_runs, question};
pub(crate) use launch::{LAUNCHERS, stop_all};
pub(crate) use models::{LoadedModel, Models, Purpose, load_options, local_path, weight_type};
pub(crate) use pages::{open_for_pages, page_sources};
pub(crate) use prepare::{Prepared, Prompting, instances_of, prepare};
pub(crate) use resources::{perturbation_files, perturbation_resources};
pub(crate) use results::{
    HEADLINE_FIELD, Headline, PRICE_FIELD, now, open_for_reading, open_for_writing, report,
    run_label, runs_of, suite_or_latest,
};
pub(crate) use score::{ScoreOptions, score_each_answer, score_run};
pub(crate) use scorers::ScorerModel;
pub(crate) use scoring::{LEXICON_FIELD, read_lexicon, scoring};
pub(crate) use select::{Selected, select};
pub(crate) use spending::{Spending, dollars};
pub(crate) use tables::{Scored, fairness_report, judgement, run_table, side_scores};
pub(crate) use tokenizer::tokenizer_of;
