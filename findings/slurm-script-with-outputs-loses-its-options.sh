#!/usr/bin/env bash
# A Slurm script that declares an output loses its own #SBATCH lines.
#
# Guess:   SlurmScriptTask runs the user's script with the options at its head, as its documentation says, and
#          declaring outputs={"model": File} adds a place to write to.
# Happens: flyteplugins-slurm 2.12.1 puts `mkdir -p …` in front of the script before it looks for the options at its
#          head. sbatch reads options up to the first command only, so time limit, memory, partition and array of the
#          script count no more: the job runs with the cluster's defaults. Without outputs, or with
#          output_upload="job", the same script keeps them.
# Matters: the job succeeds on the wrong partition, is ended by a default time limit, or runs once in place of an
#          array. Whoever wraps a script reads its head before anything is put in front of it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyteplugins-slurm==2.12.1' 'flyte[connector]==2.12.1'

cat > submit.py <<'PY'
import asyncio
import importlib.metadata
import logging
import os
import pathlib
import subprocess

import asyncssh
from flyte.io import File
from flyteidl2.core.tasks_pb2 import TaskTemplate
from flyteplugins.slurm import Slurm, SlurmScriptTask
from flyteplugins.slurm.connector import SlurmScriptConnector

os.environ["FLYTE_SLURM_SKIP_HOST_KEY_VERIFICATION"] = "1"
logging.disable(logging.WARNING)
SCRIPT = "#!/bin/bash\n#SBATCH --time=04:00:00\n#SBATCH --array=1-8\necho done"


def login_node(process):
    """Has a shell, and an sbatch that takes every script."""
    command = process.command
    if command.startswith("sbatch"):
        process.stdout.write("1\n")
        process.exit(0)
        return
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    process.stdout.write(done.stdout)
    process.exit(done.returncode)


class AnyUser(asyncssh.SSHServer):
    def begin_auth(self, username):
        return False


async def submitted(connector, port, key, name, **more):
    folder = pathlib.Path.cwd() / name
    script = SCRIPT + (' > "$FLYTE_OUTPUT_MODEL"\n' if more else "\n")
    task = SlurmScriptTask(
        name=name, script=script,
        plugin_config=Slurm(host="127.0.0.1", port=port, username="u", working_dir=str(folder)), **more)
    template = TaskTemplate(type="slurm_script")
    template.id.name = name
    template.custom.update(task.custom_config(None))
    await connector.create(template, f"file://{folder}/out", ssh_private_key=key)
    [written] = folder.glob("*.sbatch")
    options = []
    for line in written.read_text().splitlines():  # What sbatch reads: up to the first command.
        if line.startswith("#SBATCH"):
            options.append(line)
        elif line.strip() and not line.startswith("#"):
            break
    own = [option for option in options if "--time" in option or "--array" in option]
    print(f"{name}: of the script's own options sbatch sees {own}")
    return own


async def main():
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[key], server_factory=AnyUser, process_factory=login_node,
        sftp_factory=True)
    print("flyteplugins-slurm", importlib.metadata.version("flyteplugins-slurm"))
    common = (SlurmScriptConnector(), server.get_port(), key.export_private_key().decode())
    plain = await submitted(*common, "no-outputs")
    outputs = await submitted(*common, "with-an-output", outputs={"model": File})
    by_job = await submitted(*common, "output-by-job", outputs={"model": File}, output_upload="job")
    if (len(plain), len(outputs), len(by_job)) != (2, 0, 2):
        raise SystemExit("CHANGED: outputs and the script's own options go together in another way now")


asyncio.run(main())
PY
venv/bin/python submit.py
