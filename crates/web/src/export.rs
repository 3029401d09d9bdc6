//! The pages as files: follows the links of every page from the first on, until all that is linked is written.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use holometer_store::Store;

use crate::assets::ASSETS;
use crate::site::{PageError, Query, Site};

/// Why a site can't be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file can't be written.
    #[error("can't write `{}`: {source}; hint: name a folder that you may write to", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A page can't be made.
    #[error(transparent)]
    Page(#[from] PageError),
}

/// Writes the site into a folder and gives the number of pages. `progress` is told each page's address.
///
/// # Errors
/// When a page can't be made or written.
pub fn export(
    site: &Site,
    store: &Store,
    folder: &Path,
    progress: &mut dyn FnMut(usize, &str),
) -> Result<usize, ExportError> {
    for asset in ASSETS {
        write(&folder.join(asset.path), asset.content)?;
    }
    let mut known: BTreeSet<String> = ASSETS.iter().map(|asset| asset.path.to_owned()).collect();
    let mut waiting: VecDeque<String> = VecDeque::from(["index.html".to_owned()]);
    known.insert("index.html".to_owned());
    let mut pages = 0;
    while let Some(path) = waiting.pop_front() {
        let html = site.page(store, &path, &Query::default())?;
        for target in links(&path, &html) {
            if known.insert(target.clone()) {
                waiting.push_back(target);
            }
        }
        write(&folder.join(&path), &html)?;
        pages += 1;
        progress(pages, &path);
    }
    Ok(pages)
}

fn write(path: &Path, content: &str) -> Result<(), ExportError> {
    let failed = |source| ExportError::Write { path: path.to_path_buf(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, content).map_err(failed)
}

/// The pages that a page links to, as addresses from the root. Everything from outside is escaped, so that a quote and an
/// angle bracket in the HTML are always ours.
fn links(path: &str, html: &str) -> Vec<String> {
    let folder: Vec<&str> =
        path.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect();
    html.split(" href=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .map(|target| resolve(&folder, target))
        .collect()
}

fn resolve(folder: &[&str], target: &str) -> String {
    let mut parts: Vec<&str> = folder.to_vec();
    for part in target.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_and_resolved() {
        let html = "<a href=\"../../index.html\">x</a> <a href=\"i/3.html#a\">y</a> <a href=\"https://a.b/\">z</a><a href=\"#top\">";
        assert_eq!(links("run/3/index.html", html), ["index.html", "run/3/i/3.html"]);
    }
}
