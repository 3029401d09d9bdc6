//! Notes on batches under way, in a file beside the results.

use std::io::Write;
use std::path::{Path, PathBuf};

use holometer_providers::Journal;

/// A file's name beside the results database.
const NAME: &str = "batches.json";

/// Notes in a file that is replaced as a whole.
pub(crate) struct FileJournal {
    path: PathBuf,
}

impl FileJournal {
    /// The notes that lie beside a results database.
    pub(crate) fn beside(database: &Path) -> Self {
        Self { path: database.with_file_name(NAME) }
    }
}

impl Journal for FileJournal {
    fn read(&self) -> Result<String, String> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(format!("can't read `{}`: {error}", self.path.display())),
        }
    }

    fn write(&self, text: &str) -> Result<(), String> {
        let failed =
            |error: std::io::Error| format!("can't write `{}`: {error}", self.path.display());
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(&self.path).map(|_| ()).map_err(|error| failed(error.error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_last_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let journal = FileJournal::beside(&folder.path().join("holometer.db"));
        assert_eq!(journal.read().unwrap(), "");
        journal.write("one").unwrap();
        journal.write("two").unwrap();
        assert_eq!(journal.read().unwrap(), "two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_one_message() {
        let journal = FileJournal::beside(Path::new("/no/such/folder/holometer.db"));
        assert!(journal.write("x").unwrap_err().contains("batches.json"));
    }
}
