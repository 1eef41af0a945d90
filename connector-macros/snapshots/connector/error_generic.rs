#[connector(task_type = "render")]
struct Batch<'a, T: Render + 'a = Local, const N: usize = 1>(&'a [T; N]) where T: Clone;
