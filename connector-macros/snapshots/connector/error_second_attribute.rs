#[connector(task_type = "render")]
#[connector(task_type = "bake")]
struct RenderFarm;
