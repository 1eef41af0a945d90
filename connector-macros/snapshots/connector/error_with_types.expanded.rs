struct RenderFarm;
::core::compile_error! {
    "`#[connector]` has no argument `task_typ`\nhelp: did you mean `task_type`?\nnote: the arguments are `task_type`, `version`, `name`, `meta`, `config`, `inputs`, `outputs`, `connection`, `sync`, `policy`, `init` and `crate`"
}
::core::compile_error! {
    "`version` takes an integer, not a string\nhelp: remove the quotes: `version = 1`"
}
::core::compile_error! {
    "the value of `meta` stands after `=`, not in parentheses\nhelp: write `meta = \"RenderJob\"`"
}
::core::compile_error! {
    "`config` is followed by `:`, not by `=`\nhelp: write `config = RenderConfig`"
}
#[allow(deprecated)]
const _: () = {
    use ::connector_core as __connector_core;
    #[automatically_derived]
    impl __connector_core::ConnectorSpec for RenderFarm {
        const NAME: &'static ::core::primitive::str = "";
        const TASK_TYPES: &'static [&'static ::core::primitive::str] = &[];
        const VERSIONS: &'static [::core::primitive::i32] = &[];
        type Config = RenderConfig;
        type Connection = __connector_core::DynamicConnection;
        type Inputs = __connector_core::DynamicInputs;
        type Meta = RenderJob;
        type Outputs = __connector_core::DynamicOutputs;
    }
};
