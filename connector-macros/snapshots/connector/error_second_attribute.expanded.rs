#[connector(task_type = "bake")]
struct RenderFarm;
::core::compile_error! {
    "`#[connector]` is given twice\nhelp: remove this one\nnote: to serve two task types, give a list: `task_type = [\"a\", \"b\"]`"
}
