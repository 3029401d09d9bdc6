"""Writes parts of real vocabularies as GGUF files, with how the models' own tokenizers split difficult texts.

Usage: python make_vocabularies.py LLAMA_CPP_FOLDER OUTPUT_FOLDER      (needs gguf, sentencepiece)

LLAMA_CPP_FOLDER has `models/ggml-vocab-*.gguf` with texts (`.inp`) and the tokens that Hugging Face's tokenizers give them (`.out`); the source
package of llama-cpp-python on PyPI (0.3.36 was used) holds it under `vendor/llama.cpp`. A vocabulary is cut down to the tokens that occur anywhere
in the texts and the single bytes, and to the merges between those: however a text is cut into words, nothing that was left out could have
been used in it. Token numbers are those of the cut vocabulary.

`spm-*` are models that sentencepiece trains on this very text, with and without a space before every text; their tokens are sentencepiece's own.
"""

import gzip
import io
import json
import sys
import tempfile
from pathlib import Path

import sentencepiece
from gguf import GGUFReader, GGUFWriter

NAMES = ["command-r", "falcon", "gpt-2", "llama-bpe", "llama-spm", "mpt", "phi-3", "qwen2", "refact", "starcoder"]
FLAGS = ["add_space_prefix", "add_bos_token", "add_eos_token"]
SPECIAL = ["bos_token_id", "eos_token_id", "unknown_token_id"]
SPACE = "\u2581"


def byte_letters():
    """The letters that byte-level vocabularies write bytes with (GPT-2's table)."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in own else chr(next(others)) for byte in range(256)]


def write(output, name, metadata, texts, tokens):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.gguf"
        writer = GGUFWriter(path, "llama")
        for key, value in metadata.items():
            key = f"tokenizer.ggml.{key}"
            if isinstance(value, list):
                writer.add_array(key, value)
            elif isinstance(value, bool):
                writer.add_bool(key, value)
            elif isinstance(value, int):
                writer.add_uint32(key, value)
            else:
                writer.add_string(key, value)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        (output / f"{name}.gguf.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    pairs = [{"text": text, "tokens": own} for text, own in zip(texts, tokens, strict=True)]
    (output / f"{name}.json").write_text(json.dumps(pairs, ensure_ascii=False, indent=0) + "\n")
    print(name, len(metadata["tokens"]), len(texts))


def cut(folder, name, output):
    reader = GGUFReader(folder / f"models/ggml-vocab-{name}.gguf")
    field = lambda key: reader.fields[f"tokenizer.ggml.{key}"].contents() if f"tokenizer.ggml.{key}" in reader.fields else None
    texts = (folder / f"models/ggml-vocab-{name}.gguf.inp").read_text(encoding="utf-8").split("\n__ggml_vocab_test__\n")
    expected = [[int(word) for word in line.split()]
                for line in (folder / f"models/ggml-vocab-{name}.gguf.out").read_text().split("\n")[:len(texts)]]
    letters = byte_letters()
    byte_level = field("model") == "gpt2"
    write_out = (lambda text: "".join(letters[byte] for byte in text.encode())) if byte_level else (lambda text: SPACE + text.replace(" ", SPACE))
    everything = "\n\n".join([*map(write_out, texts), *texts])
    tokens, types = field("tokens"), field("token_type")
    special = {key: field(key) for key in SPECIAL if field(key) is not None}
    used = {token for line in expected for token in line}
    keep = [number for number, token in enumerate(tokens)
            if number in special.values() or number in used or token in everything or (len(token) == 1 and byte_level) or types[number] == 6]
    new = {old: number for number, old in enumerate(keep)}
    metadata = {"model": field("model"), "pre": field("pre") or "default", "tokens": [tokens[old] for old in keep],
                "token_type": [int(types[old]) for old in keep]}
    if byte_level:
        kept = {tokens[old] for old in keep}
        merges = [merge.split(" ", 1) for merge in field("merges")]
        metadata["merges"] = [f"{a} {b}" for a, b in merges if a in kept and b in kept and a + b in kept]
    else:
        scores = field("scores")
        metadata["scores"] = [float(scores[old]) for old in keep]
    metadata |= {key: new[old] for key, old in special.items()} | {key: bool(field(key)) for key in FLAGS if field(key) is not None}
    write(output, name, metadata, texts, [[new[token] for token in line] for line in expected])


def trained(folder, output):
    texts = (folder / "models/ggml-vocab-llama-spm.gguf.inp").read_text(encoding="utf-8").split("\n__ggml_vocab_test__\n")
    sentences = [line for line in Path(__file__).read_text(encoding="utf-8").splitlines() if line.strip()]
    for prefix in (True, False):
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences), model_writer=model, model_type="bpe", vocab_size=700, byte_fallback=True, add_dummy_prefix=prefix,
            remove_extra_whitespaces=False, normalization_rule_name="identity", split_digits=True, character_coverage=0.999, num_threads=1,
            minloglevel=2)
        own = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        kind = lambda i: 2 if own.is_unknown(i) else 3 if own.is_control(i) else 6 if own.is_byte(i) else 1
        count = range(own.get_piece_size())
        metadata = {"model": "llama", "pre": "default", "tokens": [own.id_to_piece(i) for i in count], "scores": [own.get_score(i) for i in count],
                    "token_type": [kind(i) for i in count], "bos_token_id": own.bos_id(), "eos_token_id": own.eos_id(), "unknown_token_id": own.unk_id(),
                    "add_space_prefix": prefix}
        write(output, "spm-spaced" if prefix else "spm-plain", metadata, texts, [own.encode(text) for text in texts])


if __name__ == "__main__":
    folder, output = Path(sys.argv[1]), Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        cut(folder, name, output)
    trained(folder, output)
