//! The plan's cells: nothing is dropped, and every reason says what to do.

use std::collections::HashSet;

use crate::common::{Fake, choice, model, selection};
use holometer_core::{ArgValue, Parameter, ScenarioCatalogue, ValueKind};
use holometer_plan::{
    Cell, Selection, Skip, SkipKind, SourcedEntry, read_conf, read_suite, resolve,
};
use holometer_testkit::shared_path;

const METHODS: [&str; 2] = ["multiple_choice_joint", "multiple_choice_separate_original"];

fn catalogue() -> Fake {
    let subject = Parameter {
        aliases: vec![("anatomie".into(), "anatomy".into())],
        ..choice("subject", &["anatomy", "astronomy", "virology", "forbidden"], None)
    };
    let kind = |name: &str, kind, default: Option<&str>| Parameter {
        name: name.into(),
        kind,
        default: default.map(str::to_owned),
        ..Parameter::default()
    };
    Fake::default()
        .with("mmlu", vec![subject, choice("method", &METHODS, Some(METHODS[0]))])
        .with("gsm", vec![])
        .with("boolq", vec![kind("only_contrast", ValueKind::Bool, Some("false"))])
        .with(
            "dyck_language",
            vec![
                kind("num_parenthesis_pairs", ValueKind::Int, Some("3")),
                kind("share", ValueKind::Float, Some("0.5")),
                kind("note", ValueKind::Text, Some("x")),
            ],
        )
}

fn cells(entries: &[&str], models: &[&str]) -> Vec<Cell> {
    resolve(&selection(entries, models), &catalogue(), &[("news_qa", "its data needs a licence")])
}

/// Each cell as its run's name or its reason.
fn shown(cells: &[Cell]) -> Vec<String> {
    cells
        .iter()
        .map(|cell| match &cell.run {
            Ok(run) => run.name.to_string(),
            Err(skip) => format!("! {skip}"),
        })
        .collect()
}

#[test]
fn runs_are_named_as_helm_names_them() {
    let entries = [
        "mmlu:subject=anatomy",
        "mmlu:model=text,subject=anatomie,data_augmentation=canonical",
        "gsm:data_augmentation=lower",
        "gsm:model=together/meta/llama-3-8b",
        "gsm:model=text,model_deployment=openai/gpt2",
        "boolq:only_contrast=True",
    ];
    let found = cells(&entries, &["openai/gpt2", "together/meta/llama-3-8b"]);
    assert_eq!(
        shown(&found),
        [
            "mmlu:subject=anatomy,method=multiple_choice_joint,model=openai_gpt2",
            "mmlu:subject=anatomy,method=multiple_choice_joint,model=together_meta_llama-3-8b",
            "mmlu:subject=anatomy,method=multiple_choice_joint,model=openai_gpt2,data_augmentation=canonical",
            "mmlu:subject=anatomy,method=multiple_choice_joint,model=together_meta_llama-3-8b,\
             data_augmentation=canonical",
            "gsm,data_augmentation=lower:model=openai_gpt2",
            "gsm,data_augmentation=lower:model=together_meta_llama-3-8b",
            "gsm:model=together_meta_llama-3-8b",
            "gsm:model=openai_gpt2,model_deployment=openai_gpt2",
            "boolq:only_contrast=True,model=openai_gpt2",
            "boolq:only_contrast=True,model=together_meta_llama-3-8b",
        ]
    );
    // Without -m a deployment named in full gives the model HELM would infer.
    let alone = cells(&["gsm:model=together/meta/llama-3-8b"], &[]);
    let run = alone[0].run.as_ref().unwrap();
    assert_eq!(run.name.as_str(), "gsm:model=meta_llama-3-8b");
    assert_eq!(run.model.deployment, "together/meta/llama-3-8b");
}

