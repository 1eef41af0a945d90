#[derive(Default)]
enum HTTPSink {
    #[default]
    Fast,
    Slow { seconds: f64 },
}
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::ConnectorSpec for HTTPSink {
        const NAME: &'static ::core::primitive::str = "HTTP Sink Connector";
        const TASK_TYPES: &'static [&'static ::core::primitive::str] = &["choice"];
        const VERSIONS: &'static [::core::primitive::i32] = &[31];
        type Config = __connector_core::DynamicConfig;
        type Connection = __connector_core::DynamicConnection;
        type Inputs = __connector_core::DynamicInputs;
        type Meta = __connector_core::JobId;
        type Outputs = __connector_core::DynamicOutputs;
    }
    #[automatically_derived]
    impl __connector_core::__private::LinkedConnector for HTTPSink {
        fn instance(
            _: __connector_core::Settings,
        ) -> __connector_core::__private::InitFuture<Self> {
            __connector_core::__private::from_default::<HTTPSink>()
        }
    }
    __connector_core::__private::inventory::submit! {
        __connector_core::__private::Registration::new:: < HTTPSink > (::core::file!(),
        ::core::line!())
    }
};
