//! The task's settings, and what they say of secrets: `custom` of the template and the connection.
//! `task` puts them together. The rules for `secrets` and `configs` are the executor's, except that a
//! secret is the value of an environment variable.

use std::fs;

use connector_core::custom_info::{json_to_struct, struct_to_json};
use connector_core::pb;
use connector_core::typed::FieldDescription;
use prost_types::Struct;
use serde_json::{Map, Value as Json};

use super::arguments::{Assignment, Setting};
use super::kind::Kind;
use super::value;

/// Keys that are Flyte's, in the settings of whatever connector.
const OF_FLYTE: [&str; 4] = ["secrets", "configs", "task_type", "taskType"];

/// The settings: those of the template, then files, then single ones.
///
/// # Errors
/// A file that cannot be read, or a setting the connector does not have.
pub(super) fn collect(
    template: Option<Struct>,
    given: &[Setting],
    described: Option<&[FieldDescription]>,
) -> Result<Struct, String> {
    let mut settings = template.unwrap_or_default();
    for file in given.iter().filter_map(|setting| match setting {
        Setting::File(file) => Some(file),
        Setting::One(_) => None,
    }) {
        let read = fs::read(file).map_err(|error| error.to_string()).and_then(|bytes| {
            let mut fields: Map<String, Json> = serde_json::from_slice(&bytes)
                .map_err(|error| format!("no JSON object: {error}"))?;
            for (name, value) in &mut fields {
                if declared(name, described).is_some_and(is_float) {
                    make_float(value);
                }
            }
            json_to_struct(Json::Object(fields)).map_err(|error| error.message().to_owned())
        });
        let read = read.map_err(|error| {
            let advice = "a single setting is written KEY=VALUE";
            format!("--config {}: {error}; {advice}", file.display())
        })?;
        settings.fields.extend(read.fields);
    }
    for setting in given {
        let Setting::One(Assignment { name, value }) = setting else { continue };
        let one =
            Json::Object([(name.clone(), typed(name, value, described)?)].into_iter().collect());
        let one = json_to_struct(one).map_err(|error| error.message().to_owned())?;
        settings.fields.extend(one.fields);
    }
    Ok(settings)
}

fn typed(name: &str, value: &str, described: Option<&[FieldDescription]>) -> Result<Json, String> {
    let Some(fields) = described else { return Ok(value::guessed_text(value)) };
    match fields.iter().find(|field| field.name == name) {
        Some(field) if field.declared.as_ref().is_some_and(is_text) => Ok(Json::from(value)),
        Some(field) => {
            let mut json = value::guessed_text(value);
            if field.declared.as_ref().is_some_and(is_float) {
                make_float(&mut json);
            }
            Ok(json)
        }
        None if OF_FLYTE.contains(&name) => Ok(value::guessed_text(value)),
        None => {
            let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Err(format!("--config {name}: the connector has no such setting; it has {has}"))
        }
    }
}

fn declared<'a>(
    name: &str,
    described: Option<&'a [FieldDescription]>,
) -> Option<&'a pb::LiteralType> {
    described?.iter().find(|field| field.name == name)?.declared.as_ref()
}

/// A whole number that no float holds exactly would travel as text, which is right for an int only.
fn make_float(json: &mut Json) {
    if let Some(number) = json.as_f64() {
        *json = Json::from(number);
    }
}

/// Whether a setting is a float, or nothing.
fn is_float(declared: &pb::LiteralType) -> bool {
    is_all(declared, |kind| kind == Kind::Float)
}

/// Whether a setting is text, whatever the text looks like.
fn is_text(declared: &pb::LiteralType) -> bool {
    is_all(declared, |kind| {
        matches!(
            kind,
            Kind::Text | Kind::Enum | Kind::Day | Kind::Time | Kind::File | Kind::Dir | Kind::Table
        )
    })
}

/// Whether a type is of a kind, or a union of such types and nothing.
fn is_all(declared: &pb::LiteralType, fits: fn(Kind) -> bool) -> bool {
    match (&declared.r#type, Kind::of(declared)) {
        (Some(pb::literal_type::Type::UnionType(union)), _) => {
            let mut said = union.variants.iter().filter(|it| Kind::of(it) != Kind::None).peekable();
            said.peek().is_some() && said.all(|it| is_all(it, fits))
        }
        (_, kind) => fits(kind),
    }
}

