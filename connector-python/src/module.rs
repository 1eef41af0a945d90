//! One generated module: head, types, what all modules have in common (Python, in `python/`), and the task class.
//! `package` adds what pip needs; where it goes is the caller's business.

use connector_core::ConnectorKey;
use connector_core::host::Interface;

use crate::Described;
use crate::imports::Imports;
use crate::names;
use crate::parts::{self, Input};
use crate::task::{Class, Names};
use crate::text::{docstring, string};
use crate::types::{Definitions, Reader, Types};

/// What modules carry, as it stands in the Python package that others import it from.
const CARRIED: [&str; 2] = [
    include_str!("../python/flyte_connector_server/tasks/declaration.py"),
    include_str!("../python/flyte_connector_server/tasks/service.py"),
];
/// The module that has the same for those that import it.
const IMPORTED: &str = "flyte_connector_server.tasks";
/// What of it the text of a task class speaks of.
const OFFERED: [&str; 6] =
    ["ADDRESS_VARIABLE", "_RunsOnService", "_connected", "_custom", "_interface", "_named"];
const MARK: &str = "# --- below: generated modules carry this\n";

/// Where a module has what all of them have in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Runtime {
    /// In its own text: it needs the SDK and nothing else.
    #[default]
    Embedded,
    /// In the Python package `flyte-connector-server`, of the version that wrote the module.
    Imported,
}

/// A module and what it offers.
#[derive(Debug)]
pub struct Module {
    /// Its text.
    pub text: String,
    /// Its public names, sorted.
    pub public: Vec<String>,
    /// The name of the task class.
    pub class: String,
    /// What Flyte's SDK cannot do with the connector's types, and what to write instead.
    pub doubts: Vec<String>,
    pub(crate) task_type: String,
    pub(crate) runtime: Runtime,
}

impl Module {
    /// Writes the module of a connector.
    ///
    /// # Errors
    /// Something about the connector that Python cannot have, and what to change.
    pub fn of(described: Described<'_>, runtime: Runtime) -> Result<Self, String> {
        write(described, runtime)
    }
}

fn write(described: Described<'_>, runtime: Runtime) -> Result<Module, String> {
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

    let Interface { config, inputs, mut outputs, connection } = interface;
    // In this order a cluster gives them, whatever the order of their declaration.
    outputs.iter_mut().for_each(|fields| fields.sort_by(|one, other| one.name.cmp(&other.name)));
    // Everything imported by name or spoken of, and the module's own classes: no type may hide them.
    let spoken = carried.iter().flat_map(|(_, body)| names::words(body)).map(str::to_owned);
    let classes = [&own.task, &own.config, &own.connection, &own.outputs].map(String::clone);
    let reserved: Vec<String> = imports.names().chain(spoken).chain(classes).collect();
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
        given.push((field.name.clone(), types.annotation(&field.kind, Reader::Flyte)?.text));
    }
    let named = match outputs.as_deref() {
        Some(fields) => parts::named_outputs(&own.outputs, fields, &mut types)?,
        None => None,
    };
    let Definitions { texts: mut definitions, mut public, doubts } = types.finish();

    let given = outputs.as_ref().map(|_| given.as_slice());
    let mut class = Class::new(key, &own, declared.as_deref(), given, outputs.as_deref());
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

    let all: String = public.iter().map(|name| format!("    {},\n", string(name))).collect();
    let mut body = format!("\n__all__ = [\n{all}]\n");
    for definition in definitions {
        body.push_str("\n\n");
        body.push_str(&definition);
    }
    if runtime == Runtime::Embedded {
        for (_, carried) in carried {
            body.push_str(&format!("\n\n{}\n", carried.trim()));
        }
    }
    body.push_str(&format!("\n\n_Result: TypeAlias = {result}\n\n\n{class_text}"));
    let switches = match runtime {
        Runtime::Embedded => UNTYPED,
        Runtime::Imported => {
            OFFERED.iter().for_each(|name| imports.name(IMPORTED, name));
            imports.keep_used_in(&body);
            OF_ANOTHER
        }
    };
    let head = docstring("", &head_of(key, name, &own, declared.as_deref()));
    let text = format!("{head}{switches}{}{body}", imports.render());
    Ok(Module { text, public, class: own.task, doubts, task_type: task_type.to_owned(), runtime })
}

/// Without this, mypy would complain of the libraries, and each user would look for the same switch.
const UNTYPED: &str = "
# gRPC and the messages of Flyte come without types.
# mypy: disable-error-code=\"import-untyped\"

";
const OF_ANOTHER: &str = "
# What begins with an underscore is for modules like this one.
# pyright: reportPrivateUsage=false

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
