//! The names that templates see: parameters, facts and, for rows, columns.

use holometer_core::card::{Parameter, ValueKind};
use holometer_core::{ArgValue, Args};
use minijinja::value::{Serde, Value};

use crate::definition::{Definition, Each};
use crate::template::{Scope, TemplateError, expression, value_of};

/// What every template of a scenario sees for resolved arguments.
pub(crate) fn of_arguments(definition: &Definition, args: &Args) -> Scope {
    let mut scope = Scope::new();
    let mut facts = Scope::new();
    for parameter in &definition.parameters {
        let Some(value) = args.get(&parameter.name) else { continue };
        scope.insert(parameter.name.clone(), parameter_value(parameter, value));
        if let Some(row) =
            definition.table.get(&parameter.name).and_then(|table| table.get(&value.to_string()))
        {
            facts.insert(parameter.name.clone(), Value::from(Serde(row)));
        }
    }
    scope.insert("table".into(), value_of(&facts));
    scope.insert("constants".into(), Value::from(Serde(&definition.constants)));
    scope
}

fn parameter_value(parameter: &Parameter, value: &ArgValue) -> Value {
    match (parameter.kind, value) {
        (ValueKind::Int, ArgValue::Int(number)) => Value::from(*number),
        (ValueKind::Float, _) => value.as_f64().map_or(Value::from(()), Value::from),
        (ValueKind::Bool, _) => Value::from(value.to_string() == "True"),
        (ValueKind::Int, _) => Value::from(()),
        (ValueKind::Choice | ValueKind::Text, _) => Value::from(value.to_string()),
    }
}

/// One scope per value of a variable; the scope itself when there is no variable.
pub(crate) fn repeated(scope: &Scope, each: Option<&Each>) -> Result<Vec<Scope>, TemplateError> {
    let Some(each) = each else { return Ok(vec![scope.clone()]) };
    let values = expression(&each.list)?.list(&value_of(scope))?;
    Ok(values
        .into_iter()
        .map(|value| {
            let mut inner = scope.clone();
            inner.insert(each.name.clone(), value);
            inner
        })
        .collect())
}
