"""Writes more reference values of the text crate's tests, from the packages that others publish numbers with.

    python -m venv venv && venv/bin/pip install sacrebleu==2.5.1 pytrec_eval-terrier==0.5.11 jiwer==4.0.0 summ_eval==0.892 --no-deps
    venv/bin/python parity/text/overlap.py REFERENCE_DATA crates/text/tests/fixtures

(sacrebleu needs portalocker, regex, tabulate, numpy, colorama and lxml; jiwer needs rapidfuzz and click.) REFERENCE_DATA is
the folder that holds data/. Of real texts only the results are written, not the texts.
"""

import gzip
import importlib.util
import json
import random
import sys
from pathlib import Path

import jiwer
import pytrec_eval
from sacrebleu.metrics import BLEU, CHRF

shared, out = map(Path, sys.argv[1:3])
# The module alone: the package's own __init__ imports what this does not need.
spec = importlib.util.find_spec("summ_eval")
path = Path(spec.submodule_search_locations[0]) / "data_stats_utils.py"
fragments = importlib.util.module_from_spec(importlib.util.spec_from_file_location("fragments", path))
exec(path.read_text(), fragments.__dict__)

WORDS = """the a cat sat on mat Dog's U.S. e.g. 1,000 3.14 -7 2-3 co-op state-of-the-art don't won't "quoted" (paren) [x] {y} & &amp; &lt;b&gt;
&quot; <skipped> naïve café 漢字 Ünï e\u0301 end. end, what? no! a/b 50% $5 #1 @home *star* ... -- — ~x^y `q` x_y |z| = + ; : ' 5. 5, .5 ,5 it's
running runs ran 1990s 12-\n 7-\nup tab\tword \xa0 \u2003 \x1c ½ İ σς""".split(" ")


def sentence(rng, most):
    words = [rng.choice(WORDS) for _ in range(rng.randint(0, most))]
    return rng.choice([" ", " ", "  ", "\n"]).join(words) + rng.choice(["", "", " ", "\n", ".", " ."])


def variant(rng, text, most):
    words = text.split(" ")
    for _ in range(rng.randint(0, 4)):
        at = rng.randrange(len(words))
        words[at : at + rng.randint(0, 1)] = [rng.choice(WORDS)] if rng.random() < 0.7 else []
        words = words or [""]
    return " ".join(words) if rng.random() < 0.8 else sentence(rng, most)


def self_bleu(texts):
    texts = [t.strip() for t in texts if t.strip()]
    if len(texts) <= 1:
        return 0.0
    bleu = BLEU(effective_order=True)
    return sum(bleu.sentence_score(t, texts[:i] + texts[i + 1 :]).score for i, t in enumerate(texts)) / len(texts)


bleu, chrf, chrf2 = BLEU(effective_order=True), CHRF(), CHRF(word_order=2)


def overlap(references, given):
    return [m.sentence_score(given, references).score for m in (bleu, chrf, chrf2)]


def translations(rng):
    cases = []
    for _ in range(1000):
        first = sentence(rng, 12)
        references = [first] + [variant(rng, first, 12) for _ in range(rng.randint(0, 2))]
        given = variant(rng, first, 12)
        cases.append([references, given, overlap(references, given), self_bleu([*references, given])])
    corpora = []
    for at in range(1000):
        end = min(at + 1 + at % 30, 1000)
        part = cases[at:end]
        columns = [[c[0][k] if k < len(c[0]) else None for c in part] for k in range(3)]
        columns = [c for c in columns if any(x is not None for x in c)]
        corpora.append([at, end, BLEU().corpus_score([c[1] for c in part], columns).score])
    return {"cases": cases, "corpora": corpora}


