//! Files of settings that somebody damaged: whatever is in them, they are read or refused, and no value is told.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::settings;

const SECRET: &str = "hunter2-and-more";
const WHOLE: &str = r#"port = 8001
grace_seconds = "hunter2-and-more"
expect = ["hunter2-and-more", "b"]
require-tls = true

[policy]
rate = 2.5

[connector.my-task]
endpoint = "hunter2-and-more"
secret_hosts = ["a.example", "hunter2-and-more"]
[connector.my-task.policy]
poll_interval = "1m"
[connector.my-task.secret]
api_key = "hunter2-and-more"
other = '''
hunter2-and-more
'''
"#;

fn names() -> Vec<(String, String)> {
    let flags = ["port", "grace-seconds", "expect", "require-tls"];
    flags.map(|flag| (flag.to_owned(), format!("CONNECTOR_{}", super::spelled(flag)))).to_vec()
}

/// One damage: a place, what is taken out there, and what is put in.
fn damage() -> impl Strategy<Value = (Index, usize, String)> {
    let signs = r#"[\[\]{}="'.,#\n\r\t \\0-9a-zé\u{0}\u{feff}]{0,3}"#;
    (any::<Index>(), 0..3_usize, signs)
}

fn damaged(damages: Vec<(Index, usize, String)>) -> String {
    let mut text: Vec<char> = WHOLE.chars().collect();
    for (place, out, put) in damages {
        let at = place.index(text.len());
        let end = (at + out).min(text.len());
        text.splice(at..end, put.chars());
    }
    text.into_iter().collect()
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match settings(text, &names()) {
        Ok(read) => {
            let variables: BTreeSet<&str> = read.iter().map(|it| &*it.variable).collect();
            prop_assert_eq!(variables.len(), read.len(), "one setting, one variable");
            for variable in variables {
                let is_one = variable.starts_with("CONNECTOR_");
                prop_assert!(is_one && !variable.contains('='), "{:?}", variable);
            }
        }
        Err(problems) => {
            prop_assert!(!problems.is_empty());
            let told = problems.join("; ");
            prop_assert!(!told.contains(SECRET), "a value is told: {}", told);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_damaged_file_is_read_or_refused_without_its_values(
        damages in prop::collection::vec(damage(), 1..5),
    ) {
        check(&damaged(damages))?;
    }

    #[test]
    fn noise_is_refused_or_read(text in r#"[\[\]{}="'.,#\n \\a-f0-9_é-]{0,80}"#) {
        check(&text)?;
    }
}
