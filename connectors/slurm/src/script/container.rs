//! The line that runs a task's command in its image, by Pyxis or Apptainer.

use connector_core::prelude::*;

use crate::config::SlurmTask;
use crate::shell::line;

/// Enroot gives a container its own PATH, without that of the image. Where the image has a virtual
/// environment it says so in a variable, which does come through.
const WITH_PATH: &str = r#"export PATH="${VIRTUAL_ENV:+$VIRTUAL_ENV/bin:}$PATH"; exec "$@""#;

/// The line, of one process: several would all write the same outputs.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: there is no command or image, or the runtime is none that is known.
pub(crate) fn srun(task: &SlurmTask, image: &str, command: &[String]) -> Result<String> {
    let container = &task.container;
    let image = container.image.as_deref().filter(|image| !image.is_empty()).unwrap_or(image);
    if image.is_empty() {
        return Err(ConnectorError::invalid_task("slurm task has no container image"));
    }
    if command.is_empty() {
        return Err(ConnectorError::invalid_task("A container job needs a non-empty command"));
    }
    let mut words: Vec<String> = ["srun", "--nodes=1", "--ntasks=1"].map(str::to_owned).into();
    words.extend(container.srun_args.iter().cloned());
    match container.runtime.as_deref().filter(|name| !name.is_empty()).unwrap_or("pyxis") {
        "pyxis" => words.extend(pyxis(task, image)),
        "apptainer" => words.extend(apptainer(task, image)),
        other => {
            return Err(ConnectorError::invalid_task(format!(
                "Unknown container_runtime '{other}'; expected one of: pyxis, apptainer."
            )));
        }
    }
    words.extend(["bash", "-c", WITH_PATH, "--"].map(str::to_owned));
    words.extend(command.iter().cloned());
    line(&words)
}

/// Options of srun itself, by Pyxis. Enroot brings the driver of GPUs along where there are any.
fn pyxis(task: &SlurmTask, image: &str) -> Vec<String> {
    let container = &task.container;
    let mut words = vec![format!("--container-image={}", enroot_image(image))];
    if !container.mounts.is_empty() {
        words.push(format!("--container-mounts={}", container.mounts.join(",")));
    }
    if let Some(folder) = container.workdir.as_deref().filter(|folder| !folder.is_empty()) {
        words.push(format!("--container-workdir={folder}"));
    }
    words.extend(container.args.iter().cloned());
    words
}

fn apptainer(task: &SlurmTask, image: &str) -> Vec<String> {
    let container = &task.container;
    let mut words = vec!["apptainer".to_owned(), "exec".to_owned()];
    let says = container.args.iter().any(|word| matches!(word.as_str(), "--nv" | "--rocm"));
    if wants_gpus(task) && !says {
        words.push("--nv".to_owned());
    }
    if !container.mounts.is_empty() {
        words.extend(["--bind".to_owned(), container.mounts.join(",")]);
    }
    if let Some(folder) = container.workdir.as_deref().filter(|folder| !folder.is_empty()) {
        words.extend(["--pwd".to_owned(), folder.to_owned()]);
    }
    words.extend(container.args.iter().cloned());
    words.push(apptainer_image(image));
    words
}

fn wants_gpus(task: &SlurmTask) -> bool {
    let generic = task.sbatch.get("gres").map(ToString::to_string).unwrap_or_default();
    let per_node = task.sbatch.get("gpus_per_node").is_some_and(|value| !value.is_null());
    per_node || generic.to_ascii_lowercase().contains("gpu")
}

/// An image as Enroot names it: `registry#image:tag`; files and what is named so already stay.
fn enroot_image(image: &str) -> String {
    if image.starts_with('/') || image.starts_with("./") || image.contains('#') {
        return image.to_owned();
    }
    let image = image.strip_prefix("docker://").unwrap_or(image);
    match image.split_once('/') {
        // Otherwise it is an account of the default registry.
        Some((registry, rest)) if registry.contains(['.', ':']) || registry == "localhost" => {
            format!("{registry}#{rest}")
        }
        _ => image.to_owned(),
    }
}

/// An image as Apptainer names it: by a URL, or as a file.
fn apptainer_image(image: &str) -> String {
    const KNOWN: [&str; 7] =
        ["/", "./", "docker://", "oras://", "library://", "shub://", "docker-daemon://"];
    if KNOWN.iter().any(|start| image.starts_with(start)) {
        return image.to_owned();
    }
    format!("docker://{image}")
}

#[cfg(test)]
mod tests {
    use super::{apptainer_image, enroot_image};

    #[test]
    fn images_are_named_as_the_runtimes_name_them() {
        for (image, enroot, apptainer) in [
            ("ghcr.io/a/b:c", "ghcr.io#a/b:c", "docker://ghcr.io/a/b:c"),
            ("python:3.12", "python:3.12", "docker://python:3.12"),
            ("a/b", "a/b", "docker://a/b"),
            ("localhost/b", "localhost#b", "docker://localhost/b"),
            ("host:5000/b", "host:5000#b", "docker://host:5000/b"),
            ("/img/x.sqsh", "/img/x.sqsh", "/img/x.sqsh"),
            ("docker://ghcr.io/a", "ghcr.io#a", "docker://ghcr.io/a"),
        ] {
            assert_eq!(
                (enroot_image(image).as_str(), apptainer_image(image).as_str()),
                (enroot, apptainer)
            );
        }
    }
}
