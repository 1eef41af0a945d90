//! Inputs of a task as named query parameters: a value and its type, for every type of Flyte that has a
//! counterpart in BigQuery.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_core::prelude::*;
use pb::literal_type::Type;
use pb::{SimpleType, literal, primitive, scalar};
use serde_json::{Value, json};

/// Which type of BigQuery a datetime becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum DatetimeAs {
    /// DATETIME, the wall clock in UTC, as the official connector sends it.
    #[default]
    Datetime,
    /// TIMESTAMP, a moment.
    Timestamp,
}

impl DatetimeAs {
    /// Reads the operator's setting `datetime_as`.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: it is neither `datetime` nor `timestamp`.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        let words = [("datetime", Self::Datetime), ("timestamp", Self::Timestamp)];
        Ok(settings.choice("datetime_as", &words)?.unwrap_or(Self::Datetime))
    }
}

/// The parameters of all inputs. Every one that does not fit is named.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: an input has no counterpart in BigQuery.
pub(crate) fn of_inputs(
    inputs: &DynamicInputs,
    interface: Option<&pb::TypedInterface>,
    datetimes: DatetimeAs,
) -> Result<Vec<Value>> {
    let declared = interface.and_then(|interface| interface.inputs.as_ref());
    let declared = |name: &str| {
        let entries = declared.into_iter().flat_map(|inputs| &inputs.variables);
        let entry = entries.into_iter().find(|entry| entry.key == name)?;
        entry.value.as_ref()?.r#type.as_ref()
    };
    let mut problems = Vec::new();
    let mut parameters = Vec::new();
    for (name, literal) in inputs.iter() {
        match Parameter::of(literal, declared(name), datetimes) {
            Ok(Parameter { kind, value }) => parameters.push(json!({
                "name": name, "parameterType": kind, "parameterValue": value,
            })),
            Err(problem) => problems.push(format!(" - `{name}`: {problem}")),
        }
    }
    if problems.is_empty() {
        return Ok(parameters);
    }
    Err(ConnectorError::invalid_task(format!(
        "these inputs cannot be parameters of a query:\n{}",
        problems.join("\n")
    )))
}

/// One parameter.
struct Parameter {
    kind: Value,
    value: Value,
}

impl Parameter {
    fn of(
        literal: &pb::Literal,
        declared: Option<&pb::LiteralType>,
        datetimes: DatetimeAs,
    ) -> Result<Self, String> {
        match &literal.value {
            Some(literal::Value::Scalar(scalar)) => Self::scalar(scalar, declared, datetimes),
            Some(literal::Value::Collection(list)) => {
                let element = declared.and_then(|kind| match kind.r#type.as_ref()? {
                    Type::CollectionType(element) => Some(&**element),
                    _ => None,
                });
                let items: Vec<Self> = list
                    .literals
                    .iter()
                    .map(|item| Self::of(item, element, datetimes))
                    .collect::<Result<_, _>>()?;
                // Numbers may come as whole ones among others.
                let kinds: Vec<&Value> = items.iter().map(|item| &item.kind).collect();
                let kind = match (kinds.first(), element.map(|kind| type_of(kind, datetimes))) {
                    (_, Some(Some(kind))) => kind,
                    (Some(first), _) if kinds.iter().all(|kind| kind == first) => {
                        Value::clone(first)
                    }
                    (Some(_), _) => return Err("a list of different types".to_owned()),
                    (None, _) => return Err("an empty list of an unknown type".to_owned()),
                };
                if kind.get("type").is_some_and(|kind| kind == "ARRAY") {
                    return Err("a list of lists, which BigQuery does not have".to_owned());
                }
                let values: Vec<Value> = items.into_iter().map(|item| item.value).collect();
                Ok(Self {
                    kind: json!({"type": "ARRAY", "arrayType": kind}),
                    value: json!({"arrayValues": values}),
                })
            }
            Some(literal::Value::Map(_)) => Err("a dictionary; pass it as JSON text".to_owned()),
            Some(_) => Err("a value that was stored elsewhere because of its size".to_owned()),
            // So Flyte's task class sends what a call has left out.
            None => {
                Err("a literal without a value; the call has left it out, or misspelt it"
                    .to_owned())
            }
        }
    }

    fn scalar(
        scalar: &pb::Scalar,
        declared: Option<&pb::LiteralType>,
        datetimes: DatetimeAs,
    ) -> Result<Self, String> {
        let plain = |kind: &str, value: Value| {
            Ok(Self { kind: json!({"type": kind}), value: json!({"value": value}) })
        };
        match scalar.value.as_ref() {
            Some(scalar::Value::Primitive(primitive)) => match primitive.value.as_ref() {
                Some(primitive::Value::Integer(value)) => plain("INT64", value.to_string().into()),
                Some(primitive::Value::FloatValue(value)) => plain("FLOAT64", float(*value)),
                Some(primitive::Value::StringValue(value)) => plain("STRING", value.clone().into()),
                Some(primitive::Value::Boolean(value)) => plain("BOOL", value.to_string().into()),
                Some(primitive::Value::Datetime(at)) => match datetimes {
                    DatetimeAs::Datetime => plain("DATETIME", wall_clock(at, false)?.into()),
                    DatetimeAs::Timestamp => plain("TIMESTAMP", wall_clock(at, true)?.into()),
                },
                Some(primitive::Value::Duration(span)) => plain("INTERVAL", interval(span)?.into()),
                None => Err("a literal without a value".to_owned()),
            },
            Some(scalar::Value::Union(union)) => {
                let (Some(value), kind) = (union.value.as_deref(), union.r#type.as_ref()) else {
                    return Err("a union without a value".to_owned());
                };
                let is_none = matches!(&value.value, Some(literal::Value::Scalar(scalar))
                    if matches!(scalar.value, Some(scalar::Value::NoneType(_))));
                Self::of(value, if is_none { declared } else { kind }, datetimes)
            }
            // A NULL has the type of what it could have been, and no value.
            Some(scalar::Value::NoneType(_)) => {
                let kind = declared.and_then(|kind| type_of(kind, datetimes));
                let kind = kind.unwrap_or_else(|| json!({"type": "STRING"}));
                Ok(Self { kind, value: json!({}) })
            }
            Some(scalar::Value::Binary(bytes)) if bytes.tag.is_empty() => {
                plain("BYTES", STANDARD.encode(&bytes.value).into())
            }
            Some(scalar::Value::Binary(bytes)) => {
                Err(format!("an object ({}); pass it as JSON text", bytes.tag))
            }
            Some(scalar::Value::Generic(object)) => {
                let json = connector_core::custom_info::struct_to_json(object);
                plain("JSON", json.to_string().into())
            }
            Some(scalar::Value::Blob(_)) => Err("a file; pass its URI as text".to_owned()),
            Some(scalar::Value::StructuredDataset(_) | scalar::Value::Schema(_)) => {
                Err("a data frame; name its table in the statement".to_owned())
            }
            Some(scalar::Value::Error(_)) | None => Err("a literal without a value".to_owned()),
        }
    }
}

