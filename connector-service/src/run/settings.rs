//! The task's settings, and what they say of secrets: `custom` of the template and the connection.
//! `task` puts them together. The rules for `secrets` and `configs` are the executor's, except that a
//! secret is the value of an environment variable.

use std::collections::BTreeMap;

use connector_core::custom_info::{json_to_struct, struct_to_json};
use connector_core::pb;
use connector_core::typed::{FieldDescription, Mismatches};
use prost_types::Struct;
use serde_json::{Map, Value as Json};

use super::arguments::{Assignment, Setting};
use super::kind::Kind;
use super::{files, value};

/// Keys that are Flyte's, in the settings of whatever connector.
const OF_FLYTE: [&str; 4] = ["secrets", "configs", "task_type", "taskType"];

/// The settings: those of the template, then files, then single ones. A file that cannot be read and a
/// setting that the connector does not have are added to the problems.
pub(super) fn collect(
    template: Option<Struct>,
    given: &[Setting],
    described: Option<&[FieldDescription]>,
    problems: &mut Vec<String>,
) -> Struct {
    let mut settings = template.unwrap_or_default();
    for file in given.iter().filter_map(|setting| match setting {
        Setting::File(file) => Some(file),
        Setting::One(_) => None,
    }) {
        let read = files::read(file).and_then(|bytes| {
            let mut fields: Map<String, Json> = serde_json::from_slice(&bytes)
                .map_err(|error| format!("no JSON object: {error}"))?;
            for (name, value) in &mut fields {
                if declared(name, described).is_some_and(is_float) {
                    make_float(value);
                }
            }
            json_to_struct(Json::Object(fields)).map_err(|error| error.message().to_owned())
        });
        match read {
            Ok(read) => settings.fields.extend(read.fields),
            Err(error) => {
                let advice = "a single setting is written KEY=VALUE";
                problems.push(format!("--config {}: {error}; {advice}", file.display()));
            }
        }
    }
    for setting in given {
        let Setting::One(Assignment { name, value }) = setting else { continue };
        let one = typed(name, value, described).and_then(|value| {
            let one = Json::Object([(name.clone(), value)].into_iter().collect());
            json_to_struct(one).map_err(|error| error.message().to_owned())
        });
        match one {
            Ok(one) => settings.fields.extend(one.fields),
            Err(problem) => problems.push(problem),
        }
    }
    settings
}

