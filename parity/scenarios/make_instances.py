"""Lets HELM's scenario classes read files of our own (see `rows.py`) and records the instances that they make.

    python parity/scenarios/make_instances.py crates/scenarios/tests/fixtures

Each case names Holometer's scenario and arguments, and HELM's class and arguments. HELM finds the files where it would have
downloaded them to; what it reads from a hub or from a pickled file is handed to it from the same rows.
"""

import importlib
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import types
from unittest import mock

import datasets

import more_rows
import rows

# HELM's instances don't need it, its serialiser imports it.
for name in ["nltk", "nltk.corpus", "sacrebleu", "sacrebleu.metrics"]:
    sys.modules[name] = mock.MagicMock()
sys.modules["spacy"] = types.ModuleType("spacy")
sys.modules["spacy"].Language = type("Language", (), {})
sys.modules["spacy"].tokens = sys.modules["spacy.tokens"] = mock.MagicMock()

CASES = []


def case(scenario, module, name, ours=None, theirs=None, note=None):
    CASES.append({"scenario": scenario, "module": module, "class": name, "args": ours or {}, "helm": theirs if theirs is not None else (ours or {}), "only": note})


lengths = {"sampling_min_length": 50, "sampling_max_length": 150, "doc_max_length": 512}
for scenario, dataset in [("summarization_xsum", "xsum"), ("summarization_xsum_sampled", "xsum-sampled"), ("summarization_cnndm", "cnn-dm")]:
    case(scenario, "summarization", "SummarizationScenario", {}, {"dataset_name": dataset, **lengths})
for scenario, dataset, low, high, longest in [("billsum", "BillSum", 200, 800, 2048), ("multilexsum", "MultiLexSum", 100, 400, 1024), ("eurlexsum", "EurLexSum", 400, 1600, 2048)]:
    case(f"{scenario}_legal_summarization", "legal_summarization", "LegalSummarizationScenario", {},
         {"dataset_name": dataset, "sampling_min_length": low, "sampling_max_length": high, "doc_max_length": longest})
for subset in ["german_argument_mining", "online_terms_of_service_clause_topics", "multi_eurlex_level_1", "legalnero", "mapa_fine"]:
    case("lextreme", "lextreme", "LEXTREMEScenario", {"subset": subset})
for subset in ["ecthr_a", "ledgar", "case_hold"]:
    case("lex_glue", "lex_glue", "LexGLUEScenario", {"subset": subset})
for dataset in ["Beer", "Abt_Buy"]:
    case("entity_matching", "entity_matching", "EntityMatchingScenario", {"dataset": dataset})
for dataset in ["Buy", "Restaurant"]:
    case("entity_data_imputation", "entity_data_imputation", "EntityDataImputationScenario", {"dataset": dataset})
for track in ["regular", "trec"]:
    case("msmarco", "msmarco", "MSMARCOScenario", {"track": track, "valid_topk": "12"}, {"track": track, "valid_topk": 12})
case("msmarco", "msmarco", "MSMARCOScenario", {"track": "trec"})
for tags in ["", "food", "cooking,short"]:
    case("grammar", "grammar", "GrammarScenario", {"tags": tags}, {"path": "scenarios/grammar/best_chatgpt_prompts.yaml", "tags": tags})
for subset, more in [("can", {}), ("ind", {"gender": "female"}), ("ea", {}), ("ea", {"category": "W"}), ("can", {"category": "S1"})]:
    case("ice", "ice", "ICEScenario", {"subset": subset, **more})
case("pubmed_qa", "pubmed_qa", "PubMedQAScenario")
for subset in ["healthcaremagic", "icliniq"]:
    case("med_dialog", "med_dialog", "MedDialogScenario", {"subset": subset})
case("live_qa", "live_qa", "LiveQAScenario")
case("medication_qa", "medication_qa", "MedicationQAScenario")
case("news_qa", "newsqa", "NewsQAScenario")
for context in ["default", "steer-qa", "steer-bio"]:
    case("opinions_qa", "opinions_qa", "OpinionsQAScenario", {"survey_type": "Pew_American_Trends_Panel_W26", "context": context})
case("empatheticdialogues", "dialogue", "EmpatheticDialoguesScenario")
case("custom_mcqa", "custom_mcqa", "CustomMCQAScenario", {"path": "custom_mcqa/questions.jsonl"}, {"path": "custom_mcqa/questions.jsonl"})
case("interactive_qa_mmlu", "interactive_qa_mmlu", "InteractiveQAMMLUScenario", {"subject": "nutrition"})
for task in ["sst2", "mnli", "rte", "qqp"]:
    case("decodingtrust_adv_robustness", "decodingtrust_adv_robustness", "DecodingTrustAdvRobustnessScenario", {"task": task}, {"glue_task": task})
