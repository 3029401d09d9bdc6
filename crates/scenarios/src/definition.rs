//! The declarative format: what a scenario file may say.
//!
//! A file is TOML. Texts marked *template* are MiniJinja templates, texts marked *expression* are MiniJinja expressions
//! (what may stand between `{{` and `}}`). Both see the scenario's parameters by name, `table` (the row of facts that
//! belongs to each parameter's value), `constants`, and, inside `instance`, the columns of the row (also as `row`).

use std::collections::BTreeMap;
use std::ops::Deref;

use holometer_core::card::{Citation, Licence, MainMetric, Parameter, SourceCard};
use holometer_core::{Method, MetricName, Split};
use serde::Deserialize;
use toml::Spanned;

/// A text with its place in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text(Spanned<String>);

impl Deref for Text {
    type Target = Spanned<String>;

    fn deref(&self) -> &Spanned<String> {
        &self.0
    }
}

/// A whole scenario file.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Definition {
    /// The name in run entries; the file's name when it is absent.
    pub(crate) name: Option<Text>,
    /// One line for lists.
    pub(crate) summary: String,
    /// What it measures and how.
    pub(crate) description: String,
    /// The papers.
    #[cfg_attr(test, schemars(with = "Vec<crate::schema::Citation>"))]
    pub(crate) citations: Vec<Citation>,
    /// Where the data comes from, for people.
    #[cfg_attr(test, schemars(with = "Vec<crate::schema::Source>"))]
    pub(crate) sources: Vec<SourceCard>,
    /// The data's licence.
    #[cfg_attr(test, schemars(with = "crate::schema::Licence"))]
    pub(crate) licence: Licence,
    /// ISO 639-1 codes.
    pub(crate) languages: Vec<String>,
    /// Rows as published, in words.
    pub(crate) size: String,
    /// Who the data is about.
    pub(crate) about: Option<String>,
    /// Known faults and traps.
    pub(crate) caveats: Vec<String>,
    /// Tags for lists.
    pub(crate) tags: Vec<String>,
    /// The number it is known for.
    #[cfg_attr(test, schemars(with = "crate::schema::MainMetric"))]
    pub(crate) main_metric: MainMetric,
    /// Other numbers to show at once.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub(crate) headline_metrics: Vec<MetricName>,
    /// What a run entry can set.
    #[cfg_attr(test, schemars(with = "Vec<crate::schema::Parameter>"))]
    pub(crate) parameters: Vec<Parameter>,
    /// Facts per parameter value: `[table.subset.proa]` is `table.subset` when `subset=proa`.
    #[cfg_attr(
        test,
        schemars(
            with = "BTreeMap<String, BTreeMap<String, serde_json::Map<String, serde_json::Value>>>"
        )
    )]
    pub(crate) table: BTreeMap<String, BTreeMap<String, toml::Table>>,
    /// Facts of the whole scenario.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub(crate) constants: toml::Table,
    /// Where rows come from.
    pub(crate) data: Data,
    /// How a row becomes an instance; absent when a Rust reader makes the instances.
    pub(crate) instance: Option<InstanceDef>,
    /// What happens to all instances, in order.
    pub(crate) arrange: Vec<Arrange>,
    /// How instances become requests: the first entry says what it is like, later ones change it.
    pub(crate) adapter: Vec<AdapterDef>,
    /// What is measured.
    pub(crate) metrics: Vec<MetricDef>,
    /// Template of the run's name, without model. Default: HELM's `name:parameter=value,...`.
    pub(crate) run_name: Option<Text>,
    /// Templates of HELM's run groups; empty ones are dropped. Default: the name.
    pub(crate) run_groups: Vec<Text>,
}

