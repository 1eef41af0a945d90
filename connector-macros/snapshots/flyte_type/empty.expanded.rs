#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::__private::record::Record for Empty {
        const NAME: &'static ::core::primitive::str = "Empty";
        const DOC: &'static ::core::primitive::str = "";
        const CLASS: __connector_core::typed::Class = __connector_core::typed::Class::Dataclass;
        fn codec() -> __connector_core::__private::record::Codec<Self> {
            __connector_core::__private::record::Codec {
                read: |__connector_fields| { ::core::option::Option::Some(Self {}) },
                write: |__connector_value, __connector_fields| {},
            }
        }
    }
    #[automatically_derived]
    impl __connector_core::FlyteType for Empty {
        const TAG: &'static ::core::primitive::str = __connector_core::__private::record::transformer::<
            Self,
        >();
        fn literal_type() -> __connector_core::pb::LiteralType {
            __connector_core::__private::record::literal_type::<Self>()
        }
        fn describe() -> __connector_core::typed::TypeDescription {
            __connector_core::__private::record::describe::<Self>()
        }
        fn from_form(
            __connector_form: __connector_core::typed::Form<'_>,
        ) -> ::core::result::Result<Self, __connector_core::typed::Mismatches> {
            __connector_core::__private::record::from_form(__connector_form)
        }
        fn into_literal(
            self,
        ) -> ::core::result::Result<
            __connector_core::pb::Literal,
            __connector_core::typed::Mismatches,
        > {
            __connector_core::__private::record::into_literal(self)
        }
        fn into_value(
            self,
            __connector_style: __connector_core::typed::Style,
        ) -> ::core::result::Result<
            __connector_core::typed::Value,
            __connector_core::typed::Mismatches,
        > {
            __connector_core::__private::record::into_value(self, __connector_style)
        }
        fn is_own(
            __connector_form: &__connector_core::typed::Form<'_>,
        ) -> ::core::primitive::bool {
            __connector_core::__private::record::is_own::<Self>(__connector_form)
        }
    }
};