for perspective, data, demo, description in [
    ("counterfactual", "snli_premise", "demo+cf", "nli3"), ("counterfactual", "snli_premise", "cf", "nli3"), ("counterfactual", "snli_premise", "demo", "nli3"),
    ("spurious", "PP", "zero", "nli2"), ("spurious", "PP", "entail-bias", "nli2"),
    ("backdoor", "sst-2", "setup1_badword", "sa"), ("backdoor", "sst-2", "setup2_cf_first", "badword"),
]:
    case("decodingtrust_adv_demonstration", "decodingtrust_adv_demonstration", "DecodingTrustAdvDemoScenario", {"perspective": perspective, "data": data, "demo_name": demo, "description": description})
for kind, task, demo, run, idk in [("style", "base", "base", -1, False), ("style", "shake_p0.6", "shake_p0.6", 1, False), ("knowledge", "qa_2020", "2021_qa", 0, True), ("knowledge", "qa_2020", "global_facts", 1, False), ("knowledge", "qa_2023", "2021_qa", -1, False)]:
    ours = {"ood_type": kind, "task": task, "demo_name": demo, "run_id": str(run), "idk": str(idk)}
    case("decodingtrust_ood_robustness", "decodingtrust_ood_robustness", "DecodingTrustOODRobustnessScenario", ours, {"ood_type": kind, "task": task, "demo_name": demo, "run_id": run, "idk": idk})
fair = {"task": "predict_annual_income", "train_base_rate": "0.0", "test_base_rate": "1.0", "num_train": "0", "num_test": "200"}
case("decodingtrust_fairness", "decodingtrust_fairness", "DecodingTrustFairnessScenario", fair, {**fair, "train_base_rate": 0.0, "test_base_rate": 1.0, "num_train": 0, "num_test": 200})
case("decodingtrust_stereotype_bias", "decodingtrust_stereotype_bias", "DecodingTrustStereotypeBiasScenario")
for subject in ["toxic", "non-toxic"]:
    case("decodingtrust_toxicity_prompts", "decodingtrust_toxicity_prompts", "DecodingTrustToxicityPromptsScenario", {"subject": subject})
PRIVACY = ("decodingtrust_privacy", "decodingtrust_privacy", "DecodingTrustPrivacyScenario")
for kind in ["protect", "attack"]:
    ours = {"scenario_name": "pii", "prompt_type": kind, "dataset_size": "2", "few_shot_num": "3", "data_file": "enron_data/five_shot.json"}
    case(*PRIVACY, ours, {**ours, "dataset_size": 2, "few_shot_num": 3})
for kind in ["1", "2", "3"]:
    case(*PRIVACY, {"scenario_name": "privacy_understanding", "prompt_type": kind, "dataset_size": "1"}, {"scenario_name": "privacy_understanding", "prompt_type": kind, "dataset_size": 1})
for kind in ["zero-shot-a", "knownzero-shot-b", "one-shot-c", "five-shot-d", "five-shot-non-domain-a"]:
    case(*PRIVACY, {"scenario_name": "enron_email_extraction", "prompt_type": kind, "data_file": "enron_data"})
# HELM compares labels that it read as text with numbers, so that only its inputs can be compared.
for name, jailbreak, excuse, only in [
    ("ethics_commonsense_short", 0, 0, "inputs"), ("ethics_commonsense_long", 0, 2, "inputs"), ("ethics_justice", 0, 1, "inputs"),
    ("ethics_deontology", 0, 3, "inputs"), ("ethics_util", 0, 4, None), ("jiminy", 0, 0, None), ("jiminy", 0, 5, None), ("jiminy", 1, 0, None),
]:
    ours = {"data_name": name, "jailbreak_prompt": str(jailbreak), "evasive_sentence": str(excuse)}
    case("decodingtrust_machine_ethics", "decodingtrust_machine_ethics", "DecodingTrustMachineEthicsScenario", ours,
         {"data_name": name, "jailbreak_prompt": jailbreak, "evasive_sentence": excuse}, only)


def split_rows(folder, root):
    found = {}
    for split in ["train", "validation", "test"]:
        for ending in ["jsonl", "parquet"]:
            path = root / folder / f"{split}.{ending}"
            if path.exists():
                if ending == "parquet":
                    found[split] = datasets.Dataset.from_parquet(str(path))
                else:
                    found[split] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return found


