"""Writes what the packages `bert-score` and SummaC make of tiny encoders, for the tests of scorers on disk.

Usage: python scorer_packages.py PUNKT OUTPUT_FILE

PUNKT is a folder that holds tokenizers/punkt_tab/english. Needs bert-score 0.3.13, summac 0.0.4 and crfm-helm 0.5.16 (each
without what it depends on), transformers 4.57.3 with its dependencies, torch, pandas, matplotlib and nltk.

BERTScore is called as HELM's `SummarizationMetric` calls it: by the model's name, with `lang="en"` and `rescale_with_baseline=True`,
so that the package itself chooses layer and baseline. The names lead to folders of tiny encoders of as many layers as the
named model has; as in make_encoders.py, the weights are a function of each tensor's name. SummaC-ZS is called as HELM calls it,
with the package and with HELM's copy of it, which can also split at line ends. Nothing is fetched.
"""

import contextlib
import csv
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
# HELM looks for a punctuation model on the network when there is none here.
os.environ["NLTK_DATA"] = str(Path(sys.argv[1]).resolve())

import bert_score
import torch
import transformers as tf
from bert_score.utils import model2layers
from helm.benchmark.metrics.summac import model_summac as helm_summac
from safetensors import safe_open
from safetensors.torch import save_file
from summac import model_summac
from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode

from make_tiny import fill

WINDOW = 40
SMALL = dict(hidden_size=16, intermediate_size=24, num_attention_heads=2, max_position_embeddings=WINDOW)
WORDS = "the a cat dog sat on mat and slept was it in rain house ran to of".split()
ENDINGS = ["##ed", "##ing", "##er"]
MERGES = ["t h", "th e", "Ġ the", "Ġ t", "Ġ c", "a t", "Ġc at", "Ġ s", "Ġs at", "Ġ a", "i n", "in g", "Ġ m", "Ġm at", "Ġ d", "Ġd o"]

PAIRS = [
    ("the cat sat on the mat", ["the cat sat on the mat"]),
    ("the cat sat on the mat", ["the dog slept in the house"]),
    ("A dog ran.", ["The dogs were running to the house, and it rained.", "a dog ran to the rain"]),
    ("  The cats slept.\t", ["the cat was sleeping\n"]),
    ("", ["the cat sat"]),
    ("the cat sat", [" \n"]),
    ("", [""]),
    ("it was [SEP] in </s> the [CLS] rain <s> house", ["it was in the rain [MASK] house <mask>"]),
    ("caf\u00e9 \u00dcber na\u00efve \u4e2d\u6587 42", ["cafe uber naive 42!", "", "Caf\u00e9"]),
    ("x", ["the cat sat on the mat and the dog ran in the rain to the house of the cat and it slept on the mat in the house"]),
    ("the cat sat on the mat and the dog ran in the rain to the house of the cat and it slept on the mat in the house and ran", ["x y z"]),
]


