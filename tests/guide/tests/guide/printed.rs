//! Whether a program printed what a page shows: the lines together and in order, somewhere in its output.
//! In a page `…` stands for any text in a line, and alone in a line for any lines.
//! The walk asks; where the output comes from is the business of the terminal.

/// Whether the lines of a page are among those that were printed.
pub(crate) fn shows(printed: &str, page: &str) -> bool {
    // A machine without IPv6 has no `::`; there a server takes every address of IPv4.
    let printed = printed.replace("http://0.0.0.0:", "http://[::]:");
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    let page: Vec<&str> = page.lines().map(str::trim_end).collect();
    (0..=printed.len()).any(|start| printed.get(start..).is_some_and(|rest| begins(rest, &page)))
}

fn begins(printed: &[&str], page: &[&str]) -> bool {
    match (page.split_first(), printed.split_first()) {
        (None, _) => true,
        (Some((&"…", page)), _) => {
            let mut starts = (0..=printed.len()).filter_map(|start| printed.get(start..));
            starts.any(|rest| begins(rest, page))
        }
        (Some((line, page)), Some((text, printed))) => fits(text, line) && begins(printed, page),
        (Some(_), None) => false,
    }
}

fn fits(text: &str, line: &str) -> bool {
    let Some((start, rest)) = line.split_once('…') else { return text == line };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('…').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = text.split_once(part) else { return false };
        text = after;
    }
    text.ends_with(end)
}

#[test]
fn lines_are_found_together_and_in_order() {
    let printed = "noise\n{\n  \"a\": 1\n}  \nmore\nend\n";
    for page in ["{\n  \"a\": 1\n}", "noise\n…\nend", "n…e\n{\n  \"…\": …\n}", "more\n…"]
    {
        assert!(shows(printed, page), "{page}");
    }
    assert!(shows("gRPC      http://0.0.0.0:8000\n", "gRPC      http://[::]:8000"));
    for page in ["{\n}", "end\nmore", "{\n  \"a\": 2\n}", "nois", "end\n…\nnoise", "mo…x", "o…e"]
    {
        assert!(!shows(printed, page), "{page}");
    }
}
