//! Unions: values tagged with the transformer of their type.
//! `optional` and derived enums of types build on it.

use prost_types::value::Kind;
use rmpv::Value;

use super::describe::TypeDescription;
use super::form::{self, Form};
use super::mismatch::Mismatches;
use super::patience::{self, Reading};
use super::{FlyteType, Style, nesting, object, place, simple, tag};
use crate::flyte::{Flyte, reader};
use crate::pb;
use crate::pb::{literal, literal_type, scalar};

/// An enum of types; written by `#[derive(FlyteType)]`, which then delegates to this file.
pub trait Union: FlyteType {
    /// How its alternatives are read and written.
    fn codec() -> Codec<Self>;
}

/// How the alternatives of a union are read and written.
///
/// All stand in one function of the expansion, so that a type that does not fit is one error.
#[derive(Debug)]
pub struct Codec<U> {
    /// Offers every alternative, in order.
    pub offer: fn(&mut Alternatives<'_, U>),
    /// The literal of a value.
    pub literal: fn(U) -> Result<pb::Literal, Mismatches>,
    /// A value inside an object.
    pub value: fn(U, Style) -> Result<Value, Mismatches>,
}

/// What is asked of the alternatives of a union, one after the other.
#[derive(Debug)]
pub struct Alternatives<'a, U> {
    question: Question<'a>,
    found: Option<U>,
    /// Why the last alternative asked did not fit.
    problem: Option<Mismatches>,
}

