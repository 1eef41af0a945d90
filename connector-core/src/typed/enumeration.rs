//! Enums of names as Flyte types.
//! Python of Flyte 2 writes the member's name in a task's inputs and in pydantic models, and its value
//! inside dataclasses; Python of Flyte 1 writes the value in all of them. Both are read everywhere.

use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::{Style, place};
use crate::flyte::{Flyte, reader};
use crate::{literal, pb};

/// An enum without content; written by `#[derive(FlyteType)]`, which then delegates to this file.
pub trait Enumeration: Sized + Send + Sync + 'static {
    /// What Python calls the enum.
    const NAME: &'static str;
    /// What the enum is for.
    const DOC: &'static str;
    /// Names and values of the members, in order.
    const MEMBERS: &'static [(&'static str, &'static str)];
    /// Whether the values are whole numbers, and Python's enum an `IntEnum`.
    const WHOLE: bool = false;

    /// The member at that place in the order.
    fn at(index: usize) -> Option<Self>;

    /// Where this member stands in the order.
    fn index(&self) -> usize;
}

/// The transformer of enums.
#[must_use]
pub const fn transformer<E>() -> &'static str {
    "DefaultEnumTransformer"
}

/// The declared type: the members' names, in Flyte 1 their values.
#[must_use]
pub fn literal_type<E: Enumeration>() -> pb::LiteralType {
    let values = E::MEMBERS.iter().map(|member| alone(*member).to_owned()).collect();
    let kind = pb::literal_type::Type::EnumType(pb::EnumType { values });
    pb::LiteralType { r#type: Some(kind), ..Default::default() }
}

/// The type for people.
#[must_use]
pub fn describe<E: Enumeration>() -> TypeDescription {
    let told = TypeDescription::enumeration(E::NAME, E::DOC, E::MEMBERS);
    if E::WHOLE { told.of_whole_numbers() } else { told }
}

/// Reads a member by its name or its value.
///
/// # Errors
/// Text that is neither, or something else.
pub fn from_form<E: Enumeration>(form: Form<'_>) -> Result<E, Mismatches> {
    let Some(said) = said::<E>(&form) else {
        return Err(Mismatches::expected(&choices::<E>(), form));
    };
    let named = || E::MEMBERS.iter().position(|(name, _)| *name == said);
    let at = match form {
        Form::Text(_) => named().or_else(|| of_value::<E>(&said)),
        _ => of_value::<E>(&said),
    };
    at.and_then(E::at).ok_or_else(|| {
        let shown: String = said.chars().take(40).collect();
        Mismatches::expected(&choices::<E>(), format!("{shown:?}"))
    })
}

/// A name or a value as text; nothing if it is neither.
fn said<E: Enumeration>(form: &Form<'_>) -> Option<String> {
    match form {
        Form::Text(text) => Some(text.clone().into_owned()),
        Form::Integer(number) if E::WHOLE => Some(number.to_string()),
        _ => None,
    }
}

fn of_value<E: Enumeration>(said: &str) -> Option<usize> {
    E::MEMBERS.iter().position(|(_, value)| *value == said)
}

fn choices<E: Enumeration>() -> String {
    let names: Vec<String> = E::MEMBERS.iter().map(|(name, _)| format!("{name:?}")).collect();
    format!("one of {}", names.join(", "))
}

/// How a member is written that stands alone.
fn alone((name, value): (&'static str, &'static str)) -> &'static str {
    match reader() {
        Flyte::V1 => value,
        Flyte::V2 => name,
    }
}

/// The literal of a member: its name, in Flyte 1 its value.
///
/// # Errors
/// None: a name is always text.
#[expect(clippy::needless_pass_by_value, reason = "called as `FlyteType::into_literal` is")]
pub fn into_literal<E: Enumeration>(member: E) -> Result<pb::Literal, Mismatches> {
    Ok(literal::string(alone(member_of(&member))))
}

/// A member inside an object.
///
/// # Errors
/// None: a name is always text.
#[expect(clippy::needless_pass_by_value, reason = "called as `FlyteType::into_value` is")]
pub fn into_value<E: Enumeration>(member: E, style: Style) -> Result<Value, Mismatches> {
    let (name, value) = member_of(&member);
    Ok(match (style, value.parse::<i64>()) {
        (Style::Pydantic | Style::TypedDict, _) if reader() == Flyte::V2 => Value::from(name),
        (_, Ok(number)) if E::WHOLE => Value::from(number),
        (_, _) => Value::from(value),
    })
}

fn member_of<E: Enumeration>(member: &E) -> (&'static str, &'static str) {
    E::MEMBERS.get(member.index()).copied().unwrap_or_default()
}

/// Whether a value is a member, so that a union can tell an enum from a string: inside objects
/// unions hold its value, alone its name.
#[must_use]
pub fn is_own<E: Enumeration>(form: &Form<'_>) -> bool {
    match (place::style(), form) {
        (Some(_), form) => said::<E>(form).is_some_and(|said| of_value::<E>(&said).is_some()),
        (None, Form::Text(_)) => from_form::<E>(form.clone()).is_ok(),
        (None, _) => false,
    }
}
