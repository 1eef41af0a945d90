#[derive(Default)]
#[connector(task_type = "choice", version = 0x1F)]
enum HTTPSink {
    #[default]
    Fast,
    Slow { seconds: f64 },
}
