"""Makes the tables of people's names and of nationalities from public records.

    python tables.py names VOCABULARY_CSV BABY_NAMES_CSV > crates/perturb/src/tables/person_names.tsv
    python tables.py nations FACTBOOK_REPOSITORY > crates/perturb/src/tables/nationalities.tsv

VOCABULARY_CSV is `vocabulary_proper_names.csv` of nyu-mll/BBQ (CC-BY-4.0): first and last names with their group, after Tzioumis
2018 and the US census of 2010. BABY_NAMES_CSV is *Popular Baby Names* of NYC Open Data (births by sex and mother's ethnicity,
2011 to 2019; public). A baby name belongs to a group if at least 90% of its births are the group's and at least 100 children have it;
names of both sexes, and names that are words a text may begin with, are left out. FACTBOOK_REPOSITORY is a clone of factbook/factbook.json, *The World Factbook*
as JSON (public domain).
"""

import collections
import csv
import json
import re
import subprocess
import sys

GROUPS = {"Asian": "asian", "Black": "black", "Latino": "hispanic", "Arab": "middle_eastern", "White": "white", "": "common"}
NYC = {"ASIAN AND PACI": "asian", "BLACK NON HISP": "black", "HISPANIC": "hispanic", "WHITE NON HISP": "white"}
SHARE, BIRTHS, MOST = 0.9, 100, 20
# Words, and what may stand at a text's beginning for something else.
WORDS = {
    "Ivory", "Ebony", "Imani", "Grace", "Mark", "Banks", "Rivers", "Branch", "Ware", "Mack", "Jesus", "Chase", "Hunter",
    "Faith", "Hope", "Angel", "Justice", "Heaven", "Journey", "Queen", "Malachi", "Le", "Ho", "Li", "Yu", "Lin", "Will", "Dan", "Booker", "Egypt", "Harmony",
    "Lyric", "Miracle", "Washington", "Jackson", "Jefferson", "Charles", "Joseph",
}


def names(vocabulary, baby_names):
    rows, seen = [], set()
    with open(vocabulary) as file:
        for row in csv.DictReader(file):
            # Names common among Asian Americans that are as common among others say nothing.
            if "iq.harvard" in row["source"]:
                continue
            kind = "last" if row["First_last"] == "last" else "first"
            group = GROUPS[row["ethnicity"]]
            rows.append((kind, row["Name"], row["gender"].lower() or "-", group))
    rows = [row for row in rows if row[1] not in WORDS]
    # A common name that is also a group's is the group's; a name of two groups is nobody's.
    groups = collections.defaultdict(set)
    for kind, name, _, group in rows:
        if group != "common":
            groups[kind, name].add(group)
    kept = [row for row in rows if len(groups[row[0], row[1]]) <= 1 and (row[3] != "common" or not groups[row[0], row[1]])]
    last = {row[1] for row in kept if row[0] == "last"}
    kept = [row for row in kept if row[0] == "last" or row[1] not in last]
    seen = {(row[0], row[1]) for row in kept} | {key for key, of in groups.items() if len(of) > 1}
    kept += [row for row in born(baby_names) if ("first", row[1]) not in seen and row[1] not in last | WORDS]
    order = {"first": 0, "last": 1}
    kept = sorted(set(kept), key=lambda row: (order[row[0]], row[3], row[2], row[1]))
    print("kind\tname\tsex\tgroup")
    print("# Made by parity/perturb/tables.py; sources: nyu-mll/BBQ vocabulary_proper_names.csv (CC-BY-4.0), NYC Open Data, Popular")
    print("# Baby Names 2011 to 2019. `common` is of no group.")
    for row in kept:
        print("\t".join(row))


def born(baby_names):
    counts = collections.defaultdict(lambda: collections.Counter())
    sexes = collections.defaultdict(set)
    seen = set()
    with open(baby_names) as file:
        for row in csv.DictReader(file):
            name = row["Child's First Name"].title()
            group = next(short for long, short in NYC.items() if row["Ethnicity"].startswith(long))
            # The file lists some years twice.
            key = (row["Year of Birth"], row["Gender"], group, name)
            if key in seen:
                continue
            seen.add(key)
            counts[name][group] += int(row["Count"])
            sexes[name].add(row["Gender"][0].lower())
    found = collections.defaultdict(list)
    for name, of in counts.items():
        group, most = of.most_common(1)[0]
        if len(sexes[name]) == 1 and most >= BIRTHS and most >= SHARE * sum(of.values()) and name.isalpha():
            found[group, next(iter(sexes[name]))].append((-most, name))
    for (group, sex), list_of in found.items():
        for _, name in sorted(list_of)[:MOST]:
            yield ("first", name, sex, group)


NATIONS = """afghanistan argentina australia austria bangladesh belgium brazil canada chile china colombia cuba egypt ethiopia
finland france germany ghana greece hungary india indonesia iran iraq ireland israel italy jamaica japan kenya lebanon
mexico morocco nepal netherlands nigeria norway pakistan peru philippines poland portugal romania russia senegal somalia spain sudan
sweden switzerland syria thailand turkey ukraine vietnam yemen""".split()
SPELLED = {"turkey": "turkey (turkiye)", "syria": "syria", "vietnam": "vietnam"}


def nations(repository):
    git = ["git", f"--git-dir={repository}"]
    listed = subprocess.run(git + ["ls-tree", "-r", "--name-only", "HEAD"], capture_output=True, text=True, check=True)
    paths = [path for path in listed.stdout.split() if re.fullmatch(r"[a-z-]+/[a-z]{2}\.json", path)]
    found = {}
    for path in paths:
        text = subprocess.run(git + ["show", f"HEAD:{path}"], capture_output=True, text=True, check=True).stdout
        country = json.loads(text)
        text_of = lambda *keys: walk(country, keys)
        short = text_of("Government", "Country name", "conventional short form", "text").lower()
        nation = next((nation for nation in NATIONS if short in (nation, SPELLED.get(nation))), None)
        if nation:
            found[nation] = (
                text_of("People and Society", "Nationality", "noun", "text"),
                text_of("People and Society", "Nationality", "adjective", "text"),
            )
    print("nationality\tcountry\tadjective\tperson\tpeople")
    print("# Made by parity/perturb/tables.py from The World Factbook (public domain); `-`: a man and a woman have different words.")
    for nation in NATIONS:
        noun, adjective = found.get(nation, ("", ""))
        person, people = persons(noun)
        adjective = re.split(r"[,;(]| or ", adjective)[0].strip()
        print("\t".join([nation, nation.title(), adjective or "-", person, people]))


def walk(value, keys):
    for key in keys:
        value = value.get(key, {}) if isinstance(value, dict) else {}
    return value if isinstance(value, str) else ""


def persons(noun):
    """`Mexican(s)`, `Swede(s)`, `Iraqi(s)`, `Chinese (singular and plural)`; words for men and women have none in common."""
    if "man" in noun.split("(")[0] and "(men)" in noun or "woman" in noun:
        return "-", "-"
    word = re.split(r"[\s(,;]", noun)[0]
    if "singular and plural" in noun:
        return word, word
    return (word, word + "s") if "(s)" in noun else (word or "-", "-")


if __name__ == "__main__":
    {"names": names, "nations": nations}[sys.argv[1]](*sys.argv[2:])
