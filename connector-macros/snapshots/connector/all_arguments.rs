#[connector(
    task_type = ["render", "bake"],
    version = [0, 1],
    name = "Render Farm",
    meta = RenderJob,
    config = RenderConfig,
    inputs = Scene,
    outputs = Video,
    connection = RenderAccess,
    policy = Policy::new().poll_interval(Duration::from_secs(30)),
    init = RenderFarm::connect
)]
/// Renders.
#[non_exhaustive]
pub struct RenderFarm {
    pub(crate) endpoint: String,
}
