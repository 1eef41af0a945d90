::core::compile_error! {
    "`#[derive(TaskConfig)]` goes on a struct with named fields, not on an enum\nhelp: put `#[derive(FlyteType)]` on `Preset`, and make it the type of a field"
}
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::TaskConfig for Preset {
        fn from_custom(
            _: __connector_core::__private::derived::Struct,
        ) -> __connector_core::Result<Self> {
            loop {}
        }
    }
};
