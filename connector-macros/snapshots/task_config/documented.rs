struct RenderConfig {
    /// Frames per second.
    #[config(default = 24)]
    fps: u32,
    preset: Option<String>,
}