/// The type of a declared one, if BigQuery has it.
fn type_of(declared: &pb::LiteralType, datetimes: DatetimeAs) -> Option<Value> {
    match declared.r#type.as_ref()? {
        Type::Simple(simple) => {
            let name = match SimpleType::try_from(*simple).ok()? {
                SimpleType::Integer => "INT64",
                SimpleType::Float => "FLOAT64",
                SimpleType::String => "STRING",
                SimpleType::Boolean => "BOOL",
                SimpleType::Datetime if datetimes == DatetimeAs::Timestamp => "TIMESTAMP",
                SimpleType::Datetime => "DATETIME",
                SimpleType::Duration => "INTERVAL",
                SimpleType::Binary => "BYTES",
                _ => return None,
            };
            Some(json!({"type": name}))
        }
        Type::CollectionType(element) => {
            Some(json!({"type": "ARRAY", "arrayType": type_of(element, datetimes)?}))
        }
        // The first one that is something: Optional puts None beside it.
        Type::UnionType(union) => {
            union.variants.iter().find_map(|variant| type_of(variant, datetimes))
        }
        Type::EnumType(_) => Some(json!({"type": "STRING"})),
        _ => None,
    }
}

/// As JSON has it, and what JSON has not as text.
fn float(value: f64) -> Value {
    if value.is_finite() {
        return json!(value);
    }
    let name = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    name.into()
}

fn wall_clock(at: &prost_types::Timestamp, zoned: bool) -> Result<String, String> {
    let moment = u32::try_from(at.nanos).ok().and_then(|nanos| Datetime::new(at.seconds, nanos));
    let clock = moment.and_then(Datetime::civil).filter(|clock| (1..=9999).contains(&clock.year()));
    let clock = clock.ok_or("a time outside of the years 1 to 9999")?;
    Ok(if zoned { format!("{clock:.6}Z") } else { format!("{clock:.6}") })
}

/// `Y-M D H:M:S.F`, as BigQuery writes an interval. Its 10,000 years are those of protobuf.
fn interval(span: &prost_types::Duration) -> Result<String, String> {
    let (seconds, nanos) = (span.seconds.unsigned_abs(), span.nanos.unsigned_abs());
    let signs_differ = span.seconds.signum() * i64::from(span.nanos.signum()) < 0;
    if signs_differ || nanos >= 1_000_000_000 || seconds > 315_576_000_000 {
        let prost_types::Duration { seconds, nanos } = span;
        return Err(format!(
            "a duration of {seconds} s and {nanos} ns, which is no interval of up to 10,000 years"
        ));
    }
    let sign = if span.seconds < 0 || span.nanos < 0 { "-" } else { "" };
    let micros = nanos / 1_000;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    Ok(format!("0-0 0 {sign}{hours}:{minutes}:{}.{micros:06}", seconds % 60))
}

#[cfg(test)]
mod tests;
