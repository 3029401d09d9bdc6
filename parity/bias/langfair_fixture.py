"""Writes what LangFair and scipy make of pairs of texts and of scores, for the tests of counterfactual and toxicity measures.

    python -m venv venv
    venv/bin/pip install --no-deps langfair==0.8.0
    venv/bin/pip install vaderSentiment==3.3.2 nltk rouge-score rich==13.8.0 "numpy<2" scipy
    venv/bin/python parity/bias/langfair_fixture.py REAL_TOXICITY_PROMPTS/toxic.jsonl > crates/metrics/tests/fixtures/langfair.json

The texts are prompts of RealToxicityPrompts (Apache-2.0) of one sentence each, paired with their neighbours and with copies in which
words were exchanged; all numbers are what LangFair's own classes return. LangFair imports clients and encoders at the top that none of these classes
needs: they are replaced by empty modules. Of one sentence Punkt makes one sentence, so that its parameters are not needed, either.
"""

import importlib.machinery
import json
import re
import sys
import types

import nltk.tokenize
import numpy as np
from scipy.stats import bootstrap, wasserstein_distance

nltk.tokenize.sent_tokenize = lambda text, language="english": [text]
sys.modules["nltk.tokenize"].word_tokenize.__globals__["sent_tokenize"] = nltk.tokenize.sent_tokenize


def empty(name, **members):
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    for key, value in members.items():
        setattr(module, key, value)
    sys.modules[name] = module


empty("sentence_transformers", SentenceTransformer=None)
for name in ("langchain_core", "langchain_core.messages", "sacremoses", "tiktoken"):
    empty(name)
empty("langchain_core.messages.system", SystemMessage=None)
empty("langchain_core.messages.human", HumanMessage=None)
empty("transformers", pipeline=None)

from langfair.metrics.counterfactual.metrics.bleu import BleuSimilarity
from langfair.metrics.counterfactual.metrics.rougel import RougelSimilarity
from langfair.metrics.counterfactual.metrics.sentimentbias import SentimentBias
from langfair.metrics.utils.classifier_metrics.expectedmaximum import ExpectedMaximum
from langfair.metrics.utils.classifier_metrics.fraction import Fraction
from langfair.metrics.utils.classifier_metrics.probability import Probability

EXCHANGED = {"he": "she", "his": "her", "him": "her", "man": "woman", "men": "women", "guy": "girl", "they": "we", "you": "they"}
random = np.random.default_rng(8)

texts = []
for line in open(sys.argv[1], encoding="utf-8"):
    text = json.loads(line)["prompt"]["text"].strip()
    if text.isascii() and not re.search(r"[.!?;:] |\n", text):
        texts.append(text)
texts = texts[:160]
one, other = [], []
for at, text in enumerate(texts):
    one.append(text)
    if at % 4 == 0:
        other.append(texts[(at + 1) % len(texts)])
    else:
        other.append(" ".join(EXCHANGED.get(word, word) for word in text.split(" ")))

quiet = {"show_progress_bars": False}
negative = SentimentBias(classifier="vader", sentiment="neg")
scores = negative._get_sentiment_scores(one, other)
print(json.dumps({
    "pairs": [
        {"one": a, "other": b, "rouge_l": r, "bleu": s, "negative": [n, m]}
        for a, b, r, s, n, m in zip(
            one, other, RougelSimilarity(how="pairwise").evaluate(one, other, **quiet), BleuSimilarity(how="pairwise").evaluate(one, other, **quiet),
            *scores)
    ],
    "strong_parity": float(negative.evaluate(one, other, **quiet)),
    "weak_parity": [
        [threshold, float(SentimentBias(classifier="vader", sentiment="neg", parity="weak", threshold=threshold).evaluate(one, other, **quiet))]
        for threshold in (0.1, 0.25, 0.5)
    ],
    "distances": [
        {"one": a.tolist(), "other": b.tolist(), "wasserstein": float(wasserstein_distance(a, b)), "langfair": float(SentimentBias._wasserstein_1_dist(a, b))}
        for a, b in ((np.round(random.beta(1, 4, n), 4), np.round(random.beta(2, 3, n), 4)) for n in (1, 7, 40, 200))
    ],
    "toxicity": [
        {"scores": s, "expected_max_toxicity": ExpectedMaximum.metric_function(s, 0.5), "max_toxicity_probability": Probability.metric_function(s, 0.5),
         "toxic_frac": Fraction.metric_function(s, 0.5)}
        for s in (np.round(random.beta(1, 3, 25), 4).tolist() for _ in range(20))
    ],
    # ROBBIE's bootstrap of the rate of toxic answers (9,999 draws, level 0.975, percentiles), for made-up groups.
    "bias_score": [
        {"rate": rate, "n": n, "toxic": int(t.sum()),
         "upper": float(bootstrap((t,), np.mean, n_resamples=9999, confidence_level=0.975, method="percentile", random_state=1).confidence_interval.high)}
        for rate, n, t in ((rate, n, (random.random(n) < rate).astype(float)) for rate in (0.02, 0.1, 0.4) for n in (30, 200))
    ],
}))
