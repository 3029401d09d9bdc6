//! What HELM tells models that don't continue examples by themselves (`run_expander.py`, HELM 0.5.16).

/// Before the examples.
pub(crate) const EXAMPLES_PREFIX: &str = "Here are some input-output examples. Read the examples carefully to figure out \
    the mapping. The output of the last example is not given, and your job is to figure out what it is.";

/// After the question.
pub(crate) const EXAMPLES_SUFFIX: &str = "Please provide the output to this last example. It is critical to follow the format \
    of the preceding outputs!";
