"""Write requests that HELM's own adapters make, for the tests of `holometer-adapt`.

Usage: python make_requests.py crates/adapt/tests/fixtures/requests.json
"""

import json
import re
import sys
from dataclasses import replace

from helm.benchmark.adaptation.adapter_spec import AdapterSpec, Substitution
from helm.benchmark.adaptation.adapters.binary_ranking_adapter import BinaryRankingAdapter
from helm.benchmark.adaptation.adapters.chat_adapter import ChatAdapter
from helm.benchmark.adaptation.adapters.generation_adapter import GenerationAdapter
from helm.benchmark.adaptation.adapters.language_modeling_adapter import LanguageModelingAdapter
from helm.benchmark.adaptation.adapters.multiple_choice_calibrated_adapter import MultipleChoiceCalibratedAdapter
from helm.benchmark.adaptation.adapters.multiple_choice_joint_adapter import MultipleChoiceJointAdapter
from helm.benchmark.adaptation.adapters.multiple_choice_joint_chain_of_thought_adapter import (
    MultipleChoiceJointChainOfThoughtAdapter,
)
from helm.benchmark.adaptation.adapters.multiple_choice_separate_adapter import MultipleChoiceSeparateAdapter
from helm.benchmark.scenarios.scenario import CORRECT_TAG, Input, Instance, Output, Reference
from helm.benchmark.window_services.default_window_service import DefaultWindowService
from helm.common.general import asdict_without_nones
from helm.common.tokenization_request import DecodeRequestResult, TokenizationRequestResult, TokenizationToken

ADAPTERS = {
    "generation": GenerationAdapter,
    "language_modeling": LanguageModelingAdapter,
    "multiple_choice_joint": MultipleChoiceJointAdapter,
    "multiple_choice_joint_chain_of_thought": MultipleChoiceJointChainOfThoughtAdapter,
    "multiple_choice_separate_original": MultipleChoiceSeparateAdapter,
    "multiple_choice_separate_calibrated": MultipleChoiceCalibratedAdapter,
    "ranking_binary": BinaryRankingAdapter,
    "chat": ChatAdapter,
}


class ByteTokens:
    """A tokenizer service with one token per byte; `squeezing` first makes one space of several."""

    def __init__(self, squeezing):
        self.squeezing = squeezing

    def tokenize(self, request):
        text = re.sub(" +", " ", request.text) if self.squeezing else request.text
        tokens = [TokenizationToken(byte) for byte in text.encode()]
        if request.truncation:
            tokens = tokens[: request.max_length]
        return TokenizationRequestResult(success=True, cached=False, tokens=tokens, text=text)

    def decode(self, request):
        return DecodeRequestResult(success=True, cached=False, text=bytes(request.tokens).decode(errors="replace"))


def reference(text, correct):
    return Reference(Output(text=text), tags=[CORRECT_TAG] if correct else [])


def instance(id, split, text, answers, **extra):
    """An instance whose right answers are marked with a star."""
    references = [reference(answer.lstrip("*"), answer.startswith("*")) for answer in answers]
    return Instance(Input(text=text), references, split=split, id=id, **extra)


COLOURS = [
    ("sky", ["*blue", "red"]),
    ("sea", ["*blue", "*green"]),
    ("ink", ["red", "*blue"]),
    ("blood", ["*red", "blue"]),
    ("rose", ["blue", "*red"]),
    ("grass", ["*green", "red", "blue"]),
    ("leaf", ["*green", "red"]),
    ("sun", ["*gelb ☀", "red"]),
    ("soil", ["*brown"]),
    ("air", ["red", "blue"]),
    ("glass", []),
]
QUESTIONS = [
    ("lake\nor pond", ["*blue", "green"]),
    ("Größe, naïve café — 行星运转 🙂🙃 and a  longer   text", ["red", "*größer 🙂", "blue"]),
    ("wood", ["*brown", "*red", "green", "blue"]),
]


def pool():
    train = [instance(f"id{i}", "train", *row) for i, row in enumerate(COLOURS)]
    asked = [instance(f"id{i}", "test", *row) for i, row in enumerate(QUESTIONS, start=len(train))]
    return train, asked


def case(name, method, instances, window=(4000, 4000, "<s>"), tokenizer="bytes", **spec):
    """One run of an adapter; its requests are null where HELM gives up."""
    defaults = asdict_without_nones(AdapterSpec())
    spec = AdapterSpec(method=method, max_eval_instances=None, **spec)
    sequence, request, prefix = window
    adapter = object.__new__(ADAPTERS[method])
    adapter.adapter_spec = spec
    adapter.window_service = DefaultWindowService(
        ByteTokens(tokenizer == "squeezing"), "bytes", sequence, max_request_length=request, prefix_token=prefix
    )
    try:
        states = adapter.adapt(instances, parallelism=1)
    except ValueError as error:
        assert "infinite loop" in str(error), error
        states = None
    return {
        "name": name,
        "adapter_spec": {name: value for name, value in asdict_without_nones(spec).items() if value != defaults.get(name)},
        "window": {"max_sequence_length": sequence, "max_request_length": request, "prefix_token": prefix},
        "tokenizer": tokenizer,
        "instances": [asdict_without_nones(one) for one in instances],
        "requests": states and [request_fields(state) for state in states],
    }


def request_fields(state):
    request = state.request
    fields = {
        "instance_id": state.instance.id,
        "split": state.instance.split,
        "train_trial_index": state.train_trial_index,
        "reference_index": state.reference_index,
        "request_mode": state.request_mode,
        "prompt": None if request.messages else request.prompt,
        "messages": request.messages,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stop_sequences": request.stop_sequences,
        "num_completions": request.num_completions,
        "top_k_per_token": request.top_k_per_token,
        "echo_prompt": request.echo_prompt,
        "random": request.random,
        "num_train_instances": state.num_train_instances,
        "prompt_truncated": state.prompt_truncated,
        "num_conditioning_tokens": state.num_conditioning_tokens,
        "output_mapping": state.output_mapping,
    }
    return {name: value for name, value in fields.items() if value is not None}


