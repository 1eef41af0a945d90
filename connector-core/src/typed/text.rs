//! Text as a Flyte type.

use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::{FlyteType, Style, simple};
use crate::{literal, pb};

impl FlyteType for String {
    const TAG: &'static str = "str";

    fn literal_type() -> pb::LiteralType {
        simple(pb::SimpleType::String)
    }

    fn describe() -> TypeDescription {
        TypeDescription::plain("str", "string")
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        match form {
            Form::Text(text) => Ok(text.into_owned()),
            other => Err(Mismatches::expected("a string", other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        Ok(literal::string(self))
    }

    fn into_value(self, _style: Style) -> Result<Value, Mismatches> {
        Ok(Value::from(self))
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::Text(_))
    }
}
