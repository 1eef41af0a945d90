//! Inputs in the place of `{inputs.NAME}`. The rules are those of the official connector, with one exception:
//! what an input brings is text, and never read as a placeholder itself.

use connector_core::prelude::*;
use serde_json::Value;

use crate::python_text;

/// The inputs of a task, as JSON.
pub(crate) struct Inputs(Value);

impl Inputs {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: an input has no form in text or JSON.
    pub(crate) fn of(inputs: &DynamicInputs) -> Result<Self> {
        let read = inputs.iter().map(|(name, literal)| {
            let value = python_text::value(literal).map_err(|reason| {
                ConnectorError::invalid_task(format!("`inputs.{name}` cannot be sent: {reason}"))
            })?;
            Ok((name.to_owned(), value))
        });
        Ok(Self(Value::Object(read.collect::<Result<_>>()?)))
    }

    /// The value with all placeholders in its texts filled in; names of members are left as they are.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: a placeholder names nothing.
    pub(crate) fn fill(&self, value: &Value) -> Result<Value> {
        match value {
            Value::String(text) => self.fill_text(text),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => {
                let filled =
                    members.iter().map(|(name, member)| Ok((name.clone(), self.fill(member)?)));
                Ok(Value::Object(filled.collect::<Result<_>>()?))
            }
            other => Ok(other.clone()),
        }
    }

    /// The text filled in. A text that is one placeholder and nothing else is the input itself: a number stays
    /// a number.
    ///
    /// # Errors
    /// As [`Inputs::fill`].
    pub(crate) fn fill_text(&self, text: &str) -> Result<Value> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            rest = after;
            let name = after.split_once('}').filter(|(name, _)| name.contains('.'));
            let Some((name, behind)) = name else {
                // No placeholder: braces of JSON, for example.
                filled.push('{');
                continue;
            };
            let value = self.find(name)?;
            if name.len() + 2 == text.len() {
                return Ok(value.clone());
            }
            filled.push_str(&python_text::text(value));
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled.into())
    }

    fn find(&self, placeholder: &str) -> Result<&Value> {
        let mut names = placeholder.split('.');
        if names.next() != Some("inputs") {
            return Err(ConnectorError::invalid_task(format!(
                "`{{{placeholder}}}` is no placeholder: write `{{inputs.NAME}}`"
            )));
        }
        let found = names.try_fold(&self.0, |value, name| value.as_object()?.get(name));
        found.ok_or_else(|| {
            let names: Vec<&str> =
                self.0.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let has = match names.is_empty() {
                true => "the task has no inputs".to_owned(),
                false => format!("the task's inputs are `{}`", names.join("`, `")),
            };
            ConnectorError::invalid_task(format!("`{{{placeholder}}}` names no input: {has}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::Inputs;

    fn inputs() -> Inputs {
        let inputs = DynamicInputs::from_iter([
            ("n", literal::integer(7)),
            ("s", literal::string("a {inputs.n} b")),
            ("t", literal::boolean(true)),
            ("m", literal::map([("k", literal::float(0.5))])),
            ("l", literal::list([literal::string("x"), literal::none()])),
        ]);
        Inputs::of(&inputs).unwrap()
    }

    #[test]
    fn placeholders_are_filled_in_as_the_official_connector_does() {
        for (text, filled) in [
            ("plain", json!("plain")),
            ("{inputs.n}", json!(7)),
            ("{inputs.t}", json!(true)),
            ("{inputs.l}", json!(["x", null])),
            ("{inputs.m.k}", json!(0.5)),
            ("/items/{inputs.n}?t={inputs.t}", json!("/items/7?t=True")),
            ("{inputs.l} {inputs.m}", json!("['x', None] {'k': 0.5}")),
            ("{\"a\": {inputs.n}", json!("{\"a\": {inputs.n}")),
            ("{} {n} } {", json!("{} {n} } {")),
            // The official one would read what an input brought as a placeholder.
            ("[{inputs.s}] {inputs.n}", json!("[a {inputs.n} b] 7")),
        ] {
            let found = inputs().fill(&Value::from(text));
            if text.starts_with("{\"a\"") {
                // It takes all up to the next brace as one name, and so does this.
                assert!(found.is_err(), "{text}");
            } else {
                assert_eq!(found.unwrap(), filled, "{text}");
            }
        }
        let nested = json!({"{inputs.n}": [{"x": "{inputs.n}", "y": 1, "z": null}]});
        let filled = json!({"{inputs.n}": [{"x": 7, "y": 1, "z": null}]});
        assert_eq!(inputs().fill(&nested).unwrap(), filled);
    }

    #[test]
    fn what_names_nothing_is_told() {
        for (text, said) in [
            (
                "{inputs.x}",
                "`{inputs.x}` names no input: the task's inputs are `l`, `m`, `n`, `s`, `t`",
            ),
            ("a{inputs.m.x}", "`{inputs.m.x}` names no input"),
            ("{secrets.key}", "`{secrets.key}` is no placeholder: write `{inputs.NAME}`"),
        ] {
            let error = inputs().fill_text(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().starts_with(said), "{error}");
        }
        let none = Inputs::of(&DynamicInputs::default()).unwrap();
        assert!(none.fill_text("{inputs.x}").unwrap_err().message().ends_with("has no inputs"));
    }
}
