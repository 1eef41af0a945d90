/// How fast.
enum Mode {
    Fast,
    #[flyte(name = "SLOW", value = "slow")]
    VerySlow = 7,
}
