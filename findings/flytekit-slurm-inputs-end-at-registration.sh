#!/usr/bin/env bash
# A shell task of Flyte 1's Slurm plug-in that declares an input, or an output, cannot leave the author's machine.
#
# Guess:   SlurmShellTask(inputs={"n": int}, script="echo {inputs.n}") is registered as any other task is.
# Happens: flytekitplugins-slurm 1.16.31 puts the Python types themselves, and the objects of `output_locs`, into the task's
#          settings, which are written as JSON: TypeError. A local run takes the settings as they are, and works.
# Matters: what the plug-in's own example shows ends at `pyflyte register`. Only scripts without inputs and outputs reach a
#          cluster; a function (`SlurmFunctionConfig`) has both. Braces of the script are still those of str.format, so that
#          `${HOME}` must be written `${{HOME}}`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flytekit==1.16.31' 'flytekitplugins-slurm==1.16.31' 'asyncssh==2.24.1'

cat > shell.py <<'PY'
import collections
import importlib.metadata

from flytekit.configuration import Image, ImageConfig, SerializationSettings
from flytekit.extras.tasks.shell import OutputLocation
from flytekit.tools.translator import get_serializable
from flytekit.types.file import FlyteFile
from flytekitplugins.slurm import SlurmConfig, SlurmShellTask
from flytekitplugins.slurm.script.connector import SlurmScriptConnector

settings = SerializationSettings(
    image_config=ImageConfig(default_image=Image("default", "image", "1")), project="p", domain="d", version="1"
)
config = SlurmConfig(ssh_config={"host": "login"})
output = OutputLocation(var="made", var_type=FlyteFile, location="/tmp/made")
TASKS = {
    "neither": SlurmShellTask(name="neither", task_config=config, script="echo 1"),
    "an input": SlurmShellTask(name="input", task_config=config, script="echo {inputs.n}", inputs={"n": int}),
    "an output": SlurmShellTask(name="output", task_config=config, script="echo 1", output_locs=[output]),
}


def registered(task):
    try:
        get_serializable(collections.OrderedDict(), settings, task).template.to_flyte_idl()
        return "serialised"
    except TypeError as error:
        return f"TypeError: {error}"


print("flytekitplugins-slurm", importlib.metadata.version("flytekitplugins-slurm"))
seen = {name: registered(task) for name, task in TASKS.items()}
for name, outcome in seen.items():
    print(f"{name}: {outcome}")
if seen["neither"] != "serialised":
    raise SystemExit("CHANGED: a task with neither is not serialised")
if not all(seen[name].startswith("TypeError") for name in ("an input", "an output")):
    raise SystemExit("CHANGED: tasks with inputs or outputs are serialised")
filled, _ = SlurmScriptConnector()._interpolate_script("echo ${{HOME}}")
try:
    SlurmScriptConnector()._interpolate_script("echo ${HOME}")
    raise SystemExit("CHANGED: single braces are taken as they are")
except ValueError as error:
    print(f"echo ${{{{HOME}}}} is: {filled}; echo ${{HOME}} is an error: {error}")
PY
HOME=$work venv/bin/python shell.py
