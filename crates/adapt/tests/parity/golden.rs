//! Requests against those that HELM 0.5.16 made of the same data: every field, every byte of the prompts.

use holometer_adapt::Note;
use holometer_core::{Instance, Split};

use crate::scenarios::{babi, gsm, lsat, mmlu, wikitext};
use crate::support::Golden;

/// Compares a run whose scenario is read from the golden data, sampling included.
fn check(folder: &str, scenario: impl Fn() -> Vec<Instance>) -> Option<Vec<Note>> {
    Some(Golden::load(folder)?.check_scenario(scenario()))
}

/// Compares a run whose evaluated instances are taken as HELM recorded them (perturbed ones, or scenarios that are not
/// read here), after the scenario's train instances.
fn check_recorded(folder: &str, scenario: impl Fn() -> Vec<Instance>) -> Option<Vec<Note>> {
    let golden = Golden::load(folder)?;
    let mut instances = scenario();
    instances.retain(|instance| instance.split == Split::Train);
    instances.extend(golden.recorded_instances());
    Some(golden.check(instances))
}

#[test]
fn mmlu_with_examples() {
    let philosophy = |shots: &str| {
        format!(
            "dry100/mmlu--subject=philosophy,method=multiple_choice_joint,{shots},model=huggingface_smollm2-hf"
        )
    };
    let Some(notes) = check(&philosophy("max_train_instances=0"), || mmlu("philosophy")) else {
        return;
    };
    assert_eq!(notes, []);
    let notes = check(&philosophy("max_train_instances=8"), || mmlu("philosophy")).unwrap();
    assert_eq!(notes, [Note::FewTrainInstances { wanted: 8, found: 5 }]);
    let notes = check(&philosophy("num_train_trials=3"), || mmlu("philosophy")).unwrap();
    assert_eq!(notes, []);
}

#[test]
fn mmlu_joint_chat_and_calibrated() {
    let policy = |method: &str| format!("golden20/mmlu--subject=us_foreign_policy,method={method}");
    for run in [
        "multiple_choice_joint,model=huggingface_smollm2-hf",
        "multiple_choice_joint,model=huggingface_smollm2-hf-chat",
        "multiple_choice_separate_calibrated,model=huggingface_smollm2-hf",
    ] {
        let Some(notes) = check(&policy(run), || mmlu("us_foreign_policy")) else { return };
        assert_eq!(notes, []);
    }
}

#[test]
fn mmlu_perturbed() {
    for (suite, subject) in [("dry100", "college_chemistry"), ("golden20", "anatomy")] {
        let folder = format!(
            "{suite}/mmlu--subject={subject},method=multiple_choice_joint,data_augmentation=canonical,model=huggingface_smollm2-hf"
        );
        let Some(notes) = check_recorded(&folder, || mmlu(subject)) else { return };
        assert_eq!(notes, []);
    }
}

#[test]
fn gsm_in_a_wide_and_a_narrow_window() {
    let Some(notes) = check("dry100/gsm--model=huggingface_smollm2-hf", gsm) else { return };
    assert_eq!(notes, []);
    let notes = check("dry100/gsm--model=huggingface_smollm2-hf-512", gsm).unwrap();
    assert_eq!(
        notes,
        [
            Note::ExamplesDropped { prompts: 100, examples: 500, of: 100 },
            Note::PromptsCut { prompts: 2, of: 100 }
        ]
    );
}

#[test]
fn gsm_perturbed() {
    let augmentations = [
        "contract",
        "dialect_prob=1.0_source=SAE_target=AAVE",
        "extra_space2",
        "filler0.3",
        "gender_pronouns_prob=0.5_source=male_target=female",
        "gender_terms_prob=1.0_source=male_target=female",
        "lower",
        "misspelling0.20",
        "person_name_first_prob=1.0_source=white_target=black_preserve_gender=True",
        "robustness",
        "typo0.1",
    ];
    for augmentation in augmentations {
        let folder =
            format!("perturb30/gsm,data_augmentation={augmentation}--model=huggingface_smollm2-hf");
        let Some(notes) = check_recorded(&folder, gsm) else { return };
        assert_eq!(notes, []);
    }
}

#[test]
fn lsat_in_a_wide_and_a_narrow_window() {
    let is_ordering = |kind: &str| kind.ends_with("ordering");
    let folder =
        "dry100/lsat_qa--task=ordering,method=multiple_choice_joint,model=huggingface_smollm2-hf";
    let Some(notes) = check(folder, || lsat(is_ordering)) else { return };
    assert_eq!(notes, []);
    let folder =
        "golden20/lsat_qa--task=all,method=multiple_choice_joint,model=huggingface_smollm2-hf-512";
    let notes = check(folder, || lsat(|_| true)).unwrap();
    assert_eq!(notes, [Note::ExamplesDropped { prompts: 20, examples: 80, of: 20 }]);
}

#[test]
fn babi_in_a_wide_and_a_narrow_window() {
    let Some(notes) = check("dry100/babi_qa--task=1,model=huggingface_smollm2-hf", || babi(1))
    else {
        return;
    };
    assert_eq!(notes, []);
    let notes = check("golden20/babi_qa--task=15,model=huggingface_smollm2-hf", || babi(15));
    assert_eq!(notes.unwrap(), []);
    let notes =
        check("dry100/babi_qa--task=3,model=huggingface_smollm2-hf-512", || babi(3)).unwrap();
    assert!(notes.contains(&Note::PromptsCut { prompts: 33, of: 100 }), "{notes:?}");
}

#[test]
fn wikitext_windows() {
    let model = "wikitext_103--model=huggingface_smollm2-hf-512";
    let Some(notes) = check(&format!("dry100/{model}"), wikitext) else { return };
    assert_eq!(notes, [Note::TokensSkipped { tokens: 33, texts: 33 }]);
    let notes = check(&format!("golden8/{model}"), wikitext).unwrap();
    assert_eq!(notes, [Note::TokensSkipped { tokens: 5, texts: 5 }]);
}

#[test]
fn without_examples() {
    for folder in [
        "dry100/blimp--phenomenon=quantifiers,method=multiple_choice_separate_original,model=huggingface_smollm2-hf",
        "golden20/blimp--phenomenon=binding,method=multiple_choice_separate_original,model=huggingface_smollm2-hf",
        "t_b_blimp/blimp--phenomenon=island_effects,method=multiple_choice_separate_original,model=huggingface_smollm2-hf",
        "dry100/bold--subject=gender,model=huggingface_smollm2-hf",
        "dry100/code--dataset=humaneval,model=huggingface_smollm2-hf",
    ] {
        let Some(notes) = check_recorded(folder, Vec::new) else { return };
        assert_eq!(notes, []);
    }
}
