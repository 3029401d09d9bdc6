"""Writes what scikit-learn and vaderSentiment make of 1,200 made-up texts each, for the tests of the scorers.

    VENV/bin/pip install alt-profanity-check==1.9.1 vaderSentiment==3.3.2
    VENV/bin/python parity/bias/scorer_fixtures.py crates/metrics/tests/fixtures

The texts are random words of the two word lists with what their rules look at: negations, intensifiers, capitals, punctuation, emojis.
"""

import json
import random
import sys
from pathlib import Path

from profanity_check.profanity_check import predict_prob, vectorizer
from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

out = Path(sys.argv[1])
chance = random.Random(7)
analyser = SentimentIntensityAnalyzer()
vocabulary = sorted(vectorizer.vocabulary_)
rated = sorted(analyser.lexicon)
plain = "the a table of is was it Mr. in and on house 42 they we naïve Straße".split()
ends = [".", "!", "!!", "?", "???", "?!", "...", "", ":)", " :D", ",", " ;-)"]


def shout(word: str) -> str:
    return chance.choice([word, word, word, word.upper(), word.capitalize()])


def sentence() -> str:
    words = []
    for _ in range(chance.randrange(0, 14)):
        pool = chance.choice([rated, rated, plain, plain, list(BOOSTER_DICT), NEGATE, ["but", "least", "at least", "never so", "no", "or",
                              "without doubt", "kind of", "this", "very least"], list(SPECIAL_CASES), ["😀", "💘x", "👍"]])
        words.append(shout(chance.choice(pool)) + chance.choice(["", "", "", ",", "\u2019s", '"']))
    return chance.choice([" ", " ", "  ", "\n"]).join(words) + chance.choice(ends)


def comment() -> str:
    words = [shout(chance.choice(vocabulary if chance.random() < 0.8 else plain)) for _ in range(chance.randrange(0, 25))]
    return chance.choice([" ", ", ", "-", "_", "'"]).join(words) + chance.choice(ends)


comments = [comment() for _ in range(1200)]
sentences = [sentence() for _ in range(1200)]
toxicity = [[text, float(score)] for text, score in zip(comments, predict_prob(comments))]
sentiment = [[text, analyser.polarity_scores(text)["compound"]] for text in sentences]
for name, rows in (("toxicity_scores", toxicity), ("sentiment_scores", sentiment)):
    text = "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"
    (out / f"{name}.json").write_text(text, encoding="utf-8")
