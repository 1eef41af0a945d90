//! Boxes as Flyte types: what is inside, unchanged. A struct that holds itself needs one.

use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::{FlyteType, Style};
use crate::pb;

impl<T: FlyteType> FlyteType for Box<T> {
    const TAG: &'static str = T::TAG;
    const IS_UNION: bool = T::IS_UNION;

    fn literal_type() -> pb::LiteralType {
        T::literal_type()
    }

    fn describe() -> TypeDescription {
        T::describe()
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        T::from_form(form).map(Self::new)
    }

    fn from_literal(literal: &pb::Literal) -> Result<Self, Mismatches> {
        T::from_literal(literal).map(Self::new)
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        T::into_literal(*self)
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        T::into_value(*self, style)
    }

    fn absent() -> Option<Self> {
        T::absent().map(Self::new)
    }

    fn is_own(form: &Form<'_>) -> bool {
        T::is_own(form)
    }

    fn takes_tag(tag: &str) -> bool {
        T::takes_tag(tag)
    }
}
