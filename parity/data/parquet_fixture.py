"""Parquet files with nested types, nulls and several codecs, for crates/data/tests/parquet.rs.

Usage: python3 parquet_fixture.py crates/data/tests/fixtures   (needs pyarrow; written with 26.0.1)

Writes nested-{codec}.parquet and its rows as pyarrow reads them back, nested.jsonl; wide.parquet (mostly columns that a
reader of `id` and `answers` does not want); groups.parquet (pairs of sentences in many row groups); and many.parquet (more
rows than the reader accepts, in a few bytes).
"""

import datetime
import decimal
import json
import pathlib
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq

CODECS = ["none", "snappy", "gzip", "zstd", "lz4"]
ROWS = 120


def rows():
    generator = random.Random(20240229)
    words = ["alpha", "beta", "gamma", "ünïcödé 🙂", "", "line\nbreak", 'quote "q"']

    def maybe(value):
        return None if generator.random() < 0.2 else value

    for index in range(ROWS):
        yield {
            "id": index,
            "question": maybe(f"question {index} {generator.choice(words)}"),
            "label": maybe(generator.choice(words[:3])),
            "score32": maybe(generator.uniform(-1, 1)),
            "score64": maybe(generator.uniform(-1e9, 1e9)),
            "flag": maybe(generator.random() < 0.5),
            "small": maybe(generator.randrange(-128, 128)),
            "unsigned": maybe(generator.randrange(0, 2**64)),
            "choices": maybe([maybe(generator.choice(words)) for _ in range(generator.randrange(4))]),
            "answer": maybe({"text": maybe(generator.choice(words)), "start": maybe(generator.randrange(99))}),
            "answers": maybe(
                [
                    maybe({"text": generator.choice(words), "spans": maybe([generator.randrange(9) for _ in range(generator.randrange(3))])})
                    for _ in range(generator.randrange(3))
                ]
            ),
            "matrix": maybe([[generator.randrange(9) for _ in range(generator.randrange(3))] for _ in range(generator.randrange(3))]),
            "tags": maybe([(f"k{position}", maybe(position)) for position in range(generator.randrange(3))]),
            "day": maybe(datetime.date(1900, 1, 1) + datetime.timedelta(days=generator.randrange(80_000))),
            "moment": maybe(datetime.datetime(1960, 1, 1) + datetime.timedelta(microseconds=generator.randrange(10**16))),
            "price": maybe(decimal.Decimal(generator.randrange(-(10**9), 10**9)).scaleb(-2)),
            "large": maybe(decimal.Decimal(generator.randrange(-(10**30), 10**30)).scaleb(-10)),
            "raw": maybe(bytes(generator.randrange(256) for _ in range(3)) + b"\xff"),
        }


SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        ("question", pa.string()),
        ("label", pa.dictionary(pa.int32(), pa.string())),
        ("score32", pa.float32()),
        ("score64", pa.float64()),
        ("flag", pa.bool_()),
        ("small", pa.int8()),
        ("unsigned", pa.uint64()),
        ("choices", pa.list_(pa.string())),
        ("answer", pa.struct([("text", pa.string()), ("start", pa.int32())])),
        ("answers", pa.list_(pa.struct([("text", pa.string()), ("spans", pa.list_(pa.int32()))]))),
        ("matrix", pa.list_(pa.list_(pa.int64()))),
        ("tags", pa.map_(pa.string(), pa.int64())),
        ("day", pa.date32()),
        ("moment", pa.timestamp("us")),
        ("price", pa.decimal128(12, 2)),
        ("large", pa.decimal128(38, 10)),
        ("raw", pa.binary()),
    ]
)


def plain(value, name):
    """The value as the reader documents it in JSON."""
    if name == "tags" and value is not None:
        return dict(value)
    if isinstance(value, datetime.datetime):
        text = value.isoformat()
        return text + "Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.hex()
    return value


def main(folder):
    folder = pathlib.Path(folder)
    table = pa.Table.from_pylist(list(rows()), schema=SCHEMA)
    for codec in CODECS:
        path = folder / f"nested-{codec}.parquet"
        pq.write_table(
            table,
            path,
            compression=codec,
            row_group_size=50,
            use_dictionary=["label", "question"] if codec != "zstd" else False,
            data_page_version="2.0" if codec in ("gzip", "zstd") else "1.0",
            data_page_size=1024,
        )
    noise = random.Random(7)
    wide = pa.table(
        {
            "noise_before": [noise.randbytes(140) for _ in range(300)],
            "answers": [[{"text": f"answer {index}", "start": index}] * (index % 3) for index in range(300)],
            "noise_between": [noise.randbytes(140) for _ in range(300)],
            "id": list(range(300)),
        }
    )
    pq.write_table(wide, folder / "wide.parquet", compression="snappy", row_group_size=200)
    noise = random.Random(8)
    pairs = [
        {"id": index, "translation": {"de": noise.randbytes(20).hex(), "en": f"{index} {noise.randbytes(10).hex()}"}}
        for index in range(1200)
    ]
    pq.write_table(pa.Table.from_pylist(pairs), folder / "groups.parquet", compression="snappy", row_group_size=100)
    many = pa.table({"id": pa.nulls(20_000_001, pa.int32())})
    pq.write_table(many, folder / "many.parquet", row_group_size=2**26, data_page_size=2**30)
    expected = pq.read_table(folder / "nested-snappy.parquet").to_pylist()
    expected = [{name: plain(value, name) for name, value in row.items()} for row in expected]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in expected)
    (folder / "nested.jsonl").write_text(text + "\n", encoding="utf-8")


main(sys.argv[1])
