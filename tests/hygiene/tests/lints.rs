//! The strictest lints: nothing in the expansions makes a warning, whatever the crate denies.
//! Run by `cargo test -p hygiene-tests`; clippy's part by `cargo clippy -p hygiene-tests --all-targets`.
//! What the macros do otherwise is asserted in `tests/ui/pass`.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, rust_2018_idioms, unused, nonstandard_style, let_underscore)]
#![deny(unused_qualifications, unreachable_pub, unnameable_types, unit_bindings)]
#![deny(missing_debug_implementations, missing_copy_implementations, unused_results)]
#![deny(single_use_lifetimes, unused_lifetimes, redundant_lifetimes, elided_lifetimes_in_paths)]
#![deny(trivial_casts, trivial_numeric_casts, variant_size_differences, meta_variable_misuse)]
#![deny(absolute_paths_not_starting_with_crate, unused_extern_crates, unused_import_braces)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(clippy::absolute_paths, clippy::shadow_unrelated, clippy::shadow_reuse)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::infinite_loop,
    clippy::missing_inline_in_public_items
)]
#![deny(clippy::allow_attributes, clippy::allow_attributes_without_reason)]

use std::iter;

use prost_types::Struct;
use renamed_core::NamedLiterals;
use renamed_core::prelude::*;

/// Public, and known outside.
#[derive(Debug, Clone, Copy, PartialEq, FlyteType)]
#[flyte(crate = ::renamed_core)]
pub struct Point {
    /// Documented.
    pub x: f64,
    /// Deprecated, and still carried.
    #[deprecated = "use `x`"]
    #[flyte(default = 1.0)]
    pub y: f64,
}

/// Without fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FlyteType)]
#[flyte(crate = ::renamed_core, pydantic)]
pub struct Empty {}

/// Public, and known outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FlyteType)]
#[flyte(crate = ::renamed_core)]
pub enum Mode {
    /// Documented.
    Fast,
    /// Deprecated, and still a member.
    #[deprecated = "use `Fast`"]
    Slow,
}

/// Private, and made by reading only.
#[derive(Debug, FlyteType)]
#[flyte(crate = ::renamed_core)]
enum Size {
    Number(i64),
    Mode(Mode),
    Points(Vec<Point>),
    Empty(Empty),
}

/// Private, and made by reading only.
#[derive(Debug, TaskInputs)]
#[input(crate = ::renamed_core)]
struct Scene {
    size: Size,
    #[input(default = 24)]
    frames: i64,
}

/// Public, and never made here.
#[derive(Debug, Clone, TaskOutputs)]
#[output(crate = ::renamed_core)]
pub struct Video {
    /// Documented.
    pub mode: Mode,
    /// Documented.
    pub points: Vec<Point>,
}

/// Private, and made by reading only.
#[derive(Debug, TaskConfig)]
#[config(crate = ::renamed_core)]
struct Config {
    fps: Option<u32>,
}

/// Private, and made by reading only.
#[derive(Debug, TaskConnection)]
#[connection(crate = ::renamed_core)]
struct Access {
    #[secret]
    key: Option<Secret>,
}

/// Deprecated, and still served.
#[deprecated = "use another"]
#[connector(task_type = "old", version = [0, 1], name = "Old", crate = ::renamed_core)]
#[derive(Debug, Default, Clone, Copy)]
pub struct Old;

#[expect(deprecated, reason = "deprecated, and still served")]
impl AsyncConnector for Old {
    #[inline]
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Err(ConnectorError::unsupported("create"))
    }

    #[inline]
    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        Err(ConnectorError::unsupported("get"))
    }

    #[inline]
    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn values_go_there_and_back() -> Result<()> {
    let literals: NamedLiterals = iter::once(("size", literal::string("FAST"))).collect();
    let scene = Scene::from_literals(literals)?;
    assert_eq!((format!("{:?}", scene.size), scene.frames), ("Mode(Fast)".to_owned(), 24));
    for (sent, read) in [(literal::integer(1), "Number(1)"), (literal::list([]), "Points([])")] {
        let inputs = Scene::from_literals(iter::once(("size", sent)).collect())?;
        assert_eq!(format!("{:?}", inputs.size), read);
    }
    let video = Video { mode: Mode::Fast, points: Vec::new() };
    assert_eq!(video.into_literals()?.len(), 2);
    assert_eq!(Config::from_custom(Struct::default())?.fps, None);
    assert!(Access::from_connection(pb::Connection::default())?.key.is_none());
    Ok(())
}
