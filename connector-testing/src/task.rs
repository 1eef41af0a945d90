//! What a test submits: a task with settings, inputs, declared outputs and a number of attempts.
//! Authors build one; `FakeExecutor` turns it into requests, anew for every attempt.
//! It says nothing about what goes wrong on the way: that is `trouble`.

use std::fmt;

use connector_core::custom_info::InfoValue;
use connector_core::{Resource, pb};

/// A task to run.
///
/// ```
/// use connector_core::literal;
/// use connector_testing::Task;
///
/// let task = Task::new("render")
///     .custom("fps", 24)
///     .input("scene", literal::string("s3://scenes/intro.blend"))
///     .output("video")
///     .attempts(3);
/// # drop(task);
/// ```
#[derive(Clone)]
pub struct Task {
    pub(crate) template: pb::TaskTemplate,
    pub(crate) inputs: Vec<pb::task::NamedLiteral>,
    pub(crate) connection: pb::Connection,
    pub(crate) attempts: u32,
}

impl Task {
    /// A task of that type, version 0, without settings and inputs, with one attempt.
    #[must_use]
    pub fn new(task_type: impl Into<String>) -> Self {
        let task_type = task_type.into();
        let id = pb::Identifier {
            resource_type: pb::ResourceType::Task.into(),
            project: "flytesnacks".to_owned(),
            domain: "development".to_owned(),
            name: format!("fake.{task_type}"),
            version: "v1".to_owned(),
            ..Default::default()
        };
        let template = pb::TaskTemplate {
            id: Some(id),
            r#type: task_type.clone(),
            custom: Some(Resource::<()>::running().custom_info),
            interface: Some(pb::TypedInterface {
                inputs: Some(pb::VariableMap::default()),
                outputs: Some(pb::VariableMap::default()),
            }),
            ..Default::default()
        };
        let connection = pb::Connection { task_type, ..Default::default() };
        Self { template, inputs: Vec::new(), connection, attempts: 1 }
    }

    /// A task from a template of yours, without inputs and with one attempt.
    #[must_use]
    pub fn from_template(template: pb::TaskTemplate) -> Self {
        let connection =
            pb::Connection { task_type: template.r#type.clone(), ..Default::default() };
        Self { template, inputs: Vec::new(), connection, attempts: 1 }
    }

    /// Sets the version of the task type.
    #[must_use]
    pub const fn version(mut self, version: i32) -> Self {
        self.template.task_type_version = version;
        self
    }

    /// Adds a setting to `TaskTemplate.custom`.
    #[must_use]
    pub fn custom(mut self, key: impl Into<String>, value: impl Into<InfoValue>) -> Self {
        let added = Resource::<()>::running().info(key, value).custom_info.fields;
        self.template.custom.get_or_insert_default().fields.extend(added);
        self
    }

    /// Adds an input.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>, value: pb::Literal) -> Self {
        let name = name.into();
        let interface = self.template.interface.get_or_insert_default();
        interface.inputs.get_or_insert_default().variables.push(variable(&name));
        self.inputs.push(pb::task::NamedLiteral { name, value: Some(value) });
        self
    }

    /// Declares an output. The executor asks for outputs only if a task declares one.
    #[must_use]
    pub fn output(mut self, name: impl AsRef<str>) -> Self {
        let interface = self.template.interface.get_or_insert_default();
        interface.outputs.get_or_insert_default().variables.push(variable(name.as_ref()));
        self
    }

    /// Adds a secret, as the executor would have resolved it.
    #[must_use]
    pub fn secret(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.connection.secrets.insert(key.into(), value.into());
        self
    }

    /// Adds a plain connection setting.
    #[must_use]
    pub fn connection_config(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.connection.configs.insert(key.into(), value.into());
        self
    }

    /// Sets how many attempts there are in all; 1 means no retry.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The task type.
    #[must_use]
    pub fn task_type(&self) -> &str {
        &self.template.r#type
    }

    /// The names of the declared outputs.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = &str> {
        let outputs = self.template.interface.iter().filter_map(|face| face.outputs.as_ref());
        outputs.flat_map(|outputs| &outputs.variables).map(|variable| variable.key.as_str())
    }
}

impl fmt::Debug for Task {
    // The connection is left out: it holds secrets, which a failing test would print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("task_type", &self.task_type())
            .field("version", &self.template.task_type_version)
            .field("custom", &self.template.custom)
            .field("inputs", &self.inputs)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

// The kind does not matter to the executor; that something is declared does.
fn variable(name: &str) -> pb::VariableEntry {
    pb::VariableEntry { key: name.to_owned(), value: Some(pb::Variable::default()) }
}

#[cfg(test)]
mod tests {
    use super::Task;

    #[test]
    fn a_failing_test_does_not_print_secrets() {
        let task = Task::new("render").custom("fps", 24).secret("api_key", "swordfish");
        let told = format!("{task:?}");
        assert!(told.contains("fps") && !told.contains("swordfish"), "{told}");
    }
}
