#[connector(task_type = "render", crate = crate::framework::core)]
struct RenderFarmConnector(u8);
