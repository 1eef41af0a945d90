//! The task to run: template, inputs and connection, and the requests made of them.
//! `mod` builds one from the flags; `attempt` sends its requests. It opens no connection.

use std::path::Path;

use connector_core::host::Interface;
use connector_core::pb;
use connector_core::pb::task::NamedLiteral;
use connector_core::typed::{FieldDescription, Mismatches};
use serde_json::{Map, Value as Json};

use super::arguments::{Assignment, RunArgs};
use super::template::Given;
use super::{files, kind, settings, value};
use crate::pb as wire;

/// Project, domain and run of everything run here.
const LOCAL: &str = "local";

/// A task, ready to be created.
#[derive(Debug)]
pub(super) struct Task {
    template: pb::TaskTemplate,
    inputs: Vec<NamedLiteral>,
    connection: pb::Connection,
    /// Tells this run from every other: a service answers a repeated create of one attempt with the
    /// job it has already.
    action: String,
}

impl Task {
    /// Makes a task of the flags, by what the connector says of itself.
    ///
    /// # Errors
    /// Whatever does not fit, all of it, with the flag it came from.
    pub(super) fn new(
        args: &RunArgs,
        version: i32,
        given: Option<Given>,
        described: Option<&Interface>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let task_type = args.task.task_type.as_str();
        let of_file = given.is_some();
        let Given { mut template, defaults } = given
            .unwrap_or_else(|| Given { template: from_nothing(task_type), defaults: Vec::new() });
        template.task_type_version = version;
        let mut problems = Vec::new();
        let described_config = described.and_then(|it| it.config.as_deref());
        let custom = template.custom.take();
        let custom = settings::collect(custom, &args.config, described_config, &mut problems);
        let connection = settings::connection(task_type, &custom, environment, &mut problems);

        let interface = template.interface.get_or_insert_default();
        let inputs = interface.inputs.get_or_insert_default();
        // What a template declares is what Flyte would go by.
        let declared_by_file = of_file && !inputs.variables.is_empty();
        if let (false, Some(fields)) =
            (declared_by_file, described.and_then(|it| it.inputs.as_ref()))
        {
            inputs.variables = variables(fields);
        }
        let open = !declared_by_file && described.is_none_or(|it| it.inputs.is_none());
        let outputs = interface.outputs.get_or_insert_default();
        if let (false, Some(fields)) = (of_file, described.and_then(|it| it.outputs.as_ref())) {
            outputs.variables = variables(fields);
        }
        let declared = interface.inputs.get_or_insert_default();
        let mut misfits = Mismatches::default();
        let inputs = read_inputs(args, defaults, declared, open, &mut misfits, &mut problems);
        if !problems.is_empty() || !misfits.is_empty() {
            // The service would find these, but only once all that is known here is mended.
            if let Some(fields) = described.and_then(|it| it.inputs.as_deref()) {
                misfits.extend(missing(fields, &inputs, &misfits));
            }
            if !misfits.is_empty() {
                problems.push(misfits.into_error("the inputs").message().to_owned());
            }
            let misfits = settings::misfits(&custom, described_config.unwrap_or_default());
            if !misfits.is_empty() {
                problems.push(misfits.into_error("the settings").message().to_owned());
            }
            return Err(problems.join("\n"));
        }
        template.custom = Some(custom);
        let action = format!("a{:016x}", fastrand::u64(..));
        Ok(Self { template, inputs, connection, action })
    }

    /// What routes the task.
    pub(super) fn category(&self) -> wire::TaskCategory {
        wire::TaskCategory {
            name: self.template.r#type.clone(),
            version: self.template.task_type_version,
        }
    }

    /// The secrets and settings that go with every call.
    pub(super) fn connection(&self) -> &pb::Connection {
        &self.connection
    }

    /// Whether there is no setting at all, which Flyte refuses for a connector's task.
    pub(super) fn lacks_settings(&self) -> bool {
        self.template.custom.as_ref().is_none_or(|custom| custom.fields.is_empty())
    }

