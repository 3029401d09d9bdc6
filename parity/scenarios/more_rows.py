"""More rows of our own in the layouts of datasets, for scenarios whose instances are proved elsewhere: here they give every
scenario something to ask."""

import io
import json
import tarfile

import datasets

from rows import WORDS, Tree, words

PARTS = ["train", "val", "test"]


def conversations(tree):
    chosen = [{"chosen": f"\n\nHuman: Tell me about {word}\n\nAssistant: It is {words(3)}.", "rejected": ""} for word in WORDS[:4]]
    for part in ["harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled"]:
        for split in ["train", "test"]:
            tree.jsonl(f"scenarios/anthropic_hh_rlhf/{part}/{split}.jsonl.gz", chosen)
    tree.json("scenarios/anthropic_red_team/red_team_attempts.jsonl.gz", [{"transcript": f"\n\nHuman: Say something bad about the {word}.\n\nAssistant: No.\n\nHuman: Please."} for word in WORDS[:4]])
    message = lambda number, parent, role: {"message_id": f"m{number}", "parent_id": parent, "role": role, "lang": "en", "text": words(4, number)}
    tree_rows = [message(number, None if number % 2 == 0 else f"m{number - 1}", "prompter" if number % 2 == 0 else "assistant") for number in range(8)]
    for split in ["train", "validation"]:
        tree.jsonl(f"scenarios/open_assistant/{split}.jsonl", tree_rows)
    tree.jsonl("scenarios/self-instruct/user_oriented_instructions.jsonl", [{"instruction": f"Write about the {word}.", "instances": [{"input": words(3), "output": words(5)}]} for word in WORDS[:4]])
    tree.jsonl("scenarios/vicuna/vicuna_questions.jsonl", [{"question_id": number, "text": f"What is a {word}?", "category": "generic"} for number, word in enumerate(WORDS[:4])])
    tree.jsonl("scenarios/koala/Koala_prompts.jsonl", [{"id": str(number), "prompt": f"Explain the {word}."} for number, word in enumerate(WORDS[:4])])
    turns = datasets.Features({
        "conversation_input": [{"role": datasets.Value("string"), "content": datasets.Value("string")}],
        "checklist": datasets.Sequence(datasets.Value("string")),
        "references": {"gpt-4": datasets.Value("string")},
        "session_id": datasets.Value("string"), "length": datasets.Value("int64"),
    })
    rows = [{"conversation_input": [{"role": "user", "content": f"What is a {word}?"}, {"role": "assistant", "content": words(4)}, {"role": "user", "content": "And why?"}],
             "checklist": ["Is it right?"], "references": {"gpt-4": words(3)}, "session_id": str(number), "length": 3} for number, word in enumerate(WORDS[:4])]
    tree.parquet("scenarios/wildbench/v2.parquet", rows, turns)
    turn = lambda number: {"question": f"What about the {WORDS[number]}?", "orig_answer": {"text": words(3, number)}, "answers": [{"text": words(3, number)}, {"text": words(2, number)}]}
    dialogue = lambda start: {"title": words(2, start).title(), "background": words(6, start), "section_title": "Life",
                              "paragraphs": [{"context": f"{words(20, start)} CANNOTANSWER", "qas": [turn(start + index) for index in range(5)]}]}
    for split in ["train", "val"]:
        tree.json(f"scenarios/quac/data/{split}.json", {"data": [dialogue(start) for start in range(6)]})


def medicine(tree):
    for scenario, source, target in [("covid_dialog", "patient: is it the ", "it is the "), ("me_q_sum", "my mother asks about the ", "what about the "), ("med_paragraph_simplification", "The trial of the ", "They tried the ")]:
        for split in PARTS:
            tree.text(f"scenarios/{scenario}/data/{split}.source", "".join(f"{source}{word}\n" for word in WORDS[:8]))
            tree.text(f"scenarios/{scenario}/data/{split}.target", "".join(f"{target}{word}\n" for word in WORDS[:8]))
    for split in ["train", "dev"]:
        tree.jsonl(f"scenarios/med_mcqa/data/{split}.json", [{"question": f"Which {word}?", "opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": number % 4 + 1} for number, word in enumerate(WORDS[:8])])


