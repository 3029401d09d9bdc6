//! The scenarios of the golden runs that can be read with little code, as HELM reads them.

use std::fs::File;

use holometer_core::{Instance, Reference, Split};
use holometer_testkit::shared_path;
use serde_json::Value;

/// MMLU's instances of a subject.
pub(crate) fn mmlu(subject: &str) -> Vec<Instance> {
    let mut instances = Vec::new();
    for (folder, split) in [("dev", Split::Train), ("test", Split::Test)] {
        let path = shared_path(&format!(
            "golden/data/scenarios/mmlu/data/{folder}/{subject}_{folder}.csv"
        ));
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).from_path(path.unwrap()).unwrap();
        for row in reader.records() {
            let row: Vec<String> = row.unwrap().iter().map(str::to_owned).collect();
            let (answers, letter) = (&row[1..row.len() - 1], row[row.len() - 1].as_bytes()[0]);
            let right = &answers[usize::from(letter - b'A')];
            let reference = |answer: &String| {
                if answer == right { Reference::correct(answer) } else { Reference::wrong(answer) }
            };
            let references = answers.iter().map(reference).collect();
            instances.push(Instance::new(row[0].as_str(), references, split));
        }
    }
    instances
}

/// GSM8K's instances.
pub(crate) fn gsm() -> Vec<Instance> {
    let mut instances = Vec::new();
    for split in [Split::Train, Split::Test] {
        let name = format!("golden/data/scenarios/gsm/gsm_data_{}", split.as_str());
        let text = std::fs::read_to_string(shared_path(&name).unwrap()).unwrap();
        for line in text.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let answer = row["answer"].as_str().unwrap();
            let answer = answer.replace("####", "The answer is").replace('\n', " ") + ".";
            let question = row["question"].as_str().unwrap();
            instances.push(Instance::new(question, vec![Reference::correct(answer)], split));
        }
    }
    instances
}

/// AR-LSAT's instances of all question types that `is_wanted` (given the question's third tag).
pub(crate) fn lsat(is_wanted: fn(&str) -> bool) -> Vec<Instance> {
    let mut instances = Vec::new();
    let files = [("Training", Split::Train), ("Development", Split::Valid), ("Test", Split::Test)];
    for (name, split) in files {
        let name = format!("golden/data/scenarios/lsat_qa/data/AR_{name}Data.json");
        let passages: Value =
            serde_json::from_reader(File::open(shared_path(&name).unwrap()).unwrap()).unwrap();
        for passage in passages.as_array().unwrap() {
            let wanted = |question: &&Value| is_wanted(question["tags"][2].as_str().unwrap());
            for question in passage["questions"].as_array().unwrap().iter().filter(wanted) {
                let text = passage["passage"].as_str().unwrap();
                let text = format!("{text}\nQuestion: {}", question["question"].as_str().unwrap());
                let right = usize::from(question["answer"].as_str().unwrap().as_bytes()[0] - b'A');
                let options = question["options"].as_array().unwrap().iter().enumerate();
                let references = options.map(|(index, option)| {
                    let option = option.as_str().unwrap();
                    if index == right {
                        Reference::correct(option)
                    } else {
                        Reference::wrong(option)
                    }
                });
                instances.push(Instance::new(text, references.collect(), split));
            }
        }
    }
    instances
}

/// bAbI's instances of a task.
pub(crate) fn babi(task: u32) -> Vec<Instance> {
    let mut instances = Vec::new();
    for split in [Split::Train, Split::Valid, Split::Test] {
        let folder = "golden/data/scenarios/babi_qa/data/tasks_1-20_v1-2/en-valid";
        let path = shared_path(&format!("{folder}/qa{task}_{}.txt", split.as_str())).unwrap();
        let mut story = String::new();
        for line in std::fs::read_to_string(path).unwrap().split_inclusive('\n') {
            let (number, fact) = line.split_once(' ').unwrap();
            if number == "1" {
                story.clear();
            }
            if fact.contains('?') {
                let mut fields = fact.split('\t').map(str::trim);
                let text = format!("{story}Question: {}", fields.next().unwrap());
                let references = vec![Reference::correct(fields.next().unwrap())];
                instances.push(Instance::new(text, references, split));
            } else {
                story.push_str(fact);
            }
        }
    }
    instances
}

/// WikiText-103's test articles.
pub(crate) fn wikitext() -> Vec<Instance> {
    let path = shared_path("golden/data/scenarios/wikitext_103/wiki.test.raw");
    let path =
        path.or_else(|| shared_path("golden/data/scenarios/wikitext_103/data/wiki.test.raw"));
    let text = std::fs::read_to_string(path.unwrap()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_title = |line: &str| {
        let line = line.trim_end_matches('\n');
        line.starts_with(" = ") && line.ends_with(" = ") && !line.starts_with(" = = ")
    };
    let mut articles: Vec<String> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let starts = *line == " \n"
            && lines.get(index + 2) == Some(&" \n")
            && lines.get(index + 1).is_some_and(|line| is_title(line));
        if starts || articles.is_empty() {
            articles.push(String::new());
        }
        articles.last_mut().unwrap().push_str(line);
    }
    articles.into_iter().map(|text| Instance::new(text, Vec::new(), Split::Test)).collect()
}
