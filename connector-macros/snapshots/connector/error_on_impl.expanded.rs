impl<T> AsyncConnector for Batch<T>
where
    T: Render,
{}
::core::compile_error! {
    "`#[connector]` goes on the struct, not on its impl\nhelp: move it above `struct Batch`"
}
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl<T> __connector_core::ConnectorSpec for Batch<T>
    where
        T: Render,
    {
        const NAME: &'static ::core::primitive::str = "";
        const TASK_TYPES: &'static [&'static ::core::primitive::str] = &[];
        const VERSIONS: &'static [::core::primitive::i32] = &[];
        type Config = __connector_core::DynamicConfig;
        type Connection = __connector_core::DynamicConnection;
        type Inputs = __connector_core::DynamicInputs;
        type Meta = __connector_core::JobId;
        type Outputs = __connector_core::DynamicOutputs;
    }
};
