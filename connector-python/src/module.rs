//! One generated module: head, types, what every module carries (the `.py` files here), and the task class.
//! `mod` writes it to where the command line says.

use connector_core::ConnectorKey;
use connector_core::typed::{FieldDescription, Interface};

use crate::Described;
use crate::imports::Imports;
use crate::names;
use crate::parts::{self, Input};
use crate::text::{docstring, fitted, string};
use crate::types::Types;

/// What every module carries, as it stands in Python files that can be checked by themselves.
const CARRIED: [&str; 2] = [include_str!("declaration.py"), include_str!("service.py")];
const MARK: &str = "# --- below: generated modules carry this\n";

/// A module and what it offers.
#[derive(Debug)]
pub struct Module {
    /// Its text.
    pub text: String,
    /// Its public names, sorted.
    pub public: Vec<String>,
    /// The name of the task class.
    pub class: String,
    pub(crate) task_type: String,
}

/// The names of the module's own classes.
#[derive(Debug)]
struct Names {
    task: String,
    config: String,
    connection: String,
    outputs: String,
}

impl Module {
    /// Writes the module of a connector.
    ///
    /// # Errors
    /// Something about the connector that Python cannot have, and what to change.
    pub fn of(described: Described<'_>) -> Result<Self, String> {
        write(described)
    }
}

fn write(described: Described<'_>) -> Result<Module, String> {
    let Described { key, name, interface } = described;
    let task_type = key.task_type.as_str();
    let base = names::class(task_type);
    let own = Names {
        task: format!("{base}Task"),
        config: format!("{base}Config"),
        connection: format!("{base}Connection"),
        outputs: format!("{base}Outputs"),
    };
    let carried = CARRIED.map(|text| text.split_once(MARK).unwrap_or(("", text)));
    let mut imports = Imports::of(&carried.map(|(head, _)| head).join("\n"));
    imports.name("typing", "Literal");
    imports.name("flyte", "Image");
    imports.name("flyte.models", "NativeInterface");

    let Interface { config, inputs, outputs, connection } = interface;
    // Everything imported by name, and the module's own classes, which no type may hide.
    let reserved = imports
        .names()
        .chain([&own.task, &own.config, &own.connection, &own.outputs].map(String::clone));
    let reserved: Vec<String> = reserved.collect();
    let mut types = Types::new(&mut imports, reserved);
    let settings = config
        .as_deref()
        .map(|fields| parts::settings(&own.config, task_type, fields, &mut types))
        .transpose()?;
    let connected = connection
        .as_deref()
        .map(|fields| parts::connection(&own.connection, task_type, fields, &mut types))
        .transpose()?;
    let declared = inputs.as_deref().map(|fields| parts::inputs(fields, &mut types)).transpose()?;
    let result = parts::result(outputs.as_deref(), &mut types)?;
    let mut given = Vec::new();
    for field in outputs.iter().flatten() {
        given.push((field.name.clone(), types.annotation(&field.kind)?.text));
    }
    let named = match outputs.as_deref() {
        Some(fields) => parts::named_outputs(&own.outputs, fields, &mut types)?,
        None => None,
    };
    let (mut definitions, mut public) = types.finish();

    let mut class = Class {
        key,
        names: &own,
        fields: Vec::new(),
        custom: [String::new(), String::new()],
        declared: declared.as_deref(),
        given: outputs.as_ref().map(|_| given.as_slice()),
        outputs: outputs.as_deref(),
    };
    class.settings(settings.as_ref().map(Option::as_ref));
    class.connection(connected.as_ref().map(Option::as_ref));
    let class_text = class.text();
    for (name, part) in [(&own.config, settings), (&own.connection, connected)] {
        if let Some(Some(part)) = part {
            definitions.push(part.definition);
            public.push(name.clone());
        }
    }
    if connection.is_none() {
        definitions.push(untyped_connection(&own.connection));
        public.push(own.connection.clone());
    }
    if let Some(named) = named {
        imports.name("typing", "NamedTuple");
        definitions.push(named);
        public.push(own.outputs.clone());
    }
    if class.call().is_some() {
        imports.name("typing", "TYPE_CHECKING");
        imports.name("collections.abc", "Coroutine");
    }
    imports.name("typing", "TypeAlias");
    public.extend([own.task.clone(), "ADDRESS_VARIABLE".to_owned()]);
    public.sort_by_key(|name| (name != "ADDRESS_VARIABLE", name.clone()));

    let mut text = docstring("", &head_of(key, name, &own, declared.as_deref()));
    text.push_str(UNTYPED);
    text.push_str(&imports.render());
    let all: String = public.iter().map(|name| format!("    {},\n", string(name))).collect();
    text.push_str(&format!("\n__all__ = [\n{all}]\n"));
    for definition in definitions {
        text.push_str("\n\n");
        text.push_str(&definition);
    }
    for (_, body) in carried {
        text.push_str("\n\n");
        text.push_str(body.trim());
        text.push('\n');
    }
    text.push_str(&format!("\n\n_Result: TypeAlias = {result}\n\n\n{class_text}"));
    Ok(Module { text, public, class: own.task, task_type: task_type.to_owned() })
}

