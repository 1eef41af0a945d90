::core::compile_error! {
    "`Number` holds a value, others do not\nhelp: write `Number` alone, or give every variant one value\nnote: an enum is one of names, or one of types"
}
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::FlyteType for Size {
        const TAG: &'static ::core::primitive::str = "";
        fn literal_type() -> __connector_core::pb::LiteralType {
            loop {}
        }
        fn describe() -> __connector_core::typed::TypeDescription {
            loop {}
        }
        fn from_form(
            _: __connector_core::typed::Form<'_>,
        ) -> ::core::result::Result<Self, __connector_core::typed::Mismatches> {
            loop {}
        }
        fn into_literal(
            self,
        ) -> ::core::result::Result<
            __connector_core::pb::Literal,
            __connector_core::typed::Mismatches,
        > {
            loop {}
        }
        fn into_value(
            self,
            _: __connector_core::typed::Style,
        ) -> ::core::result::Result<
            __connector_core::typed::Value,
            __connector_core::typed::Mismatches,
        > {
            loop {}
        }
    }
};
