"""Turns a pickled file of plain rows into JSON Lines, without running anything that is in it.

    python3 scripts/pickled_rows.py xsum-sampled.pk DIR/summarization/xsum-sampled

The file must hold a dictionary from split to a list of dictionaries, as HELM's files of summaries do. A pickle can name
any function to be called; this reader refuses the first name it meets, so that only texts, numbers, lists and dictionaries
come out. One file per split is written: train.jsonl, validation.jsonl, test.jsonl.
"""

import json
import pathlib
import pickle
import sys


class PlainValues(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"the file names `{module}.{name}`, and only plain values are read")

    def persistent_load(self, identifier):
        raise pickle.UnpicklingError("the file refers to something outside of it")


def main(source, folder):
    with open(source, "rb") as file:
        splits = PlainValues(file).load()
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        path = folder / f"{split}.jsonl"
        with open(path, "w", encoding="utf-8") as out:
            for row in rows:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
        print(f"{path}: {len(rows)} rows")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: pickled_rows.py FILE DIR")
    try:
        main(sys.argv[1], sys.argv[2])
    except (pickle.UnpicklingError, AttributeError, OSError) as error:
        sys.exit(f"error: {error}")