def word_piece(folder, kind):
    """A lower-casing WordPiece tokenizer, with the special tokens of BERT."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters), *WORDS[:1],
                  *WORDS[2:], *ENDINGS, *".,!?'[]<>/-"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    kind(str(folder / "vocab.txt"), do_lower_case=True, model_max_length=WINDOW).save_pretrained(folder)
    return len(vocabulary)


def bytes_pairs(folder, kind, special):
    """A tokenizer of pairs of bytes, as RoBERTa's and DeBERTa's are."""
    symbols = [*special, *bytes_to_unicode().values(), *("".join(merge.split()) for merge in MERGES)]
    (folder / "vocab.json").write_text(json.dumps({symbol: number for number, symbol in enumerate(symbols)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES) + "\n")
    kind(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=WINDOW).save_pretrained(folder)
    return len(symbols)


def roberta_tokens(folder):
    return bytes_pairs(folder, tf.RobertaTokenizerFast, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])


def deberta_tokens(folder):
    return bytes_pairs(folder, tf.DebertaTokenizerFast, ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"])


def bert_tokens(folder):
    return word_piece(folder, tf.BertTokenizerFast)


def models():
    """Name, tokenizer, configuration by the size of the vocabulary."""
    yield "bert-base-uncased", bert_tokens, lambda size: tf.BertConfig(**SMALL, vocab_size=size, num_hidden_layers=12)
    yield "roberta-base", roberta_tokens, lambda size: tf.RobertaConfig(
        **{**SMALL, "max_position_embeddings": WINDOW + 2}, vocab_size=size, num_hidden_layers=12, type_vocab_size=1)
    yield "distilbert-base-uncased", bert_tokens, lambda size: tf.DistilBertConfig(
        vocab_size=size, dim=16, hidden_dim=24, n_layers=6, n_heads=2, max_position_embeddings=WINDOW)
    yield "albert-base-v2", bert_tokens, lambda size: tf.AlbertConfig(
        **SMALL, vocab_size=size, num_hidden_layers=12, embedding_size=8, pad_token_id=0, bos_token_id=2, eos_token_id=3)
    yield "microsoft/deberta-large-mnli", deberta_tokens, lambda size: tf.DebertaConfig(
        **SMALL, vocab_size=size, num_hidden_layers=24, relative_attention=True, pos_att_type=["c2p", "p2c"],
        position_biased_input=False, type_vocab_size=0, max_relative_positions=-1)


def checkpoint(folder, tokens, config, kind):
    folder.mkdir(parents=True)
    config = config(tokens(folder))
    model = kind.from_config(config) if hasattr(kind, "from_config") else kind(config)
    model.save_pretrained(folder)
    path = folder / "model.safetensors"
    with safe_open(path, "pt") as file:
        shapes = {key: list(file.get_tensor(key).shape) for key in file.keys()}
    save_file({key: torch.from_numpy(fill(key, shape)) for key, shape in shapes.items()}, path, metadata={"format": "pt"})
    read = lambda name: json.loads((folder / name).read_text())
    settings = read("tokenizer_config.json")
    # The words of the tokenizer class and the limit are all that tells anything beside tokenizer.json.
    settings = {key: settings[key] for key in ("tokenizer_class", "model_max_length")}
    return {"config": read("config.json"), "tensors": shapes, "tokenizer": read("tokenizer.json"), "tokenizer_config": settings}


def scored(scorer):
    # One candidate at a time, as HELM does.
    rows = []
    for candidate, references in PAIRS:
        each = [[float(part[0]) for part in scorer.score([candidate], [[reference]])] for reference in references]
        rows.append({"each": each, "best": [float(part[0]) for part in scorer.score([candidate], [references])]})
    return rows


def bert_scores(home):
    out = {}
    for name, tokens, config in models():
        made = checkpoint(home / name, tokens, config, tf.AutoModel)
        with contextlib.chdir(home):
            scorer = bert_score.BERTScorer(model_type=name, lang="en", rescale_with_baseline=True, device="cpu")
            made |= {"layer": scorer.num_layers, "baseline": [float(x) for x in scorer.baseline_vals], "rescaled": scored(scorer)}
            scorer = bert_score.BERTScorer(model_type=name, lang="en", rescale_with_baseline=False, device="cpu")
            made["raw"] = scored(scorer)
        out[name] = made
    # A model of one's own, with a baseline file beside it.
    folder = home / "own"
    made = checkpoint(folder, bert_tokens, lambda size: tf.BertConfig(**SMALL, vocab_size=size, num_hidden_layers=2), tf.AutoModel)
    table = "LAYER,P,R,F\n0,0.1,0.11,0.105\n1,0.31,0.32,0.315\n2,0.4,0.41,0.405\n"
    (folder / "baseline.tsv").write_text(table)
    scorer = bert_score.BERTScorer(model_type=str(folder), num_layers=1, lang="en", rescale_with_baseline=True,
                                   baseline_path=str(folder / "baseline.tsv"), device="cpu")
    made |= {"layer": 1, "baseline": [float(x) for x in scorer.baseline_vals], "baseline_file": table, "rescaled": scored(scorer)}
    made["raw"] = scored(bert_score.BERTScorer(model_type=str(folder), num_layers=1, lang="en", device="cpu"))
    out["own"] = made
    summaries = [[float(part[0]) for part in scorer.score([summary], [REFERENCES])] for _, summary in TEXTS]
    return out, summaries


def layers_and_baselines():
    """Every model of the package's two lists."""
    folder = Path(bert_score.__file__).parent / "rescale_baseline" / "en"
    baselines = {}
    for path in sorted(folder.rglob("*.tsv")):
        name = str(path.relative_to(folder).with_suffix(""))
        rows = list(csv.reader(path.open()))[1:]
        baselines[name] = {"rows": len(rows), "chosen": rows[model2layers[name]]}
    return {"layers": model2layers, "baselines": baselines}


