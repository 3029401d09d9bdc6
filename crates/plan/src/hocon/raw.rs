//! HOCON as written: before substitutions are followed.

/// A value as written.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) offset: usize,
    pub(super) kind: RawKind,
}

#[derive(Clone, Debug)]
pub(super) enum RawKind {
    Quoted {
        text: String,
        verbatim_at: Option<usize>,
    },
    Unquoted(String),
    Array(Vec<Raw>),
    Object(RawObject),
    Substitution {
        path: Vec<String>,
        optional: bool,
    },
    /// Values side by side, each with the blanks before it.
    Concatenation(Vec<(String, Raw)>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct RawObject {
    pub(super) fields: Vec<RawField>,
}

/// A key with everything that was said about it, in order; the last word counts, except that objects merge.
#[derive(Clone, Debug)]
pub(super) struct RawField {
    pub(super) key: String,
    pub(super) offset: usize,
    pub(super) definitions: Vec<Raw>,
}

impl RawObject {
    pub(super) fn definitions(&self, key: &str) -> &[Raw] {
        self.fields.iter().find(|field| field.key == key).map_or(&[], |field| &field.definitions)
    }

    /// Adds a definition; two objects in a row become one.
    pub(super) fn define(&mut self, key: &str, offset: usize, value: Raw) {
        let Some(field) = self.fields.iter_mut().find(|field| field.key == key) else {
            self.fields.push(RawField { key: key.to_owned(), offset, definitions: vec![value] });
            return;
        };
        match (field.definitions.last_mut().map(|last| &mut last.kind), value.kind) {
            (Some(RawKind::Object(old)), RawKind::Object(new)) => old.merge(new),
            (_, kind) => field.definitions.push(Raw { offset: value.offset, kind }),
        }
    }

    fn merge(&mut self, other: Self) {
        for field in other.fields {
            for definition in field.definitions {
                self.define(&field.key, field.offset, definition);
            }
        }
    }
}
