enum Size {
    Number(i64),
    Unknown,
}
