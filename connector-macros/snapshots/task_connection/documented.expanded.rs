#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::__private::derived::DerivedConnection for RenderAccess {
        fn read(
            __connector_fields: &mut __connector_core::__private::derived::ConnectionReader<
                '_,
            >,
        ) -> ::core::option::Option<Self> {
            let __connector_field_0 = {
                let __connector_call = __connector_core::__private::derived::ConnectionReader::take_secret::<
                    Secret,
                >;
                __connector_call(__connector_fields, "api_key", "The farm's key.")
            };
            let __connector_field_1 = {
                let __connector_call = __connector_core::__private::derived::ConnectionReader::take_or::<
                    u16,
                >;
                __connector_call(__connector_fields, "port", "", || 443)
            };
            ::core::option::Option::Some(Self {
                api_key: __connector_field_0?,
                port: __connector_field_1?,
            })
        }
    }
    #[automatically_derived]
    impl __connector_core::TaskConnection for RenderAccess {
        fn from_connection(
            __connector_connection: __connector_core::pb::Connection,
        ) -> __connector_core::Result<Self> {
            __connector_core::__private::derived::read_connection(__connector_connection)
        }
        fn with_operator(
            __connector_connection: __connector_core::pb::Connection,
            __connector_operator: &__connector_core::OperatorSecrets,
        ) -> __connector_core::Result<Self> {
            __connector_core::__private::derived::read_connection_with(
                __connector_connection,
                __connector_operator,
            )
        }
        fn describe() -> __connector_core::__private::derived::Descriptions {
            __connector_core::__private::derived::describe_connection::<Self>()
        }
    }
};
