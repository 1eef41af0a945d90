struct Video {
    /// The rendered film.
    video: File,
    #[output(rename = "length")]
    seconds: f64,
}
