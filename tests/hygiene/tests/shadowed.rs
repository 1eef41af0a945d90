//! Names of the standard library, of primitive types and of the expansions, all taken.
//! Run by `cargo test -p hygiene-tests`.
//! What the macros do otherwise is asserted in `tests/ui/pass`.

#[allow(
    dead_code,
    non_camel_case_types,
    unused_macros,
    unused_imports,
    reason = "names that are only in the way"
)]
mod shadows {
    pub struct Result;
    pub struct Ok;
    pub struct Err;
    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Vec;
    pub struct String;
    pub struct Box;
    pub struct Default;
    pub struct Send;
    pub struct Sync;
    pub struct str;
    pub struct bool;
    pub struct usize;
    pub struct i32;
    pub struct Reader;
    pub struct Codec;
    pub struct Struct;
    pub struct Form;
    pub struct Mismatches;
    pub struct NamedLiterals;
    pub struct Settings;
    pub struct Registration;
    pub mod core {}
    pub mod std {}
    pub mod alloc {}
    pub mod pb {}
    pub mod typed {}
    pub mod derived {}
    pub mod record {}
    pub mod inventory {}
    pub mod renamed_core {}
    pub trait FlyteType {}
    pub trait TaskInputs {}
    pub trait TaskOutputs {}
    pub trait TaskConfig {}
    pub trait TaskConnection {}
    pub trait ConnectorSpec {}

    macro_rules! file {
        () => {
            compile_error!("an expansion called this `file!`")
        };
    }
    macro_rules! line {
        () => {
            compile_error!("an expansion called this `line!`")
        };
    }
    pub(crate) use {file, line};

    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::renamed_core::FlyteType)]
    #[flyte(crate = ::renamed_core)]
    pub struct Shadowed {
        pub fields: i64,
        #[flyte(default = ::core::option::Option::Some(Names::Ok))]
        pub value: ::core::option::Option<Names>,
    }

    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::renamed_core::FlyteType)]
    #[flyte(crate = ::renamed_core)]
    pub enum Names {
        Ok,
        Err,
        Some,
        None,
    }

    #[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::renamed_core::FlyteType)]
    #[flyte(crate = ::renamed_core)]
    pub enum Types {
        Ok(Shadowed),
        Err(Names),
        Some(i64),
    }

    #[derive(::renamed_core::TaskInputs)]
    #[input(crate = ::renamed_core)]
    pub struct Inputs {
        pub literals: Types,
        #[input(default)]
        pub fields: ::std::vec::Vec<i64>,
    }

    #[derive(::renamed_core::TaskOutputs)]
    #[output(crate = ::renamed_core)]
    pub struct Outputs {
        pub literals: Types,
    }

    #[derive(::renamed_core::TaskConfig)]
    #[config(crate = ::renamed_core)]
    pub struct Config {
        #[config(default = 24)]
        pub custom: i64,
    }

    #[derive(::renamed_core::TaskConnection)]
    #[connection(crate = ::renamed_core)]
    pub struct Connection {
        #[secret]
        pub secrets: ::core::option::Option<::renamed_core::Secret>,
        #[connection(default = 443)]
        pub configs: u16,
    }

    #[::renamed_core::connector(
        task_type = "shadowed",
        inputs = Inputs,
        outputs = Outputs,
        config = Config,
        connection = Connection,
        crate = ::renamed_core
    )]
    #[derive(::core::default::Default)]
    pub struct Connector;
}

use renamed_core::prelude::*;
use shadows::{Connector, Names, Outputs, Shadowed, Types};

impl AsyncConnector for Connector {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Err(ConnectorError::unsupported("create"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<Outputs>> {
        Ok(Resource::succeeded(Outputs { literals: Types::Some(1) }))
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn values_go_there_and_back() {
    for literals in [
        Types::Ok(Shadowed { fields: 1, value: Some(Names::None) }),
        Types::Err(Names::Some),
        Types::Some(7),
    ] {
        let shown = format!("{literals:?}");
        let read = shadows::Inputs::from_literals(Outputs { literals }.into_literals().unwrap());
        let read = read.unwrap();
        assert_eq!((format!("{:?}", read.literals), read.fields.len()), (shown, 0));
    }
    assert_eq!(shadows::Config::from_custom(Default::default()).unwrap().custom, 24);
    let connection = shadows::Connection::from_connection(Default::default()).unwrap();
    assert!(connection.secrets.is_none() && connection.configs == 443);
    assert_eq!(Connector::TASK_TYPES, ["shadowed"]);
}
