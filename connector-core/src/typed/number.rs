//! Numbers and booleans as Flyte types.
//! Whole floats are integers where nothing is lost; everything else is an error, never a guess.

use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::{FlyteType, Style, simple};
use crate::literal;
use crate::pb;

/// A whole number from whatever carried it. Values of a `Struct` are all floats.
fn whole(form: &Form<'_>) -> Option<i128> {
    /// Beyond this, neighbouring integers share one float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match form {
        Form::Integer(number) => Some(i128::from(*number)),
        Form::Huge(number) => Some(i128::from(*number)),
        Form::Float(number) if number.fract() == 0.0 && number.abs() <= EXACT => {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
            let number = *number as i128;
            Some(number)
        }
        _ => None,
    }
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
                let number =
                    whole(&form).ok_or_else(|| Mismatches::expected("an integer", &form))?;
                Self::try_from(number).map_err(|_| {
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
}

#[cfg(test)]
mod tests {
    use super::super::{FlyteType, Form};

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
        assert!(i64::from_form(Form::Float(1e300)).is_err());
        assert_eq!(f64::from_form(Form::Integer(5)), Ok(5.0));
        assert!(f32::from_form(Form::Float(1e300)).is_err());
        assert_eq!(
            bool::from_form(Form::Integer(1)).unwrap_err().to_string(),
            "expected a boolean, found an integer (1)"
        );
    }

    #[test]
    fn integers_beyond_flyte_are_refused_when_written() {
        assert!(u64::MAX.into_literal().unwrap_err().to_string().contains("larger than Flyte"));
        assert!(7_u64.into_literal().is_ok());
    }
}
