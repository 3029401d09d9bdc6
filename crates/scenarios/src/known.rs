//! Scenarios of HELM that are not here, each with the reason.

/// HELM's scenarios (run spec names of its text leaderboards and configuration files) that are not in the catalogue: the
/// name, and why.
pub fn known_helm_scenarios() -> &'static [(&'static str, &'static str)] {
    KNOWN
}

const KNOWN: &[(&str, &str)] = &[
    (
        "billsum_legal_summarization",
        "not built yet: HELM reads a pickled file, which needs a safe form first",
    ),
    (
        "custom_mcqa",
        "replaced by scenario files: `holometer init scenario` writes one for your data",
    ),
    ("decodingtrust_adv_demonstration", "not built yet: DecodingTrust's text scenarios"),
    ("decodingtrust_adv_robustness", "not built yet: DecodingTrust's text scenarios"),
    ("decodingtrust_fairness", "not built yet: DecodingTrust's text scenarios"),
    ("decodingtrust_machine_ethics", "not built yet: DecodingTrust's text scenarios"),
    ("decodingtrust_ood_robustness", "not built yet: DecodingTrust's text scenarios"),
    ("decodingtrust_privacy", "not built yet: DecodingTrust's text scenarios"),
    ("decodingtrust_stereotype_bias", "not built yet: DecodingTrust's text scenarios"),
    ("decodingtrust_toxicity_prompts", "not built yet: DecodingTrust's text scenarios"),
    ("empatheticdialogues", "not built yet"),
    ("entity_data_imputation", "not built yet: its rows are sampled by pandas"),
    ("entity_matching", "not built yet: its pairs are joined and sampled by pandas"),
    (
        "eurlexsum_legal_summarization",
        "not built yet: HELM reads a pickled file, which needs a safe form first",
    ),
    ("grammar", "not built yet: its prompts are a file of HELM's own repository"),
    ("ice", "out of scope: its corpora need a signed licence each"),
    ("interactive_qa_mmlu", "out of scope: it replays conversations of people with models"),
    ("lex_glue", "not built yet"),
    ("lextreme", "not built yet"),
    ("live_qa", "not built yet: its answers are scored by a judge model"),
    ("med_dialog", "not built yet"),
    ("msmarco", "not built yet: ranking over 8.8 million passages needs its own loader"),
    (
        "multilexsum_legal_summarization",
        "not built yet: HELM reads a pickled file, which needs a safe form first",
    ),
    (
        "news_qa",
        "out of scope: its news stories may not be passed on, and must be assembled by hand",
    ),
    ("opinions_qa", "not built yet"),
    ("pubmed_qa", "not built yet"),
    (
        "summarization_cnndm",
        "not built yet: HELM reads a pickled file, which needs a safe form first",
    ),
    (
        "summarization_xsum",
        "not built yet: HELM reads a pickled file, which needs a safe form first",
    ),
    (
        "summarization_xsum_sampled",
        "not built yet: HELM reads a pickled file, which needs a safe form first",
    ),
];
