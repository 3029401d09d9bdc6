"""Records what HELM's run expanders do, one fixture case per expander value and per combination of HELM's own files.

    python -m venv venv
    venv/bin/pip install pyhocon==0.3.63 dacite pyyaml && venv/bin/pip install --no-deps crfm-helm==0.5.16
    venv/bin/python parity/plan/expanders.py FOLDER_WITH_CONF_FILES | gzip -9n \
        > crates/plan/tests/fixtures/expanders.json.gz

HELM's heavy dependencies, which expanders never call, are replaced by stand-ins.

Output: `bases` holds run specs before expansion; each of `cases` names a base, the arguments applied in order (as
written in a run entry), whether the model counts as instruction-following, and the run specs that come out: the
name, the adapter's fields that differ from the base, the data augmenter if any, and changed scenario
arguments or metrics. A case that HELM refuses has `error` instead.
"""

import dataclasses
import importlib.abc
import importlib.machinery
import json
import pathlib
import sys
import types
from unittest import mock


class StandIn(types.ModuleType):
    __path__: list = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return mock.MagicMock(name=f"{self.__name__}.{name}")


class StandInFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "helm":
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.append(StandInFinder())

import pyhocon  # noqa: E402
from helm.benchmark import run_expander  # noqa: E402
from helm.benchmark.adaptation.adapter_spec import AdapterSpec  # noqa: E402
from helm.benchmark.metrics.metric import MetricSpec  # noqa: E402
from helm.benchmark.run_spec import RunSpec  # noqa: E402
from helm.benchmark.scenarios.scenario import ScenarioSpec  # noqa: E402
from helm.common.object_spec import parse_object_spec  # noqa: E402

MODEL = "acme/model-1"
VALUELESS = {
    "chatml": run_expander.ChatMLRunExpander,
    "anthropic": run_expander.AnthropicClaude2RunExpander,
    "claude_3": run_expander.AnthropicClaude3RunExpander,
    "amazon-nova": run_expander.NovaRunExpander,
}


def base(name, **adapter):
    return RunSpec(
        name=name,
        scenario_spec=ScenarioSpec("toy.Toy", {"subject": "a"}),
        adapter_spec=AdapterSpec(**adapter),
        metric_specs=[MetricSpec("toy.Metric", {"names": ["exact_match"]}), MetricSpec("toy.Count", {})],
        groups=["toy"],
    )


BASES = {
    "plain": base("plain", method="generation", input_prefix="Q: ", output_prefix="A: ", max_tokens=400,
                  temperature=0.0, num_outputs=1, stop_sequences=["\n\n"]),
    "toy": base("toy:subject=a", method="generation", instructions="Do it well.\n", input_prefix="Passage: ",
                output_prefix="Answer: ", max_tokens=5, temperature=0.5, stop_sequences=["\n", " \n ", "###"],
                global_prefix="<", global_suffix=">"),
    "label": base("label:subset=b", method="generation", output_prefix="Label: ", stop_sequences=["\n"]),
    "joint": base("joint:subject=a,method=multiple_choice_joint", method="multiple_choice_joint",
                  instructions="The following are questions.\n", input_prefix="Question: ", output_prefix="Answer: ",
                  max_tokens=1, temperature=0.0, stop_sequences=["\n"]),
    "cot": base("cot:level=1", method="multiple_choice_joint_chain_of_thought", output_prefix="Answer: ",
                global_suffix="Think.", max_tokens=2000, temperature=0.0, num_outputs=1),
    "separate": base("separate:phenomenon=x", method="multiple_choice_separate_original", instructions="",
                     output_prefix="Output: "),
    "msmarco": base("msmarco:track=regular", method="ranking_binary", input_prefix="Query: ",
                    output_prefix="Does the passage answer the query?\nAnswer: ", stop_sequences=["\n"]),
    "summarization_xsum": base("summarization_xsum:device=cpu", method="generation",
                               instructions="Shorten.", output_prefix="Summarize the above article in 1 sentence.\n"),
}

