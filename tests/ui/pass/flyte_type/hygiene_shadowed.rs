//! Names of the standard library, of primitive types and of the expansions, all taken.

mod shadows {
    #![allow(dead_code, non_camel_case_types)]

    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Result;
    pub struct Ok;
    pub struct Err;
    pub struct Vec;
    pub struct String;
    pub struct Default;
    pub struct Reader;
    pub struct Codec;
    pub struct Form;
    pub struct Mismatches;
    pub struct NamedLiterals;
    pub struct Style;
    pub struct str;
    pub struct bool;
    pub struct usize;
    pub mod core {}
    pub mod std {}
    pub mod pb {}
    pub mod typed {}
    pub mod connector_core {}
    pub trait FlyteType {}
    pub trait TaskInputs {}
    pub trait TaskOutputs {}
    pub trait TaskConfig {}
    pub trait TaskConnection {}

    #[derive(::connector_core::TaskInputs)]
    pub struct Inputs {
        #[input(default)]
        pub fields: i64,
        pub value: ::core::option::Option<f64>,
    }

    #[derive(::connector_core::TaskOutputs)]
    pub struct Outputs {
        pub fields: i64,
        pub value: ::std::string::String,
    }

    #[derive(::connector_core::TaskConfig)]
    pub struct Config {
        #[config(default = 24)]
        pub fields: i64,
    }

    #[derive(::connector_core::TaskConnection)]
    pub struct Connection {
        #[secret]
        pub fields: ::core::option::Option<::connector_core::Secret>,
    }

    #[derive(::connector_core::FlyteType)]
    pub struct Record {
        pub fields: i64,
        pub value: ::core::option::Option<Names>,
    }

    #[derive(::connector_core::FlyteType)]
    pub enum Names {
        Some,
        None,
    }

    #[derive(::connector_core::FlyteType)]
    pub enum Types {
        Ok(Record),
        Err(Names),
    }
}

use connector_core::prelude::*;
use shadows::{Names, Record, Types};

fn main() {
    let inputs = shadows::Inputs::from_literals(Default::default()).unwrap();
    assert_eq!((inputs.fields, inputs.value), (0, None));
    let outputs = shadows::Outputs { fields: 1, value: "a".into() };
    assert_eq!(outputs.into_literals().unwrap().len(), 2);
    assert_eq!(shadows::Config::from_custom(Default::default()).unwrap().fields, 24);
    assert!(shadows::Connection::from_connection(Default::default()).unwrap().fields.is_none());
    let value = Types::Ok(Record { fields: 1, value: Some(Names::None) });
    let read = Types::from_literal(&value.into_literal().unwrap());
    assert!(matches!(read, Ok(Types::Ok(Record { fields: 1, value: Some(Names::None) }))));
    let literal = Types::Err(Names::Some).into_literal().unwrap();
    assert!(matches!(Types::from_literal(&literal), Ok(Types::Err(Names::Some))));
}
