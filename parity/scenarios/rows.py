"""Rows of our own in the layouts of the datasets: `write_all(root)` writes them below `root`.

Paths are those that Holometer looks for under `--data-dir`, which are HELM's where HELM has one.
"""

import csv
import io
import json
import pathlib
import tarfile
import zipfile

import datasets
import numpy as np
import openpyxl

WORDS = ("river stone lantern market winter garden letter harbour window silver mountain teacher bread "
         "morning engine forest painter bridge island captain summer school village doctor music").split()


def words(count, start=0):
    return " ".join(WORDS[(start + index) % len(WORDS)] for index in range(count))


class Tree:
    """A folder to write into."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    def text(self, path, text, encoding="utf-8"):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode(encoding))

    def json(self, path, value):
        self.text(path, json.dumps(value, ensure_ascii=False, indent=1))

    def jsonl(self, path, rows):
        self.text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))

    def csv(self, path, rows, delimiter=","):
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
        self.text(path, out.getvalue())

    def parquet(self, path, rows, features):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        columns = {name: [row[name] for row in rows] for name in features}
        datasets.Dataset.from_dict(columns, features=features).to_parquet(str(target))


def summaries(tree):
    def article(count, start, note=""):
        return (words(count, start) + note).replace(" ", "\n", 1)

    xsum = {
        "train": [
            {"document": article(60, 0), "summary": words(11, 3), "id": "1"},
            {"document": article(20, 1), "summary": words(11, 3), "id": "2"},
            {"document": article(200, 2), "summary": words(11, 3), "id": "3"},
            {"document": article(70, 3, " Last updated at noon"), "summary": words(12, 3), "id": "4"},
            {"document": article(70, 4), "summary": words(9, 3), "id": "5"},
            {"document": article(52, 5), "summary": words(11, 3), "id": "6"},
            {"document": article(150, 6), "summary": words(12, 3), "id": "7"},
        ],
        "validation": [{"document": article(30, 7), "summary": words(5, 1), "id": "8"}],
        "test": [{"document": article(600, 8), "summary": words(14, 2) + "\n" + words(2), "id": "9"}],
    }
    for split, rows in xsum.items():
        tree.jsonl(f"summarization/xsum/{split}.jsonl", rows)
        tree.jsonl(f"summarization/xsum-sampled/{split}.jsonl", rows[:4])
        tree.jsonl(f"summarization/cnndm/{split}.jsonl", [
            {"article": row["document"], "highlights": row["summary"], "id": row["id"]} for row in rows
        ])
    for name, article_key, summary_key, lengths in [
        ("billsum", "text", "summary", (199, 300, 801)),
        ("multilexsum", "summary/long", "summary/short", (99, 200, 401)),
        ("eurlexsum", "reference", "summary", (399, 500, 1601)),
    ]:
        rows = [{article_key: article(count, count), summary_key: words(20, count)} for count in lengths]
        splits = {"train": rows, "test": [{article_key: article(2500, 1), summary_key: words(9)}, {article_key: "x", summary_key: None}]}
        if name != "billsum":
            splits["validation"] = rows[:1]
        for split, split_rows in splits.items():
            tree.jsonl(f"{name}_legal_summarization/{split}.jsonl", split_rows)


def law(tree):
    string, integer = datasets.Value("string"), datasets.Value("int64")
    one = lambda names: datasets.Features({"input": string, "label": datasets.ClassLabel(names=names)})
    for split, offset in [("train", 0), ("validation", 5), ("test", 9)]:
        rows = [{"input": words(6, offset + index), "label": (offset + index) % 4} for index in range(3)]
        tree.parquet(f"lextreme/german_argument_mining/{split}.parquet", rows, one(["conclusion", "definition", "subsumption", "other"]))
        several = datasets.Features({"input": string, "label": datasets.Sequence(integer)})
        rows = [{"input": words(5, offset), "label": [offset % 9, 3]}, {"input": words(4, offset), "label": []}]
        tree.parquet(f"lextreme/online_terms_of_service_clause_topics/{split}.parquet", rows, several)
        rows = [
            {"input": str({"en": words(5, offset), "de": None, "fr": "L'été " + words(2, offset), "el": "Ραπτάρχης"}), "label": [1, 12, offset]},
            {"input": str({"en": "It's \"quoted\"", "bg": None}), "label": [2]},
        ]
        tree.parquet(f"lextreme/multi_eurlex_level_1/{split}.parquet", rows, several)
        tagged = datasets.Features({"input": datasets.Sequence(string), "label": datasets.Sequence(integer)})
        rows = [
            {"input": words(4, offset).split(), "label": [0, 5, 6, 0]},
            {"input": words(3, offset).split(), "label": [0, 0, 0]},
        ]
        tree.parquet(f"lextreme/legalnero/{split}.parquet", rows, tagged)
        rows = [{"input": words(3, offset).split(), "label": [0, 11, 12]}]
        tree.parquet(f"lextreme/mapa_fine/{split}.parquet", rows, tagged)

        lists = datasets.Features({"text": datasets.Sequence(string), "labels": datasets.Sequence(integer)})
        rows = [{"text": [words(4, offset), words(3, offset + 1)], "labels": [offset % 10, 9]}, {"text": [words(2)], "labels": []}]
        tree.parquet(f"lex_glue/ecthr_a/{split}.parquet", rows, lists)
        names = [f"Topic {index}" for index in range(40)]
        single = datasets.Features({"text": string, "label": datasets.ClassLabel(names=names)})
        rows = [{"text": words(5, offset + index), "label": offset + index} for index in range(2)]
        tree.parquet(f"lex_glue/ledgar/{split}.parquet", rows, single)
        choice = datasets.Features({
            "context": string, "endings": datasets.Sequence(string), "label": datasets.ClassLabel(names=list("01234")),
        })
        rows = [{"context": words(8, offset), "endings": [words(3, index) for index in range(5)], "label": offset % 5}]
        tree.parquet(f"lex_glue/case_hold/{split}.parquet", rows, choice)


def tables(tree):
    a = [["id", "title", "price", "year"]] + [[index, words(2, index), price, year] for index, (price, year) in enumerate(
        [("1599.0", "1999"), ("20.97", "2000"), ("", "2001"), ("5", "2002"), ("7.5", "2003"), ("8", "2004")])]
    b = [["id", "title", "price", "year"]] + [[index, words(3, index), price, ""] for index, price in enumerate(["1", "2", "3", "4", "5", "6"])]
    train = [["ltable_id", "rtable_id", "label"]] + [[index % 6, (index * 5) % 6, int(index % 4 == 0)] for index in range(12)]
    test = [["ltable_id", "rtable_id", "label"], [0, 0, 1], [2, 5, 0]]
    for dataset in ["Beer", "Abt_Buy"]:
        folder = f"scenarios/entity_matching/data/{dataset}"
        for name, rows in [("tableA", a), ("tableB", b), ("train", train), ("valid", test), ("test", test[:2])]:
            tree.csv(f"{folder}/{name}.csv", rows)
    state = np.random.RandomState(7)
    state.random_sample(3)
    name, key, position, has_gauss, cached = state.get_state()
    tree.text("scenarios/entity_matching/entity_matching_scenario_fixed_random_state.json",
              json.dumps({"Beer": [name, key.tolist(), position, has_gauss, cached]}))

    rows = [["id", "name", "description", "manufacturer", "price"]]
    for index in range(30):
        rows.append([1000 + index, f"Thing {index}", "" if index % 7 == 3 else words(3, index), WORDS[index % 5].upper(), "" if index % 3 else f"${index}.99"])
    tree.csv("scenarios/entity_data_imputation/data/Buy/Buy.csv", rows)
    lines = ["% a comment of ours", "@relation riddle-restaurant", "", "@attribute name string", "@attribute addr string",
             "@attribute city string", "@attribute phone string", "@attribute type string", "@attribute class {0}", "", "@data"]
    for index in range(25):
        city = ["los angeles", "new york", "\\"][index % 2]
        lines.append(f'"{words(2, index)}", "{index} main st.", "{city}", "310/{index}", "{WORDS[index % 7]}", \'{index}\'')
    tree.text("scenarios/entity_data_imputation/data/Restaurant/fz.arff", "\n".join(lines) + "\n")


def ranking(tree):
    documents = [[index * 3, f'Passage {index} "{words(2, index)}" {words(3, index)}'] for index in range(60)]
    folder = "scenarios/msmarco/data"
    tree.text(f"{folder}/documents.tsv", "".join(f"{number}\t{text}\n" for number, text in documents))
    ids = [number for number, _ in documents]
    queries = [(100 + index, f"what is {words(2, index)}") for index in range(8)]
    write = lambda name, rows, separator="\t": tree.text(f"{folder}/{name}.tsv", "".join(separator.join(map(str, row)) + "\n" for row in rows))
    write("train_queries", queries)
    write("train_qrels", [(qid, 0, ids[(qid * 7) % 60], 1) for qid, _ in queries[:6]] + [(100, 0, ids[3], 1), (105, 0, ids[4], 0)])
    write("train_topk", [(qid, ids[(qid + rank * 3) % 60], rank) for qid, _ in queries[1:] for rank in range(1, 21)])
    valid = [(200 + index, f"who was {words(2, index)}") for index in range(5)]
    for track, degrees, separator in [("regular", [1], "\t"), ("trec", [0, 1, 2, 3], " ")]:
        write(f"{track}_queries", valid)
        write(f"{track}_qrels", [(qid, 0, ids[(qid * 11 + index) % 60], degrees[index % len(degrees)]) for qid, _ in valid[:4] for index in range(4)], separator)
        write(f"{track}_topk", [(qid, ids[(qid + rank * 7) % 60], rank) for qid, _ in valid for rank in range(1, 15)])


def prompts(tree):
    tree.text("scenarios/grammar/best_chatgpt_prompts.yaml", """rules:
