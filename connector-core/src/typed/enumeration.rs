//! Enums of names as Flyte types.
//! Python writes the member's name in a task's inputs and in pydantic models, and its value inside
//! dataclasses; both are read everywhere.

use rmpv::Value;

use super::Style;
use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use crate::{literal, pb};

/// An enum without content; written by `#[derive(FlyteType)]`, which then delegates to this file.
pub trait Enumeration: Sized + Send + Sync + 'static {
    /// What Python calls the enum.
    const NAME: &'static str;
    /// What the enum is for.
    const DOC: &'static str;
    /// Names and values of the members, in order.
    const MEMBERS: &'static [(&'static str, &'static str)];

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

/// The declared type: the members' names.
#[must_use]
pub fn literal_type<E: Enumeration>() -> pb::LiteralType {
    let values = E::MEMBERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let kind = pb::literal_type::Type::EnumType(pb::EnumType { values });
    pb::LiteralType { r#type: Some(kind), ..Default::default() }
}

/// The type for people.
#[must_use]
pub fn describe<E: Enumeration>() -> TypeDescription {
    TypeDescription::enumeration(E::NAME, E::DOC, E::MEMBERS)
}

/// Reads a member by its name or its value.
///
/// # Errors
/// Text that is neither, or something else.
pub fn from_form<E: Enumeration>(form: Form<'_>) -> Result<E, Mismatches> {
    let Form::Text(text) = &form else {
        return Err(Mismatches::expected(&choices::<E>(), form));
    };
    let at = E::MEMBERS
        .iter()
        .position(|(name, _)| name == text)
        .or_else(|| E::MEMBERS.iter().position(|(_, value)| value == text));
    at.and_then(E::at).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Mismatches::expected(&choices::<E>(), format!("{shown:?}"))
    })
}

fn choices<E: Enumeration>() -> String {
    let names: Vec<String> = E::MEMBERS.iter().map(|(name, _)| format!("{name:?}")).collect();
    format!("one of {}", names.join(", "))
}

/// The literal of a member: its name.
///
/// # Errors
/// None: a name is always text.
#[expect(clippy::needless_pass_by_value, reason = "called as `FlyteType::into_literal` is")]
pub fn into_literal<E: Enumeration>(member: E) -> Result<pb::Literal, Mismatches> {
    Ok(literal::string(member_of(&member).0))
}

/// A member inside an object.
///
/// # Errors
/// None: a name is always text.
#[expect(clippy::needless_pass_by_value, reason = "called as `FlyteType::into_value` is")]
pub fn into_value<E: Enumeration>(member: E, style: Style) -> Result<Value, Mismatches> {
    let (name, value) = member_of(&member);
    Ok(match style {
        Style::Dataclass => Value::from(value),
        Style::Pydantic => Value::from(name),
    })
}

fn member_of<E: Enumeration>(member: &E) -> (&'static str, &'static str) {
    E::MEMBERS.get(member.index()).copied().unwrap_or_default()
}

/// Whether text is a member, so that a union can tell an enum from a string.
#[must_use]
pub fn is_own<E: Enumeration>(form: &Form<'_>) -> bool {
    from_form::<E>(form.clone()).is_ok()
}