/// Where rows come from.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Data {
    /// The files are listed once per value of a variable.
    pub(crate) repeat: Option<Each>,
    /// How to read the files; can be overridden per file.
    pub(crate) format: Option<Format>,
    /// Columns to fetch from Parquet; empty for all.
    pub(crate) fetch_columns: Vec<String>,
    /// Columns of Parquet files whose numbers are replaced by the names of the classes that the file states.
    pub(crate) class_names: Vec<String>,
    /// The files, in reading order.
    pub(crate) files: Vec<FileDef>,
    /// Rows written in the file itself, read after the files.
    #[cfg_attr(test, schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>"))]
    pub(crate) rows: Vec<toml::Table>,
}

/// A variable that takes each value of a list.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Each {
    /// The variable.
    pub(crate) name: String,
    /// *Expression* that gives a list.
    #[serde(rename = "in")]
    pub(crate) list: Text,
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// One JSON object a line.
    Jsonl,
    /// A JSON array of objects, or one object that is a single row.
    Json,
    /// Comma-separated, with a header unless `columns` is given.
    Csv,
    /// Tab-separated, with a header unless `columns` is given.
    Tsv,
    /// Parquet, one file or a folder of shards.
    Parquet,
    /// The first sheet of an `.xlsx` spreadsheet, whose first row names the columns.
    Xlsx,
    /// XML: one row per child of the root element, each with `tag`, `text`, `attributes` and `children`.
    Xml,
    /// One row a line, with the single column `line`.
    Lines,
    /// One row for the whole text, with the single column `text`.
    Text,
}

/// One file and where it can be had.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FileDef {
    /// *Expression*: whether the file is used.
    pub(crate) when: Option<Text>,
    /// The split of its instances. Default: test.
    #[cfg_attr(test, schemars(with = "Option<crate::schema::Split>"))]
    pub(crate) split: Option<Split>,
    /// *Template* of a name for Rust readers and for variables: the rows see it as `file`.
    pub(crate) role: Option<Text>,
    /// *Template*: a path relative to the scenario file.
    pub(crate) path: Option<Text>,
    /// *Templates*: names under a data folder.
    pub(crate) local: Vec<Text>,
    /// *Template*: a hub dataset's raw file.
    pub(crate) hub: Option<HubFileDef>,
    /// *Template*: a split of a hub dataset's Parquet conversion.
    pub(crate) hub_parquet: Option<HubParquetDef>,
    /// *Template*: an address.
    pub(crate) url: Option<Text>,
    /// A file inside a Python package.
    pub(crate) package: Option<PackageDef>,
    /// *Template*: the member to read where the file is a zip or tar archive.
    pub(crate) member: Option<Text>,
    /// *Template*: the pinned hash of the file as it is downloaded; an empty one is none.
    pub(crate) sha256: Option<Text>,
    /// The size of the file as it is downloaded, exactly.
    pub(crate) bytes: Option<u64>,
    /// About how much is downloaded, for plans, where the exact size is not known or only some columns are fetched.
    pub(crate) about_bytes: Option<u64>,
    /// *Expression* of `bytes`, where it depends on the parameters.
    pub(crate) bytes_from: Option<Text>,
    /// *Expression* of `about_bytes`, where it depends on the parameters.
    pub(crate) about_bytes_from: Option<Text>,
    /// What is kept of a large download; everything when it is absent.
    pub(crate) kept: Option<Kept>,
    /// Of an archive, only members with these names are kept; a `*` stands for any characters.
    pub(crate) keep_members: Vec<String>,
    /// About how much is kept of the download, for plans, where that is not all of it.
    pub(crate) about_kept_bytes: Option<u64>,
    /// Only a seeded draw of the rows is used, in the order drawn. Of a hub's Parquet split nothing else is kept.
    pub(crate) rows: Option<Draw>,
    /// How to read it, where it differs from `data.format`.
    pub(crate) format: Option<Format>,
    /// The names of the columns of a CSV or TSV file without a header.
    pub(crate) columns: Vec<String>,
    /// In JSON, the dotted path of the rows.
    pub(crate) at: Option<String>,
    /// Its rows belong to those of the file before it, one by one; there they stand under its `role`.
    pub(crate) joined: bool,
    /// Whether a file that can't be had is passed over.
    pub(crate) optional: bool,
    /// Whether it stands for all others, and is passed over where one of them lies in a data folder.
    pub(crate) whole: bool,
}

