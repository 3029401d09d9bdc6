//! The guide's examples are files that work: each is checked, and run, over data of its own.

use std::fs;

use crate::common;

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scenario-format.md");

const DATA: [(&str, &str); 7] = [
    ("sums.jsonl", "{\"question\": \"2+2?\", \"options\": [\"3\", \"4\"], \"answer\": 1}\n"),
    ("capitals-train.csv", "country,continent,capital\nItaly,Europe,Rome\n"),
    ("capitals-test.csv", "country,continent,capital\nFrance,Europe,Paris\nKenya,Africa,Nairobi\n"),
    ("law.csv", "question,a,b,c,d,solution,year\nWho?,x,y,z,w,B,2021\nWhen?,x,y,z,w,C,1999\n"),
    ("medicine.csv", "question,a,b,c,d,solution,year\nWhere?,x,y,z,w,A,2022\n"),
    ("pairs.tsv", "stereotyped\tother\nThey are late.\tWe are late.\n"),
    (
        "all.jsonl",
        "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b\", \"label\": \"y\"}\n{\"text\": \"c\", \"label\": \"x\"}\n{\"text\": \"d\", \"label\": \"y\"}\n{\"text\": \"e\", \"label\": \"x\"}\n",
    ),
];

#[test]
fn every_example_of_the_guide_runs() {
    let home = tempfile::tempdir().unwrap();
    for (name, content) in DATA {
        fs::write(home.path().join(name), content).unwrap();
    }
    let guide = fs::read_to_string(GUIDE).unwrap();
    let examples: Vec<&str> =
        guide.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    assert_eq!(examples.len(), 5);
    for (index, example) in examples.iter().enumerate() {
        let file = format!("example{index}.toml");
        fs::write(home.path().join(&file), example).unwrap();
        let checked = common::run(home.path(), &["check", &file]);
        assert!(
            checked.status.success(),
            "{example}\n{}{}",
            common::stdout(&checked),
            common::stderr(&checked)
        );
        let name = example.split('"').nth(1).unwrap();
        let run = common::run(
            home.path(),
            &["run", "-m", "test:random", "--scenario-file", &file, "-e", name, "--suite", name],
        );
        assert!(run.status.success(), "{name}: {}", common::stderr(&run));
        assert!(common::stderr(&run).contains(" 0 failed, 0 not run"), "{}", common::stderr(&run));
    }
}