#[derive(Debug)]
enum Question<'a> {
    /// What people call it.
    Describe(&'a mut Vec<TypeDescription>),
    /// Its type.
    Declare(&'a mut Vec<pb::LiteralType>),
    /// To read a literal wrapped with a tag: the whole of it, and what is inside; only if that is its
    /// own spelling, where the form of it is there.
    Tagged {
        choice: Choice<'a>,
        whole: &'a pb::Literal,
        inner: &'a pb::Literal,
        own: Option<&'a Form<'a>>,
    },
    /// To read a form that is no more than it looks like: text, a number, true, nothing.
    Plain(&'a Form<'a>),
    /// To read a form, if that is its own spelling.
    Own(&'a Form<'a>),
    /// To read a form that is not its own spelling, if it can.
    Other(&'a Form<'a>),
    /// Whether a form is its own spelling.
    IsOwn { form: &'a Form<'a>, yes: &'a mut bool },
}

/// Which alternatives a tag asks for.
#[derive(Debug, Clone, Copy)]
enum Choice<'a> {
    /// Those with the tag, of the class of that name.
    Class { tag: &'a str, class: &'a str },
    /// Those with the tag.
    Tag(&'a str),
    /// Those that may read what has the tag.
    Kin(&'a str),
}

impl Choice<'_> {
    fn takes<T: FlyteType>(self) -> bool {
        match self {
            Self::Class { tag, class } => has_tag::<T>(tag) && T::describe().name == class,
            Self::Tag(tag) => has_tag::<T>(tag),
            Self::Kin(tag) => may_have_tag::<T>(tag),
        }
    }
}

impl<U: Union> Alternatives<'_, U> {
    /// Asks one alternative, unless an earlier one has answered.
    pub fn offer<T: FlyteType>(&mut self, wrap: fn(T) -> U) {
        if self.found.is_some() {
            return;
        }
        let read = match &mut self.question {
            Question::Describe(names) => return names.push(T::describe()),
            Question::Declare(types) => return types.extend(alternatives::<T>()),
            Question::IsOwn { form, yes } => {
                **yes = **yes || T::is_own(form);
                return;
            }
            Question::Tagged { choice, .. } if !choice.takes::<T>() => return,
            Question::Tagged { own: Some(form), .. } if !T::is_own(form) => return,
            Question::Tagged { whole, .. } if T::IS_UNION => T::from_literal(whole),
            Question::Tagged { inner, .. } => T::from_literal(inner),
            Question::Plain(form) if !(is_plain(T::TAG) && T::is_own(form)) => return,
            Question::Own(form) if !T::is_own(form) => return,
            Question::Other(form) if T::is_own(form) => return,
            Question::Plain(_) | Question::Own(_) | Question::Other(_) if !patience::is_left() => {
                return;
            }
            Question::Plain(form) | Question::Own(form) | Question::Other(form) => {
                T::from_form(form.clone()).inspect_err(|_| patience::lose(form))
            }
        };
        match read {
            Ok(value) => self.found = Some(wrap(value)),
            Err(problem) => self.problem = Some(problem),
        }
    }
}

fn ask<U: Union>(question: Question<'_>) -> Result<U, Option<Mismatches>> {
    let mut alternatives = Alternatives { question, found: None, problem: None };
    (U::codec().offer)(&mut alternatives);
    alternatives.found.ok_or(alternatives.problem)
}

/// The transformer of unions.
#[must_use]
pub const fn transformer<U>() -> &'static str {
    "Typed Union"
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

/// The type of a value inside a union: the type itself, with its transformer's name.
fn tagged_type<T: FlyteType>() -> pb::LiteralType {
    let mut declared = T::literal_type();
    let structure = declared.structure.get_or_insert_default();
    match reader() {
        Flyte::V1 => {
            structure.tag = tag::of_flyte_1(T::TAG).to_owned();
            // Told of a type that stands alone only.
            structure.dataclass_type.clear();
        }
        Flyte::V2 => structure.tag = T::TAG.to_owned(),
    }
    declared
}

/// Whether a value of the type `T` is tagged so.
fn has_tag<T: FlyteType>(tag: &str) -> bool {
    let tag = tag::canonical(tag);
    if !T::IS_UNION {
        return T::TAG == tag;
    }
    alternatives::<T>().iter().any(|declared| tag::of(Some(declared)) == tag)
}

/// Whether a value tagged so may be read as a `T`.
pub(super) fn may_have_tag<T: FlyteType>(tag: &str) -> bool {
    if !T::IS_UNION {
        return tag.is_empty() || T::takes_tag(tag);
    }
    let alternatives = alternatives::<T>();
    tag.is_empty() || alternatives.iter().any(|one| tag::may_be(tag::of(Some(one)), tag))
}

/// Whether values of the transformer are in objects as they are, whoever wrote them.
fn is_plain(tag: &str) -> bool {
    ["str", "int", "float", "bool", "none"].contains(&tag)
}

/// The name of a class, out of the title of its schema.
fn class_of(declared: Option<&pb::LiteralType>) -> Option<&str> {
    let title = declared?.metadata.as_ref()?.fields.get("title")?;
    let Some(Kind::StringValue(title)) = &title.kind else {
        return None;
    };
    // Flyte wraps these into models of its own.
    let wrappers = ["NamedTupleWrapper_", "TypedDictWrapper_"];
    let class = wrappers.into_iter().find_map(|wrapper| title.strip_prefix(wrapper));
    Some(class.unwrap_or(title))
}

/// A value wrapped for a union; a value that is a union already is wrapped already.
///
/// # Errors
/// A value Flyte cannot carry, or not under the tag of its type.
pub fn wrapped<T: FlyteType>(value: T) -> Result<pb::Literal, Mismatches> {
    let inner = value.into_literal()?;
    if T::IS_UNION {
        return Ok(inner);
    }
    if !tag::goes_with(T::TAG, &inner) {
        let (kind, found) = (T::describe().article(), form::found(&inner));
        return Err(Mismatches::new(format!("in a union {kind} cannot be {found}")));
    }
    let union = pb::Union { value: Some(Box::new(inner)), r#type: Some(tagged_type::<T>()) };
    let scalar = pb::Scalar { value: Some(scalar::Value::Union(Box::new(union))) };
    Ok(pb::Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() })
}

/// The type of a derived union; inside itself it is any object.
#[must_use]
pub fn literal_type<U: Union>() -> pb::LiteralType {
    let tell = || {
        let mut types = Vec::new();
        // Nothing is read, so nothing is found.
        drop(ask::<U>(Question::Declare(&mut types)));
        declared(types)
    };
    nesting::told::<U, _>(tell, || object::annotated(simple(pb::SimpleType::Struct)))
}

/// A derived union for people; inside itself it is any value.
#[must_use]
pub fn describe<U: Union>() -> TypeDescription {
    let tell = || TypeDescription::union(&descriptions::<U>());
    nesting::told::<U, _>(tell, TypeDescription::anything)
}

fn descriptions<U: Union>() -> Vec<TypeDescription> {
    let mut descriptions = Vec::new();
    drop(ask::<U>(Question::Describe(&mut descriptions)));
    descriptions
}

/// Reads a literal: by its tag if it is wrapped, else by what it looks like.
///
/// # Errors
/// No alternative has the tag, or none reads the value.
pub fn from_literal<U: Union>(literal: &pb::Literal) -> Result<U, Mismatches> {
    let Some(form::Wrapped { tag, inner }) = form::wrapped(literal)? else {
        return from_form(Form::of(literal)?);
    };
    if tag.is_empty() {
        return from_literal(inner);
    }
    // All dataclasses share one tag; the schema beside it names the class. Where that helps nobody,
    // every alternative with the tag is tried.
    let class = match tag::scalar_of(literal) {
        Some(scalar::Value::Union(union)) => class_of(union.r#type.as_ref()),
        _ => None,
    };
    let ask = |choice, own| ask(Question::Tagged { choice, whole: literal, inner, own });
    if let Some(class) = class
        && let Ok(value) = ask(Choice::Class { tag, class }, None)
    {
        return Ok(value);
    }
    // What has no form is read as a whole, or not at all.
    let form = Form::of(inner).ok();
    place::exactly(|| ask(Choice::Tag(tag), form.as_ref()))
        .or_else(|_| ask(Choice::Tag(tag), form.as_ref()))
        .or_else(|_| ask(Choice::Tag(tag), None))
        // Nobody is asked after one who has the very tag.
        .or_else(|problem| {
            problem.map_or_else(|| ask(Choice::Kin(tag), None), |found| Err(Some(found)))
        })
        .map_err(|problem| {
            let found = || Mismatches::expected(&names::<U>(), format!("a value tagged {tag:?}"));
            problem.unwrap_or_else(found)
        })
}

/// Reads a plain value: an alternative whose own spelling it is goes before one that accepts it.
///
/// Inside a model what is plain goes first, as pydantic reads it: text is text before it is a time.
/// Inside a dataclass the first alternative counts whose own spelling it is. An object is the struct
/// that has its fields, and no others.
///
/// # Errors
/// No alternative reads the value.
pub fn from_form<U: Union>(form: Form<'_>) -> Result<U, Mismatches> {
    let _reading = Reading::of(&form);
    let plain = || match place::style() {
        Some(Style::Dataclass) | None => Err(None),
        Some(_) => ask(Question::Plain(&form)),
    };
    plain()
        .or_else(|_| place::exactly(|| ask(Question::Own(&form))))
        .or_else(|_| ask(Question::Own(&form)))
        .or_else(|_| ask(Question::Other(&form)))
        .map_err(|_| Mismatches::expected(&names::<U>(), form))
}

/// The literal of a derived union: the value, wrapped with its tag.
///
/// # Errors
/// A value Flyte cannot carry.
pub fn into_literal<U: Union>(value: U) -> Result<pb::Literal, Mismatches> {
    (U::codec().literal)(value)
}

/// A derived union inside an object: the value alone.
///
/// # Errors
/// A value msgpack cannot carry.
pub fn into_value<U: Union>(value: U, style: Style) -> Result<Value, Mismatches> {
    (U::codec().value)(value, style.within())
}

/// An alternative inside an object.
///
/// # Errors
/// A value msgpack cannot carry.
pub fn plain<T: FlyteType>(value: T, style: Style) -> Result<Value, Mismatches> {
    value.into_value(style)
}

/// Whether a form is the own spelling of an alternative.
#[must_use]
pub fn is_own<U: Union>(form: &Form<'_>) -> bool {
    let mut yes = false;
    drop(ask::<U>(Question::IsOwn { form, yes: &mut yes }));
    yes
}

/// The alternatives in a message. Told as the union is, so that it is named inside itself, too.
fn names<U: Union>() -> String {
    let tell = || {
        let names: Vec<String> = descriptions::<U>().into_iter().map(|kind| kind.name).collect();
        TypeDescription { name: names.join(", "), ..TypeDescription::anything() }
    };
    format!("one of {}", nesting::told::<U, _>(tell, TypeDescription::anything).name)
}