#[test]
fn every_reason_is_a_line_with_a_hint() {
    let entries = [
        "gsm8k:model=text",
        "news_qa",
        "mmlu",
        "mmlu:subject=anatomie,metod=x",
        "mmlu:subject=astronomie",
        "mmlu:subject=forbidden",
        "boolq:only_contrast=maybe",
        "dyck_language:num_parenthesis_pairs=2.5",
        "dyck_language:share=half",
        "gsm:data_augmentation=cannonical",
        "gsm:stop=5",
        "gsm:output_format_instructions=gpqa",
        "mmlu:subject=anatomy,model=openai/gpt3",
        "gsm:model=txt",
        "gsm:model=vlm",
        "gsm:model_deployment=a/b",
        "dyck_language:note=*",
        "gsm:temperature=*",
    ];
    assert_eq!(
        shown(&cells(&entries, &["openai/gpt2"])),
        [
            "! --entry:1:1: unknown scenario `gsm8k`; hint: did you mean `gsm`?",
            "! `news_qa` is a scenario of HELM's that is not built in: its data needs a licence",
            "! --entry:1:1: `subject` is missing; hint: it takes `anatomy`, `astronomy`, `virology`, `forbidden`",
            "! --entry:1:23: `metod` is not an argument of `mmlu`; hint: did you mean `method`?",
            "! --entry:1:6: `subject` doesn't take `astronomie`; hint: did you mean `astronomy`?",
            "! --entry:1:1: `forbidden` has no test split; hint: choose another subject",
            "! --entry:1:7: `only_contrast` doesn't take `maybe`; hint: it takes `true` or `false`",
            "! --entry:1:15: `num_parenthesis_pairs` doesn't take `2.5`; hint: it takes a whole number",
            "! --entry:1:15: `share` doesn't take `half`; hint: it takes a number",
            "! --entry:1:5: `data_augmentation` doesn't take `cannonical`; hint: did you mean `canonical`?",
            "! --entry:1:5: `stop` doesn't take `5`; hint: it takes `none`, `hash`, `semicolon`, `br`",
            "! --entry:1:5: `output_format_instructions` can't be applied: the format `gpqa` doesn't go with the method \
             `generation`; hint: remove it from this entry",
            "! it names the model `openai/gpt3`, which is not among those given with `-m`",
            "! --entry:1:5: `model` doesn't take `txt`; hint: did you mean `text`?",
            "! `model=vlm` asks for models of images or sound, which are not evaluated here",
            "! it names the model `a/b`, which is not among those given with `-m`",
            "! --entry:1:15: `note` has no list of values that `*` could stand for; hint: it takes any text",
            "! --entry:1:5: `temperature` has no list of values that `*` could stand for; \
             hint: it takes a number from 0",
        ]
    );
    assert_eq!(
        shown(&cells(&["gsm", "gsm:model=text"], &[])),
        [
            "! no model is given; hint: name one, as in `-m path:./my-model` or `-m openai:gpt-4.1-mini`",
            "! `model=text` stands for the models given with `-m`, and none is given; \
             hint: name one, as in `-m path:./my-model` or `-m openai:gpt-4.1-mini`",
        ]
    );
}

#[test]
fn arguments_arrive_complete_and_in_the_documented_order() {
    let found = cells(&["dyck_language:share=1,num_parenthesis_pairs=2"], &["a/b"]);
    let run = found[0].run.as_ref().unwrap();
    let expected = [
        ("num_parenthesis_pairs".to_owned(), ArgValue::Int(2)),
        ("share".to_owned(), ArgValue::Int(1)),
        ("note".to_owned(), ArgValue::Text("x".into())),
    ];
    assert_eq!(run.scenario.args.0, expected);
}

/// As in HELM's efficiency scenario, whose arguments are set by expanders.
#[test]
fn an_expander_beats_an_argument_of_the_same_name() {
    let parameters = vec![choice("tokenizer", &["a"], None), choice("stop", &["x"], Some("x"))];
    let fake = Fake::default().with("speed", parameters);
    let entries = ["speed:tokenizer=b/c,stop=hash"];
    let cells = resolve(&selection(&entries, &["m/n"]), &fake, &[]);
    let run = cells[0].run.as_ref().unwrap();
    assert_eq!(run.name.as_str(), "speed:stop=x,tokenizer=b_c,stop=hash,model=m_n");
    assert_eq!(run.scenario.args.to_string(), "stop=x,tokenizer=b/c");
    assert_eq!(run.adapter.decoding.stop_sequences, ["###"]);
}