    /// The names of the declared outputs.
    pub(super) fn outputs(&self) -> impl Iterator<Item = &str> {
        let outputs = self.template.interface.iter().filter_map(|face| face.outputs.as_ref());
        outputs.flat_map(|outputs| &outputs.variables).map(|variable| variable.key.as_str())
    }

    /// The request that creates an attempt, counted from 0. Repeated, it is the same.
    pub(super) fn create_request(&self, attempt: u32, prefix: &str) -> wire::CreateTaskRequest {
        wire::CreateTaskRequest {
            inputs: Some(pb::task::Inputs { literals: self.inputs.clone(), ..Default::default() }),
            template: Some(Box::new(self.template.clone())),
            output_prefix: prefix.to_owned(),
            task_execution_metadata: Some(Box::new(self.metadata(attempt))),
            connection: Some(self.connection.clone()),
        }
    }

    /// What Flyte would tell of the attempt.
    fn metadata(&self, attempt: u32) -> wire::TaskExecutionMetadata {
        let execution_id = pb::WorkflowExecutionIdentifier {
            project: LOCAL.to_owned(),
            domain: LOCAL.to_owned(),
            name: LOCAL.to_owned(),
            ..Default::default()
        };
        let node_execution_id = pb::NodeExecutionIdentifier {
            node_id: self.action.clone(),
            execution_id: Some(execution_id),
        };
        let id = pb::TaskExecutionIdentifier {
            task_id: self.template.id.clone(),
            node_execution_id: Some(node_execution_id),
            retry_attempt: attempt,
        };
        let task_name = self.template.id.as_ref().map(|id| id.name.as_str()).unwrap_or_default();
        // Flyte's labels count attempts from 1.
        let number = attempt.saturating_add(1).to_string();
        let labels = [
            ("project", LOCAL),
            ("domain", LOCAL),
            ("run", LOCAL),
            ("action", self.action.as_str()),
            ("attempt", number.as_str()),
            ("task-name", task_name),
        ];
        let environment = [("ACTION_NAME", self.action.as_str()), ("RUN_NAME", LOCAL)];
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        wire::TaskExecutionMetadata {
            task_execution_id: Some(id),
            namespace: format!("{LOCAL}-{LOCAL}"),
            labels: labels.into_iter().map(owned).collect(),
            k8s_service_account: "default".to_owned(),
            environment_variables: environment.into_iter().map(owned).collect(),
            identity: Some(pb::Identity::default()),
            ..Default::default()
        }
    }
}

impl std::fmt::Display for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.template.r#type, self.template.task_type_version)
    }
}

