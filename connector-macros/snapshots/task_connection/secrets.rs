struct RenderAccess {
    #[secret(rename = "key")]
    api_key: Secret,
    #[secret]
    token: Option<Secret>,
    #[connection(optional)]
    endpoint: Option<String>,
}
