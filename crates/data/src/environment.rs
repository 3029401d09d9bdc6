//! Settings from the environment. No other module here reads it.

use std::path::PathBuf;

use etcetera::BaseStrategy;

use crate::{Hub, Library, Token};

/// A library set up as the environment says: the cache in `HOLOMETER_CACHE`, else in the user's cache folder; the hub
/// at `HF_ENDPOINT` with the token in `HF_TOKEN`; offline when `HF_HUB_OFFLINE` is set to anything but `0`; Python from
/// `HOLOMETER_PYTHON` before `python3` and `python`. Proxies (`HTTPS_PROXY`, `NO_PROXY`, ...) are honoured by every
/// library.
pub fn library_from_environment() -> Library {
    let mut library =
        Library::new(variable("HOLOMETER_CACHE").map_or_else(default_cache, PathBuf::from));
    library.hub = Hub {
        endpoint: variable("HF_ENDPOINT")
            .map_or(library.hub.endpoint, |endpoint| endpoint.trim_end_matches('/').to_owned()),
        token: variable("HF_TOKEN").map(Token),
    };
    library.offline = variable("HF_HUB_OFFLINE").is_some_and(|value| value != "0");
    if let Some(python) = variable("HOLOMETER_PYTHON") {
        library.pythons.insert(0, PathBuf::from(python));
    }
    library
}

/// The variable's value; an empty one counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn default_cache() -> PathBuf {
    etcetera::choose_base_strategy()
        .map_or_else(|_| std::env::temp_dir(), |folders| folders.cache_dir())
        .join("holometer")
}
