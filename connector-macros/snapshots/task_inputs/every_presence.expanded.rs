#[allow(deprecated)]
const _: () = {
    use crate::framework::core as __connector_core;
    #[automatically_derived]
    impl __connector_core::__private::derived::DerivedInputs for Every {
        fn read(
            __connector_fields: &mut __connector_core::__private::derived::Reader<'_>,
        ) -> ::core::option::Option<Self> {
            let __connector_field_0 = {
                let __connector_call = __connector_core::__private::derived::Reader::take::<
                    std::collections::HashMap<String, Vec<(u8, i64)>>,
                >;
                __connector_call(__connector_fields, "type", "By its type.\n\nMore.")
            };
            let __connector_field_1 = {
                let __connector_call = __connector_core::__private::derived::Reader::take_or::<
                    bool,
                >;
                __connector_call(
                    __connector_fields,
                    "Renamed",
                    "",
                    ::core::default::Default::default,
                )
            };
            let __connector_field_2 = {
                let __connector_call = __connector_core::__private::derived::Reader::take_or::<
                    u32,
                >;
                __connector_call(__connector_fields, "samples", "", || Self::SAMPLES)
            };
            let __connector_field_3 = {
                let __connector_call = __connector_core::__private::derived::Reader::take_optional::<
                    Option<f64>,
                >;
                __connector_call(__connector_fields, "quality", "")
            };
            ::core::option::Option::Some(Self {
                r#type: __connector_field_0?,
                renamed: __connector_field_1?,
                samples: __connector_field_2?,
                quality: __connector_field_3?,
            })
        }
    }
    #[automatically_derived]
    impl __connector_core::TaskInputs for Every {
        fn from_literals(
            __connector_literals: __connector_core::NamedLiterals,
        ) -> __connector_core::Result<Self> {
            __connector_core::__private::derived::read_inputs(__connector_literals)
        }
        fn describe() -> __connector_core::__private::derived::Descriptions {
            __connector_core::__private::derived::describe_inputs::<Self>()
        }
    }
};
