//! `multiple_choice_separate_original`: every choice is scored as a continuation of the question.

use std::sync::Arc;

use holometer_core::{Instance, Method};

use super::generation::answered;
use crate::Plugin;
use crate::adaptation::Make;
use crate::score::original;
use crate::trial::{Drafts, Trial};

pub(crate) fn plugin() -> Plugin {
    let make = Make::AfterExamples { block: answered, make: requests };
    Plugin { method: Method::MultipleChoiceSeparateOriginal, make }
}

fn requests(trial: &Trial<'_>, instance: &Arc<Instance>) -> Drafts {
    Ok((0..instance.references.len()).map(|index| original(trial, instance, index)).collect())
}
