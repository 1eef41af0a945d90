//! A generated module as a package that pip installs.
//! What an owner changes by hand, version and read-me, is written once and then left alone.

use std::fs;
use std::path::Path;

use crate::module::{Module, Runtime};
use crate::names;
use crate::text::string;

impl Module {
    /// Writes the module as a package into a folder, and says what it wrote.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn write_package(&self, folder: &Path) -> Result<String, String> {
        write(folder, &self.task_type, self)
    }
}

fn write(folder: &Path, task_type: &str, module: &Module) -> Result<String, String> {
    let name = names::module(task_type);
    let source = folder.join("src").join(&name);
    fs::create_dir_all(&source)
        .map_err(|error| format!("cannot make the folder {}: {error}", source.display()))?;
    let mut told = String::new();
    let mut put = |path: &Path, text: &str, again: bool| {
        if !again && path.exists() {
            told.push_str(&format!("kept {}\n", path.display()));
            return Ok(());
        }
        told.push_str(&format!("wrote {}\n", path.display()));
        fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    put(&source.join("task.py"), &module.text, true)?;
    put(&source.join("__init__.py"), &front(task_type, module), true)?;
    put(&source.join("py.typed"), "", true)?;
    put(&folder.join("pyproject.toml"), &project(task_type, &name, module.runtime), false)?;
    put(&folder.join("README.md"), &read_me(task_type, &name, module), false)?;
    Ok(told)
}

fn front(task_type: &str, module: &Module) -> String {
    let names: String = module.public.iter().map(|name| format!("    {name},\n")).collect();
    let all: String = module.public.iter().map(|name| format!("    {},\n", string(name))).collect();
    format!(
        "\"\"\"Tasks of the type `{task_type}`.\"\"\"\n\nfrom .task import (\n{names})\n\n\
         __all__ = [\n{all}]\n"
    )
}

fn project(task_type: &str, name: &str, runtime: Runtime) -> String {
    let project = name.replace('_', "-");
    let needs = match runtime {
        Runtime::Embedded => "flyte[connector]>=2.12,<3".to_owned(),
        // A minor version may change what it has for the modules of its own.
        Runtime::Imported => {
            format!("flyte-connector-server[tasks]~={}", env!("CARGO_PKG_VERSION"))
        }
    };
    format!(
        "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\n\
         [project]\nname = {}\nversion = \"0.1.0\"\n\
         description = {}\nreadme = \"README.md\"\n\
         requires-python = \">=3.10\"\ndependencies = [{}]\n\n\
         [tool.hatch.build.targets.wheel]\npackages = [{}]\n",
        string(&project),
        string(&format!("Flyte tasks of the type {task_type}.")),
        string(&needs),
        string(&format!("src/{name}")),
    )
}

fn read_me(task_type: &str, name: &str, module: &Module) -> String {
    format!(
        "# {name}\n\nFlyte tasks of the type `{task_type}`, written by \
         `connector-server python {task_type} --package`.\n\n\
         ```python\nimport flyte\nfrom {name} import {class}\n\n\
         task = {class}(name=\"my_task\")\nenv = flyte.TaskEnvironment.from_task(\"my_env\", task)\n```\n\n\
         To run tasks on your machine, start `connector-server` and set `FLYTE_CONNECTOR_ADDRESS`\n\
         to its host:port.\n",
        class = module.class
    )
}