/// What is kept of a large download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kept {
    /// All of it, compressed.
    Compressed,
    /// Of the pages of Natural Questions, the parts that answer the question.
    NaturalQuestions,
    /// Of a hub's Parquet split, the rows of which an instance is made.
    Used,
    /// Of the texts of Multi-EURLEX in many languages, the one that HELM's random stream draws.
    OneLanguage,
}

/// A seeded draw of rows: the first of them after a shuffle.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Draw {
    /// Whose random stream.
    pub(crate) stream: Stream,
    /// The seed.
    pub(crate) seed: u64,
    /// How many rows at most.
    pub(crate) take: u64,
}

/// A hub dataset's raw file.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct HubFileDef {
    /// Owner and name.
    pub(crate) dataset: String,
    /// Branch, tag or commit.
    pub(crate) revision: String,
    /// *Template*: the path.
    pub(crate) path: Text,
}

/// A split of a hub dataset's Parquet conversion.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct HubParquetDef {
    /// Owner and name.
    pub(crate) dataset: String,
    /// *Template*: the configuration.
    pub(crate) config: Text,
    /// *Template*: the split; several, one after the other, are joined with `+`.
    pub(crate) split: Text,
    /// A commit of the conversion. Default: its newest state (`refs/convert/parquet`).
    #[serde(default)]
    pub(crate) revision: Option<String>,
}

/// A file inside a Python package.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct PackageDef {
    /// The package.
    pub(crate) name: String,
    /// The version.
    pub(crate) version: String,
    /// SHA-256 of the package's file.
    pub(crate) sha256: String,
    /// *Template*: the path inside.
    pub(crate) member: Text,
}

/// How a row becomes an instance.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct InstanceDef {
    /// One row becomes several: each entry loops over a list, the later inside the earlier.
    pub(crate) each: Vec<Each>,
    /// Names for values, in order: `["name", "expression"]`.
    pub(crate) define: Vec<(String, Text)>,
    /// *Expression*: rows for which it is false are left out.
    pub(crate) when: Option<Text>,
    /// *Template* of the instance's id; absent: numbered by HELM's rule.
    pub(crate) id: Option<Text>,
    /// *Template* of the input; no default.
    pub(crate) input: Option<Text>,
    /// The conversation to send instead of the input's text.
    pub(crate) messages: Option<MessagesDef>,
    /// The possible answers.
    pub(crate) references: Vec<ReferenceDef>,
    /// *Template* of the split, where it is not the file's.
    pub(crate) split: Option<Text>,
    /// *Template* of HELM's sub-split.
    pub(crate) sub_split: Option<Text>,
    /// *Template*: what the instance shares with others made from the same template.
    pub(crate) cluster: Option<Text>,
    /// *Templates*: `axis=group`; empty ones are dropped.
    pub(crate) groups: Vec<Text>,
    /// *Expression* for a list of further groups.
    pub(crate) groups_from: Option<Text>,
    /// *Expressions* of what the metrics need besides.
    pub(crate) extra: BTreeMap<String, Text>,
    /// What the filter `label` makes of a value.
    pub(crate) labels: BTreeMap<String, String>,
}

/// A conversation from a list.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct MessagesDef {
    /// *Expression* that gives the list; each entry is called `message`.
    pub(crate) each: Text,
    /// *Template* of the role: `system`, `user` or `assistant`.
    pub(crate) role: Text,
    /// *Template* of what is said.
    pub(crate) content: Text,
}

