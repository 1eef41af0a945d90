#[connector(task_type = "render")]
impl<T> AsyncConnector for Batch<T> where T: Render {}
