//! Which data files a scenario needs for its arguments, and the rows in them.

use std::path::{Path, PathBuf};

use holometer_core::Split;
use holometer_data::read::{self, CsvOptions, Header};
use holometer_data::{Availability, DataError, DataFile, Library, Location, Progress};
use serde_json::{Map, Value};

use crate::definition::{Definition, Draw, FileDef, Format, Text};
use crate::keep::{drawn, reduction};
use crate::scope::repeated;
use crate::source::Source;
use crate::template::{Scope, TemplateError, applies, expression, render, value_of};

/// A file that is needed, before it is fetched.
#[derive(Clone, Debug)]
pub(crate) struct NeededFile {
    /// What and where it is.
    pub(crate) file: DataFile,
    /// The split of its instances.
    pub(crate) split: Split,
    /// Its role for Rust readers, and `file` in templates.
    pub(crate) role: String,
    /// Whether it may be missing beside local copies of the others.
    pub(crate) optional: bool,
    /// Whether it stands for all others.
    whole: bool,
    /// What templates see beside its rows.
    pub(crate) scope: Scope,
    /// How it is read.
    reading: Reading,
}

/// How a file is read.
#[derive(Clone, Debug)]
struct Reading {
    format: Format,
    member: Option<String>,
    columns: Vec<String>,
    fetch_columns: Vec<String>,
    class_names: Vec<String>,
    at: Option<String>,
    joined: bool,
    /// The draw of rows that is still to be made.
    draw: Option<Draw>,
    /// Whether the file is the outcome of a draw.
    drawn: bool,
}

/// A file that is here.
#[derive(Clone, Debug)]
pub(crate) struct OpenFile {
    /// Where.
    pub(crate) path: PathBuf,
    /// The split of its instances.
    pub(crate) split: Split,
    /// Its role.
    pub(crate) role: String,
    /// What templates see beside its rows.
    pub(crate) scope: Scope,
    reading: Reading,
}

/// The files for resolved arguments, in reading order.
pub(crate) fn needed(
    definition: &Definition,
    source: &Source,
    scope: &Scope,
) -> Result<Vec<NeededFile>, TemplateError> {
    let mut files = Vec::new();
    for outer in repeated(scope, definition.data.repeat.as_ref())? {
        for def in &definition.data.files {
            if applies(def.when.as_ref(), &outer)? {
                files.push(needed_file(definition, source, def, &outer)?);
            }
        }
    }
    Ok(files)
}

fn needed_file(
    definition: &Definition,
    source: &Source,
    def: &FileDef,
    scope: &Scope,
) -> Result<NeededFile, TemplateError> {
    let optional = |text: &Option<Text>| text.as_ref().map(|text| render(text, scope)).transpose();
    let mut locations = Vec::new();
    let columns = &definition.data.fetch_columns;
    if let Some(path) = optional(&def.path)? {
        locations
            .push(Location::Path(source.folder.as_deref().unwrap_or(Path::new("")).join(path)));
    }
    if let Some(package) = &def.package {
        locations.push(Location::Package {
            name: package.name.clone(),
            version: package.version.clone(),
            sha256: package.sha256.clone(),
            member: render(&package.member, scope)?,
        });
    }
    if let Some(hub) = &def.hub {
        locations.push(Location::HubFile {
            dataset: hub.dataset.clone(),
            revision: hub.revision.clone(),
            path: render(&hub.path, scope)?,
        });
    }
    if let Some(hub) = &def.hub_parquet {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let (config, split) = (render(&hub.config, scope)?, render(&hub.split, scope)?);
        let mut location =
            Location::hub_parquet(&hub.dataset, &config, &split).with_columns(&columns);
        if let (Location::HubParquet { revision, .. }, Some(pinned)) =
            (&mut location, &hub.revision)
        {
            revision.clone_from(pinned);
        }
        locations.push(location);
    }
    locations.extend(optional(&def.url)?.map(Location::Url));
    let local: Result<Vec<String>, TemplateError> =
        def.local.iter().map(|name| render(name, scope)).collect();
    let role = optional(&def.role)?.unwrap_or_default();
    let mut scope = scope.clone();
    scope.insert("file".into(), role.as_str().into());
    Ok(NeededFile {
        file: DataFile {
            local: local?,
            locations,
            sha256: optional(&def.sha256)?.filter(|hash| !hash.is_empty()),
            bytes: size(def.bytes, def.bytes_from.as_ref(), &scope)?,
            about_bytes: size(def.about_bytes, def.about_bytes_from.as_ref(), &scope)?,
            reduction: reduction(definition, def, &scope),
        },
        split: def.split.unwrap_or(Split::Test),
        role,
        optional: def.optional,
        whole: def.whole,
        reading: Reading {
            format: def.format.or(definition.data.format).unwrap_or(Format::Jsonl),
            member: optional(&def.member)?,
            columns: def.columns.clone(),
            fetch_columns: columns.clone(),
            class_names: definition.data.class_names.clone(),
            at: def.at.clone(),
            joined: def.joined,
            draw: def.rows,
            drawn: false,
        },
        scope,
    })
}

