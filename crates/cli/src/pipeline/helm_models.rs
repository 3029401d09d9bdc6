//! HELM's own configuration of models, where a user has it.

use std::path::Path;
use std::sync::Arc;

use holometer_plan::{HelmConfig, HelmDeployment};
use holometer_providers::{EnvLookup, SERVER_KEY_VARIABLE};

use crate::failure::Failure;

/// The folder that HELM reads when none is named.
const DEFAULT_FOLDER: &str = "prod_env";

/// Reads one of HELM's files into its configuration.
type Reader = fn(&mut HelmConfig, &str) -> Result<(), String>;

const FILES: [(&str, Reader); 4] = [
    ("model_deployments.yaml", HelmConfig::read_deployments),
    ("model_metadata.yaml", HelmConfig::read_metadata),
    ("tokenizer_configs.yaml", HelmConfig::read_tokenizers),
    ("credentials.conf", HelmConfig::read_credentials),
];

/// What HELM's files in the named folder say, or in `prod_env` when none is named.
///
/// # Errors
/// When the named folder is none or a file can't be read; messages never hold what stands in `credentials.conf`.
pub(crate) fn read(named: Option<&Path>) -> Result<HelmConfig, Failure> {
    let folder = named.unwrap_or(Path::new(DEFAULT_FOLDER));
    let mut config = HelmConfig::default();
    if named.is_some() && !folder.is_dir() {
        return Err(Failure::usage(format!("`{}` is not a folder", folder.display()))
            .hint("--helm-config names HELM's folder, usually `prod_env`"));
    }
    for (name, reader) in FILES {
        let path = folder.join(name);
        if !path.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        text.and_then(|text| reader(&mut config, &text)).map_err(|problem| {
            Failure::usage(format!("HELM's `{}` can't be used: {problem}", path.display()))
                .hint("it is read as HELM 0.5 writes it")
        })?;
    }
    Ok(config)
}

/// The variables of the environment, and HELM's keys for those that it lacks.
pub(crate) fn with_keys(env: EnvLookup, config: &Arc<HelmConfig>) -> EnvLookup {
    let config = Arc::clone(config);
    Arc::new(move |name: &str| env(name).or_else(|| config.variable(name).map(str::to_owned)))
}

/// The same for one deployment: its own key for a server that is named by address.
pub(crate) fn with_key_of(
    env: EnvLookup,
    config: &HelmConfig,
    deployment: &HelmDeployment,
) -> EnvLookup {
    let Some(key) = config.key(deployment).map(str::to_owned) else { return env };
    Arc::new(move |name: &str| {
        env(name).or_else(|| (name == SERVER_KEY_VARIABLE).then(|| key.clone()))
    })
}
