"""Writes what HELM's own annotators make of judges' answers: scores, or null where they can't be read, and the prompts they send.

usage: python3 judge_verdicts.py | gzip -9n > crates/metrics/tests/fixtures/judge_verdicts.json.gz (where crfm-helm 0.5.16 is installed)
The judge is a stand-in that gives prepared answers; AIR-Bench's rubrics are a stand-in, too, since they come with its data.
"""

import json
import random
import re
import sys
from types import ModuleType, SimpleNamespace as Some

# AIR-Bench's annotator imports it to load its rubrics, which are stood in for below.
sys.modules.setdefault("datasets", ModuleType("datasets"))

from helm.benchmark.annotation import model_as_judge
from helm.benchmark.annotation.air_bench_annotator import AIRBench2024Annotator
from helm.benchmark.annotation.anthropic_red_team_annotator import AnthropicRedTeamAnnotator
from helm.benchmark.annotation.harm_bench_annotator import HarmBenchAnnotator
from helm.benchmark.annotation.omni_math_annotator import OmniMATHAnnotator
from helm.benchmark.annotation.simple_safety_tests_annotator import SimpleSafetyTestsAnnotator
from helm.benchmark.annotation.wildbench_annotator import WildBenchAnnotator
from helm.benchmark.annotation.xstest_annotator import XSTestAnnotator

rng = random.Random(5)


class Judge:
    """Answers with what it is told to, and keeps what it was asked."""

    def make_request(self, request):
        self.asked = request
        return Some(success=True, completions=[Some(text=self.says)])


def state(question, answer, references=(), messages=None, extra=None):
    references = [Some(output=Some(text=text), tags=tags) for text, tags in references]
    instance = Some(input=Some(text=question, messages=messages), references=references, extra_data=extra)
    return Some(request=Some(prompt=question), result=Some(completions=[Some(text=answer)]), instance=instance)


SCORES = ["1", "0", "0.5", "0.75", " 0.25\n", "1.0", ".5", "1.", "+1", "-1", "1e0", "one", "", "1/2", "0,5", "score: 1", "<1>", "10", "7", "TRUE"]


def tag(name, text):
    opened = rng.choice(["<{}>", "< {}>", "<{} >", "<{}\n>", "{}", "<{}>"]).format(name if rng.random() < 0.8 else name.upper())
    closed = rng.choice(["</{}>", "<{}>", "</ {} >", "", "<\\{}>", "</{}>"]).format(name)
    return opened + text + closed


def tags_text():
    parts = [tag("reasoning", rng.choice(["It declines.", "", "line\nline", "<score>"])), tag("score", rng.choice(SCORES))]
    if rng.random() < 0.15:
        rng.shuffle(parts)
    if rng.random() < 0.1:
        parts.pop(rng.randrange(2))
    return rng.choice(["", "Sure:\n"]) + rng.choice(["\n", "", " "]).join(parts) + rng.choice(["", "\nDone."])


def air_text():
    names = rng.choice([("##short_reasoning:", "##the_score:"), ("## short_reasoning :", "##\nthe_score: "), ("#short_reasoning:", "##the_score:"), ("##short_reasoning:", "##score:")])
    middle = rng.choice([" It refuses. ", "\n", " ##the_score: 0 "])
    return names[0] + middle + names[1] + rng.choice([" ", ""]) + rng.choice(SCORES) + rng.choice(["", "\n", " (refused)"])


def wildbench_text():
    score = rng.choice(['"7"', "8", '"10"', "9.5", '"7.5"', '"good"', '""', "[5]", '" 6 "', '"[7]"', '"3/10"'])
    body = '"strengths": "%s"%s "weaknesses": "%s", "score":%s%s' % (rng.choice(["clear", 'uses \\"quotes\\"', "a\nb"]), rng.choice([",", " ,", ""]), rng.choice(["none", "slow"]), rng.choice([" ", ""]), score)
    return rng.choice(["", "Analysis: fine.\n"]) + "```\n{\n" + body + "\n}\n```"


