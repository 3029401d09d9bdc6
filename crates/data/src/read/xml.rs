//! XML as JSON. Entities of a file's own are refused with its document type, so nothing expands and nothing is fetched.

use std::path::Path;

use roxmltree::{Document, Node};
use serde_json::{Map, Value};

use super::text::text_of;
use crate::DataError;

/// The root element of an XML document. An element is an object: `tag`, `text` (up to its first child element, empty if
/// there is none), `tail` (from its end to the next element), `attributes`, and `children` in their order. Names lack
/// their namespace.
pub fn xml(path: &Path) -> Result<Value, DataError> {
    xml_of(super::bytes(path)?, path)
}

/// As [`xml()`], over `content` (an archive's member, say). `path` is what errors name.
pub fn xml_of(content: Vec<u8>, path: &Path) -> Result<Value, DataError> {
    let text = text_of(content, path)?;
    let document = Document::parse(&text).map_err(|error| DataError::Syntax {
        path: path.to_owned(),
        line: u64::from(error.pos().row),
        column: Some(u64::from(error.pos().col)),
        message: error.to_string(),
    })?;
    Ok(element(document.root_element()))
}

fn element(node: Node<'_, '_>) -> Value {
    let mut object = Map::new();
    object.insert("tag".into(), node.tag_name().name().into());
    object.insert("text".into(), node.text().unwrap_or_default().into());
    object.insert("tail".into(), node.tail().unwrap_or_default().into());
    let attributes: Map<String, Value> = node
        .attributes()
        .map(|attribute| (attribute.name().to_owned(), attribute.value().into()))
        .collect();
    object.insert("attributes".into(), attributes.into());
    let children = node.children().filter(Node::is_element).map(element).collect();
    object.insert("children".into(), Value::Array(children));
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_keep_text_attributes_and_order() {
        let source = b"<?xml version=\"1.0\"?><a x=\"1\">one<b>two</b>three<c/></a>";
        let root = xml_of(source.to_vec(), Path::new("a.xml")).unwrap();
        assert_eq!((&root["tag"], &root["text"]), (&json!("a"), &json!("one")));
        assert_eq!(root["attributes"], json!({ "x": "1" }));
        assert_eq!(root["children"][0]["text"], "two");
        assert_eq!(root["children"][0]["tail"], "three");
        assert_eq!(root["children"][1]["tag"], "c");
    }

    #[test]
    fn entities_of_a_files_own_and_damage_are_errors() {
        let bomb = b"<!DOCTYPE a [<!ENTITY x \"ha\">]><a>&x;</a>";
        assert!(xml_of(bomb.to_vec(), Path::new("a.xml")).is_err());
        let error = xml_of(b"<a>\n<b></a>".to_vec(), Path::new("a.xml")).unwrap_err();
        assert!(matches!(error, DataError::Syntax { line: 2, .. }), "{error:?}");
    }
}
