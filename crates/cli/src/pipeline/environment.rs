//! What commands work with: data, scenarios, settings of local models.

use std::path::PathBuf;

use holometer_data::{Library, library_from_environment};
use holometer_scenarios::Catalogue;

use crate::args::{EnvironmentArgs, WeightsArg};
use crate::failure::Failure;
use crate::size;

/// Everything that a command needs besides what it was asked to do.
pub(crate) struct Environment {
    /// Data sets.
    pub(crate) library: Library,
    /// Scenarios, the user's own included.
    pub(crate) catalogue: Catalogue,
    /// Settings of local models.
    pub(crate) local: LocalSettings,
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
        Ok(Self { library, catalogue, local })
    }
}
