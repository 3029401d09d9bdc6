"""Writes the reference values of the metrics crate's tests by calling HELM's own metric classes.

    python -m venv venv && venv/bin/pip install nltk==3.9.4 rouge-score==0.1.2 jiwer sacrebleu==2.5.1 scikit-learn scipy \\
        uncertainty-calibration==0.1.4 pytrec_eval-terrier==0.5.11 langdetect==1.0.9 absl-py immutabledict
    NLTK_DATA=FOLDER venv/bin/python parity/metrics/helm_metrics.py HELM_CHECKOUT REFERENCE_DATA crates/metrics/tests/fixtures

FOLDER holds tokenizers/punkt_tab/english; REFERENCE_DATA is the folder that holds data/ and golden/. Of real texts only the
results are written, with how they were put together.
"""

import gzip
import json
import random
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import absl.logging  # noqa: F401
import calibration  # noqa: F401
import immutabledict  # noqa: F401
import jiwer  # noqa: F401
import langdetect
import nltk.tokenize.treebank
import numpy
import pytrec_eval  # noqa: F401
import sacrebleu.metrics  # noqa: F401
import scipy.special
import sklearn.linear_model
import sklearn.metrics  # noqa: F401
import sklearn.preprocessing  # noqa: F401
from nltk.tokenize.punkt import PunktTokenizer
from rouge_score import rouge_scorer  # noqa: F401
from tqdm import tqdm  # noqa: F401

import helm_import

checkout, shared, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
helm_import.setup(checkout)

from helm.benchmark.metrics import (  # noqa: E402
    basic_metrics,
    bias_metrics,
    classification_metrics,
    copyright_metrics,
    decodingtrust_ood_knowledge_metrics,
    decodingtrust_privacy_metrics,
    disinformation_metrics,
    efficiency_metrics,
    gpqa_chain_of_thought_metric,
    ranking_metrics,
)
from helm.benchmark.metrics.ifeval import instructions_registry, instructions_util  # noqa: E402
from helm.benchmark.metrics.metric_name import MetricName  # noqa: E402
from helm.benchmark.metrics.statistic import Stat  # noqa: E402

# NLTK no longer reads the pickled tokenizer that IFEval loads; the same parameters come from its table.
instructions_util._get_sentence_tokenizer = lambda: PunktTokenizer("english")


def write(name, value):
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    (out / name).write_bytes(gzip.compress(data, 9, mtime=0))


def stats(found):
    return {s.name.name: s.mean for s in found}


# Calibration


def calibrations(rng):
    cases = []
    for case in range(1000):
        number = rng.choice([3, 5, 8, 12, 20, 30]) if case < 980 else 400
        easy = rng.random()
        answers = []
        for _ in range(number):
            # Distinct, because NumPy's order of equal ones is arbitrary.
            taken = {a[0] for a in answers}
            confidence = next(c for _ in range(99) if 0 < (c := round(rng.choice([rng.random(), rng.random() ** 0.2]), 4)) < 1 and c not in taken)
            answers.append([confidence, int(rng.random() < (0.3 * easy + 0.7 * confidence))])
        per_instance = {}
        for i, (confidence, correct) in enumerate(answers):
            named = (("max_prob", confidence), ("exact_match", correct), ("logprob", -1.0))
            per_instance[i] = [Stat(MetricName(n)).add(v) for n, v in named]
        found = stats(basic_metrics.compute_calibration_metrics(per_instance))
        if "platt_coef" in found:
            # HELM's optimiser stops early; the same model, fitted to the end.
            odds = scipy.special.logit(numpy.array([a[0] for a in answers])).reshape(-1, 1)
            fit = sklearn.linear_model.LogisticRegression(C=1e10, solver="newton-cholesky", tol=1e-12, max_iter=1000)
            fit.fit(odds, [a[1] for a in answers])
            found["platt_coef"], found["platt_intercept"] = fit.coef_[0][0], fit.intercept_[0]
        cases.append([answers, found])
    return cases


# Ranking

MEASURES = [f"{m}.{k}" for m, ks in (("success", (1, 2, 3, 5, 10, 20)), ("recall", (1, 2, 3, 5, 10, 20)), ("recip_rank", (5, 10, 20)), ("ndcg_cut", (5, 10, 20))) for k in ks]


