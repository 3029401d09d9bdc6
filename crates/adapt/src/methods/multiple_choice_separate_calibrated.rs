//! `multiple_choice_separate_calibrated`: every choice is scored as a continuation of the question, and once more
//! without the question, so that a metric can divide the one by the other.

use std::sync::Arc;

use holometer_core::{Instance, Method};

use super::generation::answered;
use crate::Plugin;
use crate::adaptation::Make;
use crate::score::{calibration, original};
use crate::trial::{Drafts, Trial};

pub(crate) fn plugin() -> Plugin {
    let make = Make::AfterExamples { block: answered, make: requests };
    Plugin { method: Method::MultipleChoiceSeparateCalibrated, make }
}

fn requests(trial: &Trial<'_>, instance: &Arc<Instance>) -> Drafts {
    let both = |index| [original(trial, instance, index), calibration(trial, instance, index)];
    Ok((0..instance.references.len()).flat_map(both).collect())
}
