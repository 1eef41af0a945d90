//! No prelude and no imports: every path in the expansions is absolute.

#![no_implicit_prelude]
#![forbid(unsafe_code)]

#[derive(::connector_core::TaskInputs)]
struct Inputs {
    #[input(default)]
    x: ::core::primitive::i64,
    y: ::core::option::Option<::core::primitive::f64>,
}

#[derive(::connector_core::TaskOutputs)]
struct Outputs {
    x: ::core::primitive::i64,
}

#[derive(::connector_core::TaskConfig)]
struct Config {
    #[config(default = 24)]
    x: ::core::primitive::i64,
}

#[derive(::connector_core::TaskConnection)]
struct Connection {
    #[secret]
    key: ::core::option::Option<::connector_core::Secret>,
    #[connection(optional)]
    x: ::core::option::Option<::std::string::String>,
}

#[derive(::connector_core::FlyteType)]
struct Record {
    x: ::core::primitive::i64,
    #[flyte(default)]
    names: ::core::option::Option<Names>,
}

#[derive(::connector_core::FlyteType)]
enum Names {
    One,
    Two,
}

#[derive(::connector_core::FlyteType)]
enum Types {
    Record(Record),
    Names(Names),
}

fn main() {
    let inputs = <Inputs as ::connector_core::TaskInputs>::from_literals(
        ::core::default::Default::default(),
    );
    let ::core::result::Result::Ok(inputs) = inputs else {
        ::core::panic!("the inputs have defaults");
    };
    ::core::assert!(inputs.x == 0 && ::core::option::Option::is_none(&inputs.y));
    let outputs = ::connector_core::TaskOutputs::into_literals(Outputs { x: inputs.x });
    ::core::assert!(::core::result::Result::is_ok(&outputs));
    let config =
        <Config as ::connector_core::TaskConfig>::from_custom(::core::default::Default::default());
    ::core::assert!(::core::matches!(config, ::core::result::Result::Ok(Config { x: 24 })));
    let connection = <Connection as ::connector_core::TaskConnection>::from_connection(
        ::core::default::Default::default(),
    );
    ::core::assert!(::core::matches!(
        connection,
        ::core::result::Result::Ok(Connection {
            key: ::core::option::Option::None,
            x: ::core::option::Option::None
        })
    ));
    for value in [
        Types::Record(Record { x: 1, names: ::core::option::Option::Some(Names::Two) }),
        Types::Names(Names::One),
    ] {
        let literal = ::connector_core::FlyteType::into_literal(value);
        let ::core::result::Result::Ok(literal) = literal else {
            ::core::panic!("the value can be carried");
        };
        let read = <Types as ::connector_core::FlyteType>::from_literal(&literal);
        ::core::assert!(::core::result::Result::is_ok(&read));
    }
}
