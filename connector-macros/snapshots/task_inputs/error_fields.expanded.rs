::core::compile_error! {
    "the name of an input cannot be empty\nhelp: write the name that people and tasks use, or leave `rename` out"
}
::core::compile_error! {
    "`#[input]` has no argument `defualt`\nhelp: did you mean `default`?\nnote: the arguments on a field are `rename`, `default` and `optional`"
}
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::TaskInputs for Scene {
        fn from_literals(
            _: __connector_core::NamedLiterals,
        ) -> __connector_core::Result<Self> {
            loop {}
        }
    }
};
