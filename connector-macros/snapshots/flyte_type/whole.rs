/// How much of it.
enum Level {
    #[flyte(value = 1)]
    Low,
    #[flyte(name = "TOP", value = -5)]
    High,
}
