//! The guide and the template, followed as a newcomer would follow them.
//! `template` makes a project, `commands` types what the guide says, `pages` reads the guide.
//! Nothing here knows how a connector works: that is tested beside the connectors.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod commands;
mod pages;
mod project;
mod template;
