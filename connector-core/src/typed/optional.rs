//! `Option` as a Flyte type: a union of the type and nothing.
//! Outputs are wrapped as Python wraps them; inputs may come wrapped or plain.

use rmpv::Value;

use super::describe::TypeDescription;
use super::form::{self, Form};
use super::mismatch::Mismatches;
use super::{FlyteType, Style, tag, union};
use crate::pb;
use crate::pb::scalar;

/// A field that may be left out: an `Option`.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be `optional`",
    label = "not an `Option`",
    note = "write `Option<{Self}>`, or give the field a `default`"
)]
pub trait OptionalField {}

impl<T> OptionalField for Option<T> {}

impl<T: FlyteType> FlyteType for Option<T> {
    const TAG: &'static str = union::transformer::<Self>();
    const IS_UNION: bool = true;

    fn literal_type() -> pb::LiteralType {
        union::declared([union::alternatives::<T>(), union::alternatives::<()>()].concat())
    }

    fn describe() -> TypeDescription {
        TypeDescription::optional(&T::describe())
    }

    fn from_literal(literal: &pb::Literal) -> Result<Self, Mismatches> {
        match form::wrapped(literal)? {
            None if matches!(tag::scalar_of(literal), Some(scalar::Value::NoneType(_))) => Ok(None),
            None => T::from_literal(literal).map(Some),
            Some(wrapped) if wrapped.tag == <() as FlyteType>::TAG => Ok(None),
            Some(wrapped) if wrapped.tag.is_empty() => Self::from_literal(wrapped.inner),
            Some(wrapped) if !union::may_have_tag::<T>(wrapped.tag) => {
                let found = format!("a value tagged {:?}", wrapped.tag);
                Err(Mismatches::expected(&Self::describe().name, found))
            }
            Some(_) => T::from_literal(literal).map(Some),
        }
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        match form {
            Form::None => Ok(None),
            other => T::from_form(other).map(Some),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        match self {
            Some(value) => union::wrapped(value),
            None => union::wrapped(()),
        }
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        self.map_or(Ok(Value::Nil), |value| value.into_value(style))
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::None) || T::is_own(form)
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use crate::{Dir, File, FlyteType};
    use crate::{literal, pb};

    #[test]
    fn wrapped_as_python_wraps_it() {
        let some = Some(5_i64).into_literal().unwrap().encode_to_vec();
        assert_eq!(
            some,
            b"\x0a\x15\x4a\x13\x0a\x06\x0a\x04\x0a\x02\x08\x05\x12\x09\x08\x01\x5a\x05\x0a\x03int"
        );
        let none = None::<i64>.into_literal().unwrap().encode_to_vec();
        assert_eq!(
            none,
            b"\x0a\x14\x4a\x12\x0a\x04\x0a\x02\x2a\x00\x12\x0a\x08\x00\x5a\x06\x0a\x04none"
        );
    }

    #[test]
    fn read_wrapped_or_plain() {
        let wrapped = Some(5_i64).into_literal().unwrap();
        assert_eq!(Option::<i64>::from_literal(&wrapped), Ok(Some(5)));
        assert_eq!(Option::<i64>::from_literal(&literal::integer(5)), Ok(Some(5)));
        assert_eq!(Option::<i64>::from_literal(&literal::none()), Ok(None));
        assert_eq!(i64::from_literal(&wrapped), Ok(5), "a plain type takes a wrapped value");
        let empty = pb::Literal::default();
        assert!(Option::<i64>::from_literal(&empty).is_err(), "nothing is never guessed");
    }

    /// A value as a union wraps it, under any tag.
    fn tagged(tag: &str, value: pb::Literal) -> pb::Literal {
        let structure = Some(pb::TypeStructure { tag: tag.to_owned(), ..Default::default() });
        let r#type = Some(pb::LiteralType { structure, ..Default::default() });
        let union = pb::Union { value: Some(Box::new(value)), r#type };
        let value = Some(pb::scalar::Value::Union(Box::new(union)));
        let scalar = pb::literal::Value::Scalar(Box::new(pb::Scalar { value }));
        pb::Literal { value: Some(scalar), ..Default::default() }
    }

    #[test]
    fn a_tag_that_does_not_go_with_its_value_is_refused() {
        let (five, text) = (literal::integer(5), literal::string("5"));
        for (literal, told) in [
            (
                tagged("integer", five.clone()),
                "as \"integer\", which is the name of no type of Flyte",
            ),
            (tagged("int", text.clone()), "as \"int\", but holds a string"),
            (tagged("str", five.clone()), "as \"str\", but holds an integer (5)"),
            (tagged("none", five.clone()), "as \"none\", but holds an integer (5)"),
            (tagged("int", literal::none()), "as \"int\", but holds nothing (None)"),
            (tagged("bool", five.clone()), "as \"bool\", but holds an integer (5)"),
            (tagged("Typed List", five.clone()), "as \"Typed List\", but holds an integer (5)"),
        ] {
            for refused in [
                Option::<i64>::from_literal(&literal).unwrap_err().to_string(),
                i64::from_literal(&literal).unwrap_err().to_string(),
            ] {
                assert!(refused.contains(told), "{refused}");
            }
        }
        // A tag of another type than the declared ones.
        let refused = Option::<i64>::from_literal(&tagged("str", text)).unwrap_err().to_string();
        assert_eq!(refused, "expected int | None, found a value tagged \"str\"");
        let flag = tagged("bool", literal::boolean(true));
        assert!(Option::<i64>::from_literal(&flag).unwrap_err().to_string().contains("\"bool\""));
        // What says no more than the declared type holds is read.
        assert_eq!(Option::<f64>::from_literal(&tagged("int", five.clone())), Ok(Some(5.0)));
        // Nothing is said of the type.
        assert_eq!(Option::<i64>::from_literal(&tagged("", five)), Ok(Some(5)));
        assert_eq!(Option::<i64>::from_literal(&tagged("", literal::none())), Ok(None));
    }

    #[test]
    fn tags_of_flyte_1_are_known() {
        let file = File::new("s3://b/f");
        let wrapped = tagged("FlyteFilePath", file.clone().into_literal().unwrap());
        assert_eq!(Option::<File>::from_literal(&wrapped), Ok(Some(file)));
        assert!(Option::<Dir>::from_literal(&wrapped).is_err());
    }
}