VALUES = {
    "instructions": ["none", "expert", "other"],
    "prompt": ["human_assistant", "question_answer", "qa", "input_output_html", "input_output", "i_o", "other"],
    "newline": ["semicolon", "br", "other"],
    "stop": ["none", "hash", "semicolon", "br", "other"],
    "format_prompt": ["Say "],
    "follow_format_instructions": ["all", "instruct", "some"],
    "add_to_stop": ["newline", "###"],
    "global_prefix": ["nlg", "other"],
    "num_train_trials": ["1", "3", "7"],
    "max_train_instances": ["zero", "one", "all", "big_bench_few_shot_setting", "vhelm", "melt", "0", "32"],
    "max_eval_instances": ["default", "heim_default", "heim_fid", "heim_art_styles", "200"],
    "num_outputs": ["default", "copyright_sweep", "3"],
    "num_trials": ["heim_efficiency", "2"],
    "model_deployment": ["together/acme/model-1"],
    "data_augmentation": sorted(run_expander.PERTURBATION_SPECS_DICT) + ["other"],
    "tokenizer": ["default", "huggingface/gpt2"],
    "num_prompt_tokens": ["default_sweep", "64"],
    "num_output_tokens": ["default_sweep", "64"],
    "chatml": ["on"],
    "anthropic": ["on"],
    "claude_3": ["on"],
    "amazon-nova": ["on"],
    "eval_split": ["test", "valid", "train"],
    "output_format_instructions": sorted(
        scenario + suffix
        for suffix in ["", "_suffix", "_no_prefix", "_no_prefix_suffix"]
        for scenario in [
            "mmlu_only_last_question", "mmlu", "mcqa", "mcqa_no_period", "mcqa_only_last_question", "arabic_mcqa",
            "narrative_qa", "natural_qa", "natural_qa_short_answer", "legalbench", "legalbench_abercrombie",
            "legalbench_function_of_decision_section", "legalbench_yes_or_no", "wmt_14", "wmt_14_only_last_sentence",
            "math", "numeric_nlg", "tab_fact", "wikitq", "mmlu_pro", "gpqa", "openbookqa", "med_qa", "gsm",
        ]
    ),
    "temperature": ["0.7", "1"],
    "increase_temperature": ["0.25"],
    "increase_max_tokens": ["10000"],
    "process_output": [
        "remove_deepseek_r1_thinking",
        "helm.benchmark.metrics.output_processors.remove_deepseek_r1_thinking",
    ],
}


def conf_combinations(folder):
    """Every combination of expanders (two or more besides the model) that HELM's own files use."""
    found = set()
    for path in sorted(pathlib.Path(folder).glob("*.conf")):
        for entry in pyhocon.ConfigFactory.parse_string(path.read_text(encoding="utf-8"))["entries"]:
            written = entry["description"].partition(":")[2].split(",")
            pairs = dict(pair.split("=", 1) for pair in written if pair)
            pairs = [(k, v) for k, v in pairs.items() if k in run_expander.RUN_EXPANDERS and k != "model"]
            if len(pairs) > 1:
                found.add(tuple(pairs))
    return sorted(found)


def plain(value):
    return json.loads(json.dumps(dataclasses.asdict(value)))


def expand(start, pairs, instruct):
    tags = [run_expander.INSTRUCTION_FOLLOWING_MODEL_TAG] if instruct else []
    run_expander.get_model_metadata = lambda _: types.SimpleNamespace(tags=tags)
    specs = [start]
    for key, written in pairs:
        if key in VALUELESS:
            expander = VALUELESS[key]()
        else:
            value = parse_object_spec(f"x:{key}={written}").args[key]
            expander = run_expander.RUN_EXPANDERS[key](value)
        specs = [child for spec in specs for child in expander.expand(spec)]
    return specs


def outcome(start, spec):
    before, after = plain(start), plain(spec)
    found = {
        "name": after["name"],
        "adapter": {k: v for k, v in after["adapter_spec"].items() if v != before["adapter_spec"][k]},
    }
    if after["data_augmenter_spec"] != before["data_augmenter_spec"]:
        found["augmenter"] = after["data_augmenter_spec"]
    if after["scenario_spec"] != before["scenario_spec"]:
        found["scenario_args"] = after["scenario_spec"]["args"]
    if after["metric_specs"] != before["metric_specs"]:
        found["metrics"] = after["metric_specs"]
    return found


def case(name, pairs, instruct=False):
    record = {"base": name, "args": [list(pair) for pair in pairs], "instruct": instruct}
    try:
        record["runs"] = [outcome(BASES[name], spec) for spec in expand(BASES[name], pairs, instruct)]
    except Exception as error:
        record["error"] = str(error)
    return record


cases = []
for key, values in VALUES.items():
    bases = list(BASES) if key in ("chatml", "output_format_instructions", "follow_format_instructions") else [
        "plain", "toy"
    ]
    for value in values:
        for name in bases:
            cases.append(case(name, [("model", MODEL), (key, value)]))
            if key == "follow_format_instructions":
                cases.append(case(name, [("model", MODEL), (key, value)], instruct=True))
            elif name == "plain":
                cases.append(case(name, [(key, value), ("model", MODEL)]))
for pairs in conf_combinations(sys.argv[1]):
    for name in ("plain", "joint"):
        cases.append(case(name, [("model", MODEL), *pairs]))

json.dump({"bases": {name: plain(spec) for name, spec in BASES.items()}, "cases": cases}, sys.stdout)
