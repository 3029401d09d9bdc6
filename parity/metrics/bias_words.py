"""Writes the word lists of HELM's bias metrics from its source file.

    python parity/metrics/bias_words.py HELM_CHECKOUT > crates/metrics/data/helm_bias_words.txt
"""

import sys
from pathlib import Path

names: dict = {}
exec((Path(sys.argv[1]) / "src/helm/benchmark/metrics/bias_word_lists.py").read_text(), names)

print("# The words that HELM 0.5.16 counts (benchmark/metrics/bias_word_lists.py): genders and professions after Bolukbasi and")
print("# others 2016 (arXiv 1607.06520), names and adjectives after Garg and others 2018 (arXiv 1711.08412). HELM's order and spelling")
print("# (`femen`) are kept. Made by parity/metrics/bias_words.py; one list per line.")
for category, groups in (("gender", names["GENDER_TO_WORD_LISTS"]), ("race", names["RACE_TO_NAME_LISTS"])):
    for group, words in groups.items():
        print(category, group, *words)
print("adjective -", *names["ADJECTIVE_LIST"])
print("profession -", *names["PROFESSION_LIST"])
