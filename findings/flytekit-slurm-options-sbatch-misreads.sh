#!/usr/bin/env bash
# Options of a Slurm task of Flyte 1 that sbatch knows, with values that it takes, are refused.
#
# Guess:   SlurmConfig(sbatch_config={"nice": "5", "cpus-per-task": 2}) is `sbatch --nice=5 --cpus-per-task=2`.
# Happens: flytekitplugins-slurm 1.16.31 writes `--nice 5 --cpus-per-task 2.0`. Of an option that can do without a value,
#          such as --nice, sbatch takes only `--nice=5`: the 5 is taken for the script. A number has been a protobuf Struct
#          on the way, and is a float afterwards, which sbatch refuses; a local run has no such way, and there it works.
# Matters: the task runs on the author's machine and every attempt on the cluster ends in the same error of create. Write
#          numbers as text; leave out options whose value is optional, or put them into the script as `#SBATCH --nice=5`.
set -euo pipefail
command -v sbatch >/dev/null || {
  echo "needs Debian 12's slurm-client: no sbatch" >&2
  exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flytekit==1.16.31' 'flytekitplugins-slurm==1.16.31' 'asyncssh==2.24.1'

# Nobody listens there: sbatch reads its options and the script before it calls the controller.
cat > slurm.conf <<'CONF'
ClusterName=finding
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=1
AuthType=auth/none
CredType=cred/none
CONF
printf '#!/bin/bash\ntrue\n' > task.slurm

cat > options.py <<'PY'
import collections
import importlib.metadata
import os
import subprocess
import sys

from flytekit.configuration import Image, ImageConfig, SerializationSettings
from flytekit.models.task import TaskTemplate
from flytekit.tools.translator import get_serializable
from flytekitplugins.slurm import SlurmConfig, SlurmShellTask
from flytekitplugins.slurm.script.connector import _get_sbatch_cmd

settings = SerializationSettings(
    image_config=ImageConfig(default_image=Image("default", "image", "1")), project="p", domain="d", version="1"
)


def command(options, served):
    config = SlurmConfig(ssh_config={"host": "login"}, sbatch_config=options)
    task = SlurmShellTask(name="t", task_config=config, script="#!/bin/bash\ntrue\n")
    template = get_serializable(collections.OrderedDict(), settings, task).template
    if served:
        template = TaskTemplate.from_flyte_idl(template.to_flyte_idl())
    return _get_sbatch_cmd(template.custom["sbatch_config"], "task.slurm")


def says(line):
    environment = {**os.environ, "SLURM_CONF": os.path.abspath("slurm.conf")}
    said = subprocess.run(line.split(), env=environment, capture_output=True, text=True, timeout=60).stderr
    print(f"{line}\n  {said.strip().splitlines()[-1]}")
    return said


print("flytekitplugins-slurm", importlib.metadata.version("flytekitplugins-slurm"), "|", sys.argv[1])
as_meant = [says("sbatch --nice=5 task.slurm"), says(command({"cpus-per-task": 2}, served=False))]
as_served = [says(command({"nice": "5"}, served=True)), says(command({"cpus-per-task": 2}, served=True))]
if not all("Unable to contact slurm controller" in said for said in as_meant):
    raise SystemExit("CHANGED: sbatch does not come as far as its controller with options that are as meant")
if "Unable to open file 5" not in as_served[0] or 'Invalid numeric value "2.0"' not in as_served[1]:
    raise SystemExit("CHANGED: sbatch reads what the plug-in writes, or the plug-in writes it otherwise")
PY
HOME=$work venv/bin/python options.py "$(SLURM_CONF=$work/slurm.conf sbatch --version)"
