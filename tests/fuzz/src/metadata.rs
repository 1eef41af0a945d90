//! Types as authors use them for resource metadata, from one string to everything serde knows.
//! The `resource_meta` campaign reads hostile bytes into each, and what is read must survive.
//! Only shapes that JSON itself can carry both ways are here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Every scalar, as fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scalars {
    /// True or false.
    pub b: bool,
    /// Whole numbers of every size.
    pub i: (i8, i16, i32, i64, i128),
    /// The same without a sign.
    pub n: (u8, u16, u32, u64, u128),
    /// Double precision.
    pub f: f64,
    /// Single precision.
    pub x: f32,
    /// One character.
    pub y: char,
    /// Text.
    pub s: String,
    /// Nothing at all.
    pub value: (),
}

/// Objects in objects, lists, maps with every kind of key, and fields that may be missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Nested {
    /// Must be there.
    pub name: String,
    /// May be missing or null.
    pub point: Option<Scalars>,
    /// Many.
    #[serde(default)]
    pub points: Vec<Scalars>,
    /// Text as keys.
    #[serde(default)]
    pub m: BTreeMap<String, f64>,
    /// Numbers as keys.
    #[serde(default)]
    pub xs: BTreeMap<i64, Option<String>>,
    /// Booleans as keys.
    #[serde(default)]
    pub opt: BTreeMap<bool, Vec<f64>>,
    /// A choice.
    #[serde(default)]
    pub mode: Mode,
    /// What is not known.
    #[serde(default)]
    pub value: serde_json::Value,
}

/// A choice in each of the forms an enum can take.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Without content.
    #[default]
    Fast,
    /// One value.
    Slow(f64),
    /// Two.
    Pair(i64, String),
    /// With names.
    Named {
        /// One.
        x: f64,
        /// Another.
        y: Option<u64>,
    },
}

/// A choice told by one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Tagged {
    /// One kind of job.
    Fast {
        /// A number.
        f: f64,
    },
    /// Another.
    Slow {
        /// A text.
        s: String,
        /// A list.
        #[serde(default)]
        xs: Vec<i64>,
    },
}

/// A job under a name, in one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wrapped(pub Nested);
