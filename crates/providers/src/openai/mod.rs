//! What the wire formats in OpenAI's shape share.

pub(crate) mod echo;
pub(crate) mod fields;
pub(crate) mod reply;
