//! How a download tells what it does. The display is someone else's business.

/// Told about downloads as they happen, possibly from several threads at once.
pub trait Progress: Sync {
    /// A download began, or began anew because what was there could not be continued. `total` is its size in bytes
    /// where known.
    fn started(&self, name: &str, total: Option<u64>);
    /// So many further bytes of `name` are here (those already here from an interrupted download count too).
    fn advanced(&self, name: &str, bytes: u64);
    /// `name` is complete and checked.
    fn finished(&self, name: &str);
    /// Something the user should know, said once.
    fn warned(&self, text: &str);
    /// Whether the user wants to stop. Asked between pieces; what has arrived is kept for the next time.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn started(&self, _name: &str, _total: Option<u64>) {}
    fn advanced(&self, _name: &str, _bytes: u64) {}
    fn finished(&self, _name: &str) {}
    fn warned(&self, _text: &str) {}
}