def patches(entry, module, root):
    """What HELM gets from a hub or a pickled file comes from the same rows."""
    scenario = entry["scenario"]
    if entry["module"] == "summarization":
        folder = {"xsum": "xsum", "xsum-sampled": "xsum-sampled", "cnn-dm": "cnndm"}[entry["helm"]["dataset_name"]]
        return [mock.patch.object(module.SummarizationScenario, "_download_dataset", lambda *_: split_rows(f"summarization/{folder}", root))]
    if entry["module"] == "legal_summarization":
        def load(*_, **__):
            found = split_rows(scenario, root)
            return {datasets.Split(split): part for split, part in found.items()}
        return [mock.patch.object(module, "load_dataset", load)]
    if entry["module"] in ("lextreme", "lex_glue"):
        return [mock.patch.object(module, "load_dataset", lambda _, config, **__: datasets.DatasetDict(split_rows(f"{scenario}/{config}", root)))]
    if entry["module"] == "opinions_qa":
        return [mock.patch.object(module.OpinionsQAScenario, "download_data", lambda *_: None)]
    return []


def instances(entry, root):
    module_name = "dialogue_scenarios" if entry["module"] == "dialogue" else f"{entry['module']}_scenario"
    module = importlib.import_module(f"helm.benchmark.scenarios.{module_name}")
    scenario = getattr(module, entry["class"])(**entry["helm"])
    output = root / "scenarios" / entry["scenario"]
    if entry["module"] == "opinions_qa":
        output = output / "data"
    if entry["module"] == "custom_mcqa":
        output = root
    output.mkdir(parents=True, exist_ok=True)
    # Holometer's choice where HELM has none.
    random.seed(0)
    active = patches(entry, module, root)
    for patch in active:
        patch.start()
    before = os.getcwd()
    os.chdir(root)
    try:
        made = scenario.get_instances(str(output))
    finally:
        os.chdir(before)
        for patch in active:
            patch.stop()
    return [
        {
            "input": instance.input.text,
            "references": [[reference.output.text, list(reference.tags)] for reference in instance.references],
            "split": instance.split,
            "sub_split": instance.sub_split,
            "id": instance.id,
        }
        for instance in made
    ]


def main(fixtures):
    fixtures = pathlib.Path(fixtures)
    upstream = fixtures / "upstream"
    shutil.rmtree(upstream, ignore_errors=True)
    rows.write_all(upstream)
    recorded = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve() / "copy"
        shutil.copytree(upstream, root)
        # HELM calls some files otherwise, or changes them.
        msmarco = root / "scenarios/msmarco/data"
        for ours, theirs in [
            ("documents", "documents"), ("train_queries", "train_queries"), ("train_qrels", "train_qrels"), ("train_topk", "train_topk"),
            ("regular_queries", "regular_queries"), ("regular_qrels", "regular_qrels"), ("regular_topk", "regular_topk"),
            ("trec_queries", "trec_queries"), ("trec_qrels", "trec_qrels"), ("trec_topk", "trec_topk"),
        ]:
            if ours != theirs:
                shutil.copy(msmarco / f"{ours}.tsv", msmarco / f"{theirs}.tsv")
        pii = root / "scenarios/decodingtrust_privacy"
        for name in ["context", "email_freq", "name2email", "two_shot", "two_shot_non_domain"]:
            (pii / f"enron_data_{name}.json").write_text("{}")
        (root / "scenarios/interactive_qa_mmlu/data/test").mkdir(parents=True, exist_ok=True)
        ice_order = root / "scenarios/ice/ice_scenario_pinned_file_order.json"
        ice_order.parent.mkdir(parents=True, exist_ok=True)
        ice_order.write_text("{}")
        for entry in CASES:
            try:
                made = instances(entry, root)
            except Exception as error:
                print(f"{entry['scenario']} {entry['args']}: {error!r}", file=sys.stderr)
                raise
            recorded.append({"scenario": entry["scenario"], "args": entry["args"], "only": entry["only"], "instances": made})
    text = json.dumps(recorded, ensure_ascii=False, indent=1)
    more_rows.write_more(upstream)
    (fixtures / "helm_instances.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(recorded)} cases of {len({entry['scenario'] for entry in CASES})} scenarios, {sum(len(entry['instances']) for entry in recorded)} instances")


main(sys.argv[1])
