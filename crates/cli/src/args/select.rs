//! Flags that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::RemoteArgs;

/// What to evaluate.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct SelectionArgs {
    /// A run entry such as `mmlu:subject=anatomy` (repeatable).
    #[arg(short, long = "entry", value_name = "ENTRY")]
    pub(crate) entries: Vec<String>,
    /// A suite file (`.toml`) or a HELM configuration file (`.conf`) (repeatable).
    #[arg(short, long = "conf", value_name = "FILE")]
    pub(crate) confs: Vec<PathBuf>,
    /// A model (repeatable): a folder or `.gguf` file, `hf:org/name`, `openai:NAME`, `http://host:port/v1#NAME`, `test:echo`, ...
    #[arg(short, long = "model", value_name = "SPEC")]
    pub(crate) models: Vec<String>,
    /// The suite's name, under which results are kept and reported. Without `-e` and `-c` it names a suite that is built in and
    /// runs it: `quick`, `bias`, `lite`, `capabilities`, `safety`, `mmlu`, `air-bench` or `classic`.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    /// At most this many evaluated instances per run.
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) max_instances: Option<usize>,
    /// How many draws of few-shot examples.
    #[arg(long, value_name = "N")]
    pub(crate) trials: Option<usize>,
    /// Only entries of these groups (repeatable).
    #[arg(long, value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
    /// Only entries of this priority or more urgent (HELM: 1 is most urgent).
    #[arg(long, value_name = "N")]
    pub(crate) priority: Option<u32>,
    /// Only every N-th run, from the K-th on: workers with `1/N` to `N/N` share a selection, each with a database of its own for
    /// `holometer merge`.
    #[arg(long, value_name = "K/N", value_parser = Shard::parse)]
    pub(crate) shard: Option<Shard>,
    /// A scenario file of your own (repeatable).
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario_file: Vec<PathBuf>,
}

/// One worker's share of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// From 0.
    index: usize,
    count: usize,
}

impl Shard {
    /// Reads `K/N`, with K from 1 to N.
    fn parse(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(index, count)| {
            Some((index.trim().parse::<usize>().ok()?, count.trim().parse::<usize>().ok()?))
        });
        match numbers {
            Some((index, count)) if (1..=count).contains(&index) => {
                Ok(Self { index: index - 1, count })
            }
            _ => Err("it is not of the form K/N with K from 1 to N, such as `2/8`".to_owned()),
        }
    }

    /// Whether the run at a position of the whole selection, from 0, is in this share.
    pub(crate) fn holds(self, position: usize) -> bool {
        position % self.count == self.index
    }

    /// Whether this is the first share, which also names what can't be run.
    pub(crate) fn is_first(self) -> bool {
        self.index == 0
    }
}

/// Where data and models come from, and how local models run.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Data and models")]
pub(crate) struct EnvironmentArgs {
    /// A folder with local copies of data sets, looked into first; also in HELM's own layout (repeatable).
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Vec<PathBuf>,
    /// HELM's folder with `model_deployments.yaml`, `model_metadata.yaml`, `tokenizer_configs.yaml` and `credentials.conf`: its
    /// models can then be named as in HELM. Without the flag, `prod_env` is read if it is there.
    #[arg(long, value_name = "DIR")]
    pub(crate) helm_config: Option<PathBuf>,
    /// Where downloads are kept.
    #[arg(long, value_name = "DIR", env = "HOLOMETER_CACHE")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// The cache's size limit, for instance `20GB`; what was used longest ago goes first.
    #[arg(long, value_name = "SIZE", default_value = "20GB")]
    pub(crate) max_cache: String,
    /// Never use the network for data or models on this machine.
    #[arg(long)]
    pub(crate) offline: bool,
    /// A file with the SHA-256 of every data file: what it names has to be the same again, what it lacks is added. Keep it
    /// with your results, and use it where they are to be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    /// Threads for local models; by default one per physical core.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Memory that the program may take with its local models, for instance `8GB`; by default what the machine has free.
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_memory: Option<String>,
    /// Take the local model's tokenizer from this `tokenizer.json` or folder instead of its own.
    #[arg(long, value_name = "PATH")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// A context window smaller than the local model's own, in tokens.
    #[arg(long, value_name = "TOKENS")]
    pub(crate) max_context: Option<usize>,
    /// How local weights are kept in memory and computed with.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) dtype: WeightsArg,
    /// Send prompts to local models as they are, without the model's chat template.
    #[arg(long)]
    pub(crate) no_chat_template: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

/// How weights are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WeightsArg {
    /// As the files store them. Unquantised weights: with every product in f32. Quantised weights: as `rounded16` where this
    /// processor has AVX2, else as `stored`.
    #[default]
    Auto,
    /// As the files store them, with every product in f32.
    Stored,
    /// Unpacked to f32: the same numbers, more memory.
    F32,
    /// As stored, with activations rounded to 16 bits where they meet quantised weights: faster, and a token's log-probability
    /// changes by some thousandths.
    Rounded16,
    /// As stored, with activations rounded to 8 bits where they meet quantised weights: faster still, and a token's
    /// log-probability changes by some hundredths.
    #[value(name = "rounded8", alias = "rounded")]
    Rounded8,
}

/// Where results are.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct DatabaseArgs {
    /// The results database.
    #[arg(
        long,
        value_name = "PATH",
        env = "HOLOMETER_DB",
        default_value = "holometer-results/holometer.db"
    )]
    pub(crate) db: PathBuf,
}
