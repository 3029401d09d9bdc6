"""Writes what HELM's medical annotators and its `LLMJuryMetric` make of judges' answers, and the prompts they send.

    python3 parity/metrics/jury.py HELM_CHECKOUT crates/metrics/tests/fixtures

The judges are stand-ins that give prepared answers. A case is [answers of the judges, which of them HELM can read, HELM's score
or null where HELM stops with an error].
"""

import copy  # noqa: F401
import gzip
import json
import random
import sys
from pathlib import Path
from types import SimpleNamespace as Some

import tqdm  # noqa: F401

import helm_import

out = Path(sys.argv[2])
helm_import.setup(sys.argv[1])

from helm.benchmark.annotation import med_dialog_annotator, medication_qa_annotator, model_as_judge  # noqa: E402
from helm.benchmark.metrics.llm_jury_metrics import LLMJuryMetric  # noqa: E402

model_as_judge.hwarn = model_as_judge.hlog = lambda *_: None
ANNOTATORS = {"med_dialog": med_dialog_annotator.MedDialogAnnotator, "medication_qa": medication_qa_annotator.MedicationQAAnnotator}
# A file of verdicts in full would be large; most of what judges write is one of these.
EXPLAINED = ["Clear.", "It says \\\"rest\\\".", "{see} above", "a\\nb", "é – ok", ""]


class Judges:
    """Each answers with what it is told to; what the last one was asked is kept."""

    def make_request(self, request):
        self.asked = request
        return Some(success=True, completions=[Some(text=self.says[request.model])])


def state(question, answer, references):
    references = [Some(output=Some(text=text)) for text in references]
    return Some(instance=Some(input=Some(text=question), references=references), result=Some(completions=[Some(text=answer)]), annotations=None)


def criterion(rng, odd):
    score = rng.choice(["1", "2", "3", "4", "5", "5", "4"]) if rng.random() > odd else rng.choice(["0", "6", "-1", "4.5", "3.0", '"4"', '" 2 "', '"4.5"', "null", '"good"', "[5]", "1e0", "2.999"])
    parts = [f'"score": {score}', f'"explanation": "{rng.choice(EXPLAINED)}"']
    if rng.random() < odd:
        rng.choice([rng.shuffle, list.pop, lambda p: p.append('"note": 1')])(parts)
    return "{" + rng.choice([", ", ","]).join(parts) + "}"


def verdict(rng, extra):
    odd = rng.choice([0, 0, 0.15, 0.4])
    names = ["accuracy", "completeness", "clarity"]
    if extra and rng.random() < 0.1:
        names.append("safety")
    if rng.random() < odd / 2:
        names.pop(rng.randrange(len(names)))
    if rng.random() < odd:
        rng.shuffle(names)
    parts = [f'"{name}": {criterion(rng, odd)}' for name in names]
    if rng.random() < odd / 4:
        parts[0] = rng.choice(['"accuracy": "score explanation"', '"accuracy": 3', '"accuracy": null', '"accuracy": ["score", "explanation"]', "'accuracy': {}"])
    text = "{" + rng.choice([",\n", ", ", ","]).join(parts) + rng.choice(["}"] * 8 + ["", ",}", "\n}\n", "}}"])
    around = rng.choice(["%s"] * 4 + ["```json\n%s\n```", "Here it is:\n%s", "%s\nI hope {this} helps.", "%s I am {sure}", "Sure {ok}: %s", " %s "])
    return around.replace("%s", text) if rng.random() > 0.04 else rng.choice(["", "I can't.", "{", "}{", "4", '"5"', "[{}]", "{}"])


def scored(rng, scenario, judges, answers):
    infos = {f"j{at}": model_as_judge.AnnotatorModelInfo(f"m{at}", f"m{at}") for at in range(len(answers))}
    judges.says = {f"m{at}": text for at, text in enumerate(answers)}
    what = state("How long?", "Ten days.", ["Two weeks."])
    found = ANNOTATORS[scenario](judges, infos).annotate(what)
    what.annotations = {scenario: found}
    metric = LLMJuryMetric(f"{scenario}_accuracy", scenario, infos, default_score=1.0)
    try:
        value = float(metric.evaluate_generation(None, what, None, "")[0].mean)
    except (TypeError, ValueError, KeyError):
        value = None
    return [answers, [name in found for name in infos], value]


def prompts(judges):
    found = []
    questions = ["How do I take {RESPONSE} and $GOLD_RESPONSE?", "Is $5 {GOLD_RESPONSE} fine? {QUESTION}"]
    for scenario in ANNOTATORS:
        for question in questions:
            for references in ([], ["With $QUESTION.", "second"]):
                infos = {"j0": model_as_judge.AnnotatorModelInfo("m0", "m0")}
                judges.says = {"m0": "?"}
                ANNOTATORS[scenario](judges, infos).annotate(state(question, " Like {QUESTION}.\n", references))
                asked = judges.asked
                found.append([scenario, question, " Like {QUESTION}.\n", references, asked.prompt, asked.max_tokens, asked.temperature])
    return found


rng, judges = random.Random(34), Judges()
cases = []
for at in range(1200):
    count = rng.choice([1, 1, 1, 2, 3])
    cases.append(scored(rng, list(ANNOTATORS)[at % 2], judges, [verdict(rng, count == 1) for _ in range(count)]))
data = json.dumps({"prompts": prompts(judges), "cases": cases}, ensure_ascii=False, separators=(",", ":")).encode()
(out / "jury.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))