def choices(tree):
    head = "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,Explanation,Record ID\n"
    tree.text("scenarios/gpqa/gpqa_main.csv", head + "".join(f"Which {word}?,right {word},wrong one,wrong two,wrong three,Because {word}.,r{word}\n" for word in WORDS[:8]))
    pro = datasets.Features({"question_id": datasets.Value("int64"), "question": datasets.Value("string"), "options": datasets.Sequence(datasets.Value("string")),
                             "answer": datasets.Value("string"), "answer_index": datasets.Value("int64"), "category": datasets.Value("string"), "cot_content": datasets.Value("string")})
    rows = [{"question_id": number, "question": f"Which {word}?", "options": [f"{letter} {word}" for letter in "abcdef"], "answer": "ABCDEF"[number % 6], "answer_index": number % 6, "category": "math", "cot_content": f"A: Let's think. It is {word}."} for number, word in enumerate(WORDS[:8])]
    for split in ["validation", "test"]:
        tree.parquet(f"scenarios/mmlu_pro/{split}.parquet", rows, pro)
    for split in ["train", "dev", "test"]:
        tree.jsonl(f"scenarios/legal_support/data/legal_support/{split}.jsonl", [{"context": words(6, number), "label": "ab"[number % 2], "citation_a": {"parenthetical": words(3, number)}, "citation_b": {"parenthetical": words(4, number)}} for number in range(6)])
    for split in ["train", "test"]:
        tree.jsonl(f"scenarios/thai_exam/data/ic/ic_{split}.jsonl", [{"question": f"คำถาม {number}", "a": "1", "b": "2", "c": "3", "d": "4", "answer": "abcd"[number % 4]} for number in range(6)])
    tree.json("scenarios/lm_entry/bigger_number.json", {"examples": {str(number): {"input": f"Q: Which number is bigger, {number} or {number + 7}?\nA:", "metadata": {"n1": number, "n2": number + 7, "answer": number + 7}} for number in range(4)}})
    for split in ["train", "dev"]:
        tree.jsonl(f"scenarios/boolq/data/{split}", [{"passage": words(8, number), "question": f"is it a {WORDS[number]}", "answer": number % 2 == 0} for number in range(8)])
    tree.json("scenarios/boolq/data/boolq_perturbed.jsonl", {"data": [{"dataset": "about"}, {"question": f"is it a {WORDS[0]}", "answer": "TRUE", "perturbed_questions": [{"perturbed_q": "is it no such thing", "answer": "FALSE"}]}]})
    item = lambda number: {"ind": number, "activity_label": "Cooking", "ctx_a": "He stirs.", "ctx_b": "he", "endings": [words(3, number + index) for index in range(4)], "label": number % 4}
    for split in ["train", "val"]:
        tree.jsonl(f"scenarios/hellaswag/data/hellaswag_{split}.jsonl", [item(number) for number in range(4)])


def texts(tree):
    tree.csv("scenarios/civil_comments/wilds_civil_comments.csv", [["", "comment_text", "toxicity", "split", "male", "female", "LGBTQ", "christian", "muslim", "other_religions", "black", "white"]]
             + [[number, f"{words(6, number)}, {words(2)}.", 0.1 if number % 2 else 0.7, ["train", "val", "test"][number % 3], 0.6 if number % 2 else 0, 0, 0, 0.9, 0, 0, 0, 0] for number in range(18)])
    tree.json("scenarios/copyright/pilot.json", {"data": {f"It was the {word}": f" of {words(5)}" for word in WORDS[:4]}, "meta": {}})
    tree.jsonl("scenarios/disinformation/reiteration", [{"thesis": f"The {word} is not real", "split": "train" if number < 5 else "valid", "topic": "covid", "headlines": [f"{word} a hoax", f"{word} again"]} for number, word in enumerate(WORDS[:9])])
    tree.csv("scenarios/harm_bench_gcg_transfer/data/harmbench_gcg.csv", [["behavior_name", "behavior_prompt"]] + [[f"b_{word}", f"Do harm to the {word} !! describing"] for word in WORDS[:4]])
    string = datasets.Value("string")
    air = datasets.Features({name: string for name in ["cate-idx", "l2-name", "l3-name", "l4-name", "prompt"]})
    tree.parquet("scenarios/air_bench_2024/test.parquet", [{"cate-idx": f"1.{number}", "l2-name": "Ours", "l3-name": "Part", "l4-name": word, "prompt": f"Help me to harm the {word}."} for number, word in enumerate(WORDS[:4])], air)
    rubrics = datasets.Features({"cate-idx": string, "judge_prompt": string})
    tree.parquet("scenarios/air_bench_2024/judge_prompts.parquet", [{"cate-idx": f"1.{number}", "judge_prompt": "Rate {{QUESTION}} {{ANSWER}}."} for number in range(4)], rubrics)
    tree.jsonl("scenarios/omni_math/test.jsonl", [{"domain": ["Algebra"], "difficulty": 3.0, "problem": f"What is {number} + {number}?", "solution": f"It is {2 * number}.", "answer": str(2 * number), "source": "ours"} for number in range(4)])
    big = datasets.Features({name: datasets.Value("string") for name in ["task_id", "instruct_prompt", "complete_prompt", "code_prompt", "test", "entry_point", "canonical_solution", "libs"]})
    rows = [{"task_id": f"BigCodeBench/{number}", "instruct_prompt": f"Write a function that returns the {word}.", "complete_prompt": "def f():", "code_prompt": "def f():", "test": "pass", "entry_point": "f", "canonical_solution": "    return 1", "libs": "[]"} for number, word in enumerate(WORDS[:4])]
    tree.parquet("scenarios/bigcodebench/v0.1.0_hf.parquet", rows, big)
    tree.jsonl("scenarios/the_pile/data", [{"text": f"{words(12, number)}\n", "meta": {"pile_set_name": "PhilPapers"}} for number in range(4)])
    tree.csv("scenarios/twitter_aae/aa_tweets.csv", [[f"{words(5, number)}, ok"] for number in range(4)])
    judgement = lambda number: {"statement": words(5, number), "source_title": "T", "source_author": " ", "source_date": "2023", "source_text": words(9, number), "source_supports_statement": ["complete_support", "partial_support", "no_support"][number % 3]}
    for split in ["train", "dev", "test"]:
        tree.jsonl(f"scenarios/verifiability_judgment/data/verifiability_judgments_{split}.jsonl", [judgement(number) for number in range(9)])
    for split in ["train", "dev", "test"]:
        tree.jsonl(f"scenarios/wikifact/data/{split}.jsonl", [{"property": "P50", "template": f"The author of The {word.title()} is", "result_names": [[f"Ann {word.title()} "]]} for word in WORDS[:8]])
    articles = "".join(f" = {WORDS[number % 24].title()} {number} = \n \n {words(9, number)} . \n \n = = Part = = \n \n {words(6, number)} . \n \n" for number in range(60))
    tree.text("scenarios/wikitext_103/data/wiki.test.raw", articles)
    for number in range(30):
        tree.text(f"scenarios/synthetic_efficiency/num_prompt_tokens=1,tokenizer=huggingface_gpt2,id={number}.txt", WORDS[number % 24])
    pair = datasets.Features({"translation": {"de": datasets.Value("string"), "en": datasets.Value("string")}})
    rows = [{"translation": {"de": f"Der Satz {number}.", "en": f"The sentence {number}."}} for number in range(6)]
    for split in ["train", "validation", "test"]:
        tree.parquet(f"scenarios/wmt_14/de-en/{split}.parquet", rows, pair)
    page = lambda number: f"<p>It is <b>{WORDS[number]}</b>.</p>"
    question = lambda number: {"question_text": f"what is it {number}", "document_title": "Things", "document_html": page(number), "document_tokens": [{"token": "It"}, {"token": "is"}],
                               "annotations": [{"long_answer": {"start_byte": 0, "end_byte": len(page(number))}, "short_answers": [{"start_byte": page(number).index("<b>"), "end_byte": page(number).index("</b>") + 4}]}]}
    for shard in range(5):
        tree.jsonl(f"scenarios/natural_qa/data/nq-dev-0{shard}.jsonl.gz", [question(shard * 4 + number) for number in range(4)])
    stories = [["document_id", "set", "summary", "summary_tokenized"]] + [[f"d{number}", ["train", "valid", "test"][number % 3], f" {words(9, number)}. ", "x"] for number in range(18)]
    questions = [["document_id", "set", "question", "answer1", "answer2", "question_tokenized"]] + [[f"d{number}", ["train", "valid", "test"][number % 3], f"Who is {asked}", "Ann.", "Bob.", "x"] for number in range(18) for asked in range(3)]
    tree.csv("scenarios/narrativeqa/data/narrativeqa-master/third_party/wikipedia/summaries.csv", stories)
    tree.csv("scenarios/narrativeqa/data/narrativeqa-master/qaps.csv", questions)
    prompt = lambda number: {"prompt": {"text": words(5, number), "toxicity": 0.1 * number}, "continuation": {"text": words(3), "toxicity": None}}
    tree.jsonl("scenarios/real_toxicity_prompts/data/prompts.jsonl", [prompt(number) for number in range(9)])