def alignments(rng):
    cases = []
    for _ in range(1500):
        letters = "abcd" if rng.random() < 0.5 else "ab"
        gold = " ".join(rng.choice(letters) for _ in range(rng.randint(1, 14)))
        given = " ".join(rng.choice(letters) for _ in range(rng.randint(0, 14)))
        if rng.random() < 0.5:
            words = gold.split()
            for _ in range(rng.randint(1, 4)):
                at = rng.randrange(len(words) + 1)
                words[at : at + rng.randint(0, 2)] = [rng.choice(letters) for _ in range(rng.randint(0, 2))]
            given = " ".join(words)
        if not given:
            given = "e"
        # mer, wip, hits, and the edit distance over words
        found = jiwer.process_words(gold, given)
        edits = found.substitutions + found.deletions + found.insertions
        cases.append([gold, given, found.mer, found.wip, found.hits, edits])
    return cases


def novel(source, summary, n):
    grams = lambda words: {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}
    known, used = grams(source), grams(summary)
    return (len(used) - len(used & known)) / len(used) if used else None


def summaries(rng):
    cases = []
    for _ in range(1000):
        letters = [rng.choice("abcdefghij") for _ in range(rng.randint(0, 40))]
        summary = []
        while rng.random() < 0.85 and len(summary) < 20:
            at = rng.randint(0, max(len(letters) - 1, 0))
            summary += letters[at : at + rng.randint(1, 5)] if rng.random() < 0.7 else [rng.choice("abcxyz")]
        f = fragments.Fragments(summary, letters)
        cases.append(["".join(letters), "".join(summary), f.coverage(), f.density(), f.compression(), *(novel(letters, summary, n) for n in (1, 2, 3))])
    return cases


KS = (1, 2, 3, 5, 10, 20)


def rankings(rng):
    cases = []
    while len(cases) < 1000:
        documents = rng.randint(1, 30)
        relevance = [rng.choice([0, 0, 0, 1, 2, 3]) if rng.random() < 0.6 else 0 for _ in range(documents)]
        unretrieved = [rng.choice([1, 2, 3]) for _ in range(rng.randint(0, 3))]
        judged = {f"d{i}": r for i, r in enumerate(relevance + unretrieved) if r}
        if not judged:
            continue
        run = {f"d{i}": documents - i for i in range(documents)}
        measures = {f"{m}_{k}" for m in ("success", "recall", "ndcg_cut") for k in KS} | {"recip_rank"}
        binary = {d: 1 for d in judged}
        found = pytrec_eval.RelevanceEvaluator({"q": judged}, measures).evaluate({"q": run})["q"]
        flat = pytrec_eval.RelevanceEvaluator({"q": binary}, measures).evaluate({"q": run})["q"]
        cut = []
        for k in KS:
            part = {d: s for d, s in run.items() if s > documents - k}
            cut.append(pytrec_eval.RelevanceEvaluator({"q": binary}, {"recip_rank"}).evaluate({"q": part})["q"]["recip_rank"])
        rows = [[flat[f"success_{k}"] for k in KS], [flat[f"recall_{k}"] for k in KS], cut, [found[f"ndcg_cut_{k}"] for k in KS]]
        cases.append([relevance, unretrieved, rows])
    return cases


def real():
    """Answers of GSM8K against their questions: overlaps and copied fragments of real texts."""
    rows = [json.loads(line) for line in (shared / "data/gsm8k/test.jsonl").open()][:1000]
    cases = []
    for row in rows:
        source, summary = row["question"].lower().split(), row["answer"].lower().split()
        f = fragments.Fragments(summary, source)
        cases.append([*overlap([row["question"]], row["answer"]), f.coverage(), f.density(), f.compression(), novel(source, summary, 2)])
    return [[round(x, 11) for x in c] for c in cases]


def write(name, value):
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    (out / name).write_bytes(gzip.compress(data, 9, mtime=0))


write("translations.json.gz", translations(random.Random(11)))
write("alignments.json.gz", alignments(random.Random(12)))
write("summaries.json.gz", summaries(random.Random(13)))
write("rankings.json.gz", rankings(random.Random(14)))
write("overlap_real.json.gz", real())
