//! The prelude's `Serialize` and `Deserialize` write and read what serde's own do, whatever the attributes.

use std::borrow::Cow;
use std::fmt::Debug;

use connector_core::ResourceMeta;
use connector_core::prelude::{Deserialize, Serialize};

fn five() -> u8 {
    5
}

/// A number as text in hexadecimal.
mod hex {
    use connector_core::serde::de::Error;
    use connector_core::serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(number: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{number:x}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        u8::from_str_radix(&String::deserialize(deserializer)?, 16).map_err(D::Error::custom)
    }
}

/// The same types twice: with the derives that are given.
macro_rules! jobs {
    ($module:ident, $serialize:path, $deserialize:path) => {
        mod $module {
            use std::collections::BTreeMap;

            use super::{five, hex};

            #[derive(Debug, PartialEq, $serialize, $deserialize)]
            #[serde(rename_all = "camelCase", deny_unknown_fields)]
            pub struct Fields {
                pub job_id: String,
                #[serde(default = "five")]
                pub retries: u8,
                #[serde(skip_serializing_if = "Option::is_none")]
                pub region: Option<String>,
                #[serde(rename = "type", with = "hex")]
                pub r#type: u8,
                #[serde(skip)]
                pub seen: u8,
            }

            #[derive(Debug, PartialEq, $serialize, $deserialize)]
            #[serde(default)]
            pub struct Defaults {
                pub retries: u8,
                pub parents: Vec<Defaults>,
                pub first: Option<Box<Self>>,
                #[serde(flatten)]
                pub others: BTreeMap<String, u8>,
            }

            impl Default for Defaults {
                fn default() -> Self {
                    Self { retries: 7, parents: vec![], first: None, others: BTreeMap::new() }
                }
            }

            #[derive(Debug, PartialEq, $serialize, $deserialize)]
            #[serde(tag = "kind", rename_all = "snake_case")]
            pub enum Tagged {
                Small {
                    size: u8,
                },
                #[serde(rename = "nothing", alias = "none")]
                NoJob,
                Full(Defaults),
            }

            #[derive(Debug, PartialEq, $serialize, $deserialize)]
            pub enum External {
                One(u8),
                Two(u8, String),
                Three,
            }

            #[derive(Debug, PartialEq, $serialize, $deserialize)]
            #[serde(untagged)]
            pub enum Untagged {
                Number(u8),
                Text(String),
            }

            #[derive(Debug, Clone, PartialEq, $serialize, $deserialize)]
            #[serde(into = "String", try_from = "String")]
            pub struct Converted(pub u8);

            impl From<Converted> for String {
                fn from(converted: Converted) -> Self {
                    converted.0.to_string()
                }
            }

            impl TryFrom<String> for Converted {
                type Error = std::num::ParseIntError;

                fn try_from(text: String) -> Result<Self, Self::Error> {
                    text.parse().map(Self)
                }
            }

            #[derive(Debug, PartialEq, $serialize, $deserialize)]
            #[serde(transparent)]
            pub struct Transparent<T: Clone> {
                pub inner: Vec<T>,
            }

            #[derive(Debug, PartialEq, $serialize, $deserialize)]
            pub struct Page<T, U>
            where
                U: Copy,
            {
                pub items: Vec<T>,
                pub next: (U, Option<T>),
            }
        }
    };
}

jobs!(ours, connector_core::prelude::Serialize, connector_core::prelude::Deserialize);
jobs!(serdes, serde::Serialize, serde::Deserialize);

/// Metadata is an object; what is tried stands inside it.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Held<T> {
    held: T,
}

/// What comes of a text: the value, shown and written again, or the error.
fn told<T>(text: &str) -> Result<(String, String), String>
where
    Held<T>: ResourceMeta + Debug,
{
    let text = format!(r#"{{"held": {text}}}"#);
    let value = Held::<T>::decode(text.into()).map_err(|error| error.to_string())?;
    let written = value.encode().map_err(|error| error.to_string())?;
    Ok((format!("{value:?}"), String::from_utf8(written.to_vec()).unwrap()))
}

/// How many of the texts could be read: as many by one derive as by the other, with the same result.
fn same<Ours, Serdes>(texts: &[&str]) -> usize
where
    Held<Ours>: ResourceMeta + Debug,
    Held<Serdes>: ResourceMeta + Debug,
{
    let told = texts.iter().map(|text| {
        let seen = told::<Ours>(text);
        assert_eq!(seen, told::<Serdes>(text), "{text}");
        seen
    });
    told.filter(Result::is_ok).count()
}

/// A body of a request borrows.
#[derive(Serialize)]
struct Submit<'a, T> {
    scene: &'a str,
    frames: &'a [T],
}

#[derive(Deserialize)]
struct Answer<'a> {
    job_id: &'a str,
    #[serde(borrow)]
    farm: Cow<'a, str>,
}

fn main() {
    let read = same::<ours::Fields, serdes::Fields>(&[
        r#"{"jobId": "a", "type": "ff"}"#,
        r#"{"jobId": "a", "retries": 1, "region": "eu", "type": "0"}"#,
        r#"{"jobId": "a", "type": "ff", "more": 1}"#,
        r#"{"type": "ff"}"#,
        "5",
    ]);
    assert_eq!(read, 2);
    let read = same::<ours::Defaults, serdes::Defaults>(&[
        "{}",
        r#"{"parents": [{}], "first": {"retries": 1}, "other": 3}"#,
        r#"{"retries": "x"}"#,
    ]);
    assert_eq!(read, 2);
    let read = same::<ours::Tagged, serdes::Tagged>(&[
        r#"{"kind": "small", "size": 1}"#,
        r#"{"kind": "none"}"#,
        r#"{"kind": "full", "retries": 2}"#,
        r#"{"kind": "large"}"#,
    ]);
    assert_eq!(read, 3);
    let read = same::<ours::External, serdes::External>(&[
        r#"{"One": 1}"#,
        r#"{"Two": [1, "a"]}"#,
        r#""Three""#,
        r#"{"Four": 1}"#,
    ]);
    assert_eq!(read, 3);
    let read = same::<ours::Untagged, serdes::Untagged>(&["1", r#""a""#, "[]"]);
    assert_eq!(read, 2);
    let read = same::<ours::Converted, serdes::Converted>(&[r#""12""#, r#""x""#]);
    assert_eq!(read, 1);
    let read = same::<ours::Transparent<u8>, serdes::Transparent<u8>>(&["[1, 2]", "{}"]);
    assert_eq!(read, 1);
    let read = same::<ours::Page<u8, bool>, serdes::Page<u8, bool>>(&[
        r#"{"items": [1], "next": [true, null]}"#,
        r#"{"items": []}"#,
    ]);
    assert_eq!(read, 1);

    let submit = Submit { scene: "a.blend", frames: &[1, 2] };
    let written = serde_json::to_string(&submit).unwrap();
    assert_eq!(written, r#"{"scene":"a.blend","frames":[1,2]}"#);
    let answer: Answer<'_> = serde_json::from_str(r#"{"job_id": "j-1", "farm": "eu"}"#).unwrap();
    assert_eq!((answer.job_id, &*answer.farm), ("j-1", "eu"));
}
