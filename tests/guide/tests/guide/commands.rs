//! The page of the first connector, followed from an empty folder: its commands in order, its code where it says.
//! What stands in `sh` is typed into one shell, and `rust` becomes `src/main.rs`.
//! Other pages are not typed: what they show needs connectors they do not build.

use std::fs;

use crate::project::{Folder, checkout};

#[test]
fn the_first_connector_is_built_and_run_as_the_page_says() {
    let page = fs::read_to_string(checkout().join("docs/src/first-connector.md")).expect("a page");
    let folder = Folder::new("commands");
    let mut script = String::new();
    let mut count = 0;
    for block in page.split("```").skip(1).step_by(2) {
        let (language, content) = block.split_once('\n').expect("a block with a language");
        match language {
            "sh" => script.push_str(content),
            "rust,no_run" => {
                fs::write(folder.path().join("main.rs"), content).expect("the code");
                script.push_str("cp ../main.rs src/main.rs\n");
                // The versions of this checkout, so that nothing has to be fetched.
                script.push_str("cp ../flyte-connectors/Cargo.lock .\n");
            }
            other => panic!("nobody said what to do with a block of {other:?}"),
        }
        count += 1;
    }
    assert_eq!(count, 3, "two blocks of commands and one of code");
    let printed = folder.run("sh", &["-euxc", &script], ".");
    assert!(printed.contains("greeting"), "{printed}");
    assert!(printed.contains(r#""text": "hello Ada""#), "{printed}");
}
