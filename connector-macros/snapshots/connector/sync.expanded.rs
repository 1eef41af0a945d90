#[derive(Debug, Default)]
pub struct Shout;
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::ConnectorSpec for Shout {
        const NAME: &'static ::core::primitive::str = "Shout Connector";
        const TASK_TYPES: &'static [&'static ::core::primitive::str] = &["shout"];
        const VERSIONS: &'static [::core::primitive::i32] = &[0];
        type Config = __connector_core::DynamicConfig;
        type Connection = __connector_core::DynamicConnection;
        type Inputs = __connector_core::DynamicInputs;
        type Meta = __connector_core::JobId;
        type Outputs = __connector_core::DynamicOutputs;
    }
    #[automatically_derived]
    impl __connector_core::SyncSpec for Shout {}
    const _: () = {
        use __connector_core::__private::NoJobs as _;
        __connector_core::__private::only_sync(
            __connector_core::__private::Kinds::<Shout>::STARTS_JOBS,
        )
    };
    #[automatically_derived]
    impl __connector_core::__private::LinkedConnector for Shout {
        fn instance(
            _: __connector_core::Settings,
        ) -> __connector_core::__private::InitFuture<Self> {
            __connector_core::__private::from_default::<Shout>()
        }
    }
    __connector_core::__private::inventory::submit! {
        __connector_core::__private::Registration::new_sync:: < Shout > (::core::file!(),
        ::core::line!())
    }
};
