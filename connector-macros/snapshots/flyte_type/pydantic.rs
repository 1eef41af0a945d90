#[flyte(pydantic, rename = "PyPoint")]
struct Point {
    x: f64,
}
