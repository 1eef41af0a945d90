#[connector(task_type = "render", meta = RenderJob)]
#[derive(Debug, Default)]
pub struct RenderFarm;
