//! No prelude and no imports: every path in the expansion is absolute.

#![no_implicit_prelude]
#![forbid(unsafe_code)]

#[::connector_core::connector(task_type = "render", init = connect)]
struct RenderFarm;

async fn connect(_settings: ::connector_core::Settings) -> ::connector_core::Result<RenderFarm> {
    ::core::result::Result::Ok(RenderFarm)
}

#[::connector_core::connector(task_type = "bake", policy = ::connector_core::Policy::new())]
struct Bakery;

impl ::core::default::Default for Bakery {
    fn default() -> Self {
        Self
    }
}

macro_rules! implement {
    ($($connector:ty),+) => {$(
        impl ::connector_core::AsyncConnector for $connector {
            async fn create(
                &self,
                _task: ::connector_core::CreateTask<Self>,
            ) -> ::connector_core::Result<::connector_core::JobId> {
                ::core::result::Result::Err(::connector_core::ConnectorError::unsupported("create"))
            }

            async fn get(
                &self,
                _job: &::connector_core::JobId,
                _cx: &::connector_core::TaskContext<Self>,
            ) -> ::connector_core::Result<::connector_core::Resource> {
                ::core::result::Result::Err(::connector_core::ConnectorError::unsupported("get"))
            }

            async fn delete(
                &self,
                _job: &::connector_core::JobId,
                _cx: &::connector_core::TaskContext<Self>,
            ) -> ::connector_core::Result<()> {
                ::core::result::Result::Ok(())
            }
        }
    )+};
}

implement!(RenderFarm, Bakery);

fn main() {
    ::core::assert_eq!(<RenderFarm as ::connector_core::ConnectorSpec>::VERSIONS, [0]);
}
