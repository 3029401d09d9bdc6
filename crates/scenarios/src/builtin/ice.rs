//! The International Corpus of English: texts of one region or all, without their markup.

use std::path::Path;

use holometer_core::{Instance, Split};
use holometer_data::read::{self, CsvOptions};
use regex::Regex;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "ice", instances }
}

/// The names of the folder that holds a region's texts, the first that exists.
const CORPUS_FOLDERS: [&str; 5] =
    ["Corpus", "CORPUS", "ICE combined running txt", "all east africa", "corpus"];

/// East Africa's files are named by what they hold: dialogues, monologues, private and public writing.
const EAST_AFRICA: [(&str, &[&str]); 4] = [
    ("S1", &["brdisc", "brint", "clless", "conv", "conv1", "conv2", "crossx", "parlia"]),
    ("S2", &["brnews", "brtalk", "schbr", "splect"]),
    ("W1", &["buslet", "essays", "exam", "judge", "soclet"]),
    (
        "W2",
        &[
            "column", "crea", "creat1", "creat2", "editor", "feat", "instruct", "ldhum", "ldnats",
            "ldsoc", "ldtech", "ppgen", "pphum", "ppnats", "ppsoc", "pptech", "splash",
        ],
    ),
];

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let cleaner = Cleaner::new();
    let orders = match material.role("order").next() {
        Some(file) => serde_json::from_slice(&file.content()?)
            .map_err(|error| material.unexpected(file, error.to_string()))?,
        None => serde_json::Value::Null,
    };
    let mut instances = Vec::new();
    for region in material.files.iter().filter(|file| file.role != "order") {
        for path in texts(material, region, &orders)? {
            let text = decoded(&path)?;
            let parts =
                if region.role == "ea" { cleaner.texts_of_east_africa(&text) } else { vec![text] };
            instances.extend(
                parts
                    .iter()
                    .map(|part| Instance::new(cleaner.clean(part), Vec::new(), Split::Test)),
            );
        }
    }
    Ok(instances)
}

/// The paths of a region's texts: in the published order where it is at hand, else by name; of one category or gender
/// where asked.
fn texts(
    material: &Material<'_>,
    region: &OpenFile,
    orders: &serde_json::Value,
) -> Result<Vec<std::path::PathBuf>, ScenarioError> {
    let folder = read::folder_folders(&region.path)?
        .into_iter()
        .find(|folder| CORPUS_FOLDERS.contains(&name_of(folder).as_str()))
        .ok_or_else(|| material.unexpected(region, "it has no folder `Corpus`"))?;
    let mut paths = read::folder_files(&folder)?;
    let published = orders.as_object().into_iter().flatten().find(|(path, _)| {
        let ours = format!("{}/{}", name_of(&region.path), name_of(&folder));
        path.ends_with(&ours)
    });
    if let Some((_, names)) = published {
        let names: Vec<&str> =
            names.as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
        let place = |path: &Path| names.iter().position(|name| *name == name_of(path));
        paths.retain(|path| place(path).is_some());
        paths.sort_by_key(|path| place(path));
    }
    let category = material.argument("category");
    paths.retain(|path| is_of_category(&region.role, &name_of(path), &category));
    let gender = material.argument("gender");
    if gender != "all" {
        let codes = codes_by_gender(material, region, &gender)?;
        let starts = |path: &Path| {
            let name = name_of(path).to_lowercase();
            codes.iter().any(|code| name.starts_with(&code.to_lowercase()))
        };
        paths.retain(|path| starts(path));
        paths.sort_by_key(|path| name_of(path));
    }
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn is_of_category(region: &str, name: &str, category: &str) -> bool {
    if category == "all" {
        return true;
    }
    if region != "ea" {
        return name.to_uppercase().starts_with(category);
    }
    let plain = name.replace('-', "").to_lowercase();
    let stem: String = plain.chars().take(plain.chars().count().saturating_sub(5)).collect();
    EAST_AFRICA.iter().any(|(of, names)| of.starts_with(category) && names.contains(&stem.as_str()))
}

/// The codes of texts whose authors are all of a gender: from header files (India, USA), or from the metadata
/// spreadsheets saved as CSV (Canada, Hong Kong).
fn codes_by_gender(
    material: &Material<'_>,
    region: &OpenFile,
    gender: &str,
) -> Result<Vec<String>, ScenarioError> {
    let wanted: &[&str] = if gender == "male" {
        &["M", "m", "Male", "male"]
    } else {
        &["F", "f", "Female", "female"]
    };
    let headers = region.path.join("Headers");
    let mut codes = Vec::new();
    let tag = Regex::new(r"<gender>(\w+)</gender>").expect("the pattern is valid");
    for path in read::folder_files(&headers)? {
        let name = name_of(&path);
        if name.ends_with("hdr") {
            let text = decoded(&path)?;
            let found: Vec<&str> =
                tag.captures_iter(&text).filter_map(|one| Some(one.get(1)?.as_str())).collect();
            if !found.is_empty() && found.iter().all(|gender| wanted.contains(gender)) {
                codes.push(name[..name.len() - 4].to_owned());
            }
        } else if let Some(columns) = gender_columns(&region.role, &name) {
            let rows = read::csv(&path, &CsvOptions::comma())?;
            let is_wanted = |row: &Vec<String>| {
                columns.iter().any(|column| {
                    row.get(*column).is_some_and(|cell| wanted.contains(&cell.as_str()))
                })
            };
            let with_code = rows.iter().filter(|row| row.first().is_some_and(|c| !c.is_empty()));
            codes.extend(with_code.filter(|row| is_wanted(row)).map(|row| row[0].clone()));
        }
    }
    if codes.is_empty() {
        return Err(material.unexpected(
            region,
            "`Headers` names no author's gender (save its .xls files as .csv under the same names)",
        ));
    }
    Ok(codes)
}

/// The columns of a metadata table that hold genders.
fn gender_columns(region: &str, name: &str) -> Option<&'static [usize]> {
    match (region, name) {
        ("can", "Spoken ICE-CAN metadata.csv") => Some(&[12]),
        ("can", "Written ICE-CAN metadata.csv") => Some(&[12, 19]),
        ("hk", "HKRecords.csv") => Some(&[16]),
        _ => None,
    }
}

