//! The task class of a module: what it declares, what it carries, how it is called.
//! `module` puts it below the classes of the connector's types.

use connector_core::ConnectorKey;
use connector_core::typed::FieldDescription;

use crate::names;
use crate::parts::{Input, Part};
use crate::text::{docstring, fitted, string};

/// The names of the module's own classes.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) task: String,
    pub(crate) config: String,
    pub(crate) connection: String,
    pub(crate) outputs: String,
}

/// The task class while it is written.
#[derive(Debug)]
pub(crate) struct Class<'a> {
    key: &'a ConnectorKey,
    names: &'a Names,
    fields: Vec<String>,
    /// What `custom_config` takes from the settings and from the connection.
    custom: [String; 2],
    declared: Option<&'a [Input]>,
    given: Option<&'a [(String, String)]>,
    outputs: Option<&'a [FieldDescription]>,
}

impl<'a> Class<'a> {
    /// A class without settings and connection yet.
    pub(crate) fn new(
        key: &'a ConnectorKey,
        names: &'a Names,
        declared: Option<&'a [Input]>,
        given: Option<&'a [(String, String)]>,
        outputs: Option<&'a [FieldDescription]>,
    ) -> Self {
        let (fields, custom) = (Vec::new(), [String::new(), String::new()]);
        Self { key, names, fields, custom, declared, given, outputs }
    }

    pub(crate) fn settings(&mut self, part: Option<Option<&Part>>) {
        let (field, custom) = match part {
            Some(None) => (None, "{}"),
            Some(Some(part)) => (
                Some(member("settings", &self.names.config, part.optional)),
                "_named(self.settings)",
            ),
            None => {
                let field = "settings: dict[str, Any] = dataclasses.field(default_factory=dict)";
                (Some(field.to_owned()), "self.settings")
            }
        };
        self.fields.extend(field);
        self.custom[0] = custom.to_owned();
    }

    pub(crate) fn connection(&mut self, part: Option<Option<&Part>>) {
        let (optional, custom) = match part {
            Some(None) => {
                self.custom[1] = "{},\n            {}".to_owned();
                return;
            }
            Some(Some(part)) => (part.optional, "*_connected(self.connection)"),
            None => (true, "self.connection.secrets,\n            self.connection.configs"),
        };
        self.fields.push(member("connection", &self.names.connection, optional));
        self.custom[1] = custom.to_owned();
    }

    pub(crate) fn text(&self) -> String {
        let class = &self.names.task;
        let task_type = self.key.task_type.as_str();
        let mut text = format!(
            "@dataclasses.dataclass(kw_only=True)\n\
             class {class}(_RunsOnService, TaskTemplate[..., _Result, Any]):\n{}\n",
            docstring("    ", &self.doc())
        );
        let untyped = [(self.declared.is_none(), "inputs"), (self.given.is_none(), "outputs")];
        text.push_str(&self.interface());
        for (_, name) in untyped.iter().filter(|(untyped, _)| *untyped) {
            text.push_str(&format!(
                "    {name}: Mapping[str, Any] = dataclasses.field(default_factory=dict)\n"
            ));
        }
        text.push_str(&format!(
            "    task_type: str = {}\n    task_type_version: int = {}\n    \
             image: str | Image | Literal[\"auto\"] | None = None\n",
            string(task_type),
            self.key.version
        ));
        for field in &self.fields {
            text.push_str(&format!("    {field}\n"));
        }
        if untyped.iter().any(|(untyped, _)| *untyped) {
            text.push_str(&self.post_init());
        }
        let [settings, connection] = &self.custom;
        text.push_str(&format!(
            "\n    def custom_config(self, sctx: SerializationContext) -> dict[str, Any]:\n        \
             return _custom(\n            self.task_type,\n            {settings},\n            \
             {connection},\n        )\n"
        ));
        text.push_str(&self.call().unwrap_or_default());
        text
    }

    fn doc(&self) -> String {
        let key = self.key;
        let mut doc =
            format!("A task of the type `{}`, version {}.\n", key.task_type.as_str(), key.version);
        match self.declared {
            None => doc.push_str(
                "\n`inputs` declares the inputs: the type of each, or the type and a default.\n",
            ),
            Some(inputs) => {
                let lines = inputs.iter().map(|input| {
                    let default = input.default.as_deref();
                    let default =
                        default.map(|text| format!(", default {text}")).unwrap_or_default();
                    line(&input.name, &format!("{}{default}", input.kind), &input.description)
                });
                section(&mut doc, "Inputs", lines);
                if inputs.iter().any(|input| names::words(&input.kind).any(|word| word == "float"))
                {
                    doc.push_str("\nFlyte takes no int for a float: write `1.0`, not `1`.\n");
                }
            }
        }
        match (self.given, self.outputs) {
            (Some(given), Some(fields)) => {
                let lines = given
                    .iter()
                    .zip(fields)
                    .map(|((name, kind), field)| line(name, kind, &field.description));
                section(&mut doc, "Outputs, in the order of their names", lines);
            }
            _ => doc.push_str("\n`outputs` declares the outputs: the type of each.\n"),
        }
        doc
    }

