//! `crate = ...` through a module of one's own, where no crate is called `connector_core`.

pub extern crate connector_core as renamed;

mod framework {
    pub use renamed as inner;

    // The name means something else here.
    #[allow(dead_code)]
    pub mod connector_core {}
}

use framework::inner::prelude::*;

#[derive(TaskInputs)]
#[input(crate = ::renamed)]
struct Inputs {
    x: i64,
}

#[derive(TaskOutputs)]
#[output(crate = crate::framework::inner)]
struct Outputs {
    x: i64,
}

#[derive(TaskConfig)]
#[config(crate = ::renamed)]
struct Config {
    #[config(default = 1)]
    x: i64,
}

#[derive(TaskConnection)]
#[connection(crate = ::renamed)]
struct Connection {
    x: Option<i64>,
}

#[derive(FlyteType)]
#[flyte(crate = ::renamed)]
struct Record {
    x: i64,
}

#[derive(FlyteType)]
#[flyte(crate = crate::framework::inner)]
enum Names {
    One,
}

#[derive(FlyteType)]
#[flyte(crate = ::renamed)]
enum Types {
    Record(Record),
    Names(Names),
}

fn main() {
    let inputs = Inputs::from_literals([("x", literal::integer(1))].into_iter().collect()).unwrap();
    assert_eq!(Outputs { x: inputs.x }.into_literals().unwrap().len(), 1);
    assert_eq!(Config::from_custom(Default::default()).unwrap().x, 1);
    assert_eq!(Connection::from_connection(Default::default()).unwrap().x, None);
    for value in [Types::Record(Record { x: 1 }), Types::Names(Names::One)] {
        assert!(Types::from_literal(&value.into_literal().unwrap()).is_ok());
    }
}
