"""Writes the reference values of the text crate's tests, by running HELM's own functions.

    python -m venv venv && venv/bin/pip install nltk==3.9.4 rouge-score jiwer numpy
    NLTK_DATA=FOLDER venv/bin/python parity/text/generate.py HELM_CHECKOUT REFERENCE_DATA crates/text/tests/fixtures

FOLDER holds tokenizers/punkt_tab/english; REFERENCE_DATA is the folder that holds golden/. HELM's functions are taken
from its source files one by one, because importing HELM needs all of its dependencies. Of real texts only the results
are written, not the texts.
"""

import ast
import csv
import gzip
import json
import random
import re
import string
import sys
import zlib
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, Optional, Set, Tuple

import jiwer
from nltk.metrics.scores import f_measure
from nltk.stem.porter import PorterStemmer
from nltk.tokenize import sent_tokenize, word_tokenize
from nltk.translate.bleu_score import sentence_bleu
from rouge_score import rouge_scorer

helm, shared, out = map(Path, sys.argv[1:4])
space = dict(globals())


def take(path, names):
    source = (helm / "src/helm/benchmark" / path).read_text()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            exec(compile(ast.Module([node], []), str(path), "exec"), space)


take("metrics/evaluate_reference_metrics.py", {
    "normalize_text", "exact_match", "quasi_exact_match", "quasi_leave_articles_exact_match", "prefix_exact_match",
    "quasi_prefix_exact_match", "f1_score", "exact_match_indicator", "final_number_exact_match", "rouge_score",
    "get_rouge_function", "bleu_1", "bleu_4", "cleva_math_result_match", "extract_set_from_text", "extract_gold_pred_sets",
    "iou_set_match", "f1_set_match", "exact_set_match", "absolute_value_difference"})
take("scenarios/math_scenario.py", {
    "remove_boxed", "last_boxed_only_string", "_fix_fracs", "_fix_a_slash_b", "_remove_right_units", "_fix_sqrt",
    "_strip_string", "get_answer", "is_equiv", "is_equiv_chain_of_thought"})

WORDS = """a an the The A cat Cats running relational conditional happy hopping falling agreed controlled probate rate cease
dying skies news ponies caress generalization oscillators analogies meetings archaeology 1,000 3.14 -7 42 42. 1.5% $5.00 U.S. Mr.
Dr. e.g. i.e. etc. p.m. No. J. K. Smith cannot don't won't it's 's I'm we'll they've 'tis gonna wanna gimme d'ye more'n "quoted" “curly”
‘single’ (paren) [bracket] {brace} <tag> semi;colon co:lon comma, dash-ed -- — … ... . . . ?! ! ? * # @home & 50/50 naïve café Ünïcödé
漢字 don’t é e\u0301 a\u0301 x_y AT&T Nothing. nothing is and cold kind Bob answer yes no True 1990s v2.0 3.5.1 a.m. Jan. 5 Fig. 3 Ph.D. said.
"end." (end.) end.) 'open ''double'' `` back`tick re ve ll O'Neil rock'n'roll \x1c \x85 \xa0 \u2003 tab\there Ⅷ ½ ٣ ß İ Σας ς""".split(" ")
WORDS = [w for part in WORDS for w in part.split("\n") if w]
LATEX = [r"\frac12", r"\frac{1}{2}", r"\frac1{72}", r"\frac1b", "1/2", "0.5", ".5", r"\sqrt3", r"\sqrt{3}", r"\sqrt", r"\frac", "x=5", "k = 7", "5",
         r"5\text{ cm}", r"5\text{ cm}\text{ s}", r"\$5", r"5\%", "5%", r"90^\circ", r"90^{\circ}", r"\left(3,4\right)", "(3,4)", "(3, 4)", r"\dfrac{3}{4}",
         r"\tfrac34", "3/4", "03/4", "-3/4", "3/-4", r"1,\!000", "1000", r"a\\b", "", " ", "x = y = z", "10=5", "100=5", "{.5", " .5", r"\frac{a", "½", r"\fracé2"]


def sentence(rng, most):
    words = [rng.choice(WORDS) for _ in range(rng.randint(0, most))]
    text = ""
    for word in words:
        text += word + rng.choice([" ", " ", " ", " ", "  ", "\n", ". ", ", ", "? ", ".\n", ""])
    return text if rng.random() < 0.3 else text.strip()


def variant(rng, gold):
    choice = rng.random()
    if choice < 0.15:
        return gold
    if choice < 0.3:
        return gold.upper() if rng.random() < 0.5 else gold.lower()
    if choice < 0.45:
        return " " + gold + rng.choice([".", "!", " more", "\n\nQuestion", ""])
    if choice < 0.7:
        words = gold.split(" ")
        for _ in range(rng.randint(1, 3)):
            words[rng.randrange(len(words))] = rng.choice(WORDS)
        return " ".join(words)
    return sentence(rng, 8)


