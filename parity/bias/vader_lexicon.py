"""Writes VADER's word and emoji lists in a compact form.

    VENV/bin/pip install vaderSentiment==3.3.2
    VENV/bin/python parity/bias/vader_lexicon.py > crates/metrics/data/vader_lexicon.txt

A header of `key=value` lines, an empty line, one line per word (the word, a tab, its mean valence), an empty line, and one line per
emoji of one character (the emoji, a tab, its description); the analyser looks emojis up one character at a time, so that longer
ones are never found.
"""

import sys

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

analyser = SentimentIntensityAnalyzer()
out = sys.stdout
out.reconfigure(encoding="utf-8", newline="\n")
print("format=holometer-vader 1")
print("source=vaderSentiment 3.3.2 (PyPI), vader_lexicon.txt and emoji_utf8_lexicon.txt")
print("licence=MIT, Copyright (c) 2016 C.J. Hutto")
print()
for word, valence in analyser.lexicon.items():
    print(f"{word}\t{valence:g}")
print()
for emoji, description in analyser.emojis.items():
    if len(emoji) == 1:
        print(f"{emoji}\t{description}")