#[test]
fn a_star_stands_for_every_documented_value() {
    let found = cells(&["mmlu:subject=*,method=*", "boolq:only_contrast=*"], &["a/b"]);
    assert_eq!(found.len(), 4 * 2 + 2);
    assert_eq!(
        found[1].entry.entry.to_string(),
        "mmlu:subject=anatomy,method=multiple_choice_separate_original"
    );
    let names: HashSet<String> = shown(&found).into_iter().collect();
    assert_eq!(names.len(), 9, "the two of `forbidden` have the same reason");
}

#[test]
fn filters_leave_lines() {
    let file = read_conf(
        "c.conf",
        "entries: [\n{description: gsm, priority: 1, groups: [b, a]}\n{description: \"mmlu:subject=anatomy\", \
         priority: 3}\n{description: boolq}\n]",
    )
    .unwrap();
    let base = || {
        let mut selection = selection(&[], &["a/b", "c/d"]);
        selection.add_file(file.clone());
        selection
    };
    let with = |change: fn(&mut Selection)| {
        let mut selection = base();
        change(&mut selection);
        shown(&resolve(&selection, &catalogue(), &[]))
    };
    let runs = [
        "gsm:model=a_b,groups=a-b",
        "gsm:model=c_d,groups=a-b",
        "mmlu:subject=anatomy,method=multiple_choice_joint,model=a_b",
        "mmlu:subject=anatomy,method=multiple_choice_joint,model=c_d",
        "boolq:only_contrast=False,model=a_b",
        "boolq:only_contrast=False,model=c_d",
    ];
    assert_eq!(with(|_| {}), runs);
    let filtered = with(|selection| selection.max_priority = Some(2));
    assert_eq!(filtered[2], "! its priority is 3, and `--priority` is 2");
    assert_eq!([&filtered[..2], &filtered[4..]].concat(), [&runs[..2], &runs[4..]].concat());
    let filtered = with(|selection| selection.groups = vec!["b".into(), "boolq".into()]);
    assert_eq!(filtered[3], "! it is in `mmlu`, and `--groups` asks for `b` or `boolq`");
    assert_eq!([&filtered[..2], &filtered[4..]].concat(), [&runs[..2], &runs[4..]].concat());
    let filtered = with(|selection| selection.scenarios = vec!["gsm".into()]);
    assert_eq!(filtered[5], "! its scenario is `boolq`, and `gsm` is asked for");
}

#[test]
fn sample_sizes_and_trials_are_set_as_helm_sets_them() {
    let entries = [
        "gsm:max_eval_instances=7",
        "gsm:max_train_instances=0,num_train_trials=4",
        "gsm:num_train_trials=2",
    ];
    let mut selection = selection(&entries, &["a/b"]);
    selection.max_instances = Some(50);
    selection.trials = Some(3);
    let sizes: Vec<_> = resolve(&selection, &catalogue(), &[])
        .into_iter()
        .map(|cell| cell.run.unwrap().adapter.few_shot)
        .map(|few_shot| (few_shot.max_eval_instances, few_shot.num_train_trials))
        .collect();
    assert_eq!(sizes, [(Some(7), 3), (Some(50), 1), (Some(50), 3)]);
}

