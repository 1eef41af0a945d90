//! The attribute written by a `macro_rules` macro, with every fragment kind an argument can be.

use connector_core::prelude::*;

macro_rules! connectors {
    ($($name:ident, $task_type:literal, $also:expr, $version:literal, $label:expr, $meta:ty, $policy:expr, $init:path, $make:ident;)+) => {$(
        #[connector(
            task_type = [$task_type, $also],
            version = $version,
            name = $label,
            meta = $meta,
            policy = $policy,
            init = $init,
            crate = $crate::core_again
        )]
        struct $name;

        async fn $make(_settings: Settings) -> Result<$name> {
            Ok($name)
        }

        impl AsyncConnector for $name {
            async fn create(&self, _task: CreateTask<Self>) -> Result<$meta> {
                Err(ConnectorError::unsupported("create"))
            }

            async fn get(&self, _job: &$meta, _cx: &TaskContext<Self>) -> Result<Resource> {
                Err(ConnectorError::unsupported("get"))
            }

            async fn delete(&self, _job: &$meta, _cx: &TaskContext<Self>) -> Result<()> {
                Ok(())
            }
        }
    )+};
}

use connector_core as core_again;

const LARGE: Policy = Policy::new().max_meta_bytes(1 << 20);

connectors! {
    Render, "render", "render-2", 1, "Render", JobId, Policy::new().batch(100), make_render, make_render;
    Bake, "bake", "bake-2", 2, "Bake", Vec<(u8, String)>, LARGE, crate::make_bake, make_bake;
}

fn main() {
    assert_eq!((Render::NAME, Render::TASK_TYPES), ("Render", &["render", "render-2"][..]));
    assert_eq!((Bake::NAME, Bake::VERSIONS), ("Bake", &[2][..]));
    assert_eq!((Render::POLICY.batch_size, Bake::POLICY), (100, LARGE));
}
