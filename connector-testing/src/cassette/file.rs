//! The file of a cassette: its form, read with every mistake named, and written at one stroke.
//! `Cassette` reads it before a replay and writes it after a recording.
//! What the fields mean to people stands at `Cassette`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::{Content, Fields};
use super::error::CassetteError;

/// The form this version writes, and the only one there is.
const FORMAT: u32 = 1;

/// Everything in the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recording {
    format: u32,
    /// For people; kept when the file is recorded anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    pub(super) exchanges: Vec<Exchange>,
}

/// One request and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    pub(super) request: Request,
    pub(super) response: Response,
}

/// What was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "WrittenRequest", try_from = "WrittenRequest")]
pub(super) struct Request {
    pub(super) method: String,
    /// With the query.
    pub(super) path: String,
    pub(super) content: Content,
}

/// What was answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "WrittenResponse", try_from = "WrittenResponse")]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) content: Content,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRequest {
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenResponse {
    status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl From<Request> for WrittenRequest {
    fn from(Request { method, path, content }: Request) -> Self {
        let Fields { json, text, base64 } = content.into();
        Self { method, path, json, text, base64 }
    }
}

impl TryFrom<WrittenRequest> for Request {
    type Error = String;

    fn try_from(written: WrittenRequest) -> Result<Self, String> {
        let WrittenRequest { method, path, json, text, base64 } = written;
        if !path.starts_with('/') {
            return Err(format!("the path {path:?} must begin with `/`, without a host"));
        }
        let content = Fields { json, text, base64 }.try_into()?;
        Ok(Self { method: method.to_ascii_uppercase(), path, content })
    }
}

impl From<Response> for WrittenResponse {
    fn from(Response { status, headers, content }: Response) -> Self {
        let Fields { json, text, base64 } = content.into();
        Self { status, headers, json, text, base64 }
    }
}

impl TryFrom<WrittenResponse> for Response {
    type Error = String;

    fn try_from(written: WrittenResponse) -> Result<Self, String> {
        let WrittenResponse { status, headers, json, text, base64 } = written;
        if !(200..=599).contains(&status) {
            return Err(format!("{status} is no status of an answer: 200 to 599 are"));
        }
        let content = Fields { json, text, base64 }.try_into()?;
        Ok(Self { status, headers, content })
    }
}

impl Recording {
    pub(super) const fn new(exchanges: Vec<Exchange>) -> Self {
        Self { format: FORMAT, note: None, exchanges }
    }

    pub(super) fn read(path: &Path) -> Result<Self, CassetteError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let help = format!(
                "record it: run the test with {}=1 and the feature `record` of connector-testing; \
                 paths are those of the package's folder, in which its tests run",
                super::RECORD
            );
            CassetteError::of_file(path, format_args!("cannot be read: {error}"), &help)
        })?;
        let recording: Self = serde_json::from_str(&text).map_err(|error| {
            let help = "the documentation of `Cassette` has the form of the file";
            CassetteError::of_file(path, format_args!("is not in order: {error}"), help)
        })?;
        if recording.format != FORMAT {
            let is = format_args!("has the format {}", recording.format);
            let help = "this version of connector-testing reads format 1";
            return Err(CassetteError::of_file(path, is, help));
        }
        Ok(recording)
    }

    /// Writes it beside its place and moves it there, so that nobody ever sees half of it.
    pub(super) fn write(&self, path: &Path) -> Result<(), CassetteError> {
        let write = || -> std::io::Result<()> {
            let mut text = serde_json::to_string_pretty(self)?;
            text.push('\n');
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let beside = path.with_extension(format!("{}.part", std::process::id()));
            std::fs::write(&beside, text)?;
            std::fs::rename(&beside, path)
        };
        write().map_err(|error| {
            let what = format_args!("cannot be written: {error}");
            CassetteError::of_file(path, what, "look at the folder and its rights")
        })
    }
}
