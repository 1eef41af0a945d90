#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::__private::derived::DerivedConfig for RenderConfig {
        fn read(
            __connector_fields: &mut __connector_core::__private::derived::Reader<'_>,
        ) -> ::core::option::Option<Self> {
            let __connector_field_0 = {
                let __connector_call = __connector_core::__private::derived::Reader::take_or::<
                    u32,
                >;
                __connector_call(__connector_fields, "fps", "Frames per second.", || 24)
            };
            let __connector_field_1 = {
                let __connector_call = __connector_core::__private::derived::Reader::take::<
                    Option<String>,
                >;
                __connector_call(__connector_fields, "preset", "")
            };
            ::core::option::Option::Some(Self {
                fps: __connector_field_0?,
                preset: __connector_field_1?,
            })
        }
    }
    #[automatically_derived]
    impl __connector_core::TaskConfig for RenderConfig {
        fn from_custom(
            __connector_custom: __connector_core::__private::derived::Struct,
        ) -> __connector_core::Result<Self> {
            __connector_core::__private::derived::read_config(&__connector_custom)
        }
        fn describe() -> __connector_core::__private::derived::Descriptions {
            __connector_core::__private::derived::describe_config::<Self>()
        }
    }
};