PAIRS = ["exact_match", "quasi_exact_match", "quasi_leave_articles_exact_match", "prefix_exact_match", "quasi_prefix_exact_match", "f1_score",
         "exact_match_indicator", "final_number_exact_match", "cleva_math_result_match", "iou_set_match", "f1_set_match", "exact_set_match",
         "absolute_value_difference", "rouge_1", "rouge_2", "rouge_l", "bleu_1", "bleu_4"]
for name, kind in (("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL")):
    space[name] = space["get_rouge_function"](kind)


def scores(gold, given):
    return [float(space[name](gold, given)) for name in PAIRS]


def rates(gold, given):
    gold, given = (space["normalize_text"](t, should_remove_articles=False) for t in (gold, given))
    if not gold:
        return None
    return [jiwer.wer(gold, given), jiwer.mer(gold, given), jiwer.wip(gold, given), jiwer.cer(gold, given)]


def pairs(rng):
    cases = []
    for _ in range(1200):
        gold = sentence(rng, 9)
        given = variant(rng, gold)
        cases.append([gold, given, scores(gold, given), rates(gold, given)])
    for gold, given in (("1,000", "-7"), (" 5", "5_0"), ("x", "3"), ("Bob is cold and kind.", "Bob is kind and cold.\nmore"), ("Nothing.", "Nothing."),
                        ("Nothing.", "Nothing is"), ("The answer is 15.", "15 eggs"), ("3", "so 1+2=(3)"), ("", ""), ("a", ""), ("", "a")):
        cases.append([gold, given, scores(gold, given), rates(gold, given)])
    return cases


def math(rng):
    cases = []
    for _ in range(1000):
        a, b = rng.choice(LATEX), rng.choice(LATEX)
        if rng.random() < 0.4:
            a, b = a + rng.choice(LATEX), b + rng.choice(LATEX)
        if rng.random() < 0.5:
            b = a if rng.random() < 0.3 else b
        boxed = [rng.choice(["so \\boxed{%s}", "\\fbox{%s}", "\\boxed{1} then \\boxed{%s}.", "\\boxed %s", "%s", "\\boxed{%s"]) % t for t in (a, b)]
        cases.append([a, b, space["is_equiv"](a, b), *boxed, space["is_equiv_chain_of_thought"](*boxed)])
    return cases


def tokens(rng):
    texts = [" ".join(sentence(rng, 12) for _ in range(rng.randint(1, 4))) for _ in range(1050)]
    return [[text, sent_tokenize(text), word_tokenize(text)] for text in texts]


def stems(rng):
    stemmer = PorterStemmer()
    bases = """general relat condition triplic form electr hop fall fail agree plaster bled motor sing conflat troubl siz tann hiss fizz fil happ
    sk vietnam predict oper feud rad different vil analog sens callous formal decis hope call abil gy revis allow infer airlin adjust defens
    repl commun adop homolog activ angul effect bowd prob rat ceas controll roll theolog full beautifull y yy say enjo dye cr t i""".split()
    ends = """ ational tional enci anci izer bli alli entli eli ousli ization ation ator alism iveness fulness ousness aliti iviti biliti icate ative
    alize iciti ical ful ness al ance ence er ic able ible ant ement ment ent ion sion tion ou ism ate iti ous ive ize e ed ing eed s es ies ied y ly
    fulli logi logy ll ss sses ings edly 42 3rd""".split() + [""]
    words = sorted({base + end for base in bases for end in ends} | {"skies", "dying", "news", "innings", "proceed", "sky", "howe", "die", "dies", "died", "tied"})
    return {word: stemmer.stem(word) for word in rng.sample(words, 1500)}


def crc(parts):
    return zlib.crc32("\x00".join(parts).encode())


def real():
    gsm = [json.loads(line) for line in (shared / "golden/data/scenarios/gsm/gsm_data_train").open()][:600]
    bold = json.loads((shared / "golden/data/scenarios/bold/data/profession").read_text())
    prompts = [p for group in bold.values() for entity in group.values() for p in entity][:1500]
    rows = [[scores(r["answer"], r["question"]), crc(word_tokenize(r["question"] + "\n" + r["answer"]))] for r in gsm]
    # Prompts joined in tens, so that there are sentences to split.
    texts = [" ".join(prompts[i : i + 10]) for i in range(0, len(prompts), 10)]
    return {"gsm": rows, "bold": [[crc(sent_tokenize(t)), crc(word_tokenize(t.lower()))] for t in texts]}


def write(name, value):
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    (out / name).write_bytes(gzip.compress(data, 9, mtime=0))


write("pairs.json.gz", {"names": PAIRS, "cases": pairs(random.Random(1))})
write("math.json.gz", math(random.Random(2)))
write("tokens.json.gz", tokens(random.Random(3)))
write("stems.json.gz", stems(random.Random(4)))
write("real.json.gz", real())
