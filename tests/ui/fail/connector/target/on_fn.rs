//! The attribute on the function that makes the connector.

use connector_core::prelude::*;

struct G;

#[connector(task_type = "render")]
async fn connect(_settings: Settings) -> Result<u8> {
    Ok(1)
}

fn main() {
    drop((G, connect(Settings::default())));
}
