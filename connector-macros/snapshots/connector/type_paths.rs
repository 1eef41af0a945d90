#[connector(task_type = "render", meta = ::std::collections::HashMap<String, Vec<(u8, [i64; 4])>>, config = Self)]
struct RenderFarm(u8);
