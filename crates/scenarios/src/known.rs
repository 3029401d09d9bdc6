//! Scenarios of HELM that are not here, each with the reason.

use std::sync::OnceLock;

/// HELM's scenarios (run spec names) that are not in the catalogue: the name, and why.
pub fn known_helm_scenarios() -> &'static [(&'static str, &'static str)] {
    static KNOWN: OnceLock<Vec<(&'static str, &'static str)>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let groups = [
            (IMAGES, IMAGES_NAMES),
            (SOUND, SOUND_NAMES),
            (CHINESE, CHINESE_NAMES),
            (HOSPITALS, HOSPITALS_NAMES),
            (OTHER_LANGUAGES, OTHER_LANGUAGES_NAMES),
            (SPECIAL, SPECIAL_NAMES),
        ];
        let mut known: Vec<_> = groups
            .into_iter()
            .flat_map(|(reason, names)| names.split_whitespace().map(move |name| (name, reason)))
            .collect();
        known.sort_unstable();
        known
    })
}

const IMAGES: &str = "out of scope: it shows or asks for images";
const IMAGES_NAMES: &str = "\
    a_okvqa bingo blink chart2csv common_syntactic_processes crossmodal_3600 cub200 daily_dalle \
    demographic_stereotypes detection draw_bench exams_v fair_face flickr30k gqa hateful_memes heim_human_eval i2p \
    image2latex image2musicsheet image2webpage landing_page logos magazine_cover math_vista mementos \
    mental_disorders mm_safety_bench mm_star mme mmmu mscoco mscoco_captioning mscoco_categorization msr_vtt \
    multipanelvqa originality_vlm paint_skills pairs parti_prompts pope radiology real_world_qa \
    relational_understanding seed_bench time_most_significant_historical_figures unicorn vibe_eval viz_wiz vqa \
    vqa_rad winoground \
";

const SOUND: &str = "out of scope: it plays sound or speech";
const SOUND_NAMES: &str = "\
    air_bench_chat air_bench_foundation ami audio_mnist audio_pairs audiocaps casual_conversations2 common_voice_15 \
    corebench covost2 fleurs fleurs_fairness iemocap_audio librispeech librispeech_fairness meld_audio \
    multilingual_librispeech mustard mutox parade speech_robust_bench ultra_suite_asr_classification \
    ultra_suite_asr_transcription ultra_suite_classification ultra_suite_classification_breakdown \
    ultra_suite_disorder_symptoms vocal_sound voice_jailbreak_attacks voxceleb2 \
";

const CHINESE: &str =
    "out of scope: CLEVA's Chinese benchmark builds prompts of its own and its data is encrypted";
const CHINESE_NAMES: &str = "\
    cleva \
";

const HOSPITALS: &str = "out of scope: its records of patients are private to a hospital, or need a data use agreement that forbids passing them on";
const HOSPITALS_NAMES: &str = "\
    aci_bench chw_care_plan clear dischargeme ehr_sql ehrshot medalign mental_health mimic_bhc mimic_rrs \
    mimiciv_billing_code mtsamples_procedures mtsamples_replicate n2c2_ct_matching shc_bmt_med shc_cdi_med \
    shc_conf_med shc_ent_med shc_gip_med shc_privacy_med shc_proxy_med shc_ptbm_med shc_sei_med shc_sequoia_med \
    starr_patient_instructions \
";

const OTHER_LANGUAGES: &str = "not built: a benchmark of HELM's for one region's languages; a scenario file of yours can describe it";
const OTHER_LANGUAGES_NAMES: &str = "\
    alghafa alrage arabic_content_generation arabic_exams arabic_finance_bool arabic_finance_calculation \
    arabic_finance_mcq arabic_legal_qa arabic_legal_rag arabic_mmlu aratrust bluex enem_challenge exams_multilingual \
    flores healthqa_br imdb_ptbr indicqa indicsentiment indicxnli indonli lindsea_pragmatics_presuppositions \
    lindsea_pragmatics_scalar_implicatures lindsea_syntax_minimal_pairs madinah_qa \
    mbzuai_human_translated_arabic_mmlu melt_information_retrieval_mmarco melt_information_retrieval_mrobust \
    melt_knowledge_vimmrc melt_knowledge_zalo melt_lm_mask_filling_mlqa melt_lm_spelling_correction_vsec melt_math \
    melt_question_answering_mlqa melt_question_answering_xquad melt_sentiment_analysis_vlsp \
    melt_sentiment_analysis_vsfc melt_summarization_vietnews melt_summarization_wikilingua melt_synthetic_reasoning \
    melt_synthetic_reasoning_natural melt_text_classification_phoatis melt_text_classification_vsmec \
    melt_toxicity_detection_victsd melt_toxicity_detection_vihsd melt_translation_opus100 melt_translation_phomt \
    mlhsd mmlu_clinical_afr mmmlu nusax oab_exams thaitoxicitytweets tweetsentbr tydiqa uitvsfc vihsd winogrande_afr \
    wisesight xcopa xnli xquad \
";

const SPECIAL: &str = "not built: it belongs to none of the leaderboards that are covered here; a scenario file of yours can describe it";
const SPECIAL_NAMES: &str = "\
    autobencher_capabilities autobencher_safety banking77 bird_sql casehold ci_mcqa codeinsights_code_efficiency \
    codeinsights_correct_code codeinsights_edge_case codeinsights_student_coding codeinsights_student_mistake \
    conv_fin_qa_calc cti_to_mitre cultural_value_understanding_wvs czech_bank_qa deepmind_mrcr_v2 \
    echr_judgment_classification ewok fin_qa financebench financial_phrasebank gold_commodity_news head_qa \
    infinite_bench_en_mc infinite_bench_en_qa infinite_bench_en_sum kpi_edgar legal_contract_summarization \
    legal_opinion_sentiment_classification medbullets medbullets_freetext medcalc_bench medec medhallu \
    medhelm_configurable_benchmark medhelm_med_mcqa medhelm_med_qa medi_qa medi_qa_without_annotator openai_mrcr \
    race_based_med ruler_hotpotqa ruler_squad social_norm_application_normad social_norm_explanation_normad spider \
    sumosum unitxt \
";
