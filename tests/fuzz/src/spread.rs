//! A spread of types that read literals, and what must hold of each: what it reads it can write,
//! and what it writes it reads as the same.
//! The msgpack campaign asks every type about every input.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use bytes::Bytes;
use connector_core::jiff::civil::Date;
use connector_core::jiff::{SignedDuration, Timestamp};
use connector_core::pb;
use connector_core::pb::literal::Value;
use connector_core::{DataFrame, Dir, File, FlyteType};
use prost::Message as _;
use prost_types::Struct;

use crate::derived::{Branch, Choice, Mode, Model, Nest, Point, Spelled, Tree};
use crate::messages;

/// What may happen to a value that is written and read again.
#[derive(Debug, Clone, Copy)]
struct Allowed {
    /// It loses what its literal cannot carry, as documented at the type; never more than once.
    loss: bool,
    /// It cannot be written, and the error that says so has one of these texts in it.
    refusals: &'static [&'static str],
}

/// One type of the spread.
#[derive(Debug)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    allowed: Allowed,
    tag: &'static str,
    check: fn(&pb::Literal, Allowed) -> Result<bool, String>,
}

macro_rules! kinds {
    ($($loss:literal, $refusals:tt { $($type:ty),+ $(,)? })+) => {
        /// Every type of the spread.
        pub const KINDS: &[Kind] = &[$($(Kind {
            name: stringify!($type),
            allowed: Allowed { loss: $loss, refusals: &$refusals },
            tag: <$type as FlyteType>::TAG,
            check: check::<$type>,
        }),+),+];
    };
}

kinds! {
    // Neither loss nor refusal.
    false, [] {
        i8, i16, i32, i64, u8, u16, u32, f32, f64, bool, (), String, Date, Mode,
        SignedDuration, Struct,
        Option<i64>, Option<String>, Option<bool>, Option<Mode>, Option<Vec<Option<Vec<String>>>>,
        Vec<i64>, Vec<f64>, Vec<String>, Vec<Vec<Option<i64>>>,
        Vec<BTreeMap<String, f64>>, BTreeMap<String, i64>, BTreeMap<String, Vec<Option<bool>>>,
        BTreeMap<i64, String>, BTreeMap<bool, f64>, BTreeMap<u8, Vec<u64>>,
        (i64,), (String, Option<f64>), (bool, Vec<i8>, BTreeMap<String, i64>),
        Spelled, Tree, Vec<Branch>, Nest,
    }
    // Loss.
    true, [] {
        // The name of a file stands in objects only.
        File, Dir, Option<File>, Vec<Dir>, BTreeMap<String, Option<File>>,
        // A data frame's metadata is always written, even if none came.
        DataFrame,
        // Times in objects have microseconds.
        Point, Option<Point>, BTreeMap<i64, Timestamp>, (SignedDuration, Date),
        // The order of a hash map is no order.
        HashMap<String, i64>, HashMap<u64, Option<f64>>,
        // An alternative may be one of the above.
        Choice, Option<Choice>, Vec<Choice>, BTreeMap<String, Choice>,
    }
    // Flyte's integers end at 2^63.
    false, ["is larger than Flyte's integers"] { u64, Vec<u64> }
    // Bytes alone have no literal.
    false, ["Flyte has no type for bytes alone"] { Bytes, Option<Bytes> }
    // A moment that is in the years 1 to 9999 of its own zone only fits into objects, as text.
    false, ["outside the years 1 to 9999"] { Timestamp, Vec<Timestamp> }
    // As for integers; and objects in literals are put into one object, which has a bounded depth.
    false, ["is larger than Flyte's integers", "nested deeper than a protobuf object can be"] {
        serde_json::Value, Vec<serde_json::Value>,
    }
    // In a union JSON is a dict only.
    false, [
        "is larger than Flyte's integers",
        "nested deeper than a protobuf object can be",
        "in a union a dict cannot be",
    ] { Option<serde_json::Value> }
    // Times have microseconds there, and pydantic's bytes are text.
    true, ["pydantic writes bytes as text"] { Model, Vec<Model> }
    // Objects cannot say every duration that literals can.
    true, [] { BTreeMap<i16, SignedDuration> }
}

fn check<T: FlyteType + Debug>(came: &pb::Literal, allowed: Allowed) -> Result<bool, String> {
    let first = match T::from_literal(came) {
        Ok(value) => value,
        // Texts are made of what came, so they are part of what is tried.
        Err(found) if found.is_empty() => return Err("an error without a problem".to_owned()),
        Err(found) => return Ok(found.to_string().is_empty()),
    };
    let shown = format!("{first:?}");
    let written = match first.into_literal() {
        Ok(written) => written.encode_to_vec(),
        Err(found) => {
            let text = found.to_string();
            if allowed.refusals.iter().any(|refusal| text.contains(refusal)) {
                return Ok(true);
            }
            return Err(format!("read {shown}, which cannot be written: {text}"));
        }
    };
    let carried = pb::Literal::decode(written.as_slice())
        .map_err(|error| format!("wrote a literal of {shown} that is none: {error}"))?;
    let second = T::from_literal(&carried)
        .map_err(|found| format!("read {shown}, wrote it, and cannot read it again: {found}"))?;
    let again = format!("{second:?}");
    if !allowed.loss && again != shown {
        return Err(format!("read {shown}, wrote it, and read {again}"));
    }
    let rewritten = second.into_literal().map_err(|found| format!("then {again}: {found}"))?;
    if rewritten.encode_to_vec() == written {
        Ok(true)
    } else {
        Err(format!("{shown} and {again} are written as different bytes"))
    }
}

impl Kind {
    /// Checks the type on one literal; says whether it could read it.
    ///
    /// # Errors
    /// What it read does not survive being written.
    pub fn check(&self, literal: &pb::Literal) -> Result<bool, String> {
        (self.check)(literal, self.allowed).map_err(|problem| format!("{}: {problem}", self.name))
    }

    /// Checks the type on a literal in one of the places it can stand in: in a list, in a map, in a
    /// union under the type's own tag, or in two of those.
    ///
    /// # Errors
    /// As of [`Self::check`].
    pub fn check_in_place(&self, literal: &pb::Literal, place: usize) -> Result<bool, String> {
        let literal = literal.clone();
        let placed = match place % 6 {
            0 => self.tagged(literal),
            1 => list(vec![literal]),
            2 => list(vec![self.tagged(literal.clone()), literal]),
            3 => list(vec![list(vec![literal]), list(Vec::new())]),
            4 => {
                let entries = [("1".to_owned(), literal.clone()), ("true".to_owned(), literal)];
                whole(Value::Map(pb::LiteralMap { literals: entries.into() }))
            }
            _ => whole(messages::tagged(Some(self.tagged(literal)), "Typed Union")),
        };
        self.check(&placed)
    }

    fn tagged(&self, literal: pb::Literal) -> pb::Literal {
        whole(messages::tagged(Some(literal), self.tag))
    }
}

fn whole(value: Value) -> pb::Literal {
    pb::Literal { value: Some(value), ..Default::default() }
}

fn list(literals: Vec<pb::Literal>) -> pb::Literal {
    whole(Value::Collection(pb::LiteralCollection { literals }))
}
