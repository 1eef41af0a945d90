struct Scene {
    #[input(rename = "")]
    file: File,
    #[input(defualt = 1)]
    samples: u32,
}
