//! What commands work with: data, scenarios, settings of local models.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use holometer_data::{Library, Lock, library_from_environment};
use holometer_plan::HelmConfig;
use holometer_providers::{Batching, Settings};
use holometer_scenarios::Catalogue;

use crate::args::{EnvironmentArgs, RemoteArgs, WeightsArg};
use crate::failure::Failure;
use crate::pipeline::journal::FileJournal;
use crate::pipeline::{credentials, helm_models};
use crate::size;

/// How often a batch at a provider is asked after.
const BATCH_POLL: Duration = Duration::from_secs(15);

/// Everything that a command needs besides what it was asked to do.
pub(crate) struct Environment {
    /// Data sets.
    pub(crate) library: Library,
    /// Scenarios, the user's own included.
    pub(crate) catalogue: Catalogue,
    /// Settings of local models.
    pub(crate) local: LocalSettings,
    /// Settings of models behind HTTP.
    pub(crate) remote: Settings,
    /// HELM's own configuration of models, where the user has it.
    pub(crate) helm: Arc<HelmConfig>,
}

/// Settings of local models, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalSettings {
    /// Threads; `None`: one per physical core.
    pub(crate) threads: Option<usize>,
    /// Bytes; `None`: what is free.
    pub(crate) max_memory: Option<u64>,
    /// Another tokenizer.
    pub(crate) tokenizer: Option<PathBuf>,
    /// A smaller context window, in tokens.
    pub(crate) max_context: Option<usize>,
    /// How weights are kept.
    pub(crate) weights: WeightsArg,
    /// Prompts without the model's chat template.
    pub(crate) no_chat_template: bool,
}

impl Environment {
    /// Without any flag of its own.
    pub(crate) fn plain() -> Result<Self, Failure> {
        let args = EnvironmentArgs { max_cache: "20GB".to_owned(), ..EnvironmentArgs::default() };
        Self::new(&args, &[])
    }

    /// From the flags and the environment variables.
    pub(crate) fn new(args: &EnvironmentArgs, scenario_files: &[PathBuf]) -> Result<Self, Failure> {
        let mut library = library_from_environment();
        for dir in &args.data_dir {
            if !dir.is_dir() {
                return Err(Failure::usage(format!("`{}` is not a folder", dir.display()))
                    .hint("--data-dir names a folder with local copies of data sets"));
            }
        }
        library.data_dirs.clone_from(&args.data_dir);
        library.offline |= args.offline;
        library.ask_again = false;
        if let Some(path) = &args.lock {
            library.lock = Some(Arc::new(Lock::open(path).map_err(Failure::usage)?));
        }
        library.max_cache_bytes = size::parse(&args.max_cache).map_err(Failure::usage)?;
        if let Some(dir) = &args.cache_dir {
            library.cache_dir.clone_from(dir);
        }
        let mut catalogue = Catalogue::builtin();
        for file in scenario_files {
            catalogue.add_file(file).map_err(Failure::usage)?;
        }
        let max_memory =
            args.max_memory.as_deref().map(size::parse).transpose().map_err(Failure::usage)?;
        let local = LocalSettings {
            threads: args.threads,
            max_memory,
            tokenizer: args.tokenizer.clone(),
            max_context: args.max_context,
            weights: args.dtype,
            no_chat_template: args.no_chat_template,
        };
        let helm = Arc::new(helm_models::read(args.helm_config.as_deref())?);
        let mut remote = remote_settings(&args.remote)?;
        remote.env = helm_models::with_keys(remote.env, &helm);
        Ok(Self { library, catalogue, local, remote, helm })
    }

    /// Asks models behind HTTP in batches where they take them, with the notes beside a results database.
    pub(crate) fn ask_in_batches(&mut self, database: &Path) {
        let journal = Arc::new(FileJournal::beside(database));
        self.remote.batching = Some(Batching { journal, poll: BATCH_POLL });
    }
}

fn remote_settings(args: &RemoteArgs) -> Result<Settings, Failure> {
    let mut settings =
        Settings { env: credentials::lookup(args.credentials.as_deref())?, ..Settings::default() };
    if let Some(most) = args.max_concurrency {
        settings.max_concurrency = usize::from(most);
    }
    if let Some(seconds) = args.request_timeout {
        settings.request_timeout = Duration::from_secs(seconds);
    }
    if let Some(most) = args.retries {
        settings.retries.max = most;
    }
    settings.tokens_per_minute = args.tokens_per_minute;
    settings.hedge = args.hedge;
    settings.begin_text.clone_from(&args.begin_text);
    // Calls in flight are paid for; who can't wait for them stops a second time.
    settings.cancel_grace = settings.request_timeout;
    Ok(settings)
}
