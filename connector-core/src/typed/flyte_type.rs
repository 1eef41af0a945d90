//! The trait of every type that a Flyte task can carry.
//! The files beside this one implement it for Rust's own types, derives for authors' types.
//! What values look like on the wire is not told here.

use super::describe::{FieldDescription, TypeDescription};
use super::form::Form;
use super::mismatch::Mismatches;
use super::{Style, Value, tag};
use crate::pb;

/// A Rust type that a Flyte task can carry as an input, an output or a setting.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type that a Flyte task can carry",
    label = "no Flyte type",
    note = "if it is a type of yours, add `#[derive(FlyteType)]` to it",
    note = "a whole number is an `i64` or a `u64` on every machine: write that for `usize`, `isize`, `u128` and `i128`",
    note = "text is a `String`, not a `&str`; a secret comes with the connection, see `TaskConnection`; a point in time is a `SystemTime` or a `jiff::Timestamp`, not an `Instant`; all types are listed at `FlyteType`"
)]
pub trait FlyteType: Sized + Send + Sync + 'static {
    /// What Python's type engine calls the transformer of this type; it tags values of unions.
    const TAG: &'static str;

    /// Whether this type is a union itself, and its literals are wrapped already.
    const IS_UNION: bool = false;

    /// The type as a task's interface declares it.
    fn literal_type() -> pb::LiteralType;

    /// The type for people and for JSON Schema.
    fn describe() -> TypeDescription;

    /// Reads a value that was taken out of a literal, a msgpack object or a `Struct`.
    ///
    /// # Errors
    /// Everything that does not fit, with its path.
    fn from_form(form: Form<'_>) -> Result<Self, Mismatches>;

    /// Reads a literal. A value wrapped for a union is unwrapped.
    ///
    /// # Errors
    /// Everything that does not fit, with its path.
    fn from_literal(literal: &pb::Literal) -> Result<Self, Mismatches> {
        Self::from_form(Form::of(literal)?)
    }

    /// The literal of this value.
    ///
    /// # Errors
    /// Values that Flyte cannot carry, with their path.
    fn into_literal(self) -> Result<pb::Literal, Mismatches>;

    /// This value inside a msgpack object.
    ///
    /// # Errors
    /// Values that msgpack cannot carry, with their path.
    fn into_value(self, style: Style) -> Result<Value, Mismatches>;

    /// The value of an input that did not come; `None` if one must come.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// Whether `form` is this type's own spelling rather than one it merely accepts. Unions ask,
    /// so that a float does not become the integer it happens to equal.
    #[must_use]
    fn is_own(form: &Form<'_>) -> bool {
        let _ = form;
        true
    }

    /// Whether a value that is tagged so in a union may be read as this type, where no alternative
    /// of the union has the tag itself.
    #[must_use]
    fn takes_tag(tag: &str) -> bool {
        tag::may_be(Self::TAG, tag)
    }
}

impl FieldDescription {
    /// A field of type `T`, which must be given unless its type can be absent.
    #[must_use]
    pub fn of<T: FlyteType>(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: T::describe(),
            declared: Some(T::literal_type()),
            description: description.to_owned(),
            required: T::absent().is_none(),
            default: None,
            secret: false,
        }
    }

    /// The same field with a default.
    #[must_use]
    pub fn with_default<T: FlyteType>(mut self, default: T) -> Self {
        self.required = false;
        // A default that JSON cannot show is not shown; the field is optional all the same.
        self.default = default
            .into_value(Style::Pydantic)
            .ok()
            .and_then(|value| serde_json::Value::from_form(value.into()).ok());
        self
    }
}
