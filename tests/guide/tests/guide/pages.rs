//! Every page of the guide is in its summary, and every relative link of every page of this checkout leads somewhere.
//! Links are those of Markdown; headings are spelled as mdBook and code hosts spell their anchors.
//! Links to other sites are not followed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::project::checkout;

/// The folder of the book.
pub(crate) fn book() -> PathBuf {
    checkout().join("docs/src")
}

/// The pages of the book in the order of the summary.
pub(crate) fn in_order() -> Vec<String> {
    links(&fs::read_to_string(book().join("SUMMARY.md")).expect("a summary"))
}

#[test]
fn every_page_is_in_the_summary_and_compiled() {
    let listed: BTreeSet<String> = in_order().into_iter().collect();
    let there: BTreeSet<String> = pages(&book())
        .iter()
        .filter_map(|page| Some(page.file_name()?.to_string_lossy().into_owned()))
        .filter(|name| name != "SUMMARY.md")
        .collect();
    assert_eq!(listed, there);
    let compiled = include_str!("../../src/lib.rs");
    for page in there {
        assert!(compiled.contains(&format!("docs/src/{page}\"")), "{page} is not compiled");
    }
}

#[test]
fn every_relative_link_leads_somewhere() {
    let book = book();
    let texts = all_pages(&checkout());
    for there in ["README.md", "docs/src/SUMMARY.md", "connector-gate/README.md"] {
        assert!(texts.contains(&checkout().join(there)), "{there} is not among the pages");
    }
    let mut followed = 0;
    for text in texts {
        let content = fs::read_to_string(&text).expect("a page");
        for link in links(&content).iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = text.parent().expect("a folder");
            let goal = if path.is_empty() { text.clone() } else { folder.join(path) };
            assert!(goal.exists(), "{}: {link} leads nowhere", text.display());
            // Rendered pages have nothing around them.
            assert!(
                !text.starts_with(&book) || goal.parent() == Some(&book),
                "{}: {link} leads out of the book",
                text.display()
            );
            if !anchor.is_empty() {
                let goal = fs::read_to_string(&goal).expect("a page");
                assert!(
                    anchors(&goal).contains(anchor),
                    "{}: no heading of {link}",
                    text.display()
                );
            }
            followed += 1;
        }
    }
    assert!(followed > 50, "only {followed} links were found");
}

/// The Markdown below a folder, without what is made and what is not Markdown's alone.
fn all_pages(folder: &Path) -> Vec<PathBuf> {
    // Core's `docs` are parts of its documentation, with that one's links.
    const NOT_PAGES: [&str; 3] = ["target", ".git", "connector-core/docs"];
    let entries = fs::read_dir(folder).expect("a folder");
    let folders = entries.map(|entry| entry.expect("an entry").path());
    let folders = folders.filter(|path| path.is_dir() && !path.is_symlink());
    let folders = folders.filter(|path| !NOT_PAGES.iter().any(|name| path.ends_with(name)));
    folders.flat_map(|folder| all_pages(&folder)).chain(pages(folder)).collect()
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of pages");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect()
}

/// The targets of `[text](target)` outside of code blocks.
fn links(text: &str) -> Vec<String> {
    let prose = text.split("```").step_by(2);
    let targets = prose.flat_map(|prose| prose.split("](").skip(1));
    targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// The anchors of a page's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let prose = text.split("```").step_by(2);
    let headings = prose.flat_map(str::lines).filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_and_anchors_are_found() {
    assert_eq!(links("a [b](c.md#d), [e](f)\n```\n[x](y)\n```\n[g](h)"), ["c.md#d", "f", "h"]);
    assert!(anchors("# First\n## What `it` does, now\n").contains("what-it-does-now"));
}