/// A size as it is written, else as its expression gives it; nothing where that gives no number.
fn size(
    written: Option<u64>,
    from: Option<&Text>,
    scope: &Scope,
) -> Result<Option<u64>, TemplateError> {
    match (written, from) {
        (None, Some(text)) => {
            let value = expression(text)?.eval(&value_of(scope))?;
            Ok(u64::try_from(value).ok())
        }
        _ => Ok(written),
    }
}

/// Brings all files here. An optional file that is missing beside local copies of others is left out, with a warning.
pub(crate) fn open(
    files: &[NeededFile],
    library: &Library,
    progress: &dyn Progress,
) -> Result<Vec<OpenFile>, DataError> {
    let some_are_local =
        files.iter().any(|needed| matches!(library.locate(&needed.file), Availability::Local(_)));
    let mut opened = Vec::new();
    for needed in files {
        if needed.whole && some_are_local {
            continue;
        }
        let is_here = matches!(
            library.locate(&needed.file),
            Availability::Local(_) | Availability::Cached(_)
        );
        if needed.optional && !is_here {
            // Nobody offers it: a part that only some local layouts have.
            if needed.file.locations.is_empty() {
                continue;
            }
            if some_are_local {
                progress.warned(&format!(
                    "`{}` is missing beside the local copies of its dataset; its `{}` instances are left out",
                    needed.file.name(),
                    needed.split.as_str()
                ));
                continue;
            }
        }
        let is_local = matches!(library.locate(&needed.file), Availability::Local(_));
        let mut file = needed.clone().at(library.fetch(&needed.file, progress)?);
        let is_split = needed.file.locations.iter().any(Location::is_split);
        if !is_local && is_split {
            // Nothing else was kept.
            file.reading.drawn = file.reading.draw.take().is_some();
        }
        opened.push(file);
    }
    Ok(opened)
}

/// The files that [`open`] would read or fetch.
pub(crate) fn wanted(files: Vec<NeededFile>, library: &Library) -> Vec<DataFile> {
    let some_are_local =
        files.iter().any(|needed| matches!(library.locate(&needed.file), Availability::Local(_)));
    let is_wanted = |needed: &NeededFile| {
        if needed.whole && some_are_local {
            return false;
        }
        let is_here = matches!(
            library.locate(&needed.file),
            Availability::Local(_) | Availability::Cached(_)
        );
        let is_passed_over = needed.file.locations.is_empty() || some_are_local;
        !needed.optional || is_here || !is_passed_over
    };
    files.into_iter().filter(is_wanted).map(|needed| needed.file).collect()
}

impl NeededFile {
    /// The file, lying at a path.
    pub(crate) fn at(self, path: PathBuf) -> OpenFile {
        OpenFile {
            path,
            split: self.split,
            role: self.role,
            scope: self.scope,
            reading: self.reading,
        }
    }
}

impl OpenFile {
    /// The file's name, for messages.
    pub(crate) fn name(&self) -> String {
        match &self.reading.member {
            Some(member) => format!("{} in {}", member, self.path.display()),
            None => self.path.display().to_string(),
        }
    }

    /// Whether its rows belong to those of the file before it.
    pub(crate) fn is_joined(&self) -> bool {
        self.reading.joined
    }

    /// The file's content; an archive's member, where it is one.
    pub(crate) fn content(&self) -> Result<Vec<u8>, DataError> {
        if let Some(member) = &self.reading.member
            && is_archive(&self.path)?
        {
            if !member.contains('*') {
                return read::archive_member(&self.path, member);
            }
            // The shortest name that fits: archives from some systems hold a shadow (`._name`) of every file.
            let found = read::archive_members(&self.path, member)?.into_iter();
            if let Some((_, content)) = found.min_by_key(|(name, _)| name.len()) {
                return Ok(content);
            }
            return read::archive_member(&self.path, member);
        }
        read::bytes(&self.path)
    }