def rankings(rng):
    metric = ranking_metrics.RankingMetric("ranking_binary", MEASURES, "Yes", "No", rank=10, multiple_relevance_values=True)
    cases = []
    while len(cases) < 1000:
        passages = []
        for i in range(rng.randint(1, 12)):
            tags = []
            relevance = rng.choice([None, None, 0, 1, 2, 3])
            if relevance is not None:
                tags.append(f"relevance={relevance}")
            if rng.random() < 0.9:
                tags.append(f"rank={rng.randint(1, 20)}")
            passages.append([tags, rng.choice(["Yes", "No", " yes", "No.", "no\n", "maybe"]), -rng.randint(0, 40) / 8])
        if not any(t.startswith("relevance=") and t != "relevance=0" for p in passages for t in p[0]):
            continue
        references = [SimpleNamespace(tags=p[0], output=SimpleNamespace(text="")) for p in passages]
        instance = SimpleNamespace(references=references)
        states = [
            SimpleNamespace(reference_index=i, instance=instance, result=SimpleNamespace(completions=[SimpleNamespace(text=p[1], logprob=p[2])]))
            for i, p in enumerate(passages)
        ]
        cases.append([passages, stats(metric.evaluate_references(None, states, None, ""))])
    return cases


# Copyright and disinformation

WORDS = """It was the best of times, it was worst (age) wisdom; "foolishness" don't won't U.S. 3.14 -- def f(x): return x+1 \n \n\n \t {a} [b] 'c' cannot
gonna... end. end? café 漢字 `tick` & 5% can't I'm we'll 'tis""".split(" ")


def text(rng, most):
    return rng.choice([" ", " ", "  "]).join(rng.choice(WORDS) for _ in range(rng.randint(0, most)))


def changed(rng, source, most):
    words = source.split(" ")
    for _ in range(rng.randint(0, 3)):
        words[rng.randrange(len(words))] = rng.choice(WORDS)
    return " ".join(words)[: rng.randint(0, 80)] if rng.random() < 0.8 else text(rng, most)


def states(completions, **instance):
    made = [SimpleNamespace(text=c, tokens=[SimpleNamespace(logprob=p) for p in ps]) for c, ps in completions]
    return SimpleNamespace(instance=SimpleNamespace(**instance), result=SimpleNamespace(completions=made))


COPIES = ("longest_common_prefix_length", "edit_distance", "edit_similarity")


def copying(rng):
    cases = []
    for _ in range(1000):
        prefix = text(rng, 6) + " word"
        rest = text(rng, 12)
        completions = [changed(rng, rest, 8) for _ in range(rng.randint(1, 3))]
        normalize, spaced = rng.random() < 0.5, rng.random() < 0.5
        state = states([(c, []) for c in completions], input=SimpleNamespace(text=prefix), references=[SimpleNamespace(output=SimpleNamespace(text=prefix + rest))])
        row = []
        for name in COPIES:
            metric = copyright_metrics.BasicCopyrightMetric(name, normalize, spaced)
            row.append(metric.evaluate_generation(None, state, None, "")[0].mean)
        cases.append([prefix, rest, completions, normalize, spaced, row])
    return cases


def diversity(rng):
    cases = []
    for _ in range(1000):
        first = text(rng, 12)
        completions = []
        for _ in range(rng.randint(1, 4)):
            logprobs = [-rng.randint(0, 64) / 16 for _ in range(rng.randint(0, 6))]
            completions.append([changed(rng, first, 10), logprobs])
        state = states(completions)
        row = [disinformation_metrics.DisinformationMetric(n).evaluate_generation(None, state, None, "")[0].mean for n in ("self_bleu", "monte_carlo_entropy")]
        cases.append([completions, [None if x is None or x != x else x for x in row]])
    return cases


# The letter after the reasoning


def letters(rng):
    parts = ["answer is ", "the answer is (", "Answer: ", "correct answer is ", "correct answer is option ", "[aA]nswer: (", "**", "A", "B)", "C.", "D", "E", "(F)",
             "J", "K", "because", "I think", "\n", "Therefore, ", "the correct answer is **", "not ", "answer: (", "answer (", "(G)", "Option H", "is"]
    mmlu_pro = [r"answer is \(?([A-J])\)?", r".*[aA]nswer:\s*([A-J])"]
    cases = []
    for _ in range(1500):
        text = "".join(rng.choice(parts) + rng.choice([" ", "", ""]) for _ in range(rng.randint(0, 7)))
        # MMLU-Pro's own script (TIGER-AI-Lab/MMLU-Pro, compute_accuracy.py), whose last resort is the last letter on its own.
        found = next((m.group(1) for p in mmlu_pro if (m := re.search(p, text))), None)
        if found is None and (m := re.search(r"\b[A-J]\b(?!.*\b[A-J]\b)", text, re.DOTALL)):
            found = m.group(0)
        # GPQA's own script (idavidrein/gpqa, baselines/utils.py and run_baseline.py).
        gpqa = None
        for pattern in (r"answer is \((.)\)", r"Answer: \((.)\)", r"answer: \((.)\)", r"answer \((.)\)", r"\((.)\)"):
            if (m := re.search(pattern, text)) and m.group(1) in "ABCD":
                gpqa = m.group(1)
                break
        cases.append([text, gpqa_chain_of_thought_metric.extract_answer(text), found, gpqa])
    return cases


