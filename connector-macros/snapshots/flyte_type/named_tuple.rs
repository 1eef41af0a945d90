#[flyte(named_tuple)]
struct Row {
    number: i64,
}
