//! Every way to write the attribute and the struct.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

#[derive(Debug, TaskInputs)]
#[input(crate = ::connector_core,)]
pub struct Scene {
    pub(crate) r#type: String,
    #[input(rename = "with space", default = Self::FRAMES,)]
    pub frames: i64,
    #[input(default = if Self::FRAMES < 3 { "a" } else { "b" }.to_owned(), rename = r#"raw"#)]
    label: String,
    #[input(default = 1 << 3)]
    #[input(rename = "shifted")]
    shift: u8,
    #[input(default = std::collections::BTreeMap::<String, Vec<f64>>::new())]
    table: std::collections::BTreeMap<String, Vec<f64>>,
    #[doc = "By hand."]
    #[doc(hidden)]
    #[input(default = {
        let frames = Self::FRAMES;
        frames + 1
    })]
    größe: i64,
    #[cfg(any())]
    gone: Gone,
}

impl Scene {
    const FRAMES: i64 = 24;
}

/// No inputs at all.
#[derive(Debug, TaskInputs)]
struct Nothing {}

fn main() {
    let literals: NamedLiterals = [("type", literal::string("still"))].into_iter().collect();
    let scene = Scene::from_literals(literals).unwrap();
    assert_eq!((scene.r#type.as_str(), scene.frames, scene.label.as_str()), ("still", 24, "b"));
    assert_eq!((scene.shift, scene.table.len(), scene.größe), (8, 0, 25));

    let names: Vec<String> = Scene::describe().unwrap().into_iter().map(|f| f.name).collect();
    assert_eq!(names, ["type", "with space", "raw", "shifted", "table", "größe"]);
    assert_eq!(Scene::describe().unwrap()[5].description, "By hand.");

    assert_eq!(Nothing::describe(), Some(vec![]));
    assert!(Nothing::from_literals(NamedLiterals::default()).is_ok());

    // A struct inside a function, and one that another function cannot name.
    #[derive(TaskInputs)]
    struct Local {
        #[input(default = five())]
        x: i64,
    }
    fn five() -> i64 {
        5
    }
    assert_eq!(Local::from_literals(NamedLiterals::default()).unwrap().x, 5);
}
