//! Types that hold themselves in a list: told once, read and written to the end, and never for ever.

use std::collections::BTreeMap;

use connector_core::prelude::*;
use connector_core::typed::Value;

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Tree {
    name: String,
    #[flyte(default)]
    children: Vec<Self>,
    next: Option<Branch>,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
enum Branch {
    Leaf(String),
    Trees(Vec<Tree>),
}

/// A union that holds itself, with no struct between.
#[derive(Debug, Clone, PartialEq, FlyteType)]
enum Json {
    Null(()),
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

/// Two structs that look alike from outside, each holding either.
#[derive(Debug, PartialEq, FlyteType)]
struct Counted {
    next: Vec<Alike>,
    value: i64,
}

#[derive(Debug, PartialEq, FlyteType)]
struct Named {
    next: Vec<Alike>,
    value: String,
}

#[derive(Debug, PartialEq, FlyteType)]
enum Alike {
    Counted(Counted),
    Named(Named),
}

/// `depth` objects, one in the other, all with that value.
fn chain(depth: usize, value: &Value) -> Value {
    let mut object = Value::Array(vec![]);
    for _ in 0..depth {
        let fields = vec![("next".into(), object), ("value".into(), value.clone())];
        object = Value::Array(vec![Value::Map(fields)]);
    }
    match object {
        Value::Array(mut objects) => objects.remove(0),
        other => other,
    }
}

fn main() {
    let leaf = Tree { name: "leaf".into(), children: vec![], next: Some(Branch::Leaf("x".into())) };
    let tree = Tree {
        name: "root".into(),
        children: vec![leaf.clone()],
        next: Some(Branch::Trees(vec![leaf])),
    };
    let literal = tree.clone().into_literal().unwrap();
    assert_eq!(Tree::from_literal(&literal), Ok(tree));
    let schema = Tree::describe().schema;
    assert_eq!(schema["properties"]["children"]["items"]["title"], "Tree");
    assert_eq!(schema["properties"]["children"]["items"]["properties"].as_object(), None);
    assert!(Tree::literal_type().metadata.is_some());
    // Once told, it is told in full again.
    assert_eq!(Tree::describe().schema, schema);

    let json = Json::Object(
        [
            ("a".to_owned(), Json::List(vec![Json::Number(1.5), Json::Null(()), Json::Flag(true)])),
            ("b".to_owned(), Json::Text("x".into())),
        ]
        .into(),
    );
    let literal = json.clone().into_literal().unwrap();
    assert_eq!(Json::from_literal(&literal), Ok(json));
    assert!(Json::describe().name.ends_with("list[Any] | dict[str, Any]"));
    let Some(pb::literal_type::Type::UnionType(declared)) = Json::literal_type().r#type else {
        panic!("not declared as a union");
    };
    assert_eq!(declared.variants.len(), 6);

    // Told from outside: the struct that comes first is not tried on every level.
    let read = Alike::from_form(chain(30, &"x".into()).into()).unwrap();
    assert!(matches!(read, Alike::Named(Named { value, .. }) if value == "x"));
    // Neither fits on any level: with two guesses a level this would be tried 2^30 times.
    let problem = Alike::from_form(chain(30, &true.into()).into()).unwrap_err();
    assert!(problem.to_string().contains("one of Counted, Named"), "{problem}");
}
