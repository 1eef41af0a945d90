//! The page about messages quotes them: each must be the words of the compiler, as `tests/ui` records them, or of the
//! server's own source.
//! What a message should say is judged there; whether the advice helps, by the blocks of the page.

use std::fs;
use std::path::Path;

use crate::pages::book;
use crate::project::checkout;

/// A page that leaves most of its messages out has nothing to be judged.
const MESSAGES: usize = 25;

#[test]
fn what_the_page_quotes_is_said() {
    let page = fs::read_to_string(book().join("compiler-says-no.md")).expect("the page");
    let mut said = String::new();
    gather(&checkout().join("tests/ui/fail"), "stderr", &mut said);
    gather(&checkout().join("connector-service/src"), "rs", &mut said);
    let quoted: Vec<String> = page.lines().filter_map(first_cell).flat_map(quotes).collect();
    let unheard: Vec<&String> = quoted.iter().filter(|text| !said.contains(*text)).collect();
    assert!(unheard.is_empty(), "nobody says {unheard:#?}");
    assert!(quoted.len() >= MESSAGES, "only {} messages: {quoted:#?}", quoted.len());
}

/// Every file of a kind below a folder, end to end.
fn gather(folder: &Path, kind: &str, into: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, kind, into);
        } else if path.extension().is_some_and(|extension| extension == kind) {
            into.push_str(&fs::read_to_string(&path).expect("a file"));
        }
    }
}

/// What stands in the first column of a row.
fn first_cell(line: &str) -> Option<&str> {
    line.strip_prefix('|')?.split('|').next()
}

/// The code in a cell; two backticks around code that holds one.
fn quotes(cell: &str) -> Vec<String> {
    let mut quotes = Vec::new();
    let mut rest = cell;
    while let Some((_, open)) = rest.split_once('`') {
        let fence = if open.starts_with('`') { "``" } else { "`" };
        let code = open.strip_prefix('`').unwrap_or(open);
        let Some((code, after)) = code.split_once(fence) else { break };
        quotes.push(code.trim().to_owned());
        rest = after;
    }
    quotes
}

#[test]
fn quotes_are_found() {
    assert_eq!(first_cell("| a `b` | c |"), Some(" a `b` "));
    assert_eq!(first_cell("a | b"), None);
    assert_eq!(quotes("`` a `b` c ``, and `d`"), ["a `b` c", "d"]);
    assert!(quotes("---").is_empty());
}
