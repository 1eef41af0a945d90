struct RenderAccess {
    /// The farm's key.
    #[secret]
    api_key: Secret,
    #[connection(default = 443)]
    port: u16,
}
