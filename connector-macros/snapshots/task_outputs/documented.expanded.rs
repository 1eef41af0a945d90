#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::__private::derived::DerivedOutputs for Video {
        fn codec() -> __connector_core::__private::derived::OutputCodec<Self> {
            __connector_core::__private::derived::OutputCodec {
                describe: |__connector_fields| {
                    {
                        let __connector_call = __connector_core::__private::derived::OutputDescriptions::add::<
                            File,
                        >;
                        __connector_call(
                            __connector_fields,
                            "video",
                            "The rendered film.",
                        )
                    };
                    {
                        let __connector_call = __connector_core::__private::derived::OutputDescriptions::add::<
                            f64,
                        >;
                        __connector_call(__connector_fields, "length", "")
                    };
                },
                write: |__connector_value, __connector_fields| {
                    {
                        let __connector_call = __connector_core::__private::derived::LiteralFieldsOut::put::<
                            File,
                        >;
                        __connector_call(
                            __connector_fields,
                            "video",
                            __connector_value.video,
                        )
                    };
                    {
                        let __connector_call = __connector_core::__private::derived::LiteralFieldsOut::put::<
                            f64,
                        >;
                        __connector_call(
                            __connector_fields,
                            "length",
                            __connector_value.seconds,
                        )
                    };
                },
            }
        }
    }
    #[automatically_derived]
    impl __connector_core::TaskOutputs for Video {
        fn into_literals(
            self,
        ) -> __connector_core::Result<__connector_core::NamedLiterals> {
            __connector_core::__private::derived::write_outputs(self)
        }
        fn describe() -> __connector_core::__private::derived::Descriptions {
            __connector_core::__private::derived::describe_outputs::<Self>()
        }
    }
};
