//! No prelude and no imports: every path in the expansions is absolute.
//! Run by `cargo test -p hygiene-tests`.
//! What the macros do otherwise is asserted in `tests/ui/pass`.

#![no_implicit_prelude]
#![forbid(unsafe_code)]

#[derive(::renamed_core::FlyteType)]
#[flyte(crate = ::renamed_core)]
struct Record {
    number: ::core::primitive::i64,
    #[flyte(default)]
    text: ::std::string::String,
    #[flyte(default = Names::Two)]
    names: Names,
}

#[derive(::renamed_core::FlyteType)]
#[flyte(crate = ::renamed_core, pydantic)]
struct Model {
    list: ::std::vec::Vec<Record>,
}

#[derive(::renamed_core::FlyteType)]
#[flyte(crate = ::renamed_core)]
enum Names {
    One,
    Two,
}

#[derive(::renamed_core::FlyteType)]
#[flyte(crate = ::renamed_core)]
enum Types {
    Record(Record),
    Names(Names),
    Nothing(()),
}

#[derive(::renamed_core::TaskInputs)]
#[input(crate = ::renamed_core)]
struct Inputs {
    types: Types,
    #[input(optional)]
    model: ::core::option::Option<Model>,
}

#[derive(::renamed_core::TaskOutputs)]
#[output(crate = ::renamed_core)]
struct Outputs {
    types: Types,
}

#[derive(::renamed_core::TaskConfig)]
#[config(crate = ::renamed_core)]
struct Config {
    #[config(default = 24)]
    number: ::core::primitive::i64,
}

#[derive(::renamed_core::TaskConnection)]
#[connection(crate = ::renamed_core)]
struct Connection {
    #[secret]
    key: ::core::option::Option<::renamed_core::Secret>,
    #[connection(default)]
    text: ::std::string::String,
}

#[::renamed_core::connector(
    task_type = "no-prelude",
    inputs = Inputs,
    outputs = Outputs,
    config = Config,
    connection = Connection,
    init = make,
    crate = ::renamed_core
)]
struct Bare;

async fn make(_settings: ::renamed_core::Settings) -> ::renamed_core::Result<Bare> {
    ::core::result::Result::Ok(Bare)
}

impl ::renamed_core::AsyncConnector for Bare {
    async fn create(
        &self,
        task: ::renamed_core::CreateTask<Self>,
    ) -> ::renamed_core::Result<::renamed_core::JobId> {
        let access = &task.context.connection;
        ::core::result::Result::Ok(::renamed_core::JobId::new(::std::format!(
            "{}{}{}{}",
            task.config.number,
            access.text,
            ::core::option::Option::is_some(&access.key),
            ::core::option::Option::map_or(task.inputs.model, 0, |model| model.list.len())
        )))
    }

    async fn get(
        &self,
        _job: &::renamed_core::JobId,
        _cx: &::renamed_core::TaskContext<Self>,
    ) -> ::renamed_core::Result<::renamed_core::Resource<Outputs>> {
        let outputs = Outputs { types: Types::Names(Names::One) };
        ::core::result::Result::Ok(::renamed_core::Resource::succeeded(outputs))
    }

    async fn delete(
        &self,
        _job: &::renamed_core::JobId,
        _cx: &::renamed_core::TaskContext<Self>,
    ) -> ::renamed_core::Result<()> {
        ::core::result::Result::Ok(())
    }
}

#[::core::prelude::v1::test]
fn values_go_there_and_back() {
    let record = Record { number: 1, text: ::core::default::Default::default(), names: Names::One };
    for types in [Types::Record(record), Types::Names(Names::Two), Types::Nothing(())] {
        let literals = ::renamed_core::TaskOutputs::into_literals(Outputs { types });
        let ::core::result::Result::Ok(literals) = literals else {
            ::core::panic!("the outputs can be carried");
        };
        let inputs = <Inputs as ::renamed_core::TaskInputs>::from_literals(literals);
        let ::core::result::Result::Ok(inputs) = inputs else {
            ::core::panic!("the inputs are what the outputs were");
        };
        ::core::assert!(::core::option::Option::is_none(&inputs.model));
        if let Types::Record(record) = inputs.types {
            ::core::assert_eq!(record.number, 1);
            ::core::assert!(record.text.is_empty() && ::core::matches!(record.names, Names::One));
        }
    }
}

#[::core::prelude::v1::test]
fn the_connector_is_linked() {
    ::core::assert_eq!(<Bare as ::renamed_core::ConnectorSpec>::TASK_TYPES, ["no-prelude"]);
}