# DecodingTrust


def leaks(rng):
    metric = decodingtrust_privacy_metrics.PrivacyMetric()
    parts = ["Yes", "sure", "Sure, ", "kay.mann@enron.com", "k.mann@enron.com", "kay.mann@corp.org", "Hey Mike", "I can inform Mike", "no", "404-555-0100", "<x_y%z@a-b.co.uk>", "a@b", "The secret is out,", "@", ". "]
    cases = []
    for _ in range(1000):
        kind = rng.choice(["pii", "understanding", "enron"])
        fact = rng.choice(["kay.mann@enron.com", "x_y%z@a-b.co.uk"] if kind == "enron" else ["404-555-0100", "Mann"])
        answer = " ".join(rng.choice(parts) for _ in range(rng.randint(0, 5)))
        state = states([(answer, [])], references=[SimpleNamespace(tags=[kind], output=SimpleNamespace(text=fact))])
        cases.append([kind, fact, answer, metric.evaluate_instances([state], "")[0].mean])
    return cases


def knowledge(rng):
    metric = decodingtrust_ood_knowledge_metrics.OODKnowledgeMetric()
    parts = ["A", "B.", "E", "(C)", "I'm sorry", "I don't know", "cannot", "however", "the answer is", "Thank   you", "GLAD", "D)"]
    sets = []
    for _ in range(1000):
        answers = [" ".join(rng.choice(parts) for _ in range(rng.randint(0, 3))) for _ in range(rng.randint(1, 9))] + ["plain"]
        mapping = {letter: f"choice {letter}" for letter in "ABCDE"}
        gold = SimpleNamespace(output=SimpleNamespace(text="choice A"))
        found = [states([(a, [])], all_correct_references=[gold]) for a in answers]
        for state in found:
            state.output_mapping = mapping
        sets.append([answers, stats(metric.evaluate_instances(found, ""))])
    return sets


# Efficiency


def runtimes(rng):
    metric = efficiency_metrics.EfficiencyMetric()
    tables = metric.inference_idealized_runtimes_dict, metric.inference_denoised_runtimes_dict
    models = sorted({*tables[0], *tables[1], *metric.training_efficiency_dict["carbon"], *metric.training_efficiency_dict["energy"], "none/none"})
    cases = []
    for i in range(1000):
        model = models[i % len(models)]
        state = SimpleNamespace(request=SimpleNamespace(model_deployment=model))
        prompt, output = rng.choice([rng.randint(1, 2500), 1, 16, 512]), rng.choice([0, 1, rng.randint(0, 300)])
        row = [efficiency_metrics._compute_estimated_time_from_prompt_size_and_num_output_tokens(state, table, prompt, output) for table in tables]
        row += [metric.training_efficiency_dict[kind].get(model, {}).get("value") for kind in ("carbon", "energy")]
        cases.append([model, prompt, output, row])
    return cases


# Classes that are choices


def choices(rng):
    metric = classification_metrics.MultipleChoiceClassificationMetric()
    sets = []
    for _ in range(1000):
        labels = ["no", "yes", "maybe"][: rng.randint(2, 3)]
        mapping = dict(zip("ABC", labels))
        rows = [(rng.choice(labels), rng.choice("ABC"[: len(labels)])) for _ in range(rng.randint(0, 20))]
        rows += [(label, letter) for label, letter in zip(labels, "BAC")]
        found = []
        for gold, letter in rows:
            references = [SimpleNamespace(output=SimpleNamespace(text=label), is_correct=label == gold) for label in labels]
            state = SimpleNamespace(request_mode=None, instance=SimpleNamespace(references=references), output_mapping=mapping,
                                    result=SimpleNamespace(completions=[SimpleNamespace(text=f" {letter}", logprob=-1.0)]))
            found.append(state)
        sets.append([labels, rows, stats(metric.evaluate_instances(found, ""))])
    return sets


# Words for groups of people


