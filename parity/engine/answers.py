"""Asks transformers what a run asked the local engine, and compares the answers token by token.

Usage: python answers.py RUN.jsonl FOLDER [--chat]

RUN.jsonl is what `holometer export jsonl` writes of a run of the model in FOLDER, a Hugging Face folder. Each prompt goes through
transformers in f32, one at a time (with --chat as a user's message in the model's chat template where text is to be written, as
Holometer asks a model that has one): log-probabilities of given text, and greedy text with the log-probabilities of its tokens and of the
alternatives at each place. Prints for each run the number of prompts and tokens, the largest difference of a log-probability, how many
texts differ, and both scores: the share of right letters (joint multiple choice), or of questions whose right choice has the largest sum
of log-probabilities (separate). Needs torch and transformers.
"""

import collections
import json
import sys

import torch
import transformers


def likelihoods(model, tokens):
    """Log-probabilities of the next token after each of `tokens`, [tokens, vocabulary], as float64."""
    logits = model(torch.tensor([tokens])).logits[0].double()
    return torch.log_softmax(logits, dim=-1)


def prompt_tokens(tokenizer, text, chat):
    if not chat:
        return tokenizer(text, add_special_tokens=False)["input_ids"]
    turns = [{"role": "user", "content": text}]
    shown = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    return tokenizer(shown, add_special_tokens=False)["input_ids"]


def greedy(model, tokenizer, record, chat):
    """The text that follows, the log-probability of each of its tokens, and the distribution at each place."""
    tokens = prompt_tokens(tokenizer, record["prompt"], chat)
    written, values, places = [], [], []
    for _ in range(record["max_tokens"]):
        place = likelihoods(model, tokens + written)[-1]
        best = int(place.argmax())
        if best == tokenizer.eos_token_id:
            break
        written.append(best)
        values.append(float(place[best]))
        places.append(place)
        if any(stop in tokenizer.decode(written) for stop in record["stop_sequences"]):
            break
    text = tokenizer.decode(written)
    for stop in record["stop_sequences"]:
        text = text.split(stop)[0]
    return text, values, places


def scored(model, tokenizer, record):
    """The log-probabilities of the last tokens of a text, as many as the engine reported."""
    count = len(record["outcome"]["completions"][0]["tokens"])
    tokens = tokenizer(record["prompt"], add_special_tokens=False)["input_ids"]
    places = likelihoods(model, tokens)
    return [float(places[at - 1][tokens[at]]) for at in range(len(tokens) - count, len(tokens))]


def is_right(record, text):
    correct = [one["output"]["text"] for one in record["references"] if "correct" in one["tags"]]
    return record.get("output_mapping", {}).get(text.strip()) in correct


def compare(model, tokenizer, records, chat):
    """What a run's prompts give: a dictionary for one line of the report."""
    found = collections.Counter()
    largest = 0.0
    sums = collections.defaultdict(dict)
    for record in records:
        completion = record["outcome"]["completions"][0]
        ours = [token["logprob"] for token in completion["tokens"]]
        found["prompts"] += 1
        if record["echo_prompt"]:
            theirs = scored(model, tokenizer, record)
            key = record["instance_id"]
            right = "correct" in record["references"][record["reference_index"]]["tags"]
            sums[key][record["reference_index"]] = (sum(ours), sum(theirs), right)
        else:
            text, theirs, places = greedy(model, tokenizer, record, chat)
            found["other texts"] += text != completion["text"]
            found["right, ours"] += is_right(record, completion["text"])
            found["right, transformers"] += is_right(record, text)
            for token, place in zip(completion["tokens"], places):
                likeliest = torch.topk(place, len(token["top"])).values.tolist()
                for one, other in zip(token["top"], likeliest):
                    largest = max(largest, abs(one["logprob"] - other))
                    found["alternatives"] += 1
        for one, other in zip(ours, theirs):
            largest = max(largest, abs(one - other))
        found["tokens"] += len(ours)
    for choices in sums.values():
        found["questions"] += 1
        found["right, ours"] += max(choices.values())[2]
        found["right, transformers"] += max(choices.values(), key=lambda choice: choice[1])[2]
    return {**found, "largest difference": largest}


def main(path, folder, chat):
    torch.set_grad_enabled(False)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    runs = collections.defaultdict(list)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            runs[record["run"]].append(record)
    for run, records in runs.items():
        print(run, json.dumps(compare(model, tokenizer, records, chat)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:] == ["--chat"])