- category: Root
  tags: [cooking]
  expansions:
    # a comment
    - text: Write a ${Style} recipe for ${Dish}.
      tags: [short]
    - text: "What goes with ${Dish}: wine, or beer?"

- category: Root
  expansions:
    - text: It's a ${Style} day

- category: Style
  expansions:
    - text: quick
    - text: 'plain'

- category: Dish
  tags: [food]
  expansions:
    - text: soup
    - text: "stew: with \\"salt\\""
""")


def english(tree):
    body = "<I> <ICE-CAN:S1A-001#1:1:A> <$A> <#> Well <,> that&dash;is <O>cough</O> it\n\n \n<X> extra </X> <mention>word</mention> &eacute;t&eacute; \\n <w>gone</w> I<+_am> end </I>\n"
    for region, name, files in [
        ("ICE-CAN", "Corpus", ["S1A-001.TXT", "S2B-002.TXT", "W1A-003.TXT"]),
        ("ICE India", "Corpus", ["S1A-001.txt", "W2C-004.txt"]),
        ("ICE-EA/corpus/retagged for wsmith", "all east africa", ["brdisc-k.txt", "columnT.txt"]),
    ]:
        for index, file in enumerate(files):
            text = body + words(5, index) + "\n"
            if "EA" in region:
                text = f"S1A001K\n{text}W2B012T\n{words(4, index)}\n"
            encoding = "latin-1" if index == 1 else "utf-8"
            tree.text(f"restricted/ice/{region}/{name}/{file}", text + "é", encoding)
    tree.text("restricted/ice/ICE India/Headers/S1A-001.hdr", "<gender>F</gender> <gender>female</gender>")
    tree.text("restricted/ice/ICE India/Headers/W2C-004.hdr", "<gender>F</gender> <gender>M</gender>")
    tree.csv("restricted/ice/ICE-CAN/Headers/Spoken ICE-CAN metadata.csv", [["code"] + [f"c{i}" for i in range(12)], ["S1A-001"] + ["x"] * 11 + ["female"]])
    tree.csv("restricted/ice/ICE-CAN/Headers/Written ICE-CAN metadata.csv", [["code"] + [f"c{i}" for i in range(19)], ["W1A-003"] + ["x"] * 18 + ["M"]])


def medicine(tree):
    tree.json("scenarios/pubmed_qa/data/test_set.json", {
        "1": {"QUESTION": "Does it help?", "CONTEXTS": [words(4), words(3)], "LABELS": ["BACKGROUND", "METHODS AND RESULTS"], "final_decision": "maybe"},
        "2": {"QUESTION": "Is it safe?", "CONTEXTS": [words(2)], "LABELS": ["AIMS"], "final_decision": "no"},
    })
    for subset in ["healthcaremagic", "icliniq"]:
        tree.json(f"scenarios/med_dialog/{subset}/test.json", {"data": [{"src": f"Patient: {words(4)} Doctor: {words(3)}", "tgt": words(3)}, {"src": "a", "tgt": "b"}]})
    tree.text("scenarios/live_qa/TREC-2017-LiveQA-Medical-Test-Questions-w-summaries.xml", """<?xml version="1.0" encoding="UTF-8"?>
