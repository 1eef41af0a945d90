//! Tuples as Flyte types: at the top an object with `item_0`, `item_1`, …; inside objects a list.

use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::object::{self, ValueFields};
use super::{FlyteType, Style, place, simple};
use crate::pb;

macro_rules! tuples {
    ($(($($item:ident $index:tt $name:literal),+))+) => {
        $(impl<$($item: FlyteType),+> FlyteType for ($($item,)+) {
            const TAG: &'static str = "Typed Tuple";

            fn literal_type() -> pb::LiteralType {
                // Python wraps a tuple into a pydantic model, and declares that.
                let tag = object::MODEL.to_owned();
                pb::LiteralType {
                    structure: Some(pb::TypeStructure { tag, ..Default::default() }),
                    ..object::annotated(simple(pb::SimpleType::Struct))
                }
            }

            fn describe() -> TypeDescription {
                TypeDescription::tuple(&[$($item::describe()),+])
            }

            fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
                let mut fields = ValueFields::of(named(form, [$($name),+].len())?, "tuple")?;
                place::inside(Style::Pydantic, || {
                    let items = ($(fields.take::<$item>($name),)+);
                    fields.finish((|| Some(($(items.$index?,)+)))())
                })
            }

            fn into_literal(self) -> Result<pb::Literal, Mismatches> {
                let mut fields = object::ValueFieldsOut::new(Style::Pydantic);
                $(fields.put($name, self.$index);)+
                object::literal(&fields.finish()?)
            }

            fn into_value(self, style: Style) -> Result<Value, Mismatches> {
                Ok(Value::Array(vec![
                    $(self.$index.into_value(style.within()).map_err(|m| m.in_item($index))?),+
                ]))
            }

            fn is_own(form: &Form<'_>) -> bool {
                let names = [$($name),+];
                match form {
                    Form::Values(values) => values.len() == names.len(),
                    Form::Fields(fields) => {
                        let named = |(key, _): &(Value, Value)| {
                            key.as_str().is_some_and(|key| names.contains(&key))
                        };
                        fields.len() == names.len() && fields.iter().all(named)
                    }
                    _ => false,
                }
            }
        })+
    };
}

/// A list seen as an object with numbered items.
fn named(form: Form<'_>, count: usize) -> Result<Form<'_>, Mismatches> {
    match form {
        Form::Values(values) if values.len() != count => {
            let found = format!("a list of {}", values.len());
            Err(Mismatches::expected(&format!("a tuple of {count}"), found))
        }
        Form::Values(values) => Ok(Form::Fields(
            values
                .into_iter()
                .enumerate()
                .map(|(index, value)| (Value::from(format!("item_{index}")), value))
                .collect(),
        )),
        fields @ Form::Fields(_) => Ok(fields),
        other => Err(Mismatches::expected("a tuple", other)),
    }
}

tuples! {
    (A 0 "item_0")
    (A 0 "item_0", B 1 "item_1")
    (A 0 "item_0", B 1 "item_1", C 2 "item_2")
    (A 0 "item_0", B 1 "item_1", C 2 "item_2", D 3 "item_3")
    (A 0 "item_0", B 1 "item_1", C 2 "item_2", D 3 "item_3", E 4 "item_4")
    (A 0 "item_0", B 1 "item_1", C 2 "item_2", D 3 "item_3", E 4 "item_4", F 5 "item_5")
}
