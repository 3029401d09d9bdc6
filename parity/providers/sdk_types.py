"""Checks the request bodies that Holometer sends against the types in the vendors' own Python packages.

    python3 -m venv /tmp/sdk && /tmp/sdk/bin/pip install openai anthropic google-genai pydantic
    cargo run -q -p holometer-providers --example bodies | /tmp/sdk/bin/python parity/providers/sdk_types.py

Every field that is sent must be one that the package knows, with a value of its type; lists are checked to their last item.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable

from pydantic import ConfigDict, TypeAdapter
from pydantic.errors import PydanticUserError

STRICT = ConfigDict(extra="forbid")


def typed(params):
    """A validator for a TypedDict that forbids unknown fields."""
    params.__pydantic_config__ = STRICT
    return TypeAdapter(params)


def validators():
    """By the beginning of a model's spec."""
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
    from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

    yield "openai-responses", typed(ResponseCreateParamsNonStreaming).validate_python
    yield "anthropic", typed(MessageCreateParamsNonStreaming).validate_python
    yield "google", gemini
    yield "vertex", gemini
    # Vendors that say they speak OpenAI's chat format are held to OpenAI's own type.
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

    for vendor in ("groq", "deepseek", "xai", "together"):
        yield vendor, typed(CompletionCreateParamsNonStreaming).validate_python


def gemini(body):
    """Gemini's body in the package's types, whose names are Python's."""
    from google.genai import types

    config = dict(body.get("generationConfig", {}))
    config["safetySettings"] = body.get("safetySettings", [])
    if "systemInstruction" in body:
        config["systemInstruction"] = body["systemInstruction"]
    types.GenerateContentConfig.model_validate(config)
    for content in body["contents"]:
        types.Content.model_validate(content)
    unknown = set(body) - {"contents", "generationConfig", "safetySettings", "systemInstruction"}
    assert not unknown, unknown


def exhaust(value):
    """Walks lazily validated lists to their end, which validates them."""
    if isinstance(value, dict):
        for item in value.values():
            exhaust(item)
    elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for item in value:
            exhaust(item)


def main():
    known = dict(validators())
    counts, failed = Counter(), 0
    for line in sys.stdin:
        entry = json.loads(line)
        vendor = entry["model"].split(":")[0]
        validate = known.get(vendor)
        if validate is None:
            counts[vendor, "not checked: no types"] += 1
            continue
        try:
            exhaust(validate(entry["body"]))
            counts[vendor, "sound"] += 1
        except (ValueError, AssertionError, PydanticUserError) as error:
            failed += 1
            counts[vendor, "unsound"] += 1
            print(entry["model"], entry["path"], json.dumps(entry["body"]), error, sep="\n", file=sys.stderr)
    for (vendor, verdict), count in sorted(counts.items()):
        print(f"{vendor}: {count} {verdict}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