/// One possible answer, or one per entry of a list.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ReferenceDef {
    /// *Expression*: whether it is there.
    pub(crate) when: Option<Text>,
    /// *Expression* that gives a list; each entry is `choice`, with its `index` (from 0) and `letter` (from A).
    pub(crate) each: Option<Text>,
    /// *Template* of the text. Default with `each`: the choice.
    pub(crate) text: Option<Text>,
    /// *Expression*: whether it is a right answer. Default without `each`: it is.
    pub(crate) correct: Option<Text>,
    /// *Templates* of further tags; empty ones are dropped.
    #[serde(default)]
    pub(crate) tags: Vec<Text>,
}

/// Something that happens to all instances.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Arrange {
    /// *Expression* over the parameters: whether it happens.
    pub(crate) when: Option<Text>,
    /// Only instances of this split take part; the others stay before them.
    #[cfg_attr(test, schemars(with = "Option<crate::schema::Split>"))]
    pub(crate) only: Option<Split>,
    /// Put them in random order.
    pub(crate) shuffle: Option<Shuffle>,
    /// *Expression* over `n`: keep so many from the front.
    pub(crate) take: Option<Text>,
    /// Drop instances whose input has been seen.
    pub(crate) unique: Option<UniqueBy>,
    /// Give splits by position.
    pub(crate) splits: Vec<SplitRange>,
    /// The order of the splits, keeping the order inside each.
    #[cfg_attr(test, schemars(with = "Vec<crate::schema::Split>"))]
    pub(crate) order: Vec<Split>,
}

/// What has to be unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum UniqueBy {
    /// The input's text.
    Input,
    /// The first right answer's text.
    Answer,
}

/// A seeded shuffle.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Shuffle {
    /// Whose random stream.
    pub(crate) stream: Stream,
    /// The seed.
    pub(crate) seed: u64,
}

/// The random streams of the libraries that datasets were split with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stream {
    /// CPython's `random.seed(seed); random.shuffle(list)`.
    Python,
    /// NumPy's `RandomState(seed).permutation(n)`.
    NumpyLegacy,
    /// NumPy's `default_rng(seed).permutation(n)`, as Hugging Face datasets' `shuffle(seed)` uses it.
    HuggingFace,
}

/// A run of instances that get a split.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitRange {
    /// The split.
    #[cfg_attr(test, schemars(with = "crate::schema::Split"))]
    pub(crate) split: Split,
    /// *Expression* over `n`: how many; absent: the rest.
    pub(crate) count: Option<Text>,
}

/// HELM's common adapters, which fill in most of an adapter's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Like {
    /// `AdapterSpec` with its own defaults.
    Plain,
    /// `get_generation_adapter_spec`.
    Generation,
    /// `get_completion_adapter_spec`.
    Completion,
    /// `get_multiple_choice_adapter_spec`.
    MultipleChoice,
    /// `get_language_modeling_adapter_spec`.
    LanguageModeling,
    /// `get_summarization_adapter_spec`.
    Summarization,
    /// `get_machine_translation_adapter_spec`.
    Translation,
    /// `get_instruct_adapter_spec`.
    Instruct,
    /// `get_ranking_binary_adapter_spec`.
    RankingBinary,
}

