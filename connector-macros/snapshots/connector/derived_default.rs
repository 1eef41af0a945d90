#[connector(task_type = "render")]
#[derive(Debug, Default)]
pub struct RenderFarm {
    client: Client,
}