    /// The text, with line ends as Python's text files give them.
    pub(crate) fn text(&self) -> Result<String, DataError> {
        let text = read::text_of(self.content()?, &self.path)?;
        Ok(if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text })
    }

    /// The rows, each an object from column to value; where only a draw is used, those in the order drawn.
    pub(crate) fn rows(&self) -> Result<Vec<Value>, DataError> {
        let mut rows = self.all_rows()?;
        if let Some(draw) = self.reading.draw {
            let drawn = drawn(draw, rows.len() as u64).into_iter();
            rows = drawn.map(|position| rows[position as usize].take()).collect();
        }
        Ok(rows)
    }

    fn all_rows(&self) -> Result<Vec<Value>, DataError> {
        // A split from a hub is Parquet, whatever the form of the other copies; rows drawn from one are JSON Lines.
        let format = match self.reading.format {
            _ if is_parquet(&self.path)? => Format::Parquet,
            Format::Parquet if self.reading.drawn => Format::Jsonl,
            format => format,
        };
        match format {
            Format::Jsonl => read::jsonl_of(self.content()?, &self.path),
            Format::Json => {
                let document = read::json_of(self.content()?, &self.path)?;
                Ok(json_rows(document, self.reading.at.as_deref()))
            }
            Format::Csv => self.delimited(b','),
            Format::Tsv => self.delimited(b'\t'),
            Format::Parquet => {
                let columns: Vec<&str> =
                    self.reading.fetch_columns.iter().map(String::as_str).collect();
                let mut rows = read::parquet(&self.path, &columns)?;
                for column in &self.reading.class_names {
                    name_classes(&mut rows, column, &self.class_names(column)?);
                }
                Ok(rows)
            }
            Format::Xlsx => read::xlsx(&self.path),
            Format::Xml => {
                let root = read::xml_of(self.content()?, &self.path)?;
                Ok(root["children"].as_array().cloned().unwrap_or_default())
            }
            Format::Lines => {
                Ok(self.text()?.lines().map(|line| one_column("line", line)).collect())
            }
            Format::Text => Ok(vec![one_column("text", &self.text()?)]),
        }
    }

    /// The names of a column's classes, where the file is Parquet and states them.
    pub(crate) fn class_names(&self, column: &str) -> Result<Vec<String>, DataError> {
        if is_parquet(&self.path)? {
            return read::parquet_class_names(&self.path, column);
        }
        Ok(Vec::new())
    }

    fn delimited(&self, delimiter: u8) -> Result<Vec<Value>, DataError> {
        let names = &self.reading.columns;
        let content = self.text()?.into_bytes();
        let options = CsvOptions { delimiter, header: Header::Absent, ..CsvOptions::default() };
        let mut rows = read::csv_rows_of(content, &self.path, &options)?.into_iter();
        let names = if names.is_empty() { rows.next().unwrap_or_default() } else { names.clone() };
        Ok(rows.map(|cells| record(&names, cells)).collect())
    }
}

/// Replaces the numbers of a column by the names they stand for.
fn name_classes(rows: &mut [Value], column: &str, names: &[String]) {
    for row in rows {
        let Some(value) = row.get_mut(column) else { continue };
        let name = value.as_u64().and_then(|number| names.get(usize::try_from(number).ok()?));
        if let Some(name) = name {
            *value = name.clone().into();
        }
    }
}

/// A row of cells as an object. Missing cells are null; all cells are also under `cells`.
fn record(names: &[String], cells: Vec<String>) -> Value {
    let mut object = Map::new();
    for (index, name) in names.iter().enumerate() {
        object
            .insert(name.clone(), cells.get(index).map_or(Value::Null, |cell| cell.clone().into()));
    }
    object.entry("cells").or_insert_with(|| Value::from(cells));
    Value::Object(object)
}

fn one_column(name: &str, text: &str) -> Value {
    let mut object = Map::new();
    object.insert(name.to_owned(), text.into());
    Value::Object(object)
}

/// The rows of a JSON document: those at a dotted path; an array's entries, or the one object.
pub(crate) fn json_rows(document: Value, at: Option<&str>) -> Vec<Value> {
    let mut document = document;
    for key in at.into_iter().flat_map(|path| path.split('.')) {
        document = document.get_mut(key).map(Value::take).unwrap_or_default();
    }
    match document {
        Value::Array(rows) => rows,
        Value::Null => Vec::new(),
        row => vec![row],
    }
}

/// Whether a path is a Parquet file or a folder of shards.
fn is_parquet(path: &Path) -> Result<bool, DataError> {
    Ok(path.is_dir() || start_of(path)?.starts_with(b"PAR1"))
}

/// Whether a file is a zip archive, a tar archive, or compressed (and then, because a member is asked for, a compressed
/// archive).
fn is_archive(path: &Path) -> Result<bool, DataError> {
    let start = start_of(path)?;
    let compressed = [&b"PK\x03\x04"[..], b"\x1f\x8b", b"\x28\xb5\x2f\xfd"];
    Ok(compressed.iter().any(|magic| start.starts_with(magic))
        || start.get(257..262) == Some(b"ustar"))
}

/// The first bytes of a file, enough to tell its kind.
fn start_of(path: &Path) -> Result<Vec<u8>, DataError> {
    use std::io::Read;
    let mut start = Vec::new();
    let failed = |source| DataError::Read { path: path.to_owned(), source };
    std::fs::File::open(path)
        .and_then(|file| file.take(265).read_to_end(&mut start))
        .map_err(failed)?;
    Ok(start)
}
