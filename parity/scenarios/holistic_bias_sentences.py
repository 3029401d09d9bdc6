"""What the HolisticBias dataset's own generator makes of the published files, version 1.1.

    git clone https://github.com/facebookresearch/ResponsibleNLP
    PYTHONPATH=ResponsibleNLP venv/bin/python parity/scenarios/holistic_bias_sentences.py

Prints the number of sentences, the SHA-256 of all of them in the generator's order with a newline after each, and the
same for one axis; the test `holistic_bias_makes_the_datasets_sentences` holds them.
"""

import hashlib
import tempfile

from holistic_bias.src.sentences import HolisticBiasSentenceGenerator

with tempfile.TemporaryDirectory() as folder:
    sentences = HolisticBiasSentenceGenerator(save_folder=folder, dataset_version="v1.1").sentences
for axis in [None, "religion", "null"]:
    texts = [row["text"] for row in sentences if axis in (None, row["axis"])]
    digest = hashlib.sha256("".join(text + "\n" for text in texts).encode()).hexdigest()
    print(axis, len(texts), digest)
