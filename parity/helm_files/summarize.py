"""Runs the real `helm-summarize` over an export and compares its files with those of the export.

Usage: python summarize.py EXPORT SUITE     (EXPORT is the folder that `holometer export helm EXPORT` wrote)

Tables are compared cell by cell: rows by the model's name, columns by their heading, numbers to 1e-9, texts exactly.
Exits with 1 when HELM fails or anything differs.
"""

import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOLERANCE = 1e-9


def main(export: pathlib.Path, suite: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "benchmark_output"
        shutil.copytree(export, copy)
        theirs = copy / "runs" / suite
        schema = pathlib.Path(folder) / "schema.json"
        shutil.copy(theirs / "schema.json", schema)
        forget(theirs)
        log = summarize(copy, suite, schema)
        ours = export / "runs" / suite
        differences: list[str] = []
        compared = {"files": 0, "cells": 0, "numbers": 0}
        for path in sorted(theirs.glob("groups/*.json")) + [theirs / "groups.json"]:
            compare_tables(ours / path.relative_to(theirs), path, differences, compared)
        for path in sorted(ours.glob("groups/*.json")):
            if not (theirs / path.relative_to(ours)).exists():
                differences.append(f"{path.name}: HELM does not make it")
        for name in ["summary.json", "run_specs.json", "runs_to_run_suites.json", "groups_metadata.json"]:
            compare_values(ours / name, theirs / name, name, differences, compared)
        for run in sorted(path.parent for path in theirs.glob("*/run_spec.json")):
            compare_display(ours / run.name, run, differences, compared)
        compare_runs(ours / "runs.json", theirs / "runs.json", differences, compared)
    print(f"helm-summarize ended well; {log.count('Warning')} lines of its log say Warning")
    print("compared: " + ", ".join(f"{number} {what}" for what, number in compared.items()))
    for difference in differences[:40]:
        print("DIFFERENT:", difference)
    print(f"{len(differences)} differences")
    return 1 if differences else 0


def forget(suite: pathlib.Path) -> None:
    """Removes everything that `helm-summarize` makes, so that nothing of ours is mistaken for its own."""
    for path in suite.glob("*.json"):
        path.unlink()
    shutil.rmtree(suite / "groups", ignore_errors=True)
    for name in ["instances.json", "display_predictions.json", "display_requests.json"]:
        for path in suite.glob(f"*/{name}"):
            path.unlink()


def summarize(output: pathlib.Path, suite: str, schema: pathlib.Path) -> str:
    command = [str(pathlib.Path(sys.executable).parent / "helm-summarize"), "--suite", suite]
    command += ["--output-path", str(output), "--schema-path", str(schema), "--num-threads", "1"]
    command += ["--local-path", str(output / "prod_env")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=output.parent)
    log = done.stdout + done.stderr
    if done.returncode != 0:
        print(log[-4000:])
        raise SystemExit(f"helm-summarize failed with {done.returncode}")
    return log


def load(path: pathlib.Path):
    return json.loads(path.read_text())


def compare_tables(ours: pathlib.Path, theirs: pathlib.Path, differences: list, compared: dict) -> None:
    if not ours.exists():
        differences.append(f"{ours.name}: ours lacks it")
        return
    compared["files"] += 1
    ours_tables = {table["title"]: table for table in load(ours)}
    their_tables = {table["title"]: table for table in load(theirs)}
    if ours_tables.keys() != their_tables.keys():
        differences.append(f"{ours.name}: tables {sorted(ours_tables)} instead of {sorted(their_tables)}")
    for title in ours_tables.keys() & their_tables.keys():
        place = f"{ours.name} [{title}]"
        ours_cells, their_cells = cells(ours_tables[title]), cells(their_tables[title])
        if ours_cells.keys() != their_cells.keys():
            differences.append(f"{place}: other cells {sorted(ours_cells.keys() ^ their_cells.keys())[:6]}")
        for key in ours_cells.keys() & their_cells.keys():
            compared["cells"] += 1
            differ(ours_cells[key], their_cells[key], f"{place} {key}", differences, compared)
        for part in ["name", "header"]:
            differ(ours_tables[title].get(part), their_tables[title].get(part), f"{place} {part}", differences, compared)


def cells(table: dict) -> dict:
    headings = [heading["value"] for heading in table["header"]]
    found = {(row[0].get("value"), heading): cell for row in table["rows"] for heading, cell in zip(headings, row)}
    for (_, heading), cell in found.items():
        # HELM joins a set here: its order is chance.
        if heading == "Adaptation method":
            cell["value"] = ", ".join(sorted(cell["value"].split(", ")))
    return found


def compare_values(ours: pathlib.Path, theirs: pathlib.Path, place: str, differences: list, compared: dict) -> None:
    compared["files"] += 1
    differ(load(ours), load(theirs), place, differences, compared)


def compare_display(ours: pathlib.Path, theirs: pathlib.Path, differences: list, compared: dict) -> None:
    """The pages' files. HELM shows the statistics that the schema's groups name; ours hold all of a unit's."""
    for name in ["instances.json", "display_requests.json", "display_predictions.json"]:
        compared["files"] += 1
        if not (theirs / name).exists():
            differences.append(f"{ours.name}/{name}: HELM does not make it")
            continue
        ours_list, their_list = load(ours / name), load(theirs / name)
        if name == "display_predictions.json" and len(ours_list) == len(their_list):
            for mine, other in zip(ours_list, their_list):
                mine["stats"] = {key: value for key, value in mine["stats"].items() if key in other["stats"]}
        differ(without_own(ours_list), without_own(their_list), f"{ours.name}/{name}", differences, compared)


def without_own(value):
    """HELM drops fields that it does not know, and writes its defaults."""
    if isinstance(value, dict):
        return {key: without_own(entry) for key, entry in value.items() if key != "holometer"}
    if isinstance(value, list):
        return [without_own(entry) for entry in value]
    return value


def compare_runs(ours: pathlib.Path, theirs: pathlib.Path, differences: list, compared: dict) -> None:
    compared["files"] += 1
    ours_runs, their_runs = load(ours), load(theirs)
    for run in ours_runs + their_runs:
        run.pop("run_path")
    differ(ours_runs, their_runs, "runs.json", differences, compared)


def differ(ours, theirs, place: str, differences: list, compared: dict) -> None:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in ours.keys() | theirs.keys():
            if key == "holometer":
                continue
            differ(ours.get(key), theirs.get(key), f"{place}.{key}", differences, compared)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (mine, other) in enumerate(zip(ours, theirs)):
            differ(mine, other, f"{place}[{index}]", differences, compared)
    elif is_number(ours) and is_number(theirs):
        compared["numbers"] += 1
        if not math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            differences.append(f"{place}: {ours} instead of {theirs}")
    elif ours != theirs:
        differences.append(f"{place}: {ours!r:.200} instead of {theirs!r:.200}")


def is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2]))
