//! A page of the guide as its reader takes it: files to save, commands to type, and what those print.
//! The walk takes the steps; the rules of the form are here, and CONTRIBUTING.md tells them to authors.
//! What is on which page, and whether it works, is not known here.

/// What makes a command of code that stands in a sentence.
const PROGRAMS: [&str; 7] = ["cargo", "curl", "git", "pip", "python", "python3", "rustup"];

/// What the reader does with one block of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Saves it as the file that the paragraph before it names.
    Save { file: String, content: String },
    /// Types it, and waits for the end of it.
    Type { commands: String, succeeds: bool },
    /// Types it and leaves it running: its last command serves.
    Serve { commands: String },
    /// Finds it in what the commands before printed.
    Find { printed: String },
}

/// A step, and the line of the page it stands in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) line: usize,
    pub(crate) step: Step,
}

/// A block between two fences.
struct Block<'a> {
    line: usize,
    language: &'a str,
    content: String,
    paragraph: String,
}

/// The steps of a page. Rust without a file is left out: it is compiled as documentation.
pub(crate) fn steps(page: &str) -> Result<Vec<Placed>, String> {
    let mut steps: Vec<Placed> = Vec::new();
    for block in blocks(page)? {
        let complaint = |what: &str| Err(format!("line {}: {what}", block.line));
        let previous = steps.last().map(|placed| &placed.step);
        let fails = matches!(previous, Some(Step::Type { succeeds: false, .. }));
        if fails && !matches!(block.language, "text" | "json") {
            return complaint("the failure before this block must be shown");
        }
        let file = named_file(&block.paragraph).map(str::to_owned);
        let content = block.content.clone();
        let step = match (block.language, file) {
            ("rust" | "rust,no_run" | "rust,ignore", Some(file)) => {
                Step::Save { file, content: visible(&content) }
            }
            ("python" | "toml" | "yaml", Some(file)) => Step::Save { file, content },
            ("rust" | "rust,no_run" | "rust,compile_fail" | "toml" | "yaml", None) => continue,
            ("python", None) => return complaint("nobody says which file this goes into"),
            ("sh", _) => Step::Type { commands: content, succeeds: true },
            ("sh,fails", _) => Step::Type { commands: content, succeeds: false },
            ("sh,serve", _) => Step::Serve { commands: content },
            ("text" | "json", _) => match previous {
                Some(Step::Type { .. } | Step::Serve { .. }) if says_something(&content) => {
                    Step::Find { printed: content }
                }
                _ => return complaint("no command before this block prints it"),
            },
            (other, _) => {
                return complaint(&format!("nobody knows what to do with a block of {other:?}"));
            }
        };
        steps.push(Placed { line: block.line, step });
    }
    match steps.last() {
        Some(Placed { line, step: Step::Type { succeeds: false, .. } }) => {
            Err(format!("line {line}: the failure of this block must be shown"))
        }
        _ => Ok(steps),
    }
}

fn blocks(page: &str) -> Result<Vec<Block<'_>>, String> {
    let mut blocks = Vec::new();
    let mut paragraph = Vec::new();
    let mut ended = true;
    let mut lines = page.lines().zip(1..);
    while let Some((text, line)) = lines.next() {
        let text = text.trim();
        if text.starts_with("~~~") || text.starts_with("````") {
            return Err(format!("line {line}: blocks are fenced by three backticks"));
        }
        let fence = text.strip_prefix("```");
        if !ended && (text.is_empty() || fence.is_some()) {
            blocks.extend(commands_in(&paragraph.join(" "), line));
            ended = true;
        }
        if let Some(language) = fence {
            let mut content = String::new();
            loop {
                match lines.next() {
                    Some((text, _)) if text.trim() == "```" => break,
                    Some((text, _)) => content.extend([text, "\n"]),
                    None => return Err(format!("line {line}: this block has no end")),
                }
            }
            blocks.push(Block { line, language, content, paragraph: paragraph.join(" ") });
            paragraph.clear();
        } else if !text.is_empty() {
            if ended {
                paragraph.clear();
            }
            ended = false;
            paragraph.push(text);
        }
    }
    if !ended {
        blocks.extend(commands_in(&paragraph.join(" "), page.lines().count()));
    }
    Ok(blocks)
}