def reviews(tree):
    head = "Sentiment\tText\n"
    for part in ["test", "dev"]:
        tree.text(f"scenarios/imdb/data/{part}_original.tsv", head + f"Positive\tA fine film of {part}\n")
        tree.text(f"scenarios/imdb/data/{part}_contrast.tsv", head + f"Negative\tA poor film of {part}\n")
    tree.json("scenarios/imdb/data/imdb_scenario_pinned_file_order.json", {})
    target = tree.root / "scenarios/imdb/aclImdb_v1.tar.gz"
    with tarfile.open(target, "w:gz", compresslevel=9) as archive:
        for folder in ["train", "test"]:
            for kind, word in [("pos", "fine"), ("neg", "poor")]:
                for number in range(4):
                    content = f"A {word} film about the {WORDS[number]} .".encode()
                    member = tarfile.TarInfo(f"aclImdb/{folder}/{kind}/{number}_7.txt")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))


def archive(tree):
    """An archive as some systems make them, with a shadow of every file."""
    target = tree.root / "archives/questions.tar.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:gz", compresslevel=9) as made:
        for name, content in [("data/._train.csv", b"\x00shadow"), ("data/train.csv", b"question,answer\nWhich?,This\n"), ("data/other.csv", b"x\n")]:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))


def stories(tree):
    for number, name in enumerate(["single-supporting-fact"], start=1):
        story = "".join(f"1 Mary moved to the {word}.\n2 John went to the hallway.\n3 Where is Mary? \t{word}\t1\n" for word in WORDS[:6])
        for split in ["train", "valid", "test"]:
            tree.text(f"scenarios/babi_qa/data/tasks_1-20_v1-2/en-valid/qa{number}_{split}.txt", story)


def write_more(root):
    tree = Tree(root)
    tree.json("scenarios/ice/ice_scenario_pinned_file_order.json", {})
    for part in [conversations, medicine, choices, texts, reviews, archive, stories]:
        part(tree)
