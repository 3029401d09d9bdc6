"""Fingerprints of reference data as CPython reads it, for crates/data/tests/reference_data.rs.

Usage: python3 python_rows.py SHARED_FOLDER > crates/data/tests/fixtures/python_rows.tsv

Each line: file, kind, number of rows, SHA-256 of every value in order. The encoding of values is defined by `feed` and
mirrored in the test. Uses only the standard library's csv, json, gzip and zipfile modules.
"""

import csv
import gzip
import hashlib
import json
import pathlib
import struct
import sys
import zipfile

csv.field_size_limit(1 << 30)


def feed(digest, value):
    if value is None:
        digest.update(b"n")
    elif value is True:
        digest.update(b"t")
    elif value is False:
        digest.update(b"f")
    elif isinstance(value, int):
        digest.update(b"i" + str(value).encode() + b"\x1f")
    elif isinstance(value, float):
        digest.update(b"d" + struct.pack(">d", value))
    elif isinstance(value, str):
        digest.update(b"s" + value.encode("utf-8", "surrogatepass") + b"\x1f")
    elif isinstance(value, list):
        digest.update(b"[")
        for item in value:
            feed(digest, item)
        digest.update(b"]")
    else:
        digest.update(b"{")
        for key, item in value.items():
            feed(digest, key)
            feed(digest, item)
        digest.update(b"}")


def fingerprint(rows):
    digest = hashlib.sha256()
    for row in rows:
        feed(digest, row)
    return len(rows), digest.hexdigest()


def json_lines(text):
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def read(path):
    name = path.name
    if name.endswith((".csv", ".tsv")):
        delimiter = "\t" if name.endswith(".tsv") else ","
        with open(path, encoding="utf-8-sig", newline="") as file:
            yield "rows", [row for row in csv.reader(file, delimiter=delimiter) if row]
    elif name.endswith(".jsonl"):
        yield "jsonl", json_lines(path.read_text(encoding="utf-8-sig"))
    elif name.endswith(".jsonl.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield "jsonl", json_lines(file.read())
    elif name.endswith(".json"):
        yield "json", [json.loads(path.read_text(encoding="utf-8-sig"))]
    elif name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            yield "zip", [
                [info.filename, hashlib.sha256(archive.read(info)).hexdigest()] for info in members
            ]


def main(shared):
    data = pathlib.Path(shared) / "data"
    for path in sorted(data.rglob("*")):
        if not path.is_file() or path.parent == data:
            continue
        relative = path.relative_to(data).as_posix()
        try:
            for kind, rows in read(path):
                print(relative, kind, *fingerprint(rows), sep="\t")
        except ValueError as error:
            print(f"{relative}: {error}", file=sys.stderr)


main(sys.argv[1])
