//! Lists and maps as Flyte types.
//! Maps with text keys are literal maps; others travel as msgpack objects, as in Python.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::{Mismatches, collect};
use super::{FlyteType, Style, object, place, simple};
use crate::{literal, pb};

impl<T: FlyteType> FlyteType for Vec<T> {
    const TAG: &'static str = "Typed List";

    fn literal_type() -> pb::LiteralType {
        let item = Box::new(T::literal_type());
        let kind = pb::literal_type::Type::CollectionType(item);
        pb::LiteralType { r#type: Some(kind), ..Default::default() }
    }

    fn describe() -> TypeDescription {
        TypeDescription::list(&T::describe())
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        match form {
            Form::Literals(literals) => collect(
                literals
                    .iter()
                    .enumerate()
                    .map(|(index, item)| T::from_literal(item).map_err(|m| m.in_item(index))),
            ),
            Form::Values(values) => {
                place::inside(Style::Dataclass, || {
                    collect(values.into_iter().enumerate().map(|(index, item)| {
                        T::from_form(item.into()).map_err(|m| m.in_item(index))
                    }))
                })
            }
            other => Err(Mismatches::expected("a list", other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        let items = self.into_iter().enumerate();
        let items: Vec<pb::Literal> =
            collect(items.map(|(index, item)| item.into_literal().map_err(|m| m.in_item(index))))?;
        Ok(literal::list(items))
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        let items = self.into_iter().enumerate();
        collect(items.map(|(index, item)| item.into_value(style).map_err(|m| m.in_item(index))))
            .map(Value::Array)
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::Literals(_) | Form::Values(_))
    }
}

/// A type that can be the key of a map.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a map's key",
    label = "not a key",
    note = "keys are `String`, `bool` and integers from `i8` to `u64`"
)]
pub trait MapKey: FlyteType + Ord + Hash {
    /// Whether maps with this key are literal maps.
    const TEXT: bool;

    /// The key as text.
    fn to_text(&self) -> String;

    /// Reads a key; text is read, too, because pydantic turns every key into text.
    ///
    /// # Errors
    /// A key of another kind.
    fn from_key(form: Form<'_>) -> Result<Self, Mismatches>;
}

impl MapKey for String {
    const TEXT: bool = true;

    fn to_text(&self) -> String {
        self.clone()
    }

    fn from_key(form: Form<'_>) -> Result<Self, Mismatches> {
        Self::from_form(form)
    }
}

macro_rules! keys {
    ($($key:ty),+) => {
        $(impl MapKey for $key {
            const TEXT: bool = false;

            fn to_text(&self) -> String {
                self.to_string()
            }

            fn from_key(form: Form<'_>) -> Result<Self, Mismatches> {
                if let Form::Text(text) = &form && let Ok(key) = text.parse() {
                    return Ok(key);
                }
                Self::from_form(form)
            }
        })+
    };
}

keys!(i8, i16, i32, i64, u8, u16, u32, u64, bool);

/// What the two standard maps have in common.
macro_rules! maps {
    ($($map:ident),+) => {
        $(impl<K: MapKey, V: FlyteType> FlyteType for $map<K, V> {
            const TAG: &'static str = "Typed Dict";

            fn literal_type() -> pb::LiteralType {
                map_type::<K, V>()
            }

            fn describe() -> TypeDescription {
                TypeDescription::map(&K::describe(), &V::describe())
            }

            fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
                read(form)
            }

            fn into_literal(self) -> Result<pb::Literal, Mismatches> {
                if !K::TEXT {
                    return object::literal(&self.into_value(Style::Dataclass)?);
                }
                let entries: Vec<(String, pb::Literal)> = collect(self.into_iter().map(|(key, value)| {
                    let key = key.to_text();
                    let value = value.into_literal().map_err(|m| m.in_item(&key))?;
                    Ok((key, value))
                }))?;
                Ok(literal::map(entries))
            }

            fn into_value(self, style: Style) -> Result<Value, Mismatches> {
                // Sorted, so that the same map always gives the same bytes.
                let sorted: BTreeMap<K, V> = self.into_iter().collect();
                let fields: Vec<(Value, Value)> = collect(sorted.into_iter().map(|(key, value)| {
                    let value = value.into_value(style).map_err(|m| m.in_item(key.to_text()))?;
                    let key = match style {
                        Style::Dataclass => key.into_value(style)?,
                        // pydantic turns every key into text.
                        Style::Pydantic | Style::TypedDict | Style::Within => {
                            Value::from(key.to_text())
                        }
                    };
                    Ok((key, value))
                }))?;
                Ok(Value::Map(fields))
            }

            fn is_own(form: &Form<'_>) -> bool {
                matches!(form, Form::Entries(_) | Form::Fields(_))
            }
        })+
    };
}

maps!(BTreeMap, HashMap);

fn map_type<K: MapKey, V: FlyteType>() -> pb::LiteralType {
    if K::TEXT {
        let value = Box::new(V::literal_type());
        let kind = pb::literal_type::Type::MapValueType(value);
        pb::LiteralType { r#type: Some(kind), ..Default::default() }
    } else {
        object::annotated(simple(pb::SimpleType::Struct))
    }
}

fn read<K: MapKey, V: FlyteType, M: FromIterator<(K, V)>>(form: Form<'_>) -> Result<M, Mismatches> {
    match form {
        Form::Entries(entries) => collect(entries.iter().map(|(key, value)| {
            let value = V::from_literal(value).map_err(|m| m.in_item(key))?;
            Ok((K::from_key(Form::Text(key.into())).map_err(Mismatches::in_keys)?, value))
        })),
        Form::Fields(fields) => place::inside(Style::Dataclass, || {
            collect(fields.into_iter().map(|(key, value)| {
                let key = K::from_key(key.into()).map_err(Mismatches::in_keys)?;
                let value = V::from_form(value.into()).map_err(|m| m.in_item(key.to_text()))?;
                Ok((key, value))
            }))
        }),
        other => Err(Mismatches::expected("a map", other)),
    }
}
