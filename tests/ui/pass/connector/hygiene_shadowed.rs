//! Names of the standard library, of primitive types and of the expansion, all taken.

mod shadows {
    #![allow(dead_code, non_camel_case_types)]

    pub struct Option;
    pub struct Some;
    pub struct Result;
    pub struct Ok;
    pub struct Err;
    pub struct Box;
    pub struct String;
    pub struct Default;
    pub struct Settings;
    pub struct Registration;
    pub struct Self_;
    pub struct str;
    pub struct i32;
    pub struct u32;
    pub mod core {}
    pub mod std {}
    pub mod inventory {}
    pub mod connector_core {}
    pub trait Send {}
    pub trait Sync {}

    #[allow(unused_macros)]
    macro_rules! file {
        () => {
            compile_error!("the expansion called this `file!`")
        };
    }
    #[allow(unused_macros)]
    macro_rules! line {
        () => {
            compile_error!("the expansion called this `line!`")
        };
    }
    #[allow(unused_imports)]
    pub(crate) use {file, line};

    #[::connector_core::connector(task_type = "shadowed")]
    #[derive(::core::default::Default)]
    pub struct Shadowed;

    #[::connector_core::connector(task_type = "shadowed-init", init = settings)]
    pub struct WithInit;

    pub async fn settings(
        _settings: ::connector_core::Settings,
    ) -> ::connector_core::Result<WithInit> {
        ::core::result::Result::Ok(WithInit)
    }
}

use connector_core::prelude::*;

macro_rules! implement {
    ($($connector:ty),+) => {$(
        impl AsyncConnector for $connector {
            async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
                Err(ConnectorError::unsupported("create"))
            }

            async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
                Err(ConnectorError::unsupported("get"))
            }

            async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
                Ok(())
            }
        }
    )+};
}

implement!(shadows::Shadowed, shadows::WithInit);

fn main() {
    assert_eq!(shadows::Shadowed::TASK_TYPES, ["shadowed"]);
    assert_eq!(shadows::WithInit::TASK_TYPES, ["shadowed-init"]);
}