/// The connection that the settings ask for.
///
/// # Errors
/// `secrets` or `configs` of a shape that fails the task in the executor, or a variable that is not
/// set. Values are never repeated.
pub(super) fn connection(
    task_type: &str,
    settings: &Struct,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<pb::Connection, String> {
    let settings = struct_to_json(settings);
    for key in ["task_type", "taskType"] {
        if settings.get(key).is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Err(format!("the setting `{key}` must be text: Flyte reads it, too"));
        }
    }
    let mut secrets = texts(&settings, "secrets")?;
    for (name, value) in &mut secrets {
        let variable = value.clone();
        *value = environment(&variable).ok_or_else(|| {
            format!(
                "the secret `{name}` is to come from the environment variable `{variable}`, which \
                 is not set; set it, or name another under `secrets` in the settings"
            )
        })?;
    }
    let configs = texts(&settings, "configs")?.into_iter().collect();
    Ok(pb::Connection {
        task_type: task_type.to_owned(),
        secrets: secrets.into_iter().collect(),
        configs,
    })
}

fn texts(settings: &Json, key: &str) -> Result<Vec<(String, String)>, String> {
    let wrong = || format!("the setting `{key}` must be an object of texts: Flyte reads it, too");
    match settings.get(key) {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Object(fields)) => fields
            .iter()
            .map(|(name, value)| match value {
                Json::String(text) => Ok((name.clone(), text.clone())),
                _ => Err(wrong()),
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use connector_core::custom_info::{json_to_struct, struct_to_json};
    use connector_core::typed::FieldDescription;
    use serde_json::json;

    use super::{Assignment, Setting, collect, connection};

    fn one(name: &str, value: &str) -> Setting {
        Setting::One(Assignment { name: name.to_owned(), value: value.to_owned() })
    }

    #[test]
    fn single_settings_go_before_files_before_the_template() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, r#"{{"b": "file", "c": "file"}}"#).unwrap();
        let template = json_to_struct(json!({"a": "template", "b": "template"})).unwrap();
        let given = [one("c", "5"), Setting::File(file.path().to_owned())];
        let settings = collect(Some(template), &given, None).unwrap();
        assert_eq!(struct_to_json(&settings), json!({"a": "template", "b": "file", "c": 5}));
        let missing = collect(None, &[Setting::File("nowhere.json".into())], None).unwrap_err();
        assert!(missing.contains("nowhere.json") && missing.contains("KEY=VALUE"), "{missing}");
    }

    #[test]
    fn described_text_stays_text_and_slips_are_told() {
        let described = [
            FieldDescription::of::<Option<String>>("preset", ""),
            FieldDescription::of::<u32>("fps", ""),
        ];
        let given = [one("preset", "5"), one("fps", "5"), one("configs", "{}")];
        let settings = collect(None, &given, Some(&described)).unwrap();
        assert_eq!(struct_to_json(&settings), json!({"preset": "5", "fps": 5, "configs": {}}));
        let slip = collect(None, &[one("fsp", "5")], Some(&described)).unwrap_err();
        assert!(slip.contains("fsp") && slip.contains("preset, fps"), "{slip}");
    }

    #[test]
    fn secrets_come_from_the_environment_and_configs_from_the_settings() {
        let of = |settings| {
            let environment = |name: &str| (name == "KEY").then(|| "hunter2".to_owned());
            connection("t", &json_to_struct(settings).unwrap(), environment)
        };
        let read = of(json!({"secrets": {"api_key": "KEY"}, "configs": {"region": "eu"}})).unwrap();
        assert_eq!(read.secrets.get("api_key").map(String::as_str), Some("hunter2"));
        assert_eq!(read.configs.get("region").map(String::as_str), Some("eu"));
        let missing = of(json!({"secrets": {"api_key": "NO_KEY"}})).unwrap_err();
        assert!(missing.contains("`api_key`") && missing.contains("`NO_KEY`"), "{missing}");
        for wrong in [json!({"configs": {"n": 3}}), json!({"secrets": []}), json!({"task_type": 1})]
        {
            assert!(of(wrong).unwrap_err().contains("Flyte reads it"));
        }
    }
}
