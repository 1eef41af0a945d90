//! The guide and the template, followed as a newcomer would follow them.
//! `walk` does what the guide says, `pages` follows its links, `template` makes a project.
//! Nothing here knows how a connector works: that is tested beside the connectors.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod flags;
mod messages;
mod pages;
mod printed;
mod program;
mod project;
mod python;
mod steps;
mod template;
mod terminal;
mod types;
mod walk;
