//! Rows become instances.

use std::collections::BTreeMap;

use holometer_core::instance::{CORRECT_TAG, Output};
use holometer_core::{ChatMessage, Instance, InstanceId, Reference, Role, Split};
use minijinja::value::{Serde, Value};

use crate::definition::{InstanceDef, MessagesDef, ReferenceDef, Text};
use crate::template::{
    CompiledExpression, CompiledTemplate, Scope, TemplateError, expression, template, value_of,
};

/// An instance definition whose templates are compiled.
pub(crate) struct Builder<'a> {
    each: Vec<(&'a str, CompiledExpression<'a>)>,
    define: Vec<(&'a str, CompiledExpression<'a>)>,
    when: Option<CompiledExpression<'a>>,
    id: Option<CompiledTemplate<'a>>,
    input: Option<CompiledTemplate<'a>>,
    messages: Option<CompiledMessages<'a>>,
    references: Vec<CompiledReference<'a>>,
    split: Option<(&'a Text, CompiledTemplate<'a>)>,
    sub_split: Option<CompiledTemplate<'a>>,
    cluster: Option<CompiledTemplate<'a>>,
    groups: Vec<CompiledTemplate<'a>>,
    groups_from: Option<CompiledExpression<'a>>,
    extra: Vec<(&'a str, CompiledExpression<'a>)>,
    labels: Value,
}

struct CompiledMessages<'a> {
    each: CompiledExpression<'a>,
    role: (&'a Text, CompiledTemplate<'a>),
    content: CompiledTemplate<'a>,
}

struct CompiledReference<'a> {
    when: Option<CompiledExpression<'a>>,
    each: Option<CompiledExpression<'a>>,
    text: Option<CompiledTemplate<'a>>,
    correct: Option<CompiledExpression<'a>>,
    tags: Vec<CompiledTemplate<'a>>,
}

impl<'a> Builder<'a> {
    /// Compiles every template of a definition.
    pub(crate) fn new(definition: &'a InstanceDef) -> Result<Self, TemplateError> {
        let expressions = |list: &'a [(String, Text)]| -> Result<Vec<_>, TemplateError> {
            list.iter().map(|(name, text)| Ok((name.as_str(), expression(text)?))).collect()
        };
        Ok(Self {
            each: definition
                .each
                .iter()
                .map(|each| Ok((each.name.as_str(), expression(&each.list)?)))
                .collect::<Result<_, TemplateError>>()?,
            define: expressions(&definition.define)?,
            when: definition.when.as_ref().map(expression).transpose()?,
            id: definition.id.as_ref().map(template).transpose()?,
            input: definition.input.as_ref().map(template).transpose()?,
            messages: definition.messages.as_ref().map(compiled_messages).transpose()?,
            references: definition
                .references
                .iter()
                .map(compiled_reference)
                .collect::<Result<_, TemplateError>>()?,
            split: definition
                .split
                .as_ref()
                .map(|text| Ok::<_, TemplateError>((text, template(text)?)))
                .transpose()?,
            sub_split: definition.sub_split.as_ref().map(template).transpose()?,
            cluster: definition.cluster.as_ref().map(template).transpose()?,
            groups: definition.groups.iter().map(template).collect::<Result<_, _>>()?,
            groups_from: definition.groups_from.as_ref().map(expression).transpose()?,
            extra: definition
                .extra
                .iter()
                .map(|(name, text)| Ok((name.as_str(), expression(text)?)))
                .collect::<Result<_, TemplateError>>()?,
            labels: Value::from(Serde(&definition.labels)),
        })
    }

    /// The instances of one row, in order.
    pub(crate) fn build(
        &self,
        row: &serde_json::Value,
        file_scope: &Scope,
        split: Split,
    ) -> Result<Vec<Instance>, TemplateError> {
        let mut scope = file_scope.clone();
        scope.insert("labels".into(), self.labels.clone());
        let row_value = Value::from(Serde(row));
        if let serde_json::Value::Object(columns) = row {
            for name in columns.keys() {
                // A column never hides a parameter: it is then reached as `row.name`.
                if !scope.contains_key(name) {
                    let value = row_value.get_attr(name).unwrap_or_default();
                    scope.insert(name.clone(), value);
                }
            }
        }
        scope.insert("row".into(), row_value);
        let mut scopes = vec![scope];
        for (name, list) in &self.each {
            let mut inner = Vec::new();
            for outer in scopes {
                for value in list.list(&value_of(&outer))? {
                    let mut scope = outer.clone();
                    scope.insert((*name).to_owned(), value);
                    inner.push(scope);
                }
            }
            scopes = inner;
        }
        let mut instances = Vec::new();
        for scope in scopes {
            instances.extend(self.instance(scope, split)?);
        }
        Ok(instances)
    }

    fn instance(&self, scope: Scope, split: Split) -> Result<Option<Instance>, TemplateError> {
        let mut scope = scope;
        for (name, value) in &self.define {
            let value = value.eval(&value_of(&scope))?;
            scope.insert((*name).to_owned(), value);
        }
        let values = value_of(&scope);
        if let Some(when) = &self.when
            && !when.holds(&values)?
        {
            return Ok(None);
        }
        let text = |template: &Option<CompiledTemplate<'_>>| {
            template.as_ref().map(|template| template.render(&values)).transpose()
        };
        let mut references = Vec::new();
        for reference in &self.references {
            reference.build(&scope, &values, &mut references)?;
        }
        let split = self.split_of(&values, split)?;
        let mut instance = Instance::new(text(&self.input)?.unwrap_or_default(), references, split);
        instance.id = InstanceId(text(&self.id)?.unwrap_or_default());
        if let Some(messages) = &self.messages {
            instance.input.messages = messages.build(&scope)?;
        }
        instance.sub_split = text(&self.sub_split)?.filter(|name| !name.is_empty());
        instance.cluster = text(&self.cluster)?.filter(|name| !name.is_empty());
        instance.groups = self.groups_of(&values)?;
        instance.extra = self.extra_of(&values)?;
        Ok(Some(instance))
    }

    fn split_of(&self, values: &Value, split: Split) -> Result<Split, TemplateError> {
        let Some((text, template)) = &self.split else { return Ok(split) };
        let name = template.render(values)?;
        Split::parse(name.trim()).ok_or_else(|| {
            TemplateError::say(
                text,
                format!("`{name}` is no split: use `train`, `valid` or `test`"),
            )
        })
    }

    fn groups_of(&self, values: &Value) -> Result<Vec<String>, TemplateError> {
        let mut groups = Vec::new();
        for template in &self.groups {
            groups.push(template.render(values)?);
        }
        if let Some(list) = &self.groups_from {
            groups.extend(list.list(values)?.iter().map(ToString::to_string));
        }
        groups.retain(|group| !group.is_empty());
        Ok(groups)
    }

    fn extra_of(
        &self,
        values: &Value,
    ) -> Result<BTreeMap<String, serde_json::Value>, TemplateError> {
        self.extra
            .iter()
            .map(|(name, expression)| {
                let value = expression.eval(values)?;
                Ok(((*name).to_owned(), serde_json::to_value(&value).unwrap_or_default()))
            })
            .collect()
    }
}