#[test]
fn perturbations_are_for_entries_without_their_own() {
    let file = read_suite(
        "s.toml",
        "perturbations = \"fairness\"\n[[entries]]\nscenario = \"gsm\"\n[[entries]]\nscenario = \"gsm\"\n\
         data_augmentation = \"none\"\n[[entries]]\nentry = \"gsm:data_augmentation=lower\"",
    )
    .unwrap();
    let mut first = selection(&["boolq"], &["a/b"]);
    first.add_file(file.clone());
    let boolq = "boolq:only_contrast=False";
    assert_eq!(
        shown(&resolve(&first, &catalogue(), &[])),
        [
            &format!("{boolq},model=a_b"),
            "gsm,data_augmentation=fairness:model=a_b",
            "gsm:model=a_b",
            "gsm,data_augmentation=lower:model=a_b",
        ]
    );
    let mut second =
        Selection { perturbations: Some("robustness".into()), ..selection(&["boolq"], &["a/b"]) };
    second.add_file(file);
    assert_eq!(
        shown(&resolve(&second, &catalogue(), &[])),
        [
            &format!("{boolq},data_augmentation=robustness,model=a_b"),
            "gsm,data_augmentation=robustness:model=a_b",
            "gsm:model=a_b",
            "gsm,data_augmentation=lower:model=a_b",
        ]
    );
}

#[test]
fn no_two_runs_share_a_name() {
    let entries = [
        "gsm",
        "gsm:temperature=0.7",
        "gsm:temperature=1.0",
        "gsm:model=text",
        "gsm:add_to_stop=###",
    ];
    let mut selection = selection(&entries, &["a/b"]);
    selection.models.push(model("a_b"));
    let found = resolve(&selection, &catalogue(), &[]);
    assert_eq!(
        shown(&found),
        [
            "gsm:model=a_b",
            "! `gsm:model=a_b` is already the name of another run, of --entry:1:1; \
             hint: run the two in different suites",
            "gsm:model=a_b,temperature=0.7",
            "! `gsm:model=a_b,temperature=0.7` is already the name of another run, of --entry:1:1; \
             hint: run the two in different suites",
            "! it is the same run as `gsm:model=a_b` of --entry:1:1",
            "! `gsm:model=a_b` is already the name of another run, of --entry:1:1; \
             hint: run the two in different suites",
            "! it is the same run as `gsm:model=a_b` of --entry:1:1",
            "! `gsm:model=a_b` is already the name of another run, of --entry:1:1; \
             hint: run the two in different suites",
            "gsm:model=a_b,add_to_stop=###",
            "! `gsm:model=a_b,add_to_stop=###` is already the name of another run, of --entry:1:1; \
             hint: run the two in different suites",
        ]
    );
    assert_eq!(found[4].run.as_ref().unwrap_err().kind(), SkipKind::Filtered);
    assert_eq!(found[1].run.as_ref().unwrap_err().kind(), SkipKind::Mistake);
}

/// Every entry of HELM's largest file gives a line, with two models two, whatever is built in.
#[test]
fn helms_largest_file_gives_a_line_for_every_entry() {
    let Some(path) = shared_path("helm/conf/run_entries.conf") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let file = read_conf("run_entries.conf", &text).unwrap();
    for models in [&["a/b"][..], &["a/b", "c/d"], &[]] {
        let mut selection = selection(&[], models);
        selection.add_file(file.clone());
        let cells =
            resolve(&selection, &catalogue(), &[("wikifact", "its data can't be obtained")]);
        assert!(cells.len() >= 465 * models.len().max(1), "{}", cells.len());
        let covered: HashSet<_> = cells.iter().map(|cell| &cell.entry.position).collect();
        assert_eq!(covered.len(), 465);
        for cell in &cells {
            let Err(skip) = &cell.run else { continue };
            let line = skip.to_string();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(skip.kind() == SkipKind::Mistake, line.contains("hint: "), "{line}");
        }
    }
}

#[test]
fn nothing_but_the_known_scenarios_is_asked_for() {
    let fake = catalogue();
    assert_eq!(fake.names(), ["boolq", "dyck_language", "gsm", "mmlu"]);
    let entry = SourcedEntry::from_flag("nothing_like_it").unwrap();
    let selection = Selection { entries: vec![entry], ..Selection::default() };
    let cells = resolve(&selection, &fake, &[]);
    let [Cell { run: Err(Skip::UnknownScenario { nearest, .. }), model: None, .. }] =
        cells.as_slice()
    else {
        panic!("{cells:?}")
    };
    assert!(nearest.is_empty());
}
