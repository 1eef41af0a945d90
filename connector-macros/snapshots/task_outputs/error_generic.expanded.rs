::core::compile_error! {
    "a task's outputs cannot be generic\nhelp: write a concrete type in place of `T`, or one struct per type\nnote: Flyte knows every field by one name and one type"
}
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl<'a, T: Clone, const N: usize> __connector_core::TaskOutputs for Video<'a, T, N>
    where
        T: 'static,
        Video<'a, T, N>: ::core::marker::Send + ::core::marker::Sync + 'static,
    {
        fn into_literals(
            self,
        ) -> __connector_core::Result<__connector_core::NamedLiterals> {
            loop {}
        }
    }
};
