enum Preset {
    Fast,
    Slow,
}
