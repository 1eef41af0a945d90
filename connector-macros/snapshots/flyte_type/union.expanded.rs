#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::__private::union::Union for Size {
        fn codec() -> __connector_core::__private::union::Codec<Self> {
            __connector_core::__private::union::Codec {
                offer: |__connector_alternatives| {
                    let __connector_call = __connector_core::__private::union::Alternatives::offer::<
                        i64,
                    >;
                    __connector_call(__connector_alternatives, Self::Number);
                    let __connector_call = __connector_core::__private::union::Alternatives::offer::<
                        std::string::String,
                    >;
                    __connector_call(__connector_alternatives, Self::Name);
                    let __connector_call = __connector_core::__private::union::Alternatives::offer::<
                        (),
                    >;
                    __connector_call(__connector_alternatives, Self::Unknown);
                },
                literal: |__connector_value| match __connector_value {
                    Self::Number(__connector_inner) => {
                        let __connector_call = __connector_core::__private::union::wrapped::<
                            i64,
                        >;
                        __connector_call(__connector_inner)
                    }
                    Self::Name(__connector_inner) => {
                        let __connector_call = __connector_core::__private::union::wrapped::<
                            std::string::String,
                        >;
                        __connector_call(__connector_inner)
                    }
                    Self::Unknown(__connector_inner) => {
                        let __connector_call = __connector_core::__private::union::wrapped::<
                            (),
                        >;
                        __connector_call(__connector_inner)
                    }
                },
                value: |__connector_value, __connector_style| match __connector_value {
                    Self::Number(__connector_inner) => {
                        let __connector_call = __connector_core::__private::union::plain::<
                            i64,
                        >;
                        __connector_call(__connector_inner, __connector_style)
                    }
                    Self::Name(__connector_inner) => {
                        let __connector_call = __connector_core::__private::union::plain::<
                            std::string::String,
                        >;
                        __connector_call(__connector_inner, __connector_style)
                    }
                    Self::Unknown(__connector_inner) => {
                        let __connector_call = __connector_core::__private::union::plain::<
                            (),
                        >;
                        __connector_call(__connector_inner, __connector_style)
                    }
                },
            }
        }
    }
    #[automatically_derived]
    impl __connector_core::FlyteType for Size {
        const TAG: &'static ::core::primitive::str = __connector_core::__private::union::transformer::<
            Self,
        >();
        const IS_UNION: ::core::primitive::bool = true;
        fn from_literal(
            __connector_literal: &__connector_core::pb::Literal,
        ) -> ::core::result::Result<Self, __connector_core::typed::Mismatches> {
            __connector_core::__private::union::from_literal(__connector_literal)
        }
        fn literal_type() -> __connector_core::pb::LiteralType {
            __connector_core::__private::union::literal_type::<Self>()
        }
        fn describe() -> __connector_core::typed::TypeDescription {
            __connector_core::__private::union::describe::<Self>()
        }
        fn from_form(
            __connector_form: __connector_core::typed::Form<'_>,
        ) -> ::core::result::Result<Self, __connector_core::typed::Mismatches> {
            __connector_core::__private::union::from_form(__connector_form)
        }
        fn into_literal(
            self,
        ) -> ::core::result::Result<
            __connector_core::pb::Literal,
            __connector_core::typed::Mismatches,
        > {
            __connector_core::__private::union::into_literal(self)
        }
        fn into_value(
            self,
            __connector_style: __connector_core::typed::Style,
        ) -> ::core::result::Result<
            __connector_core::typed::Value,
            __connector_core::typed::Mismatches,
        > {
            __connector_core::__private::union::into_value(self, __connector_style)
        }
        fn is_own(
            __connector_form: &__connector_core::typed::Form<'_>,
        ) -> ::core::primitive::bool {
            __connector_core::__private::union::is_own::<Self>(__connector_form)
        }
    }
};