def generation_cases():
    train, asked = pool()
    brief = dict(max_train_instances=3, max_tokens=5, num_outputs=1, temperature=0.0, stop_sequences=["\n"])
    yield case(
        "every field of the prompt",
        "generation",
        train + asked,
        global_prefix="[begin] ",
        global_suffix="\n[end]",
        instructions="Name the colour.\n",
        input_prefix="Thing:  ",
        output_prefix="Colour: \t",
        output_suffix="\n.\n",
        instance_prefix="\n--\n",
        substitutions=[Substitution("\n", "<br>\n"), Substitution("red", "rouge")],
        multi_label=True,
        max_train_instances=6,
        num_train_trials=3,
        num_trials=2,
        num_outputs=3,
        temperature=0.7,
        max_tokens=11,
        stop_sequences=["\n", "##"],
        random="seed",
    )
    yield case("examples in order", "generation", train + asked[:1], sample_train=False, num_train_trials=2, **brief)
    unlabelled = [replace(one, references=[]) for one in train]
    yield case("no labels", "generation", unlabelled + asked[:1], **brief)
    nameless = [replace(one, references=[reference("", True)]) if i in (1, 3, 5, 7) else one for i, one in enumerate(train)]
    few = {**brief, "max_train_instances": 2}
    yield case("a label without text", "generation", nameless + asked[:1], num_train_trials=4, **few)
    for length in (20, 37, 50, 72, 110):
        yield case(f"window of {length}", "generation", train + asked, window=(length, length, ""), **brief)
    for shots in (0, 3):
        shots_brief = {**brief, "max_train_instances": shots}
        yield case(f"squeezed, {shots} shots", "generation", train + asked, tokenizer="squeezing", **shots_brief)


def choice_cases():
    train, asked = pool()
    brief = dict(max_tokens=1, num_outputs=4, temperature=0.0, stop_sequences=["\n"])
    letters = dict(reference_prefix="(A) A: ", output_prefix="Answer: ", multi_label=True, random="7")
    yield case("letters, several right", "multiple_choice_joint", train + asked, max_train_instances=7, **letters, **brief)
    given = dict(reference_prefix="\n- 1 ", reference_prefix_characters=["one", "two", "three", "four"])
    yield case("given labels", "multiple_choice_joint", train + asked, max_train_instances=7, **given, **brief)
    yield case("narrow", "multiple_choice_joint", train + asked, window=(95, 95, ""), max_train_instances=4, **brief)
    thoughts = [replace(one, extra_data={"chain_of_thought": f"I see the {one.input.text}."}) for one in train[:4]]
    thoughts += train[4:]
    yield case(
        "reasoning",
        "multiple_choice_joint_chain_of_thought",
        thoughts + asked,
        chain_of_thought_prefix="Reason: ",
        chain_of_thought_suffix=" So: ",
        max_train_instances=8,
        multi_label=True,
        **brief,
    )
    separate = dict(max_tokens=0, num_outputs=1, input_prefix="Q: ", output_prefix="\nA: ", output_suffix=" .")
    for method in ("multiple_choice_separate_original", "multiple_choice_separate_calibrated"):
        substitutions = [Substitution("A: b", "Answer: B")]
        yield case(method, method, train + asked, max_train_instances=2, substitutions=substitutions, **separate)
        yield case(f"{method}, narrow", method, train + asked, window=(58, 58, ""), max_train_instances=2, **separate)
    yield case(
        "ranking",
        "ranking_binary",
        train[:9] + asked,
        reference_prefix="Passage: ",
        input_prefix="Query: ",
        output_prefix="Answered? ",
        instance_prefix="\n\n",
        max_train_instances=2,
        num_train_trials=2,
        **brief,
    )


def other_cases():
    train, asked = pool()
    talk = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello 🙂"}]
    talks = [replace(one, input=Input(messages=talk[i:])) for i, one in enumerate(asked[:2])]
    chat = dict(max_train_instances=0, temperature=0.5, max_tokens=9, num_outputs=2, num_trials=2, num_train_trials=2, stop_sequences=["."])
    yield case("talk", "chat", talks, **chat)
    texts = [
        instance("id0", "test", "Größe, naïve café — 行星运转 🙂🙃 and a longer text", []),
        instance("id1", "valid", "🙂🙃🙂🙃🙂行星运转行星运转", []),
        instance("id2", "test", "short", []),
        instance("id3", "test", "", []),
    ]
    scored = dict(max_train_instances=0, max_tokens=0, num_outputs=1, temperature=0.0, stop_sequences=["\n"])
    for window in [(16, 16, "<s>"), (16, 16, ""), (20, 21, "|"), (25, 26, "|"), (13, 13, "🙂")]:
        yield case(f"windows of {window}", "language_modeling", texts, window=window, **scored)
    for window in [(12, 12, "<s>")]:
        yield case(f"squeezed windows of {window}", "language_modeling", texts[:1] + asked[1:2], window=window, tokenizer="squeezing", **scored)


def main():
    cases = [*generation_cases(), *choice_cases(), *other_cases()]
    pools = []
    for one in cases:
        if one["instances"] not in pools:
            pools.append(one["instances"])
        one["instances"] = pools.index(one["instances"])
    with open(sys.argv[1], "w") as file:
        json.dump({"pools": pools, "cases": cases}, file, separators=(",", ":"), ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
