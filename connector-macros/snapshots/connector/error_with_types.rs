#[connector(task_typ = "render", version = "1", meta("RenderJob"), config: RenderConfig)]
struct RenderFarm;
