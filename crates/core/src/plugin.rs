//! How stages find plug-ins without knowing them: the catalogue that `plan` asks.

use crate::card::ScenarioCard;
use crate::entry::Args;
use crate::run_spec::RunSpec;

/// What `plan` needs to know about scenarios. Implemented by the scenarios crate, over its generated table and
/// the user's own files.
pub trait ScenarioCatalogue {
    /// Every scenario's name, sorted.
    fn names(&self) -> Vec<String>;

    /// A scenario's card.
    fn card(&self, name: &str) -> Option<&ScenarioCard>;

    /// The run spec that a scenario gives for checked arguments: scenario, adapter defaults, metrics, groups and
    /// HELM's run name, without model and before expanders.
    ///
    /// # Errors
    /// A sentence (ending in a hint) when the arguments don't go together.
    fn draft(&self, name: &str, args: &Args) -> Result<RunSpec, String>;
}
