//! The attribute, `init` included, on the function that `init` names.

use connector_core::prelude::*;

struct G;

#[connector(task_type = "render", init = connect)]
pub async fn connect(_settings: Settings) -> Result<u8> {
    Ok(1)
}

fn main() {
    drop((G, connect(Settings::default())));
}
