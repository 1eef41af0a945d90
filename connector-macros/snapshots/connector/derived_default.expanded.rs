#[derive(Debug, ::connector_core::__private::Default)]
pub struct RenderFarm {
    client: Client,
}
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::ConnectorSpec for RenderFarm {
        const NAME: &'static ::core::primitive::str = "Render Farm Connector";
        const TASK_TYPES: &'static [&'static ::core::primitive::str] = &["render"];
        const VERSIONS: &'static [::core::primitive::i32] = &[0];
        type Config = __connector_core::DynamicConfig;
        type Connection = __connector_core::DynamicConnection;
        type Inputs = __connector_core::DynamicInputs;
        type Meta = __connector_core::JobId;
        type Outputs = __connector_core::DynamicOutputs;
    }
    #[automatically_derived]
    impl __connector_core::__private::LinkedConnector for RenderFarm {
        fn instance(
            _: __connector_core::Settings,
        ) -> __connector_core::__private::InitFuture<Self> {
            __connector_core::__private::from_default::<RenderFarm>()
        }
    }
    __connector_core::__private::inventory::submit! {
        __connector_core::__private::Registration::new:: < RenderFarm > (::core::file!(),
        ::core::line!())
    }
};