/// What of the settings the connector will refuse, as far as its description tells.
pub(super) fn misfits(settings: &Struct, described: &[FieldDescription]) -> Mismatches {
    let settings = struct_to_json(settings);
    let mut misfits = Mismatches::default();
    for field in described {
        let misfit = match (settings.get(&field.name), &field.declared) {
            (None | Some(Json::Null), _) if field.required => {
                Some(Mismatches::new(format!("is missing; it must be {}", field.kind.article())))
            }
            (Some(value), Some(declared)) if !value.is_null() => {
                value::from_json(value, declared).err()
            }
            _ => None,
        };
        if let Some(misfit) = misfit {
            misfits.extend(misfit.in_field(&field.name));
        }
    }
    misfits
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

/// The connection that the settings ask for. `secrets` or `configs` of a shape that fails the task in the
/// executor, and variables that are not set, are added to the problems. Values are never repeated.
pub(super) fn connection(
    task_type: &str,
    settings: &Struct,
    environment: impl Fn(&str) -> Option<String>,
    problems: &mut Vec<String>,
) -> pb::Connection {
    let settings = struct_to_json(settings);
    for key in ["task_type", "taskType"] {
        if settings.get(key).is_some_and(|value| !value.is_string() && !value.is_null()) {
            problems.push(format!("the setting `{key}` must be text: Flyte reads it, too"));
        }
    }
    let mut secrets = BTreeMap::new();
    for (name, variable) in texts(&settings, "secrets", problems) {
        match environment(&variable) {
            Some(value) => drop(secrets.insert(name, value)),
            None => problems.push(format!(
                "the secret `{name}` is to come from the environment variable `{variable}`, which \
                 is not set; set it, or name another under `secrets` in the settings"
            )),
        }
    }
    let configs = texts(&settings, "configs", problems).into_iter().collect();
    pb::Connection { task_type: task_type.to_owned(), secrets, configs }
}

fn texts(settings: &Json, key: &str, problems: &mut Vec<String>) -> Vec<(String, String)> {
    let read = match settings.get(key) {
        None | Some(Json::Null) => Some(Vec::new()),
        Some(Json::Object(fields)) => fields
            .iter()
            .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        Some(_) => None,
    };
    read.unwrap_or_else(|| {
        let must = "must be an object of texts: Flyte reads it, too";
        problems.push(format!("the setting `{key}` {must}"));
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use connector_core::custom_info::{json_to_struct, struct_to_json};
    use connector_core::typed::FieldDescription;
    use serde_json::json;

    use super::{Assignment, Setting, collect, connection, misfits};

    fn one(name: &str, value: &str) -> Setting {
        Setting::One(Assignment { name: name.to_owned(), value: value.to_owned() })
    }

    #[test]
    fn single_settings_go_before_files_before_the_template() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        // Some editors put a mark first.
        write!(file, "\u{feff}{}", json!({"b": "file", "c": "file"})).unwrap();
        let template = json_to_struct(json!({"a": "template", "b": "template"})).unwrap();
        let given = [one("c", "5"), Setting::File(file.path().to_owned())];
        let mut problems = Vec::new();
        let settings = collect(Some(template), &given, None, &mut problems);
        assert_eq!(struct_to_json(&settings), json!({"a": "template", "b": "file", "c": 5}));
        assert_eq!(problems, Vec::<String>::new());
        let missing = [Setting::File("nowhere.json".into()), one("d", "6")];
        let settings = collect(None, &missing, None, &mut problems);
        assert_eq!(struct_to_json(&settings), json!({"d": 6}));
        let [missing] = &problems[..] else { panic!("{problems:?}") };
        assert!(missing.contains("nowhere.json") && missing.contains("KEY=VALUE"), "{missing}");
    }

    #[test]
    fn described_text_stays_text_and_slips_are_told() {
        let described = [
            FieldDescription::of::<Option<String>>("preset", ""),
            FieldDescription::of::<u32>("fps", ""),
        ];
        let given = [one("preset", "5"), one("fps", "5"), one("configs", "{}")];
        let mut problems = Vec::new();
        let settings = collect(None, &given, Some(&described), &mut problems);
        assert_eq!(struct_to_json(&settings), json!({"preset": "5", "fps": 5, "configs": {}}));
        assert!(problems.is_empty() && misfits(&settings, &described).is_empty());
        let slips = [one("fsp", "5"), one("preset", "a")];
        let settings = collect(None, &slips, Some(&described), &mut problems);
        assert!(problems[0].contains("fsp") && problems[0].contains("preset, fps"), "{problems:?}");
        let missing = misfits(&settings, &described).to_string();
        assert_eq!(missing, "`fps`: is missing; it must be an int");
        let wrong = json_to_struct(json!({"fps": "soon", "preset": null})).unwrap();
        let wrong = misfits(&wrong, &described).to_string();
        assert!(wrong.starts_with("`fps`: expected an int"), "{wrong}");
    }

    #[test]
    fn secrets_come_from_the_environment_and_configs_from_the_settings() {
        let of = |settings| {
            let environment = |name: &str| (name == "KEY").then(|| "hunter2".to_owned());
            let mut problems = Vec::new();
            let settings = json_to_struct(settings).unwrap();
            let connection = connection("t", &settings, environment, &mut problems);
            (connection, problems)
        };
        let (read, problems) =
            of(json!({"secrets": {"api_key": "KEY"}, "configs": {"region": "eu"}}));
        assert_eq!(read.secrets.get("api_key").map(String::as_str), Some("hunter2"));
        assert_eq!(read.configs.get("region").map(String::as_str), Some("eu"));
        assert!(problems.is_empty(), "{problems:?}");
        let (_, problems) = of(json!({"secrets": {"a": "NO_A", "b": "NO_B"}, "configs": 1}));
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].contains("`a`") && problems[0].contains("`NO_A`"), "{problems:?}");
        for wrong in [json!({"configs": {"n": 3}}), json!({"secrets": []}), json!({"task_type": 1})]
        {
            assert!(of(wrong).1[0].contains("Flyte reads it"));
        }
    }
}