/// Without this, mypy would complain of the libraries, and each user would look for the same switch.
const UNTYPED: &str = "
# gRPC and the messages of Flyte come without types.
# mypy: disable-error-code=\"import-untyped\"

";

fn head_of(key: &ConnectorKey, name: &str, names: &Names, inputs: Option<&[Input]>) -> String {
    let task_type = key.task_type.as_str();
    let (version, class) = (key.version, &names.task);
    let given = match inputs {
        Some([]) => "",
        Some([first, ..]) if names::is_identifier(&first.name) => &format!("{}=...", first.name),
        _ => "...",
    };
    format!(
        "{name}: tasks of the type `{task_type}`, version {version}.\n\n\
         Written by `connector-server python {task_type}`: write it again rather than change it.\n\n\
         \x20   task = {class}(name=\"my_task\", ...)\n\
         \x20   env = flyte.TaskEnvironment.from_task(\"my_env\", task)\n\n\
         Other tasks await it: `await task({given})`. To run it on this machine, start\n\
         `connector-server`, set the variable `FLYTE_CONNECTOR_ADDRESS` to its host:port and call\n\
         `flyte.with_runcontext(mode=\"local\").run(task, {given})`."
    )
}

fn untyped_connection(name: &str) -> String {
    format!(
        "@dataclasses.dataclass(kw_only=True)\nclass {name}:\n{}\n    \
         secrets: dict[str, str] = dataclasses.field(default_factory=dict)\n    \
         configs: dict[str, str] = dataclasses.field(default_factory=dict)\n",
        docstring(
            "    ",
            "Secrets and settings of the connection, by the names the connector knows them by.\n\n\
             Secrets are given by the names they have in Flyte, never by their values."
        )
    )
}

/// The task class while it is written.
#[derive(Debug)]
struct Class<'a> {
    key: &'a ConnectorKey,
    names: &'a Names,
    fields: Vec<String>,
    /// What `custom_config` takes from the settings and from the connection.
    custom: [String; 2],
    declared: Option<&'a [Input]>,
    given: Option<&'a [(String, String)]>,
    outputs: Option<&'a [FieldDescription]>,
}

impl Class<'_> {
    fn settings(&mut self, part: Option<Option<&parts::Part>>) {
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

    fn connection(&mut self, part: Option<Option<&parts::Part>>) {
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

    fn text(&self) -> String {
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
            }
        }
        match (self.given, self.outputs) {
            (Some(given), Some(fields)) => {
                let lines = given
                    .iter()
                    .zip(fields)
                    .map(|((name, kind), field)| line(name, kind, &field.description));
                section(&mut doc, "Outputs, in this order", lines);
            }
            _ => doc.push_str("\n`outputs` declares the outputs: the type of each.\n"),
        }
        doc
    }

    fn interface(&self) -> String {
        let inputs = entries(self.declared.unwrap_or_default().iter().map(|input| {
            let name = string(&input.name);
            match &input.default {
                Some(default) => format!("{name}: ({}, {default})", input.kind),
                None => format!("{name}: {}", input.kind),
            }
        }));
        let outputs = entries(
            self.given
                .unwrap_or_default()
                .iter()
                .map(|(name, kind)| format!("{}: {kind}", string(name))),
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
    fn call(&self) -> Option<String> {
        let inputs = self.declared?;
        if !inputs.iter().all(|input| names::is_identifier(&input.name) && input.name != "self") {
            return None;
        }
        let mut lines = String::from("            self,\n");
        if !inputs.is_empty() {
            lines.push_str("            *,\n");
        }
        for Input { name, kind, default, .. } in inputs {
            let default = if default.is_some() { " = ..." } else { "" };
            lines.push_str(&format!("            {name}: {kind}{default},\n"));
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
    let lines: String = lines.map(|line| format!("                {line},\n")).collect();
    if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{lines}            }}") }
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
