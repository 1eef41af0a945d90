/// All ways in which a field may be there.
#[input(crate = crate::framework::core)]
pub struct Every {
    /// By its type.
    ///
    /// More.
    pub r#type: std::collections::HashMap<String, Vec<(u8, i64)>>,
    #[input(rename = "Renamed", default)]
    renamed: bool,
    #[input(default = Self::SAMPLES)]
    samples: u32,
    #[input(optional)]
    quality: Option<f64>,
}
