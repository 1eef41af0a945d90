//! Derives written by a `macro_rules` macro, with every fragment kind an argument can be.

use connector_core::NamedLiterals;
use connector_core::prelude::*;

macro_rules! inputs {
    ($name:ident { $($field:ident : $ty:ty = $default:expr, $wire:literal, $doc:literal;)+ } $mode:ident { $($variant:ident $member:literal)+ } $size:ident { $($alternative:ident $inner:ty)+ }) => {
        #[derive(Debug, TaskInputs)]
        #[input(crate = $crate::core_again)]
        struct $name {
            $(
                #[doc = $doc]
                #[input(rename = $wire, default = $default)]
                $field: $ty,
            )+
            mode: Option<$mode>,
            size: Option<$size>,
        }

        #[derive(Debug, PartialEq, FlyteType)]
        enum $mode {
            $(#[flyte(name = $member)] $variant,)+
        }

        #[derive(Debug, PartialEq, FlyteType)]
        enum $size {
            $($alternative($inner),)+
        }
    };
}

use connector_core as core_again;

inputs! {
    Scene {
        frames: Vec<i64> = vec![1, 2], "Frames", "The frames.";
        ratio: f64 = 1.0 + 0.5, "Ratio", "Width by height.";
    }
    Mode { Fast "QUICK" Slow "SLOW" }
    Size { Number i64 Text String }
}

fn main() {
    let literals: NamedLiterals = [
        ("mode", literal::string("QUICK")),
        ("size", literal::string("large")),
        ("Frames", literal::list([])),
    ]
    .into_iter()
    .collect();
    let scene = Scene::from_literals(literals).unwrap();
    assert_eq!((scene.frames.len(), scene.ratio), (0, 1.5));
    assert_eq!((scene.mode, scene.size), (Some(Mode::Fast), Some(Size::Text("large".into()))));
    assert_eq!(Scene::describe().unwrap()[0].description, "The frames.");
}
