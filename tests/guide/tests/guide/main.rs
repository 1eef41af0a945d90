//! The guide and the template, followed as a newcomer would follow them.
//! `template` makes a project of the template; `project` is the empty folder it is made in.
//! Nothing here knows how a connector works: that is tested beside the connectors.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod project;
mod template;
