#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::__private::derived::DerivedInputs for Scene {
        fn read(
            __connector_fields: &mut __connector_core::__private::derived::Reader<'_>,
        ) -> ::core::option::Option<Self> {
            let __connector_field_0 = {
                let __connector_call = __connector_core::__private::derived::Reader::take::<
                    String,
                >;
                __connector_call(__connector_fields, "file", "The scene file.")
            };
            let __connector_field_1 = {
                let __connector_call = __connector_core::__private::derived::Reader::take_or::<
                    u32,
                >;
                __connector_call(__connector_fields, "samples", "", || 1)
            };
            let __connector_field_2 = {
                let __connector_call = __connector_core::__private::derived::Reader::take::<
                    Vec<i64>,
                >;
                __connector_call(__connector_fields, "Frames", "")
            };
            let __connector_field_3 = {
                let __connector_call = __connector_core::__private::derived::Reader::take::<
                    Option<f64>,
                >;
                __connector_call(__connector_fields, "quality", "")
            };
            ::core::option::Option::Some(Self {
                file: __connector_field_0?,
                samples: __connector_field_1?,
                frames: __connector_field_2?,
                quality: __connector_field_3?,
            })
        }
    }
    #[automatically_derived]
    impl __connector_core::TaskInputs for Scene {
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
