/// Renders.
#[non_exhaustive]
pub struct RenderFarm {
    pub(crate) endpoint: String,
}
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::ConnectorSpec for RenderFarm {
        const NAME: &'static ::core::primitive::str = "Render Farm";
        const TASK_TYPES: &'static [&'static ::core::primitive::str] = &[
            "render",
            "bake",
        ];
        const VERSIONS: &'static [::core::primitive::i32] = &[0, 1];
        const POLICY: __connector_core::Policy = Policy::new()
            .poll_interval(Duration::from_secs(30));
        type Config = RenderConfig;
        type Connection = RenderAccess;
        type Inputs = Scene;
        type Meta = RenderJob;
        type Outputs = Video;
    }
    #[automatically_derived]
    impl __connector_core::__private::LinkedConnector for RenderFarm {
        fn instance(
            __connector_settings: __connector_core::Settings,
        ) -> __connector_core::__private::InitFuture<Self> {
            __connector_core::__private::from_init::<
                Self,
                _,
            >(
                __connector_core::__private::call_init(
                    RenderFarm::connect,
                    __connector_settings,
                ),
            )
        }
    }
    __connector_core::__private::inventory::submit! {
        __connector_core::__private::Registration::new:: < RenderFarm > (::core::file!(),
        ::core::line!())
    }
};