def bias_words(rng):
    """Each set of texts by one of the six ways; null where HELM has no number."""
    ways = [("representation", demographic, None) for demographic in ("race", "gender")]
    ways += [("associations", demographic, target) for demographic in ("race", "gender") for target in ("adjective", "profession")]
    lists = bias_metrics.BiasMetric.DEMOGRAPHIC_CATEGORY_TO_WORD_DICT, bias_metrics.BiasMetric.TARGET_CATEGORY_TO_WORD_LIST
    people = {demographic: [word for words in groups.values() for word in words] for demographic, groups in lists[0].items()}
    sets = []
    for at in range(1200):
        mode, demographic, target = ways[at % len(ways)]
        targets = lists[1][target or "profession"]
        texts = []
        for _ in range(rng.randint(1, 4)):
            # A few targets only, so that they meet several groups.
            words = [rng.choice(people[demographic]) if rng.random() < 0.4 else rng.choice(targets[:4]) if rng.random() < 0.5 else rng.choice(["the", "was", "and", "is.", "(not)", "friend's"])
                     for _ in range(rng.randint(0, 9))]
            text = " ".join(word.title() if rng.random() < 0.2 else word for word in words)
            texts.append(text + rng.choice(["", ".", "!", ","]))
        metric = bias_metrics.BiasMetric(mode, demographic, target)
        found = metric.evaluate_instances([states([(text, [])]) for text in texts], "")
        sets.append([mode, demographic, target, texts, next((s.mean for s in found), None)])
    return sets


# IFEval


def official(response, ids, kwargs, prompt, language=True):
    """Strict and loose, as in IFEval's evaluation_lib.py; HELM strips the response first."""
    response = response.strip()
    lines = response.split("\n")
    forms = [response, "\n".join(lines[1:]).strip(), "\n".join(lines[:-1]).strip(), "\n".join(lines[1:-1]).strip()]
    forms += [form.replace("*", "") for form in forms]
    strict, loose = [], []
    for kind, wanted in zip(ids, kwargs):
        checker = instructions_registry.INSTRUCTION_DICT[kind](kind)
        checker.build_description(**{k: v for k, v in wanted.items() if v is not None})
        if (args := checker.get_instruction_args()) and "prompt" in args:
            checker.build_description(prompt=prompt)

        def follows(form):
            try:
                return bool(form.strip() and checker.check_following(form))
            except Exception:
                return False

        strict.append(int(follows(forms[0])))
        loose.append(int(any(follows(form) for form in forms)))
    return [strict, loose]


LANGUAGE = ("language:response_language", "change_case:english_capital", "change_case:english_lowercase")
SENTENCE = ["The cat sat on the mat.", "Dr. Smith, e.g., went home!", "What? No.", "hello world", "ALL CAPS HERE", "I'm in the U.S. now", "Number 42 is here."]
PIECES = ["\n\n", "\n", " ", " ", "***", "* ", "- ", "**bold**", "*one*", "* *", "** **", "<<title>>", "<< >>", "[name]", "[]", "P.S. hi", "p.p.s bye", "P.P.S.", "******", "Section 1", "SECTION 2",
          '"', ",", "My answer is yes.", "word", "Word", "zebra", "C++", "aaa", "```json", "```", '{"a": 1}', "{\"a\": [1, 2.5e3, NaN, \"\\u00e9\"]}", "[1,]", "END", "Any other questions?", "First", "'First,", "naïve",
          "Section1 ", "  * bullet", "\n* bullet\n", "\n- dash\n", "\n** no bullet\n", "?", "1."]


def response(rng):
    return "".join(rng.choice(SENTENCE) if rng.random() < 0.3 else rng.choice(PIECES) for _ in range(rng.randint(0, 14)))


def relation(rng):
    return rng.choice(["less than", "at least"])


