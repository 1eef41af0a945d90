//! Types of other crates as Flyte types: each is one of ours in other clothes.
//! `with_std`, `with_chrono` and `with_time` use it. How values are spelled is told by the type behind.

/// A type that is read and written as another is, which is what its values are made from and into.
macro_rules! through {
    ($($type:ty => $base:ty, $from:expr, $into:expr $(, $unfit:literal)?;)+) => {
        $(impl FlyteType for $type {
            const TAG: &'static str = <$base as FlyteType>::TAG;

            fn literal_type() -> pb::LiteralType {
                <$base>::literal_type()
            }

            fn describe() -> TypeDescription {
                <$base>::describe()
            }

            fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
                let from: fn($base) -> Option<Self> = $from;
                from(<$base>::from_form(form)?).ok_or_else(|| {
                    let kind = <$base>::describe().article();
                    let cannot = concat!("one that `", stringify!($type), "` cannot hold");
                    let [unfit, ..] = [$($unfit,)? cannot];
                    Mismatches::expected(&kind, unfit)
                })
            }

            fn into_literal(self) -> Result<pb::Literal, Mismatches> {
                base(self)?.into_literal()
            }

            fn into_value(self, style: Style) -> Result<Value, Mismatches> {
                base(self)?.into_value(style)
            }

            fn is_own(form: &Form<'_>) -> bool {
                <$base>::is_own(form)
            }
        }

        impl Base for $type {
            type Base = $base;

            fn base(self) -> Option<$base> {
                let into: fn(Self) -> Option<$base> = $into;
                into(self)
            }
        })+

        /// What a type is read and written as.
        trait Base: Sized {
            type Base: FlyteType;

            fn base(self) -> Option<Self::Base>;
        }

        fn base<T: Base>(value: T) -> Result<T::Base, Mismatches> {
            value.base().ok_or_else(|| {
                Mismatches::new(format!("it is beyond every {} of Python", T::Base::describe().name))
            })
        }
    };
}

pub(super) use through;
