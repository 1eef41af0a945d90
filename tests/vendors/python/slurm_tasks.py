"""Tasks of the official Slurm plug-in, as users write them, with the values of their inputs.

`make_requests.py` turns them into requests; `tests/engines` runs them on a real Slurm. Where the cluster is, and who
logs in, its operator says.
"""

import flyte
from flyte.io import Dir, File
from flyteplugins.slurm import Slurm, SlurmScriptTask

IMAGE = "ghcr.io/acme/app:1"


def script(name, text, inputs=None, outputs=None, upload="connector", **config):
    """An sbatch script."""
    kinds = {key: type(value) for key, value in (inputs or {}).items()}
    task = SlurmScriptTask(
        name=name,
        script=text,
        plugin_config=Slurm(**config),
        inputs=kinds,
        outputs=outputs,
        output_upload=upload,
    )
    return task, inputs or {}


def function(name, **config):
    """A function in its image."""
    environment = flyte.TaskEnvironment(
        name=f"cluster_{name}",
        image=flyte.Image.from_base(IMAGE),
        plugin_config=Slurm(**config),
        env_vars={"REGION": "eu"},
    )

    @environment.task
    async def count(n: int) -> int:
        return n

    return count, {"n": 5}


TASKS = {
    "plain": script("plain", "#!/bin/bash\n# mine\n#SBATCH --comment=mine\necho out\necho err >&2\n"),
    "no_shebang": script("no_shebang", "echo out\n"),
    "failing": script("failing", "#!/bin/bash\necho 'no such file: x' >&2\nexit 3\n"),
    "python": script("python", "#!/usr/bin/env python3\nprint('out')\n"),
    "options": script(
        "options",
        "#!/bin/bash\necho $SLURM_JOB_NUM_NODES $SLURM_CPUS_PER_TASK $A\n",
        partition="debug",
        nodes=1,
        ntasks=1,
        cpus_per_task=2,
        mem="100M",
        time_limit="5",
        sbatch_options={"nice": 5, "exclusive": True, "comment": "told"},
        env={"A": "a 'b'"},
    ),
    "inputs": script(
        "inputs",
        "#!/bin/bash\nenv | grep ^FLYTE_INPUT_ | sort\n",
        inputs={"text": "a\nb", "whole": -7, "half": 2.5, "large": 1e22, "yes": True},
    ),
    "outputs": script(
        "outputs",
        "#!/bin/bash\necho hi > $FLYTE_OUTPUT_M\nmkdir -p $FLYTE_OUTPUT_D/x\necho 1 > $FLYTE_OUTPUT_D/x/one\n",
        outputs={"m": File, "d": Dir},
    ),
    "outputs_missing": script("outputs_missing", "#!/bin/bash\ntrue $FLYTE_OUTPUT_M\n", outputs={"m": File}),
    "outputs_by_job": script(
        "outputs_by_job",
        "#!/bin/bash\nfile=${FLYTE_OUTPUT_M#file://}\nmkdir -p \"$(dirname \"$file\")\"\necho hi > \"$file\"\n",
        outputs={"m": File},
        upload="job",
    ),
    "array": script("array", "#!/bin/bash\n#SBATCH --array=1-2\n[ $SLURM_ARRAY_TASK_ID != 1 ]\n"),
    "nowhere": script("nowhere", "#!/bin/bash\ntrue\n", partition="nowhere"),
    "held": script("held", "#!/bin/bash\nsleep 600\n", sbatch_options={"hold": True}),
    "long": script("long", "#!/bin/bash\necho begun\nsleep 600\n"),
    "waits": script("waits", "#!/bin/bash\ntrue\n", sbatch_options={"dependency": "afterok:999999"}),
    "function": function("apptainer", container_runtime="apptainer", container_mounts=["/data:/data"]),
}