DOCUMENT = (
    "The cat sat on the mat. It was in the house, and the dog slept. Yes. Mr. Smith ran to the house at 5 p.m. in the rain! "
    "Was the dog in the rain? The dog ran"
)
REFERENCES = ["The cat slept in the house, and it rained.", "A dog ran in the rain."]
TEXTS = [
    (DOCUMENT, "The cat slept in the house. The dog sat on the mat."),
    (DOCUMENT + " to the rain.", "The cat sat on the mat."),
    (DOCUMENT + " to a cat.", "It rained"),
    ("Short.", "The cat sat on the mat."),
    # More sentences than SummaC reads.
    (" ".join(f"The cat number {number} sat on the mat." for number in range(104)), "The cat number 103 sat on the mat."),
    # More tokens than SummaC reads: the premise is cut, the hypothesis is not.
    ("The dog " + "x y z " * 200 + "ran to the house of the cat.", "The dog " + "y" * 90 + " ran to the house."),
    ("A heading of a story\n\nThe cat sat on the mat\nand the dog ran. It slept.", "The cat sat\nThe dog slept in the house"),
]


def summac(home, matches):
    folder = home / "nli"
    labels = {0: "SUPPORTS", 1: "REFUTES", 2: "NOT ENOUGH INFO"}
    config = lambda size: tf.AlbertConfig(
        **{**SMALL, "max_position_embeddings": 512}, vocab_size=size, num_hidden_layers=2, embedding_size=8, pad_token_id=0,
        bos_token_id=2, eos_token_id=3, id2label=labels, label2id={name: number for number, name in labels.items()})
    tokens = lambda folder: word_piece(folder, tf.BertTokenizerFast)
    made = checkpoint(folder, tokens, config, tf.AutoModelForSequenceClassification)
    for module in (model_summac, helm_summac):
        module.model_map["vitc"]["model_card"] = str(folder)
    # HELM computes in half precision, on accelerators alone.
    torch.nn.Module.half = lambda self: self
    arguments = dict(granularity="sentence", model_name="vitc", imager_load_cache=False, device="cpu")
    package = model_summac.SummaCZS(**arguments)
    lines = helm_summac.SummaCZS(**arguments, new_line_split=True)
    whole = helm_summac.SummaCZS(**arguments)
    # The package names its way of cutting pairs twice, which transformers takes no more; HELM's copy names it once.
    package.imager.load_nli()
    encode = package.imager.tokenizer.batch_encode_plus
    package.imager.tokenizer.batch_encode_plus = lambda pairs, truncation, truncation_strategy, **more: encode(
        pairs, truncation=truncation_strategy, **more)
    rows = []
    for (source, summary), matched in zip(TEXTS, matches):
        score = float(package.score_one(source, summary)["score"])
        assert score == float(whole.score_one(source, summary)["score"])
        by_lines = float(lines.score_one(source, summary)["score"])
        rows.append({"source": source, "summary": summary, "score": score, "score_by_lines": by_lines, "matched": matched})
    return made | {"references": REFERENCES, "texts": rows}


def main():
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as home:
        home = Path(home)
        scores, matches = bert_scores(home)
        out = {"bert_score": scores, "summac": summac(home, matches), "pairs": PAIRS, **layers_and_baselines()}
    Path(sys.argv[2]).write_text(json.dumps(out, ensure_ascii=True, separators=(",", ":")) + "\n")


main()
