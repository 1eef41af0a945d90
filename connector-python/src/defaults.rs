//! Defaults in the text of a module: as Python expressions, or left to the service.
//! `classes` and `parts` ask for them once the type has been defined.

use std::fmt::Write as _;

use connector_core::host::Shape;
use connector_core::typed::{FieldDescription, TypeDescription};
use serde_json::Value as Json;

use crate::names::is_member;
use crate::text::string;
use crate::types::{Annotation, Types};

/// A default in the text of a module, and what to say about one that cannot stand there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// The value must be given.
    None,
    /// This expression.
    Expression(String),
    /// The service's own, for which Python writes `None`.
    OfService(String),
}

impl Fallback {
    /// What a field of that kind is written with: the annotation, which allows for the default, the
    /// default as an expression, and what to say about it.
    pub(crate) fn of_kind(self, kind: Annotation) -> (Annotation, Option<String>, String) {
        let (default, note) = match self {
            Self::None => (None, String::new()),
            Self::Expression(text) => (Some(text), String::new()),
            Self::OfService(told) => (Some("None".to_owned()), told),
        };
        let kind = if default.as_deref() == Some("None") { kind.or_none() } else { kind };
        (kind, default, note)
    }

    /// The default of a field, whose type has been defined.
    pub(crate) fn of(field: &FieldDescription, types: &Types<'_>) -> Self {
        match &field.default {
            _ if field.required => Self::None,
            None => Self::Expression("None".to_owned()),
            Some(value) => expression(value, &field.kind, types).map_or_else(
                || Self::OfService(format!("If it is not set, the service takes {value}.")),
                Self::Expression,
            ),
        }
    }
}

/// A value as a Python expression, if a reader of the module would understand it at a glance.
fn expression(value: &Json, kind: &TypeDescription, types: &Types<'_>) -> Option<String> {
    Some(match (&kind.shape, value) {
        (Shape::Optional(_), Json::Null) => "None".to_owned(),
        (Shape::Optional(inner), value) => expression(value, inner, types)?,
        (Shape::List(item), Json::Array(values)) => {
            let values: Option<Vec<String>> =
                values.iter().map(|value| expression(value, item, types)).collect();
            format!("[{}]", values?.join(", "))
        }
        (Shape::Map(key, item), Json::Object(entries)) if key.name == "str" => {
            let mut out = String::from("{");
            for (at, (key, value)) in entries.iter().enumerate() {
                let comma = if at == 0 { "" } else { ", " };
                write!(out, "{comma}{}: {}", string(key), expression(value, item, types)?).ok()?;
            }
            out + "}"
        }
        (Shape::Enumeration { members, .. }, Json::String(name)) => {
            members.iter().find(|(member, _)| member == name)?;
            let class = types.class_of(kind)?;
            let all = members.iter().all(|(member, _)| is_member(member));
            if all { format!("{class}.{name}") } else { format!("{class}[{}]", string(name)) }
        }
        (Shape::Plain, value) => match (kind.name.as_str(), value) {
            ("int", Json::Number(number)) if !number.is_f64() => number.to_string(),
            ("float", Json::Number(number)) => format!("{:?}", number.as_f64()?),
            ("bool", Json::Bool(true)) => "True".to_owned(),
            ("bool", Json::Bool(false)) => "False".to_owned(),
            ("str", Json::String(text)) => string(text),
            _ => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use connector_core::FlyteType;
    use connector_core::typed::{FieldDescription, TypeDescription};
    use serde_json::{Value as Json, json};

    use super::{Fallback, expression};
    use crate::imports::Imports;
    use crate::types::{Reader, Types};

    fn told(kind: &TypeDescription, value: &Json) -> Option<String> {
        let mut imports = Imports::default();
        let mut types = Types::new(&mut imports, []);
        types.annotation(kind, Reader::Class).unwrap();
        expression(value, kind, &types)
    }

    #[test]
    fn defaults_are_told_where_python_has_a_plain_word() {
        let of = |kind, value| told(&kind, &value).unwrap();
        assert_eq!(of(i64::describe(), json!(24)), "24");
        assert_eq!(of(f64::describe(), json!(24)), "24.0");
        assert_eq!(of(Option::<bool>::describe(), json!(true)), "True");
        assert_eq!(of(Option::<bool>::describe(), Json::Null), "None");
        assert_eq!(of(Vec::<String>::describe(), json!(["a"])), "[\"a\"]");
        let map = of(BTreeMap::<String, i64>::describe(), json!({"a": 1, "b": 2}));
        assert_eq!(map, "{\"a\": 1, \"b\": 2}");
        let mode = |name| TypeDescription::enumeration("Mode", "", &[(name, "x")]);
        assert_eq!(of(mode("FAST"), json!("FAST")), "Mode.FAST");
        assert_eq!(of(mode("None"), json!("None")), "Mode[\"None\"]");
        assert_eq!(told(&i64::describe(), &json!("x")), None);
    }

    #[test]
    fn defaults_without_a_plain_word_are_left_to_the_service() {
        let mut imports = Imports::default();
        let types = Types::new(&mut imports, []);
        let mut field = FieldDescription::of::<i64>("a", "");
        assert_eq!(Fallback::of(&field, &types), Fallback::None);
        (field.required, field.default) = (false, Some(json!("PT1M")));
        let fallback = Fallback::of(&field, &types);
        assert!(matches!(fallback, Fallback::OfService(told) if told.contains("PT1M")));
    }
}
