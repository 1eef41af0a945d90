//! A type that holds itself in a list: described once, read and written to the end.

use connector_core::prelude::*;

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
}
