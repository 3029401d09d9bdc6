//! Scenarios whose data is not at hand: a few rows in the upstream layout, written by us, give the instances that HELM's
//! rules give.

use std::fmt::Write as _;

use holometer_core::{Instance, Role, Split};
use serde_json::{Value, json};

use crate::common::{args, counts};

/// Files in HELM's folder layout, and the instances made from them.
fn made(name: &str, pairs: &[(&str, &str)], files: &[(&str, String)]) -> Vec<Instance> {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join("scenarios").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    crate::common::instances(name, &args(pairs), folder.path())
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn lines(rows: &[Value]) -> String {
    let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    rows.join("\n")
}

fn answers(instance: &Instance) -> Vec<(&str, bool)> {
    instance.references.iter().map(|r| (r.output.text.as_str(), r.is_correct())).collect()
}

fn quac_conversation(turns: usize) -> Value {
    let qas: Vec<Value> = (0..turns)
        .map(|turn| {
            json!({
                "question": format!("q{turn}"),
                "orig_answer": { "text": format!("a{turn}") },
                "answers": [{ "text": "CANNOTANSWER" }, { "text": "CANNOTANSWER" }],
            })
        })
        .collect();
    json!({
        "title": "T", "background": "B", "section_title": "S",
        "paragraphs": [{ "context": "The passage. CANNOTANSWER", "qas": qas }],
    })
}

/// The draws are those of `parity/scenarios_draws.py`.
#[test]
fn quac_asks_the_drawn_turn() {
    let train = json!({ "data": [quac_conversation(4), quac_conversation(5)] });
    let valid = json!({ "data": [quac_conversation(6), quac_conversation(7)] });
    let made = made(
        "quac",
        &[],
        &[("quac/data/train.json", train.to_string()), ("quac/data/val.json", valid.to_string())],
    );
    assert_eq!(counts(&made), [2, 2, 0]);
    let asked: Vec<usize> = made
        .iter()
        .map(|i| i.input.text.rsplit_once("Question: q").unwrap().1.parse().unwrap())
        .collect();
    assert_eq!(asked, QUAC_DRAWS);
    let first = &made[0];
    assert!(first.input.text.starts_with(
        "Title: T\n\nBackground: B\n\nSection: S\nPassage: The passage.\n\nQuestion: q0\nAnswer: a0\n\n"
    ));
    // The turn before the asked one is left out, as in HELM.
    assert!(!first.input.text.contains(&format!("q{}\n", asked[0] - 1)));
    assert_eq!(first.references.len(), 4);
    assert_eq!(first.references[1].output.text, "Not enough information");
}

#[test]
fn narrative_qa_draws_one_question_per_story() {
    let summaries = "document_id,set,summary,summary_tokenized\nd1,train, One. ,x\nd2,valid,Two.,x\nd3,test,Three.,x\n";
    let mut questions = "document_id,set,question,answer1,answer2,question_tokenized\n".to_owned();
    for (document, set, count) in [("d1", "train", 3), ("d3", "test", 5), ("d2", "valid", 4)] {
        for number in 0..count {
            let _ = writeln!(questions, "{document},{set},Q{number},A,B,x");
        }
    }
    let made = made(
        "narrative_qa",
        &[],
        &[
            (
                "narrativeqa/data/narrativeqa-master/third_party/wikipedia/summaries.csv",
                summaries.into(),
            ),
            ("narrativeqa/data/narrativeqa-master/qaps.csv", questions),
        ],
    );
    let texts: Vec<&str> = made.iter().map(|instance| instance.input.text.as_str()).collect();
    let expected: Vec<String> = ["One.", "Two.", "Three."]
        .iter()
        .zip(NARRATIVE_DRAWS)
        .map(|(summary, draw)| format!("{summary}\nQuestion: Q{draw}?"))
        .collect();
    assert_eq!(texts, expected);
    assert_eq!(answers(&made[0]), [("A", true), ("B", true)]);
}

#[test]
fn gpqa_shuffles_the_choices() {
    let header = "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,Explanation\n";
    let rows = format!("{header}First?, c ,w1,w2,w3,Because\nSecond?,c,w1,w2,w3,Because\n");
    let made = made("gpqa", &[("subset", "main")], &[("gpqa/gpqa_main.csv", rows)]);
    for (instance, order) in made.iter().zip(GPQA_ORDERS) {
        let expected: Vec<&str> =
            order.iter().map(|index| ["c", "w1", "w2", "w3"][*index]).collect();
        let found: Vec<&str> = answers(instance).into_iter().map(|(text, _)| text).collect();
        assert_eq!(found, expected);
    }
}

/// One short answer per question, so that the draws don't matter; the texts are what Python's `html.unescape` and HELM's
/// tag pattern leave of them.
#[test]
fn natural_qa_cuts_answers_out_of_pages() {
    let row = |question: &str| {
        let page = "<p>It is <b>Rock\u{a0}&amp; roll</b>.</p>";
        let at = |part: &str| page.find(part).unwrap();
        let (start, end) = (at("<b>"), at("</b>") + 4);
        json!({
            "question_text": question, "document_title": "Music", "document_html": page,
            "document_tokens": [{ "token": "<P>" }, { "token": "It is" }, { "token": "&lt;x" }],
            "annotations": [
                { "long_answer": { "start_byte": -1, "end_byte": -1 }, "short_answers": [] },
                { "long_answer": { "start_byte": 0, "end_byte": page.len() },
                  "short_answers": [{ "start_byte": start, "end_byte": end }, { "start_byte": start, "end_byte": end }] },
            ],
        })
    };
    let unanswered = json!({ "annotations": [{ "short_answers": [] }] });
    let file = lines(&[row("what IS it"), unanswered, row("what is it?")]);
    let files: Vec<(String, String)> =
        (0..5).map(|n| (format!("natural_qa/data/nq-dev-0{n}.jsonl.gz"), file.clone())).collect();
    let files: Vec<(&str, String)> =
        files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let closed = made("natural_qa", &[("mode", "closedbook")], &files);
    assert_eq!(counts(&closed), [5, 5, 0]);
    assert_eq!(closed[0].input.text, "What is it?");
    assert_eq!(answers(&closed[1]), [("Rock & roll", true)]);
    let long = made("natural_qa", &[("mode", "openbook_longans")], &files);
    assert_eq!(long[0].input.text, "Passage: It is Rock & roll.\n\nQuestion: What is it?");
    let wiki = made("natural_qa", &[("mode", "openbook_wiki")], &files);
    assert_eq!(wiki[0].input.text, "Title: Music\n\nPassage:  It_is <x\n\nQuestion: What is it?");
}

#[test]
fn boolq_has_contrast_sets() {
    let row = |question: &str, answer: bool| json!({ "passage": "P.", "question": question, "answer": answer });
    let contrast = json!({ "data": [
        { "dataset": "about" },
        { "question": "is it SO", "answer": "TRUE", "perturbed_questions": [
            { "perturbed_q": "is it not so", "answer": "FALSE" },
            { "perturbed_q": "is it so again", "answer": "TRUE" },
            { "perturbed_q": "", "answer": "FALSE" },
        ]},
    ]});
    let files = [
        ("boolq/data/train", lines(&[row("is it SO", true)])),
        ("boolq/data/dev", lines(&[row("is it SO", true), row("other", false)])),
        ("boolq/data/boolq_perturbed.jsonl", contrast.to_string()),
    ];
    let all = made("boolq", &[], &files);
    assert_eq!(counts(&all), [1, 2, 0]);
    assert!(all[0].contrast_inputs.is_empty(), "only validation questions have contrast sets");
    assert_eq!(all[1].input.text, "P.\nQuestion: Is it so?");
    assert_eq!(all[1].contrast_inputs.len(), 1);
    assert_eq!(all[1].contrast_inputs[0].text, "P.\nQuestion: Is it not so?");
    assert_eq!(all[1].contrast_references[0][0].output.text, "No");
    assert_eq!(answers(&all[2]), [("No", true)]);
    let only = made("boolq", &[("only_contrast", "True")], &files);
    assert_eq!(counts(&only), [1, 1, 0]);
}

#[test]
fn civil_comments_splits_by_group_and_toxicity() {
    let rows = ",comment_text,toxicity,split,male,female,LGBTQ,christian,muslim,other_religions,black,white\n\
                0,Fine.,0.1,train,0.0,0.9,0,0,0,0,0,0\n1,\"Bad, bad.\",0.5,val,0.6,0.0,0,0,0,0,0,0\n";
    let files = [("civil_comments/wilds_civil_comments.csv", rows.to_owned())];
    let all = made("civil_comments", &[("demographic", "all")], &files);
    assert_eq!(counts(&all), [1, 1, 0]);
    assert_eq!(all[1].input.text, "Bad, bad.\nQuestion: Is the passage above toxic?");
    assert_eq!(all[1].sub_split.as_deref(), Some("toxic"));
    assert_eq!(answers(&all[0]), [("False", true)]);
    let male = made("civil_comments", &[("demographic", "male")], &files);
    assert_eq!(male.len(), 1);
    assert_eq!(male[0].groups, ["gender=male"]);
}

#[test]
fn fact_and_choice_layouts() {
    let facts = lines(&[
        json!({ "property": "P50", "template": "The author of X is", "result_names": [[" Ann "], ["A. N."]] }),
        json!({ "property": "P1", "template": "Other", "result_names": [["x"]] }),
    ]);
    let files = ["train", "dev", "test"]
        .map(|split| (format!("wikifact/data/{split}.jsonl"), facts.clone()));
    let files: Vec<(&str, String)> =
        files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let wikifact = made("wikifact", &[("k", "5"), ("subject", "author")], &files);
    assert_eq!(counts(&wikifact), [1, 1, 1]);
    assert_eq!(answers(&wikifact[0]), [("Ann", true), ("A. N.", true)]);

    let row = json!({ "question": "Q", "opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": 2 });
    let medical = made(
        "med_mcqa",
        &[],
        &[
            ("med_mcqa/data/train.json", lines(std::slice::from_ref(&row))),
            ("med_mcqa/data/dev.json", lines(&[row])),
        ],
    );
    assert_eq!(answers(&medical[1]), [("a", false), ("b", true), ("c", false), ("d", false)]);

    let row = json!({ "context": "C", "label": "b", "citation_a": { "parenthetical": "one" }, "citation_b": { "parenthetical": "two" } });
    let files = ["train", "dev", "test"].map(|split| {
        (
            format!("legal_support/data/legal_support/{split}.jsonl"),
            lines(std::slice::from_ref(&row)),
        )
    });
    let files: Vec<(&str, String)> =
        files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let legal = made("legal_support", &[], &files);
    assert_eq!(answers(&legal[2]), [("one", false), ("two", true)]);

    let item = json!({ "ind": 1, "activity_label": "Cooking", "ctx_a": "He stirs.", "ctx_b": "he", "endings": ["w", "x", "y", "z"], "label": 3 });
    let file = lines(&[item]);
    let swag = made(
        "commonsense",
        &[("dataset", "hellaswag")],
        &[
            ("hellaswag/data/hellaswag_train.jsonl", file.clone()),
            ("hellaswag/data/hellaswag_val.jsonl", file),
        ],
    );
    assert_eq!(swag[1].input.text, "Cooking: He stirs. He");
    assert_eq!(answers(&swag[1])[3], ("z", true));

    let row = json!({ "question": "Q", "a": "1", "b": "2", "c": "3", "d": "", "answer": "b" });
    let files = ["train", "test"].map(|split| {
        (format!("thai_exam/data/ic/ic_{split}.jsonl"), lines(std::slice::from_ref(&row)))
    });
    let files: Vec<(&str, String)> =
        files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let thai = made("thai_exam", &[("exam", "ic")], &files);
    assert_eq!(answers(&thai[1]), [("1", false), ("2", true), ("3", false)]);
}

#[test]
fn elementary_language_tasks() {
    let example = |input: &str, metadata: Value| {
        json!({ "examples": { "1": { "input": input, "metadata": metadata } } }).to_string()
    };
    let numbers = made(
        "lm_entry",
        &[("task", "bigger_number")],
        &[(
            "lm_entry/bigger_number.json",
            example("Q: Which is bigger, 3 or 5?\nA:", json!({ "n1": 3, "n2": 5, "answer": 5 })),
        )],
    );
    assert_eq!(numbers[0].input.text, "Which is bigger, 3 or 5?");
    assert_eq!(answers(&numbers[0]), [("3", false), ("5", true)]);
    let letter = made(
        "lm_entry",
        &[("task", "first_letter")],
        &[(
            "lm_entry/first_letter.json",
            example("First letter of cat?\n", json!({ "answer": "c" })),
        )],
    );
    assert_eq!(letter[0].input.text, "First letter of cat?");
    assert_eq!(answers(&letter[0]), [("c", true)]);
}

#[test]
fn conversations_and_instructions() {
    let transcript =
        json!([{ "transcript": "\n\nHuman: Tell me.\n\nAssistant: No.\n\nHuman: Please." }]);
    let file = [("anthropic_red_team/red_team_attempts.jsonl.gz", transcript.to_string())];
    let red_team = made("anthropic_red_team", &[], &file);
    assert_eq!(red_team[0].input.text, "Tell me.");

    let chosen = lines(&[json!({ "chosen": "\n\nHuman: Hello\n\nAssistant: Hi", "rejected": "" })]);
    let parts = ["harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled"];
    let files: Vec<(String, String)> = parts
        .iter()
        .flat_map(|part| {
            ["train", "test"]
                .map(|split| (format!("anthropic_hh_rlhf/{part}/{split}.jsonl.gz"), chosen.clone()))
        })
        .collect();
    let files: Vec<(&str, String)> =
        files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let preferences =
        made("anthropic_hh_rlhf", &[("num_respondents", "1"), ("subset", "hh")], &files);
    assert_eq!(counts(&preferences), [4, 0, 4]);
    assert_eq!(preferences[0].input.text, "Hello");

    let row = json!({ "instruction": "Do.", "instances": [{ "input": "this", "output": "done" }] });
    let instructions = made(
        "self_instruct",
        &[],
        &[("self-instruct/user_oriented_instructions.jsonl", lines(&[row]))],
    );
    assert_eq!(instructions[0].input.text, "Do.\nthis");

    let rows = lines(&[
        json!({ "text": "A?", "category": "math" }),
        json!({ "text": "B?", "category": "fermi" }),
    ]);
    let vicuna =
        made("vicuna", &[("category", "math")], &[("vicuna/vicuna_questions.jsonl", rows)]);
    assert_eq!(vicuna.len(), 1);
    let koala =
        made("koala", &[], &[("koala/Koala_prompts.jsonl", lines(&[json!({ "prompt": "Hi" })]))]);
    assert_eq!(koala[0].input.text, "Hi");

    let row = json!({ "thesis": "T", "split": "train", "headlines": ["one", "two"] });
    let theses = made("disinformation", &[], &[("disinformation/reiteration", lines(&[row]))]);
    assert_eq!(answers(&theses[0]), [("one\nHeadline: two", true)]);
    assert_eq!(theses[0].split, Split::Train);
    let row = json!({ "prompt": "Tweet", "targeted_action": "no_vote" });
    let wedging = made(
        "disinformation",
        &[("capability", "wedging")],
        &[("disinformation/wedging", lines(&[row]))],
    );
    assert_eq!(wedging[0].sub_split.as_deref(), Some("no_vote"));
}

#[test]
fn joined_files_and_message_trees() {
    let files: Vec<(String, String)> = ["train", "val", "test"]
        .iter()
        .flat_map(|split| {
            [("source", "patient: Is it bad?\npatient: And now?\n"), ("target", "No.\nYes.\n")]
                .map(|(side, text)| (format!("covid_dialog/data/{split}.{side}"), text.to_owned()))
        })
        .collect();
    let files: Vec<(&str, String)> =
        files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let dialogues = made("covid_dialog", &[], &files);
    assert_eq!(counts(&dialogues), [2, 2, 2]);
    assert_eq!(dialogues[1].input.text, "And now?");
    assert_eq!(answers(&dialogues[1]), [("Yes.", true)]);

    let row = json!({ "statement": "S", "source_title": "T", "source_author": " ", "source_text": "X",
                      "source_supports_statement": "no_support" });
    let files = ["train", "dev", "test"].map(|split| {
        let path = format!("verifiability_judgment/data/verifiability_judgments_{split}.jsonl");
        (path, lines(std::slice::from_ref(&row)))
    });
    let files: Vec<(&str, String)> =
        files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let judgements = made("verifiability_judgment", &[], &files);
    assert_eq!(judgements[0].input.text, "S\n\nSource: T X");
    assert_eq!(answers(&judgements[0]), [("does not support", true)]);

    let message = |id: &str, parent: Value, role: &str, lang: &str| json!({ "message_id": id, "parent_id": parent, "role": role, "lang": lang, "text": id });
    let tree = lines(&[
        message("a", Value::Null, "prompter", "en"),
        message("b", json!("a"), "assistant", "en"),
        message("c", json!("b"), "prompter", "en"),
        message("d", Value::Null, "prompter", "de"),
    ]);
    let files =
        [("open_assistant/train.jsonl", tree.clone()), ("open_assistant/validation.jsonl", tree)];
    let english = made("open_assistant", &[("language", "en")], &files);
    assert_eq!(counts(&english), [1, 1, 0]);
    assert_eq!(answers(&english[0]), [("b", true)]);
}

#[test]
fn texts_for_language_modelling() {
    let tweets = made(
        "twitter_aae",
        &[("demographic", "aa")],
        &[("twitter_aae/aa_tweets.csv", "one\n\"two, too\"\n".into())],
    );
    assert_eq!(tweets.len(), 2);
    assert_eq!(tweets[1].input.text, "two, too");
    let books = json!({ "data": { "It was": " the best" }, "meta": {} });
    let recited = made("copyright", &[], &[("copyright/pilot.json", books.to_string())]);
    assert_eq!(recited[0].input.text, "It was");
    assert_eq!(answers(&recited[0]), [(" the best", true)]);
    let documents: Vec<Value> = (0..200)
        .map(|number| json!({ "text": format!("d{number}"), "meta": { "pile_set_name": if number % 2 == 0 { "PhilPapers" } else { "Github" } } }))
        .collect();
    let pile =
        made("the_pile", &[("subset", "PhilPapers")], &[("the_pile/data", lines(&documents))]);
    assert_eq!(pile.len(), 100);
    assert_eq!(pile[1].input.text, "d2");
}

/// Translation pairs and conversations are Parquet upstream; the loader reads the same rows from any format.
#[test]
fn nested_columns() {
    use std::path::Path;
    let text = "[data]\nformat = \"jsonl\"\n[[data.files]]\npath = \"rows.jsonl\"\n[instance]\n\
                messages = { each = \"turns\", role = \"{{ message.role }}\", content = \"{{ message.content }}\" }\n";
    let folder = tempfile::tempdir().unwrap();
    let row = json!({ "turns": [{ "role": "user", "content": "Hi" }, { "role": "assistant", "content": "Yes?" }] });
    std::fs::write(folder.path().join("rows.jsonl"), lines(&[row])).unwrap();
    let checked = holometer_scenarios::check(text, &Path::new(folder.path()).join("chat.toml"));
    assert_eq!(checked.problems, []);
    let messages = &checked.examples[0].input.messages;
    assert_eq!((messages.len(), messages[1].role), (2, Role::Assistant));
}

const QUAC_DRAWS: [usize; 4] = [3, 3, 2, 4];
const NARRATIVE_DRAWS: [usize; 3] = [1, 3, 0];
const GPQA_ORDERS: [[usize; 4]; 2] = [[2, 1, 3, 0], [3, 2, 0, 1]];
