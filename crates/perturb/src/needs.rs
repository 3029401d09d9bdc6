//! What perturbations need that is not part of the program, for plans: told from their names and arguments, without fetching anything.

use holometer_core::PerturbationSpec;
use serde_json::Value;

use crate::Resource;

/// What a perturbation needs; of several files that come together, the first.
pub fn needs(spec: &PerturbationSpec) -> Vec<Resource> {
    let given = |key: &str| spec.args.get(key).and_then(Value::as_str).map(str::to_owned);
    match spec.name.as_str() {
        "dialect" => {
            vec![given("mapping_file_path").map_or(Resource::DialectMapping, Resource::File)]
        }
        "swap_dialect" => vec![Resource::DialectMapping],
        "person_name" => {
            vec![given("name_file_path").map_or(Resource::PersonNames, Resource::File)]
        }
        "gender" => given("mapping_file_path").map(Resource::File).into_iter().collect(),
        "synonym" => vec![
            Resource::SpacyModel("vocab/lookups.bin".to_owned()),
            Resource::WordNet("index.adj".to_owned()),
        ],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use holometer_core::PerturbationSpec;
    use serde_json::{Value, json};

    use super::needs;
    use crate::{Resource, build, cards};

    /// What making a perturbation asks for first.
    fn asked(spec: &PerturbationSpec) -> Option<Resource> {
        let first = RefCell::new(None);
        let nothing = |resource: &Resource| {
            first.borrow_mut().get_or_insert(resource.clone());
            Err("not here".to_owned())
        };
        let _ = build(spec, &nothing);
        first.into_inner()
    }

    #[test]
    fn what_is_needed_is_what_is_asked_for() {
        let args = json!({
            "prob": 0.5, "max_spaces": 2, "num_spaces": 2, "insert_prob": 0.5, "mode": "terms", "suffix": "x",
            "person_name_type": "first_name", "target": "muslim",
        });
        let classes = [
            json!({"source_class": "SAE", "target_class": "AAVE"}),
            json!({"source_class": "male", "target_class": "female"}),
            json!({"source_class": {"race": "white_american"}, "target_class": {"race": "black_american"}}),
        ];
        let files = [json!({}), json!({"mapping_file_path": "own", "name_file_path": "own"})];
        let mut found = 0;
        for card in cards() {
            for more in
                classes.iter().flat_map(|classes| files.iter().map(move |file| [classes, file]))
            {
                let mut args = args.clone();
                for more in more {
                    let more = more.as_object().unwrap().clone();
                    args.as_object_mut().unwrap().extend(more);
                }
                let spec = PerturbationSpec { name: card.name.to_owned(), args };
                let Some(asked) = asked(&spec) else { continue };
                assert_eq!(needs(&spec).first(), Some(&asked), "{spec:?}");
                found += 1;
            }
        }
        assert!(found >= 12, "only {found} ask for anything");
        let plain = PerturbationSpec { name: "typos".to_owned(), args: Value::Null };
        assert_eq!(needs(&plain), []);
    }
}
