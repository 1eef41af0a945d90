#[connector(task_type = "shout", sync)]
#[derive(Debug, Default)]
pub struct Shout;