/// The commands in a paragraph, like "Add it with `cargo add …`": a reader types them, too.
fn commands_in(paragraph: &str, line: usize) -> Vec<Block<'static>> {
    let code = paragraph.split('`').skip(1).step_by(2);
    let typed = code.filter(|code| {
        code.split_once(' ').is_some_and(|(program, _)| PROGRAMS.contains(&program))
    });
    let block = |code: &str| Block {
        line,
        language: "sh",
        content: format!("{code}\n"),
        paragraph: String::new(),
    };
    typed.map(block).collect()
}

/// The file in a paragraph like "Put this into `src/main.rs`:" or "save it as `movie.py`:".
fn named_file(paragraph: &str) -> Option<&str> {
    if !paragraph.ends_with(':') {
        return None;
    }
    ["into `", "as `"].iter().find_map(|words| {
        let (_, rest) = paragraph.split_once(words)?;
        let (name, _) = rest.split_once('`')?;
        let file = name.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        (file && name.contains('.')).then_some(name)
    })
}

/// The lines that a rendered page shows.
fn visible(code: &str) -> String {
    let shown = code.lines().filter(|line| {
        let line = line.trim_start();
        line != "#" && !line.starts_with("# ")
    });
    shown.flat_map(|line| [line, "\n"]).collect()
}

fn says_something(printed: &str) -> bool {
    printed.lines().any(|line| !matches!(line.trim(), "" | "…"))
}

#[test]
fn a_page_becomes_steps() {
    let page = "Put this\ninto `src/main.rs`:\n\n```rust\n# use hidden;\nfn main() {}\n```\n\
        Look:\n\n```rust\nfn f() {}\n```\n\n```sh\ncargo run\n```\nIt prints:\n```text\nhi\n```\n\
        ```sh,serve\ncargo run\n```\n";
    let placed = steps(page).expect("a page");
    let lines: Vec<usize> = placed.iter().map(|placed| placed.line).collect();
    assert_eq!(lines, [4, 14, 18, 21]);
    let found: Vec<Step> = placed.into_iter().map(|placed| placed.step).collect();
    let expected = [
        Step::Save { file: "src/main.rs".to_owned(), content: "fn main() {}\n".to_owned() },
        Step::Type { commands: "cargo run\n".to_owned(), succeeds: true },
        Step::Find { printed: "hi\n".to_owned() },
        Step::Serve { commands: "cargo run\n".to_owned() },
    ];
    assert_eq!(found, expected);
}

#[test]
fn commands_in_sentences_are_typed_where_they_stand() {
    let page = "Add it\nwith `cargo add\nserde`, as `pip` would.\n\n```sh\ncargo test\n```\n\
        And `cargo run`: `cargo`.";
    let found: Vec<_> =
        steps(page).expect("a page").into_iter().map(|placed| placed.step).collect();
    let typed = ["cargo add serde\n", "cargo test\n", "cargo run\n"];
    let typed = typed.map(|text| Step::Type { commands: text.to_owned(), succeeds: true });
    assert_eq!(found, typed);
}

#[test]
fn a_block_that_nobody_would_try_is_refused() {
    for (page, part) in [
        ("```console\n$ ls\n```", "\"console\""),
        ("```\nls\n```", "\"\""),
        ("```rust,ignore\nx\n```", "rust,ignore"),
        ("```python\nx = 1\n```", "which file"),
        ("```text\nhi\n```", "no command"),
        ("```sh\nls\n```\n```text\n…\n```", "no command"),
        ("```sh\nls\n```\n```text\na\n```\n```text\nb\n```", "no command"),
        ("```sh,fails\nfalse\n```", "must be shown"),
        ("```sh,fails\nfalse\n```\n```sh\nls\n```", "must be shown"),
        ("```sh\nls\n", "no end"),
        ("~~~sh\nls\n~~~", "three backticks"),
    ] {
        let complaint = steps(page).expect_err(page);
        assert!(complaint.contains(part), "{page}: {complaint}");
    }
}

#[test]
fn files_are_named_by_the_paragraph_before() {
    assert_eq!(named_file("Save it as `a-b/c_d.py`:"), Some("a-b/c_d.py"));
    assert_eq!(named_file("Put it into `src/main.rs`, in place of `x.rs`:"), Some("src/main.rs"));
    assert_eq!(named_file("Handed over as `f(x = …)`:"), None);
    assert_eq!(named_file("It went into `src/main.rs`."), None);
}