fn compiled_messages(def: &MessagesDef) -> Result<CompiledMessages<'_>, TemplateError> {
    Ok(CompiledMessages {
        each: expression(&def.each)?,
        role: (&def.role, template(&def.role)?),
        content: template(&def.content)?,
    })
}

impl CompiledMessages<'_> {
    fn build(&self, scope: &Scope) -> Result<Vec<ChatMessage>, TemplateError> {
        let mut messages = Vec::new();
        for message in self.each.list(&value_of(scope))? {
            let mut scope = scope.clone();
            scope.insert("message".into(), message);
            let values = value_of(&scope);
            let role = match self.role.1.render(&values)?.as_str() {
                "system" => Role::System,
                "user" => Role::User,
                "assistant" => Role::Assistant,
                other => {
                    return Err(TemplateError::say(
                        self.role.0,
                        format!("`{other}` is no role: use `system`, `user` or `assistant`"),
                    ));
                }
            };
            messages.push(ChatMessage { role, content: self.content.render(&values)? });
        }
        Ok(messages)
    }
}

fn compiled_reference(def: &ReferenceDef) -> Result<CompiledReference<'_>, TemplateError> {
    Ok(CompiledReference {
        when: def.when.as_ref().map(expression).transpose()?,
        each: def.each.as_ref().map(expression).transpose()?,
        text: def.text.as_ref().map(template).transpose()?,
        correct: def.correct.as_ref().map(expression).transpose()?,
        tags: def.tags.iter().map(template).collect::<Result<_, _>>()?,
    })
}

impl CompiledReference<'_> {
    /// Appends the references of one instance.
    fn build(
        &self,
        scope: &Scope,
        values: &Value,
        references: &mut Vec<Reference>,
    ) -> Result<(), TemplateError> {
        let Some(each) = &self.each else {
            return self.push(values, "", references);
        };
        let mut inner = scope.clone();
        for (index, choice) in each.list(values)?.into_iter().enumerate() {
            let text = choice.to_string();
            inner.insert("choice".into(), choice);
            inner.insert("index".into(), index.into());
            inner.insert("letter".into(), letter(index).into());
            self.push(&value_of(&inner), &text, references)?;
        }
        Ok(())
    }

    fn push(
        &self,
        values: &Value,
        choice: &str,
        references: &mut Vec<Reference>,
    ) -> Result<(), TemplateError> {
        if let Some(when) = &self.when
            && !when.holds(values)?
        {
            return Ok(());
        }
        let text = match &self.text {
            Some(template) => template.render(values)?,
            None => choice.to_owned(),
        };
        let correct = match &self.correct {
            Some(expression) => expression.holds(values)?,
            None => self.each.is_none(),
        };
        let mut tags: Vec<String> = correct.then(|| CORRECT_TAG.to_owned()).into_iter().collect();
        for tag in &self.tags {
            tags.push(tag.render(values)?);
        }
        tags.retain(|tag| !tag.is_empty());
        references.push(Reference { output: Output { text }, tags });
        Ok(())
    }
}

/// `A` for 0, `B` for 1, ...
pub(crate) fn letter(index: usize) -> String {
    char::from_u32(u32::from('A') + index as u32).map(String::from).unwrap_or_default()
}