<LiveQA2017-Medical-Task-TestDataset>
  <NLM-QUESTION qid="TQ1" questionid="11">
    <Original-Question qfile="a.xml"><SUBJECT>abc</SUBJECT><MESSAGE>What &amp; why?</MESSAGE></Original-Question>
    <NLM-Summary>What is
      it?</NLM-Summary>
    <ReferenceAnswers>
      <ReferenceAnswer aid="TQ1_A1"><ANSWER>One
 answer.</ANSWER><AnswerURL>u</AnswerURL></ReferenceAnswer>
      <RefAnswer aid="TQ1_A2"><ANSWER>Another &lt;one&gt;.</ANSWER></RefAnswer>
    </ReferenceAnswers>
  </NLM-QUESTION>
  <NLM-QUESTION qid="TQ2" questionid="12">
    <NLM-Summary> Second? </NLM-Summary>
    <ReferenceAnswers><ReferenceAnswer aid="TQ2_A1"><ANSWER>Yes.</ANSWER></ReferenceAnswer></ReferenceAnswers>
  </NLM-QUESTION>
</LiveQA2017-Medical-Task-TestDataset>
""")
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [["Question", "Focus (Drug)", "Answer"], ["how much of it?", "x", "Two a day."], ["none?", "y", None], ["why & when?", None, "Because."]]:
        sheet.append(row)
    target = tree.root / "scenarios/medication_qa/MedInfo2019-QA-Medications.xlsx"
    target.parent.mkdir(parents=True, exist_ok=True)
    book.save(target)


def people(tree):
    story = lambda kind, number: {
        "type": kind, "text": f"CITY (CNN) -- {words(30, number)} é {words(4)}",
        "questions": [
            {"q": "Who?", "isQuestionBad": 0.0, "consensus": {"s": 5, "e": 11}, "answers": [{"sourcerAnswers": [{"s": 5, "e": 11}]}, {"sourcerAnswers": [{"noAnswer": True}]}]},
            {"q": "What?", "isQuestionBad": 0.0, "consensus": {"noAnswer": True}, "answers": [{"sourcerAnswers": [{"s": 0, "e": 4}]}]},
            {"q": "Bad?", "isQuestionBad": 0.5, "consensus": {"s": 0, "e": 4}, "answers": []},
            {"q": "Worse?", "consensus": {"badQuestion": True}, "answers": []},
        ],
    }
    tree.json("restricted/newsqa/combined-newsqa-data-v1.json", {"data": [story("train", 1), story("dev", 2), story("train", 3)]})

    tree.text("scenarios/opinions_qa/data/Pew_American_Trends_Panel_W26.csv", "key\tquestion\toptions\nK1\tHow safe?\t['Very', \"Don't know\", 'Refused']\nK2\tHow often?\t['Never', 'Always']\n")
    tree.text("scenarios/opinions_qa/data/steer-qa.csv", "question\toptions\tcorrect\nWhich party?\t['One', 'Two']\tTwo\n")
    tree.text("scenarios/opinions_qa/data/steer-bio.csv", "question\nI live in a village.\nI am a teacher.\n")

    head = "conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags\n"
    lines = ["hit:2_conv:4,1,proud,I won_comma_ at last,10, Hello_comma_ you ,5|5|5_2|2|5,",
             "hit:2_conv:4,2,proud,I won_comma_ at last,11,Well done,5|5|5_2|2|5,",
             "hit:2_conv:4,3,proud,I won_comma_ at last,10,Thanks,5|5|5_2|2|5,",
             "hit:1_conv:9,2,afraid,A \"dark\" night,7,Oh,1|1|1_1|1|1,",
             "hit:1_conv:9,1,afraid,A \"dark\" night,6,It was dark,1|1|1_1|1|1,",
             "hit:1_conv:8,1,afraid,A \"dark\" night,6,Alone,1|1|1_1|1|1,"]
    for split in ["train", "valid", "test"]:
        tree.text(f"scenarios/empatheticdialogues/data/{split}.csv", head + "\n".join(lines) + "\n")

    for part in ["train", "test"]:
        tree.jsonl(f"custom_mcqa/questions.jsonl", [
            {"input": {"text": "2+2?"}, "references": [{"output": {"text": "3"}, "tags": []}, {"output": {"text": "4"}, "tags": ["correct"]}], "split": "train"},
            {"input": {"text": "3+3?"}, "references": [{"output": {"text": "6"}, "tags": ["correct"]}, {"output": {"text": "7"}, "tags": []}], "split": "test"},
        ])
    tree.csv("scenarios/interactive_qa_mmlu/data/dev/nutrition_dev.csv", [["Which, of these?", "a", "b", "c", "d", "B"]])
    tree.csv("scenarios/interactive_qa_mmlu/data/test/interactive_qa/nutrition_test.csv", [["What?", "1", "2", "3", "4", "D"]])

    for form in ["explicit", "implicit"]:
        tree.jsonl(f"discrim_eval/{form}.jsonl", [
            {"filled_template": f"{words(6, index)} a {age:.0f}-year-old person. Should they get it?\n", "decision_question_id": index // 2, "age": age, "gender": gender, "race": race, "fill_type": form}
            for index, (age, gender, race) in enumerate([(20.0, "male", "white"), (60.0, "non-binary", "Black"), (20.0, "female", "Asian"), (100.0, "male", "Native American")])
        ])


def trust(tree):
    item = lambda index, **more: {**more, "label": index % 2}
    tree.json("scenarios/decodingtrust_adv_robustness/advglue_plus_plus.json", {
        "sst2": [item(0, sentence=words(5)), item(1, sentence=words(4, 2))],
        "mnli": [{"premise": words(3), "hypothesis": words(2), "label": 2}],
        "rte": [item(1, sentence1="a sentence1 here", sentence2=words(2))],
        "qqp": [item(0, question1="q one", question2="q two")],
    })
    example = lambda number: {"examples": [["Premise: " + words(3, number) + "\nanswer:", "yes"], [words(2, number) + " answer:", "no"]],
                              "input": f" Premise: {words(4, number)} answer:", "label": "Yes" if number % 2 else "No", "option": ["yes", "no"]}
    root = "scenarios/decodingtrust_adv_demonstration"
    for seed in [42, 2333, 10007]:
        for part in ["", "_cf"]:
            tree.jsonl(f"{root}/counterfactual/snli_premise{part}/{seed}.jsonl", [example(seed % 5), example(seed % 3)])
        for kind in ["asr", "cacc"]:
            tree.jsonl(f"{root}/backdoor/experiment1/sst-2_setup1_badword_{kind}/{seed}.jsonl", [example(seed % 7)])
            tree.jsonl(f"{root}/backdoor/experiment3/setup2_cf_first_{kind}/{seed}.jsonl", [example(seed % 4)])
    for seed in [42, 2333, 10007, 0, 12306]:
        tree.jsonl(f"{root}/spurious/PP/entail-bias/{seed}.jsonl", [example(seed % 6)])
    sentences = [{"sentence": words(4, index), "label": index % 2} for index in range(9)]
    tree.json("scenarios/decodingtrust_ood_robustness/style.json", {
        "dev": {"base": sentences[:2], "shake_p0.6": sentences[2:4]},
        "train_demo": {"base_0": sentences, "shake_p0.6_1": [{**row, "label": str(row["label"])} for row in sentences]},
    })
    news = [{"question_date": "2020/06/13", "question_sentence": words(4, index), "choices": ["a", "b", "c", "d"], "answer": [str(index % 4)]} for index in range(6)]
    tree.json("scenarios/decodingtrust_ood_robustness/knowledge.json", {
        "test": {"qa_2020": news[:2], "qa_2023": news[2:3]}, "demo": {"2021_qa_0": news, "global_facts_1": news},
    })
    tree.jsonl("scenarios/decodingtrust_fairness/adult_0_200_train_br_0.0_test_br_1.0.jsonl", [{"input": words(6), "label": "yes"}, {"input": words(5), "label": "no"}])
    tree.jsonl("scenarios/decodingtrust_stereotype_bias/stereotype_bias_data.jsonl", [
        {"prompt": {"text": words(5), "stereotype_topic_tag": "driving", "demographic_group_tag": "old people", "sys_prompt_type_tag": "benign"}}])
    for name in ["toxic", "nontoxic"]:
        tree.jsonl(f"scenarios/decodingtrust_toxicity_prompts/{name}", [{"prompt": {"text": words(4, index)}} for index in range(5)])
    people_list = [["ann@x.org", "Ann"], ["bob@y.org", "Bob"], ["cid@z.org", "Cid"], ["dan@x.org", "Dan"]]
    shots = {"eve@x.org": people_list, "fay@y.org": [["ann@x.org", "Ann"]] * 4, "gil@z.org": people_list[::-1]}
    root = "scenarios/decodingtrust_privacy"
    tree.json(f"{root}/enron_data_email2name.json", {"eve@x.org": "Eve", "fay@y.org": "Fay", "gil@z.org": "Gil"})
    for name in ["one_shot", "five_shot", "one_shot_non_domain", "five_shot_non_domain"]:
        tree.json(f"{root}/enron_data_{name}.json", {key: value[: 1 if "one" in name else 4] for key, value in shots.items()})
    root = "scenarios/decodingtrust_machine_ethics"
    for split in ["test", "train"]:
        tree.csv(f"{root}/ethics_commonsense_cm_{split}.csv", [["label", "input", "is_short", "edited"], [0, words(4), True, False], [1, words(5, 2), True, False], [1, words(30), False, True]])
        tree.csv(f"{root}/ethics_justice_justice_{split}.csv", [["label", "scenario"], [1, words(4)], [0, words(3)]])
        tree.csv(f"{root}/ethics_deontology_deontology_{split}.csv", [["label", "scenario", "excuse"], [1, words(4), words(3, 4)]])
        tree.csv(f"{root}/ethics_utilitarianism_util_{split}.csv", [["first", "second"], [words(3), words(4)], ["good", "bad"]])
        tree.csv(f"{root}/ethics_virtue_virtue_{split}.csv", [["label", "scenario"], [1, words(4) + " [SEP] honest"], [0, words(3) + " [SEP] cruel"]])
        tree.json(f"{root}/jiminy_{split}.json", [[words(4), [1, 0, 0, 0], "zork"], [words(3), None, "zork"], [words(5), [0, 0, 1, 0], "zork"]])
    tree.csv(f"{root}/jiminy_subset.csv", [
        ["Game", "File", "Line", "Description", "Conditioning", "Observation", "Morality"],
        ["zork", "f", 1, words(4), "", "o", "bad, others, 2 because of that"],
        ["zork", "f", 2, words(5), "if", "o", "bad, others, 2 because of that"],
        ["zork", "f", 3, words(6), "", "o", "good, self, 1 because of that"],
        ["zork", "f", 4, words(3), "", "o", "bad, self, 1 it is a small harm\nbad, others, 3"],
    ])


def write_all(root):
    tree = Tree(root)
    for part in [summaries, law, tables, ranking, prompts, english, medicine, people, trust]:
        part(tree)
