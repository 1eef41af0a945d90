struct Batch<'a, T: Render + 'a = Local, const N: usize = 1>(
    &'a [T; N],
)
where
    T: Clone;
::core::compile_error! {
    "a registered connector cannot be generic\nhelp: wrap one concrete type: `struct MyBatch(Batch<'static, Local, 1>);` and put `#[connector]` on it\nnote: the registry holds one instance per (task_type, version)"
}
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl<'a, T: Render + 'a, const N: usize> __connector_core::ConnectorSpec
    for Batch<'a, T, N>
    where
        T: Clone,
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
