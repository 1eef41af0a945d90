//! Numbers and booleans as Flyte types.
//! Whole floats are integers where nothing is lost; everything else is an error, never a guess.

use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::msgpack::{INEXACT, exact};
use super::{FlyteType, Style, place, simple};
use crate::literal;
use crate::pb;

/// What nothing in a float's place may have been: flyte 2.12.1 writes models by way of JSON, which has no
/// word for it (`findings/flyte-models-lose-nan.sh`).
const LOST: &str = ", as Python writes NaN and the infinities of a pydantic model; let the model keep them \
                    (`ser_json_inf_nan=\"constants\"`), or declare an `Option`";

/// A whole number from whatever carried it. Settings and forms have floats only, so that large numbers
/// are written as text there.
fn whole(form: &Form<'_>) -> Result<i128, Mismatches> {
    match form {
        Form::Integer(number) => Ok(i128::from(*number)),
        Form::Huge(number) => Ok(i128::from(*number)),
        Form::Text(text) => digits(text).ok_or_else(|| Mismatches::expected("an integer", form)),
        Form::Float(number) if number.fract() == 0.0 && number.abs() >= INEXACT => {
            Err(Mismatches::new(format!(
                "a float cannot say which integer is meant from 2^53 (9007199254740992) on, and \
                 found is {number:?}; give the digits as text, such as \"9007199254740993\""
            )))
        }
        Form::Float(number) => {
            exact(*number).map(i128::from).ok_or_else(|| Mismatches::expected("an integer", form))
        }
        _ => Err(Mismatches::expected("an integer", form)),
    }
}

/// A whole number in decimal digits, with a sign in front if it is negative.
fn digits(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

macro_rules! integers {
    ($($type:ty),+) => {
        $(impl FlyteType for $type {
            const TAG: &'static str = "int";

            fn literal_type() -> pb::LiteralType {
                simple(pb::SimpleType::Integer)
            }

            fn describe() -> TypeDescription {
                TypeDescription::integer(i128::from(<$type>::MIN), i128::from(<$type>::MAX))
            }

            fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
                Self::try_from(whole(&form)?).map_err(|_| {
                    let range = format!("an integer from {} to {}", Self::MIN, Self::MAX);
                    Mismatches::expected(&range, &form)
                })
            }

            fn into_literal(self) -> Result<pb::Literal, Mismatches> {
                i64::try_from(self).map(literal::integer).map_err(|_| {
                    Mismatches::new(format!("{self} is larger than Flyte's integers ({})", i64::MAX))
                })
            }

            fn into_value(self, _style: Style) -> Result<Value, Mismatches> {
                Ok(Value::from(self))
            }

            fn is_own(form: &Form<'_>) -> bool {
                matches!(form, Form::Integer(_) | Form::Huge(_))
            }
        })+
    };
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);

impl FlyteType for f64 {
    const TAG: &'static str = "float";

    fn literal_type() -> pb::LiteralType {
        simple(pb::SimpleType::Float)
    }

    fn describe() -> TypeDescription {
        TypeDescription::plain("float", "number")
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "an integer for a float is rounded, as in Python"
        )]
        match form {
            Form::Float(number) => Ok(number),
            Form::Integer(number) => Ok(number as Self),
            Form::Huge(number) => Ok(number as Self),
            Form::None if place::style() == Some(Style::Pydantic) => {
                Err(Mismatches::expected("a float", format!("{}{LOST}", Form::None)))
            }
            other => Err(Mismatches::expected("a float", other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        Ok(literal::float(self))
    }

    fn into_value(self, _style: Style) -> Result<Value, Mismatches> {
        Ok(Value::F64(self))
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::Float(_))
    }
}

impl FlyteType for f32 {
    const TAG: &'static str = "float";

    fn literal_type() -> pb::LiteralType {
        f64::literal_type()
    }

    fn describe() -> TypeDescription {
        f64::describe()
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        let found = form.to_string();
        let wide = f64::from_form(form)?;
        #[expect(clippy::cast_possible_truncation, reason = "rounding is what f32 asks for")]
        let number = wide as Self;
        if number.is_infinite() && wide.is_finite() {
            return Err(Mismatches::expected("a float of single precision", found));
        }
        Ok(number)
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        f64::from(self).into_literal()
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        f64::from(self).into_value(style)
    }

    fn is_own(form: &Form<'_>) -> bool {
        f64::is_own(form)
    }
}