    fn interface(&self) -> String {
        let inputs = entries(self.declared.unwrap_or_default().iter().map(|input| {
            let (name, ignored) = (string(&input.name), ignored(&input.kind));
            match &input.default {
                Some(default) => format!("{name}: ({}, {default}),{ignored}", input.kind),
                None => format!("{name}: {},{ignored}", input.kind),
            }
        }));
        let given = self.given.unwrap_or_default().iter();
        let outputs = entries(
            given.map(|(name, kind)| format!("{}: {kind},{}", string(name), ignored(kind))),
        );
        format!(
            "    interface: NativeInterface = dataclasses.field(\n        \
             default_factory=lambda: _interface(\n            {inputs},\n            \
             {outputs},\n        )\n    )\n"
        )
    }

    /// Adds what the user declares to the interface, which may have been given whole.
    fn post_init(&self) -> String {
        let part = |untyped: bool, name: &str, add: &str| match untyped {
            true => format!("{{**self.interface.{name}, **{add}}}"),
            false => format!("self.interface.{name}"),
        };
        format!(
            "\n    def __post_init__(self) -> None:\n        \
             self.interface = _interface(\n            {},\n            {},\n        )\n        \
             cast(\"Any\", super()).__post_init__()\n",
            part(self.declared.is_none(), "inputs", "self.inputs"),
            part(self.given.is_none(), "outputs", "self.outputs"),
        )
    }

    /// How the task is called, for checkers of types only: Flyte's own `__call__` does the work.
    pub(crate) fn call(&self) -> Option<String> {
        let inputs = self.declared?;
        if !inputs.iter().all(|input| names::is_identifier(&input.name)) {
            return None;
        }
        // An input may be called `self`, too.
        let receiver = match inputs.iter().any(|input| input.name == "self") {
            true => "            _task,  # noqa: N805\n            /,\n",
            false => "            self,\n",
        };
        let mut lines = receiver.to_owned();
        if !inputs.is_empty() {
            lines.push_str("            *,\n");
        }
        for Input { name, of_call, default, .. } in inputs {
            let default = if default.is_some() { " = ..." } else { "" };
            lines.push_str(&format!("            {name}: {of_call}{default},\n"));
        }
        Some(format!(
            "\n    if TYPE_CHECKING:\n\n        \
             def __call__(  # type: ignore[override]  # pyright: ignore\n{lines}        \
             ) -> Coroutine[Any, Any, _Result]: ...\n"
        ))
    }
}

fn member(name: &str, class: &str, optional: bool) -> String {
    if optional {
        let default = format!(" = dataclasses.field(default_factory={class})");
        format!("{name}: {class}{}", fitted(4 + name.len() + 2 + class.len(), &default))
    } else {
        format!("{name}: {class}")
    }
}

/// The entries of a dict, each on a line of its own.
fn entries(lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("                {line}\n")).collect();
    if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{lines}            }}") }
}

/// What mypy has to be told where a bare `dict` stands in brackets: Flyte knows no other for JSON.
fn ignored(kind: &str) -> &'static str {
    let mut depth = 0;
    let mut rest = kind;
    while let Some(next) = rest.chars().next() {
        match next {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        let bare = rest.strip_prefix("dict").is_some_and(|after| !after.starts_with('['));
        if depth > 0 && bare {
            return "  # type: ignore[type-arg]";
        }
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    ""
}

fn line(name: &str, kind: &str, description: &str) -> String {
    // The first paragraph says most; all of it stands with the connector.
    let words: Vec<&str> =
        description.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    format!("    {name} ({kind}): {}", words.join(" ")).trim_end().trim_end_matches(':').to_owned()
}

fn section(doc: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if !lines.is_empty() {
        doc.push_str(&format!("\n{title}:\n{}\n", lines.join("\n")));
    }
}

#[cfg(test)]
mod tests {
    use super::ignored;

    #[test]
    fn a_bare_dict_in_brackets_is_told_to_mypy() {
        for kind in ["list[dict]", "dict[str, dict]", "dict[str, list[dict]] | None"] {
            assert!(ignored(kind).contains("type-arg"), "{kind}");
        }
        for kind in ["dict", "dict | None", "dict[str, int]", "list[dict[int, Any]]"] {
            assert_eq!(ignored(kind), "", "{kind}");
        }
    }
}
