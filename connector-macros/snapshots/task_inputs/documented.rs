/// What to render.
struct Scene {
    /// The scene file.
    file: String,
    #[input(default = 1)]
    samples: u32,
    #[input(rename = "Frames")]
    frames: Vec<i64>,
    quality: Option<f64>,
}