fn from_nothing(task_type: &str) -> pb::TaskTemplate {
    let id = pb::Identifier {
        resource_type: pb::ResourceType::Task.into(),
        project: LOCAL.to_owned(),
        domain: LOCAL.to_owned(),
        name: task_type.to_owned(),
        version: LOCAL.to_owned(),
        ..Default::default()
    };
    pb::TaskTemplate { id: Some(id), r#type: task_type.to_owned(), ..Default::default() }
}

/// What a connector describes, as an interface declares it: by name.
fn variables(fields: &[FieldDescription]) -> Vec<pb::VariableEntry> {
    let mut variables: Vec<pb::VariableEntry> = fields
        .iter()
        .map(|field| variable(&field.name, field.declared.clone(), &field.description))
        .collect();
    variables.sort_by(|a, b| a.key.cmp(&b.key));
    variables
}

fn variable(name: &str, declared: Option<pb::LiteralType>, description: &str) -> pb::VariableEntry {
    let value = pb::Variable {
        r#type: declared,
        description: description.to_owned(),
        ..Default::default()
    };
    pb::VariableEntry { key: name.to_owned(), value: Some(value) }
}

/// The inputs of the template's defaults, of the file and of the flags, the later ones instead of the earlier.
/// Where nothing is declared (`open`), they are guessed, and declared by what was guessed.
fn read_inputs(
    args: &RunArgs,
    defaults: Vec<NamedLiteral>,
    declared: &mut pb::VariableMap,
    open: bool,
    misfits: &mut Mismatches,
    problems: &mut Vec<String>,
) -> Vec<NamedLiteral> {
    let mut given: Vec<(String, Value<'_>)> = Vec::new();
    if let Some(file) = &args.inputs {
        match in_file(file) {
            Ok(all) => given.extend(all.into_iter().map(|(name, json)| (name, Value::Json(json)))),
            Err(problem) => problems.push(problem),
        }
    }
    for Assignment { name, value } in &args.input {
        given.retain(|(known, _)| known != name);
        given.push((name.clone(), Value::Text(value)));
    }
    let mut inputs = defaults;
    inputs.retain(|default| !given.iter().any(|(name, _)| *name == default.name));
    for (name, given) in given {
        let entry = declared.variables.iter().find(|entry| entry.key == name);
        let read = match (entry, open) {
            (Some(entry), _) => {
                let unknown = pb::LiteralType::default();
                let kind = entry.value.as_ref().and_then(|it| it.r#type.as_ref());
                given.literal(kind.unwrap_or(&unknown))
            }
            (None, true) => given.guess().map(|(value, guessed)| {
                declared.variables.push(variable(&name, Some(guessed), ""));
                value
            }),
            (None, false) => Err(Mismatches::new(no_such_input(declared))),
        };
        match read {
            Ok(value) => inputs.push(NamedLiteral { name, value: Some(value) }),
            Err(found) => misfits.extend(found.in_field(&name)),
        }
    }
    declared.variables.sort_by(|a, b| a.key.cmp(&b.key));
    inputs
}

/// The inputs that the connector requires and nobody gave, right or wrong.
fn missing(
    fields: &[FieldDescription],
    inputs: &[NamedLiteral],
    misfits: &Mismatches,
) -> Mismatches {
    let is_given = |field: &FieldDescription| {
        let told = |path: &str| path.split(['.', '[']).next() == Some(field.name.as_str());
        inputs.iter().any(|input| input.name == field.name)
            || misfits.iter().any(|it| told(it.path()))
    };
    let mut missing = Mismatches::default();
    for field in fields.iter().filter(|field| field.required && !is_given(field)) {
        let must = format!("is missing; it must be {}", field.kind.article());
        missing.extend(Mismatches::new(must).in_field(&field.name));
    }
    missing
}

fn no_such_input(declared: &pb::VariableMap) -> String {
    let named = |entry: &pb::VariableEntry| {
        let kind = entry.value.as_ref().and_then(|variable| variable.r#type.as_ref());
        kind.map_or_else(
            || entry.key.clone(),
            |kind| format!("{} ({})", entry.key, kind::name(kind)),
        )
    };
    let names: Vec<String> = declared.variables.iter().map(named).collect();
    match names.as_slice() {
        [] => "the task takes no inputs".to_owned(),
        names => format!("the task has no such input; it has {}", names.join(", ")),
    }
}

fn in_file(file: &Path) -> Result<Map<String, Json>, String> {
    let wrong = |error: String| format!("--inputs {}: {error}", file.display());
    let bytes = files::read(file).map_err(wrong)?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(format!("it is no JSON object: {error}")))
}

/// An input as it was given.
enum Value<'a> {
    Text(&'a str),
    Json(Json),
}

impl Value<'_> {
    fn literal(&self, declared: &pb::LiteralType) -> Result<pb::Literal, Mismatches> {
        match (self, declared.r#type.is_some()) {
            (Self::Text(text), true) => value::from_text(text, declared),
            (Self::Json(json), true) => value::from_json(json, declared),
            (_, false) => self.guess().map(|(value, _)| value),
        }
    }

    fn guess(&self) -> Result<(pb::Literal, pb::LiteralType), Mismatches> {
        match self {
            Self::Text(text) => value::guessed(&value::guessed_text(text)),
            Self::Json(json) => value::guessed(json),
        }
    }
}