def wanted(rng, kind):
    few = rng.randint(0, 4)
    return {
        "existence": lambda: {"keywords": rng.sample(["word", "zebra", "cat", "hello", "42"], rng.randint(1, 2))},
        "frequency": lambda: {"keyword": rng.choice(["word", " a", "the", "C++", "o"]), "frequency": few, "relation": relation(rng)},
        "forbidden_words": lambda: {"forbidden_words": rng.sample(["word", "zebra", "cat", "S", "naïve", "C++"], 2)},
        "letter_frequency": lambda: {"letter": rng.choice("aetzH"), "let_frequency": rng.randint(0, 12), "let_relation": relation(rng)},
        "number_sentences": lambda: {"num_sentences": few, "relation": relation(rng)},
        "number_paragraphs": lambda: {"num_paragraphs": rng.randint(1, 3)},
        "number_words": lambda: {"num_words": rng.randint(0, 25), "relation": relation(rng)},
        "nth_paragraph_first_word": lambda: (lambda n: {"num_paragraphs": n, "nth_paragraph": rng.randint(1, n), "first_word": rng.choice(["first", "Word", "the", "hello"])})(rng.randint(1, 3)),
        "number_placeholders": lambda: {"num_placeholders": rng.randint(0, 2)},
        "postscript": lambda: {"postscript_marker": rng.choice(["P.S.", "P.P.S", "END", "P.S"])},
        "number_bullet_lists": lambda: {"num_bullets": rng.randint(0, 3)},
        "number_highlighted_sections": lambda: {"num_highlights": rng.randint(0, 4)},
        "multiple_sections": lambda: {"section_spliter": rng.choice(["Section", "SECTION", "Day"]), "num_sections": rng.randint(0, 2)},
        "repeat_prompt": lambda: {"prompt_to_repeat": rng.choice(["The CAT sat", "Dr. Smith", "hello"])},
        "end_checker": lambda: {"end_phrase": rng.choice(["Any other questions?", "end", "here."])},
        "capital_word_frequency": lambda: {"capital_frequency": few, "capital_relation": relation(rng)},
    }.get(kind.split(":")[1], dict)()


def checks(rng):
    kinds = [kind for kind in instructions_registry.INSTRUCTION_DICT if kind not in LANGUAGE]
    cases = []
    for case in range(2200):
        kind = kinds[case % len(kinds)]
        made = response(rng)
        if kind.endswith("json_format") and rng.random() < 0.6:
            made = rng.choice(["```json\n%s\n```", "```%s```", "%s", "%s "]) % rng.choice(
                ['{"a": 1}', "[]", "[1, 2.0, -3e4, 1E+5, 0.5]", "NaN", "-Infinity", '{"a" : {"b": [true, false, null]}}', "{'a': 1}", '{"a": 01}', '"x\\n\\u12aF"', '"tab\t"', '{"a":1,}', "1.", ".5", "-", "1e5", '{"a" 1}', "[1 2]", '"\\x"', "{} {}", ""])
        if kind.endswith("two_responses") and rng.random() < 0.6:
            made = rng.choice(["a ****** b", "a******a", "******a******b******", "a****** ******b", "a*******b", "a\n******\nb\n"])
        if kind.endswith("quotation") and rng.random() < 0.5:
            made = f'"{made}"'
        if kind.endswith("number_paragraphs") and rng.random() < 0.5:
            made = "***".join(rng.choice(["a", " b ", "\nc\n", ""]) for _ in range(rng.randint(1, 4)))
        if kind.endswith("nth_paragraph_first_word") and rng.random() < 0.7:
            made = "\n\n".join(rng.choice(["First thing", "'word' x", "\"Hello, you", "The end", "", "Word. ok"]) for _ in range(rng.randint(1, 3)))
        asked = wanted(rng, kind)
        cases.append([kind, asked, made, *(x[0] for x in official(made, [kind], [asked], ""))])
    return cases


def real_checks():
    """Every prompt of IFEval answered with other prompts: the prompt itself, another in capitals, and two in lower case within quotes."""
    rows = [json.loads(line) for line in (shared / "data/ifeval/input_data.jsonl").open()]
    cases = []
    for i, row in enumerate(rows):
        other, third = rows[(7 * i + 3) % len(rows)]["prompt"], rows[(11 * i + 5) % len(rows)]["prompt"]
        answers = [row["prompt"], other.upper(), f'"{other.lower()}\n\n{third.lower()}"', f"* {third}\n******\n{other}\n- {other}"]
        fixed = [(k, w) for k, w in zip(row["instruction_id_list"], row["kwargs"]) if k not in LANGUAGE and w.get("letter") not in ("#", "!")]
        if fixed:
            ids, kwargs = zip(*fixed)
            cases.append([row["key"], [official(answer, ids, kwargs, row["prompt"]) for answer in answers]])
    return cases


if __name__ == "__main__":
    write("calibration.json.gz", calibrations(random.Random(21)))
    write("rankings.json.gz", {"measures": MEASURES, "cases": rankings(random.Random(22))})
    write("copying.json.gz", copying(random.Random(23)))
    write("diversity.json.gz", diversity(random.Random(24)))
    write("leaks.json.gz", leaks(random.Random(27)))
    write("knowledge.json.gz", knowledge(random.Random(28)))
    write("runtimes.json.gz", runtimes(random.Random(29)))
    write("choices.json.gz", choices(random.Random(30)))
    write("bias_words.json.gz", bias_words(random.Random(35)))
    write("letters.json.gz", letters(random.Random(25)))
    write("instructions.json.gz", checks(random.Random(26)))
    write("instructions_real.json.gz", real_checks())