/// A file's text; what is not UTF-8 is Latin-1.
fn decoded(path: &Path) -> Result<String, ScenarioError> {
    let content = read::bytes(path)?;
    let text = String::from_utf8(content)
        .unwrap_or_else(|error| error.into_bytes().iter().map(|byte| char::from(*byte)).collect());
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// The steps that take the corpus's markup away, in HELM's order.
struct Cleaner {
    deleted: Vec<Regex>,
    replaced: Vec<(Regex, &'static str)>,
    untagged: Regex,
    east_african_head: Regex,
}

/// What is deleted with its content.
const REMOVED_TAGS: [&str; 8] = ["O", "-", "&", ".", "fnr", "marginalia", "del", "w"];

const DELETED: [&str; 8] = [
    r"[WS]\d[A-F]-\d{3} *",
    r" <l> ",
    r"<#> ",
    r"BBB\S+ \S+RRR *",
    r"BBB\S+ *",
    r"RRR\S+ *",
    r"UUU",
    r"III\S+ *",
];

const REPLACED: [(&str, &str); 15] = [
    (r"</*mention>", "\""),
    (r"</\*\*>", "*"),
    (r"</\*\*/>", "*"),
    (r"&eacute;", "é"),
    (r" <,+>", ","),
    (r"&ersand;", "&"),
    (r"&obrack;", "("),
    (r"&cbrack;", ")"),
    (r"&percent;", "%"),
    (r"&hash;", "#"),
    (r"&dash", "-"),
    (r"&ldquo;", "\""),
    (r"&atsign;", "@"),
    (r"\n+[\n ]+", "\n\n"),
    (r"\S+><\+_(\S+)>", "${1}"),
];

/// Tags that go while what they enclose stays.
const UNTAGGED: &str = r"</*(I|ICE.+|[\[\]\{\}]\d*|X|@|quote|foreign|indig|smallcaps|roman|sb|ss|footnote|p|h|bold|it|ul|\+|=|\?|sp|\}|ea|slang)>";

impl Cleaner {
    fn new() -> Self {
        let regex = |pattern: &str| Regex::new(pattern).expect("the pattern is valid");
        Self {
            deleted: DELETED.iter().map(|pattern| regex(pattern)).collect(),
            replaced: REPLACED.iter().map(|(pattern, with)| (regex(pattern), *with)).collect(),
            untagged: regex(UNTAGGED),
            east_african_head: regex(r"[WS]\d[A-F]\d{3}[A-Z]*[KT]\n"),
        }
    }

    /// East Africa's files hold several texts each.
    fn texts_of_east_africa(&self, text: &str) -> Vec<String> {
        let parts = self.east_african_head.split(text);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    fn clean(&self, text: &str) -> String {
        let is_space = crate::python_methods::is_space;
        let mut text = text.trim_matches(is_space).to_owned();
        for pattern in &self.deleted {
            text = pattern.replace_all(&text, "").into_owned();
        }
        for (pattern, with) in &self.replaced {
            text = pattern.replace_all(&text, *with).into_owned();
        }
        text = self.untagged.replace_all(&text, "").into_owned();
        for tag in REMOVED_TAGS {
            let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
            while let Some(end) = text.find(&close) {
                let start = text[..end].rfind(&open).unwrap_or(end);
                text.replace_range(start..end + close.len(), "");
            }
        }
        text.trim_matches(is_space).to_owned()
    }
}
