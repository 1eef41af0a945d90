//! Unions: values tagged with the transformer of their type.
//! `optional` and derived enums of types build on it.

use super::form::Form;
use super::mismatch::Mismatches;
use super::{FlyteType, tagged_type};
use crate::pb;
use crate::pb::{literal, literal_type, scalar};

/// One alternative of a derived union.
#[derive(Debug)]
pub struct Variant<U> {
    /// The transformer of the alternative's type.
    pub tag: &'static str,
    /// What people call the alternative's type.
    pub describe: fn() -> super::TypeDescription,
    /// Whether a form is the alternative's own spelling.
    pub is_own: fn(&Form<'_>) -> bool,
    /// Reads the alternative from a literal.
    pub from_literal: fn(&pb::Literal) -> Result<U, Mismatches>,
    /// Reads the alternative from a form.
    pub from_form: fn(Form<'_>) -> Result<U, Mismatches>,
}

/// The type of a union.
#[must_use]
pub fn declared(variants: Vec<pb::LiteralType>) -> pb::LiteralType {
    let kind = literal_type::Type::UnionType(pb::UnionType { variants });
    pb::LiteralType { r#type: Some(kind), ..Default::default() }
}

/// What a type adds to a union: itself, or its own alternatives if it is one.
#[must_use]
pub fn alternatives<T: FlyteType>() -> Vec<pb::LiteralType> {
    match T::literal_type().r#type {
        Some(literal_type::Type::UnionType(union)) if T::IS_UNION => union.variants,
        _ => vec![tagged_type::<T>()],
    }
}

/// A value wrapped for a union; a value that is a union already is wrapped already.
///
/// # Errors
/// A value Flyte cannot carry.
pub fn wrapped<T: FlyteType>(value: T) -> Result<pb::Literal, Mismatches> {
    let inner = value.into_literal()?;
    if T::IS_UNION {
        return Ok(inner);
    }
    let union = pb::Union { value: Some(Box::new(inner)), r#type: Some(tagged_type::<T>()) };
    let scalar = pb::Scalar { value: Some(scalar::Value::Union(Box::new(union))) };
    Ok(pb::Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() })
}

/// Whether a literal is an explicit nothing, wrapped or plain.
#[must_use]
pub fn is_none(literal: &pb::Literal) -> bool {
    match scalar_of(literal) {
        Some(scalar::Value::NoneType(_)) => true,
        Some(scalar::Value::Union(union)) => union.value.as_deref().is_some_and(is_none),
        _ => false,
    }
}

/// Reads a literal: by its tag if it is wrapped, else by what it looks like.
///
/// # Errors
/// No alternative has the tag, or none reads the value.
pub fn from_literal<U>(literal: &pb::Literal, variants: &[Variant<U>]) -> Result<U, Mismatches> {
    let Some(scalar::Value::Union(union)) = scalar_of(literal) else {
        return from_form(&Form::of(literal)?, variants);
    };
    let Some(inner) = union.value.as_deref() else {
        return Err(Mismatches::new("it came without a value"));
    };
    let structure = union.r#type.as_ref().and_then(|declared| declared.structure.as_ref());
    let tag = structure.map(|structure| structure.tag.as_str()).unwrap_or_default();
    let mut problem = None;
    // Two dataclasses share one tag, so every alternative with the tag is tried.
    for variant in variants.iter().filter(|variant| variant.tag == tag) {
        match (variant.from_literal)(inner) {
            Ok(value) => return Ok(value),
            Err(mismatch) => problem = Some(mismatch),
        }
    }
    Err(problem.unwrap_or_else(|| Mismatches::expected(&names(variants), format!("a {tag:?}"))))
}

/// Reads a plain value: an alternative whose own spelling it is goes before one that accepts it.
///
/// # Errors
/// No alternative reads the value.
pub fn from_form<U>(form: &Form<'_>, variants: &[Variant<U>]) -> Result<U, Mismatches> {
    let (own, others): (Vec<_>, Vec<_>) =
        variants.iter().partition(|variant| (variant.is_own)(form));
    own.into_iter()
        .chain(others)
        .find_map(|variant| (variant.from_form)(form.clone()).ok())
        .ok_or_else(|| Mismatches::expected(&names(variants), form))
}

fn names<U>(variants: &[Variant<U>]) -> String {
    let names: Vec<String> = variants.iter().map(|variant| (variant.describe)().name).collect();
    format!("one of {}", names.join(", "))
}

fn scalar_of(literal: &pb::Literal) -> Option<&scalar::Value> {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => scalar.value.as_ref(),
        _ => None,
    }
}