impl FlyteType for bool {
    const TAG: &'static str = "bool";

    fn literal_type() -> pb::LiteralType {
        simple(pb::SimpleType::Boolean)
    }

    fn describe() -> TypeDescription {
        TypeDescription::plain("bool", "boolean")
    }

    // Python reads any other literal as False; here that is an error.
    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        match form {
            Form::Boolean(value) => Ok(value),
            other => Err(Mismatches::expected("a boolean", other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        Ok(literal::boolean(self))
    }

    fn into_value(self, _style: Style) -> Result<Value, Mismatches> {
        Ok(Value::Boolean(self))
    }

    fn is_own(form: &Form<'_>) -> bool {
        matches!(form, Form::Boolean(_))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FlyteType, Form, Style, place};

    #[test]
    fn nothing_is_lost_or_guessed() {
        assert_eq!(i64::from_form(Form::Float(5.0)), Ok(5));
        assert_eq!(
            i64::from_form(Form::Float(5.7)).unwrap_err().to_string(),
            "expected an integer, found a float (5.7)"
        );
        assert_eq!(
            u8::from_form(Form::Integer(256)).unwrap_err().to_string(),
            "expected an integer from 0 to 255, found an integer (256)"
        );
        assert_eq!(u64::from_form(Form::Huge(u64::MAX)), Ok(u64::MAX));
        assert!(i64::from_form(Form::Huge(u64::MAX)).is_err());
        assert!(i64::from_form(Form::Float(f64::NAN)).is_err());
        assert!(i64::from_form(Form::Float(f64::INFINITY)).is_err());
        assert!(i64::from_form(Form::Float(1e300)).is_err());
        assert_eq!(f64::from_form(Form::Integer(5)), Ok(5.0));
        assert!(f32::from_form(Form::Float(1e300)).is_err());
        assert_eq!(
            bool::from_form(Form::Integer(1)).unwrap_err().to_string(),
            "expected a boolean, found an integer (1)"
        );
    }

    #[test]
    fn nothing_in_a_models_float_may_have_been_nan() {
        let refused = || f64::from_form(Form::None).unwrap_err().to_string();
        let of_model = place::inside(Style::Pydantic, refused);
        assert!(of_model.starts_with("expected a float, found nothing (None), as"), "{of_model}");
        assert!(of_model.contains("NaN") && of_model.contains("ser_json_inf_nan"), "{of_model}");
        for other in [refused(), place::inside(Style::Dataclass, refused)] {
            assert_eq!(other, "expected a float, found nothing (None)");
        }
    }

    #[test]
    fn a_float_that_may_be_two_integers_is_neither() {
        let last = 9_007_199_254_740_991.0;
        assert_eq!(i64::from_form(Form::Float(last)), Ok((1 << 53) - 1));
        assert_eq!(i64::from_form(Form::Float(-last)), Ok(1 - (1 << 53)));
        for number in [last + 1.0, -last - 1.0, last + 3.0, 1e300] {
            let refused = i64::from_form(Form::Float(number)).unwrap_err().to_string();
            assert!(refused.contains("2^53 (9007199254740992)"), "{refused}");
            assert!(refused.contains("as text"), "{refused}");
        }
    }

    #[test]
    fn digits_as_text_are_integers() {
        let read = |text: &'static str| i64::from_form(Form::Text(text.into()));
        for (text, number) in [
            ("9007199254740993", 9_007_199_254_740_993),
            ("-9223372036854775808", i64::MIN),
            ("007", 7),
        ] {
            assert_eq!(read(text), Ok(number));
        }
        for text in ["", "-", "+1", " 1", "1_000", "1.0", "0x10", "١", "--1"] {
            let refused = read(text).unwrap_err().to_string();
            assert_eq!(refused, "expected an integer, found a string", "{text}");
        }
        let refused = read("9223372036854775808").unwrap_err().to_string();
        assert!(refused.contains("from -9223372036854775808 to"), "{refused}");
        let largest = Form::Text("18446744073709551615".into());
        assert_eq!(u64::from_form(largest), Ok(u64::MAX));
        assert!(bool::from_form(Form::Text("1".into())).is_err());
        assert!(f64::from_form(Form::Text("1".into())).is_err());
    }

    #[test]
    fn integers_beyond_flyte_are_refused_when_written() {
        assert!(u64::MAX.into_literal().unwrap_err().to_string().contains("larger than Flyte"));
        assert!(7_u64.into_literal().is_ok());
    }
}