/// An adapter, or a change to it. Texts are *templates* over the parameters.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdapterDef {
    /// *Expression*: whether this entry applies.
    pub(crate) when: Option<Text>,
    /// Which of HELM's common adapters to start from.
    pub(crate) like: Option<Like>,
    /// The method: with `plain`, or the one that `multiple_choice` uses (default: the parameter `method`).
    #[cfg_attr(test, schemars(with = "Option<crate::schema::Method>"))]
    pub(crate) method: Option<Method>,
    /// The instructions, without the newline that the common adapters append.
    pub(crate) instructions: Option<Text>,
    /// What the input is called.
    pub(crate) input_noun: Option<Text>,
    /// What the output is called.
    pub(crate) output_noun: Option<Text>,
    /// In `generation`: the input follows on a new line.
    pub(crate) newline_after_input_noun: bool,
    /// In `generation`: the output follows on a new line.
    pub(crate) newline_after_output_noun: bool,
    /// In `multiple_choice`: nothing stands before a choice that is scored alone.
    pub(crate) empty_input: bool,
    /// In `summarization`: how many sentences to ask for.
    pub(crate) sentences: Option<u64>,
    /// Before everything.
    pub(crate) global_prefix: Option<Text>,
    /// After everything.
    pub(crate) global_suffix: Option<Text>,
    /// Before each input.
    pub(crate) input_prefix: Option<Text>,
    /// After each input.
    pub(crate) input_suffix: Option<Text>,
    /// Before each choice.
    pub(crate) reference_prefix: Option<Text>,
    /// After each choice.
    pub(crate) reference_suffix: Option<Text>,
    /// Before the reasoning.
    pub(crate) chain_of_thought_prefix: Option<Text>,
    /// After the reasoning.
    pub(crate) chain_of_thought_suffix: Option<Text>,
    /// Before each output.
    pub(crate) output_prefix: Option<Text>,
    /// After each output.
    pub(crate) output_suffix: Option<Text>,
    /// Before each example.
    pub(crate) instance_prefix: Option<Text>,
    /// How many examples at most.
    pub(crate) max_train_instances: Option<usize>,
    /// The parameter that sets `max_train_instances`.
    pub(crate) max_train_instances_from: Option<String>,
    /// How many draws of examples.
    pub(crate) num_train_trials: Option<usize>,
    /// How many instances at most.
    pub(crate) max_eval_instances: Option<usize>,
    /// Sample the examples.
    pub(crate) sample_train: Option<bool>,
    /// Show all right answers of an example.
    pub(crate) multi_label: Option<bool>,
    /// Which splits are evaluated.
    #[cfg_attr(test, schemars(with = "Option<Vec<crate::schema::Split>>"))]
    pub(crate) eval_splits: Option<Vec<Split>>,
    /// How many completions.
    pub(crate) num_outputs: Option<usize>,
    /// The parameter that sets `num_outputs`.
    pub(crate) num_outputs_from: Option<String>,
    /// How many tokens at most.
    pub(crate) max_tokens: Option<usize>,
    /// The parameter that sets `max_tokens`.
    pub(crate) max_tokens_from: Option<String>,
    /// The temperature.
    pub(crate) temperature: Option<f64>,
    /// The parameter that sets `temperature`.
    pub(crate) temperature_from: Option<String>,
    /// Where writing ends.
    pub(crate) stop_sequences: Option<Vec<String>>,
    /// The parameter that distinguishes repetitions.
    pub(crate) random_from: Option<String>,
}

/// One metric, or one of HELM's common sets of metrics.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MetricDef {
    /// *Expression*: whether it is measured.
    pub(crate) when: Option<Text>,
    /// The set.
    pub(crate) set: Option<MetricSet>,
    /// The names that the sets `basic` and `basic_generation` compute.
    pub(crate) names: Vec<String>,
    /// The metric.
    pub(crate) name: Option<String>,
    /// Its arguments; texts that hold `{{` are *templates*.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub(crate) args: toml::Table,
    /// *Expressions* of further arguments, for lists: `labels = "table.subset.labels"`.
    pub(crate) args_from: BTreeMap<String, Text>,
}

/// HELM's common sets of metrics (`common_metric_specs.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum MetricSet {
    /// `basic_generation` with `names`, and the generic set.
    BasicGeneration,
    /// `basic_generation` with `names`, `basic_reference`, `instances_per_split`.
    Basic,
    /// `basic` with exact match and its quasi and prefix variants.
    ExactMatch,
    /// `basic` with exact match, quasi exact match and F1.
    F1,
    /// `basic` with the overlap measures for free text.
    OpenEnded,
    /// Representation and association bias.
    Bias,
    /// Bias and toxicity.
    GenerativeHarms,
    /// Classification F1.
    Classification,
    /// Bits per byte and perplexity.
    LanguageModeling,
    /// Summarisation, with `args`.
    Summarization,
}
