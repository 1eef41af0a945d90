#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::__private::enumeration::Enumeration for Level {
        const NAME: &'static ::core::primitive::str = "Level";
        const DOC: &'static ::core::primitive::str = "How much of it.";
        const MEMBERS: &'static [(
            &'static ::core::primitive::str,
            &'static ::core::primitive::str,
        )] = &[("LOW", "1"), ("TOP", "-5")];
        const WHOLE: ::core::primitive::bool = true;
        fn at(
            __connector_index: ::core::primitive::usize,
        ) -> ::core::option::Option<Self> {
            match __connector_index {
                0 => ::core::option::Option::Some(Self::Low),
                1 => ::core::option::Option::Some(Self::High),
                _ => ::core::option::Option::None,
            }
        }
        fn index(&self) -> ::core::primitive::usize {
            match self {
                Self::Low => 0,
                Self::High => 1,
            }
        }
    }
    #[automatically_derived]
    impl __connector_core::FlyteType for Level {
        const TAG: &'static ::core::primitive::str = __connector_core::__private::enumeration::transformer::<
            Self,
        >();
        fn literal_type() -> __connector_core::pb::LiteralType {
            __connector_core::__private::enumeration::literal_type::<Self>()
        }
        fn describe() -> __connector_core::typed::TypeDescription {
            __connector_core::__private::enumeration::describe::<Self>()
        }
        fn from_form(
            __connector_form: __connector_core::typed::Form<'_>,
        ) -> ::core::result::Result<Self, __connector_core::typed::Mismatches> {
            __connector_core::__private::enumeration::from_form(__connector_form)
        }
        fn into_literal(
            self,
        ) -> ::core::result::Result<
            __connector_core::pb::Literal,
            __connector_core::typed::Mismatches,
        > {
            __connector_core::__private::enumeration::into_literal(self)
        }
        fn into_value(
            self,
            __connector_style: __connector_core::typed::Style,
        ) -> ::core::result::Result<
            __connector_core::typed::Value,
            __connector_core::typed::Mismatches,
        > {
            __connector_core::__private::enumeration::into_value(self, __connector_style)
        }
        fn is_own(
            __connector_form: &__connector_core::typed::Form<'_>,
        ) -> ::core::primitive::bool {
            __connector_core::__private::enumeration::is_own::<Self>(__connector_form)
        }
    }
};
