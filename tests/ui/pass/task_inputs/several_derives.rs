//! One struct with every derive that can stand beside the others, each with its own attribute.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(Debug, Clone, PartialEq, TaskInputs, TaskOutputs, TaskConfig, FlyteType)]
#[flyte(rename = "PyShared")]
struct Shared {
    #[input(rename = "in")]
    #[output(rename = "out")]
    #[config(rename = "set", default = 1)]
    #[flyte(rename = "field", default = 2)]
    number: i64,
}

#[derive(Debug, PartialEq, TaskConfig, TaskConnection)]
struct Reach {
    #[config(default = "localhost".to_owned())]
    #[connection(rename = "endpoint")]
    host: String,
}

fn main() {
    let literals: NamedLiterals = [("in", literal::integer(3))].into_iter().collect();
    let shared = Shared::from_literals(literals).unwrap();
    assert_eq!(shared.number, 3);
    assert_eq!(shared.clone().into_literals().unwrap().get("out"), Some(&literal::integer(3)));
    assert_eq!(Shared::from_custom(Default::default()).unwrap().number, 1);
    let literal = shared.clone().into_literal().unwrap();
    assert_eq!(Shared::from_literal(&literal), Ok(shared));
    assert_eq!(<Shared as FlyteType>::describe().name, "PyShared");

    let connection = pb::Connection {
        configs: [("endpoint".to_owned(), "farm".to_owned())].into(),
        ..Default::default()
    };
    assert_eq!(Reach::from_connection(connection).unwrap().host, "farm");
    assert_eq!(Reach::from_custom(Default::default()).unwrap().host, "localhost");
}
