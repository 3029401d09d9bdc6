//! WikiText-103: one file whose articles begin with a title between empty lines.

use holometer_core::{Instance, Split};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "wikitext_103", instances }
}

/// How many articles the test set has.
const ARTICLES: usize = 60;

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut instances = Vec::new();
    for file in material.files {
        let articles = articles(&file.text()?);
        if articles.len() != ARTICLES {
            let found = articles.len();
            return Err(material.unexpected(
                file,
                format!("{found} articles were found, but the test set has {ARTICLES}"),
            ));
        }
        instances.extend(
            articles.into_iter().map(|article| Instance::new(article, Vec::new(), Split::Test)),
        );
    }
    Ok(instances)
}

fn articles(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut articles = Vec::new();
    let mut article = String::new();
    let mut at = 0;
    while at < lines.len() {
        let begins = at + 3 <= lines.len()
            && lines[at] == " \n"
            && lines[at + 2] == " \n"
            && is_article_title(lines[at + 1]);
        if begins {
            if !article.is_empty() {
                articles.push(std::mem::take(&mut article));
            }
            article.push_str(&lines[at..at + 3].concat());
            at += 3;
        } else {
            article.push_str(lines[at]);
            at += 1;
        }
    }
    if !article.is_empty() {
        articles.push(article);
    }
    articles
}

/// ` = Title = `, but not ` = = Heading = = `.
fn is_article_title(line: &str) -> bool {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let between = |open: &str, close: &str| {
        line.len() > open.len() + close.len() && line.starts_with(open) && line.ends_with(close)
    };
    between(" = ", " = ") && !between(" = = ", " = = ")
}
