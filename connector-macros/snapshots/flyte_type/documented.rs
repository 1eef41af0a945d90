/// A point in the plane.
struct Point {
    x: f64,
    #[flyte(default)]
    label: String,
}