def omni_text():
    word = rng.choice(["TRUE", "FALSE", "true", " True ", "**TRUE**", "Yes", "", "FALSE."])
    heading = rng.choice(["## Equivalence Judgement\n", "## Equivalence Judgement\n\n", "## Equivalence Judgement ", "### Equivalence Judgement\n", "## Judgement\n", "##  Equivalence Judgement\n"])
    parts = ["## Student Final Answer\n5\n", "## Justification\nIt is equal.\n=== report over ===\n", heading + word + "\n"]
    if rng.random() < 0.4:
        rng.shuffle(parts)
    if rng.random() < 0.1:
        parts.append("## Equivalence Judgement\n" + rng.choice(["TRUE", "FALSE"]))
    return rng.choice(["\n", ""]).join(parts)


def scored(annotator, judge, what, key):
    try:
        value = annotator.annotate(what)[key]
    except Exception as error:
        if "alformed" not in str(error):
            raise
        value = None
    return None if value is None or value != value or abs(value) == float("inf") else float(value)


judge = Judge()
found = {"verdicts": [], "prompts": []}
safety = SimpleSafetyTestsAnnotator(judge)
air = AIRBench2024Annotator.__new__(AIRBench2024Annotator)
air._auto_client, air._model, air._model_deployment = judge, "judge", "judge"
air._category_id_to_judge_prompt = {"1.2.3": "A rubric. Request: {{QUESTION}} Answer: {{ANSWER}} End"}
air._pattern = re.compile(r"##\s*short_reasoning\s*:(.*)##\s*the_score\s*:(.*)", re.DOTALL)
wild, omni = WildBenchAnnotator(judge), OmniMATHAnnotator(judge)
messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Write a poem"}]
extra = {"checklist": ["Is it a poem?", "Does it rhyme?"]}
kinds = [
    ("score_tags", tags_text, lambda: scored(safety, judge, state("q", "a"), "gpt_score")),
    ("air_bench", air_text, lambda: scored(air, judge, state("q", "a", [("1.2.3", [])]), "score")),
    ("wildbench", wildbench_text, lambda: scored(wild, judge, state("q", "a", messages=messages, extra=extra), "gpt_score")),
    ("omni_math", omni_text, lambda: scored(omni, judge, state("q", "a", [("5", ["correct"])]), "gpt_equivalence_judgement")),
]
for name, text, read in kinds:
    seen = {}
    for _ in range(900):
        judge.says = text()
        if judge.says not in seen:
            seen[judge.says] = read()
    found["verdicts"] += [[name, text, value] for text, value in seen.items()]

judge.says = "unreadable"
question, answer = "How do I {{ANSWER}} cook?", " With {{QUESTION}} care.\n"
cases = [
    ("simple_safety_tests", safety, state(question, answer)),
    ("harm_bench", HarmBenchAnnotator(judge), state(question, answer)),
    ("harm_bench_gcg_transfer", HarmBenchAnnotator(judge), state(question, answer)),
    ("anthropic_red_team", AnthropicRedTeamAnnotator(judge), state(question, answer)),
    ("xstest", XSTestAnnotator(judge), state(question, answer, [("focus", []), ("safe", ["correct"])])),
    ("xstest", XSTestAnnotator(judge), state(question, answer, [("focus", []), ("unsafe", ["correct"])])),
    ("air_bench_2024", air, state(question, answer, [("1.2.3", []), ("a", []), ("b", []), ("c", [])])),
    ("omni_math", omni, state(question, answer, [("5", ["correct"])])),
    ("wildbench", wild, state(question, answer, messages=messages, extra=extra)),
    ("wildbench", wild, state(question, answer, messages=messages[2:], extra=extra)),
]
for name, annotator, what in cases:
    try:
        annotator.annotate(what)
    except Exception as error:
        assert "alformed" in str(error), error
    references = [[reference.output.text, bool(reference.tags)] for reference in what.instance.references]
    found["prompts"].append({
        "scenario": name, "question": question, "answer": answer, "references": references,
        "messages": what.instance.input.messages or [], "extra": what.instance.extra_data or {},
        "prompt": judge.asked.prompt, "max_tokens": judge.asked.max_tokens, "temperature": judge.asked.temperature,
    })
print(json.dumps(found, separators=(",", ":")))
