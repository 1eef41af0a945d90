"""Tasks of `flytekitplugins-slurm`, as users write them, with the values of their inputs.

`make_requests.py` turns them into requests; `tests/engines` runs them on a real Slurm, and says where that is.
"""

from flytekit import task
from flytekitplugins.slurm import SlurmConfig, SlurmFunctionConfig, SlurmScriptConfig, SlurmShellTask, SlurmTask

PLACE = {"host": "login", "username": "user", "client_keys": ["/key"]}


def script(name, text, arguments=None, **options):
    options = {key.replace("_", "-"): value for key, value in options.items()}
    config = SlurmConfig(ssh_config=PLACE, sbatch_config=options, batch_script_args=arguments)
    return SlurmShellTask(name=name, task_config=config, script=text), {}


def count(n: int) -> int:
    return n


def function(text=None):
    config = SlurmFunctionConfig(ssh_config=PLACE, sbatch_config={"partition": "debug"}, script=text)
    return task(count, task_config=config), {"n": 5}


TASKS = {
    "plain": script("plain", "#!/bin/bash\n# mine\n#SBATCH --comment=mine\necho out ${{MINE:-of nobody}}\n"),
    "options": script(
        "options",
        "#!/bin/bash\n#SBATCH --comment=overridden\necho $SLURM_CPUS_PER_TASK\n",
        partition="debug",
        job_name="tiny-slurm",
        cpus_per_task="2",
        mem="100M",
        time="5",
        comment="told",
        exclusive="",
        output="told-%j.txt",
    ),
    "nice": script("nice", "#!/bin/bash\ntrue\n", nice="5"),
    "number": script("number", "#!/bin/bash\ntrue\n", cpus_per_task=2),
    "arguments": script("arguments", "#!/bin/bash\necho \"$1\" $2\n", ["one", "two"]),
    "brace": script("brace", "#!/bin/bash\necho ${HOME}\n"),
    "failing": script("failing", "#!/bin/bash\necho begun\necho 'no such file: x' >&2\nexit 3\n"),
    "long": script("long", "#!/bin/bash\necho begun\nsleep 600\n"),
    "path": (
        SlurmTask(
            name="path",
            task_config=SlurmScriptConfig(
                ssh_config=PLACE, batch_script_path="/there.slurm", batch_script_args=["one"], sbatch_config={}
            ),
        ),
        {},
    ),
    "function": function(),
    "own_script": function("#!/bin/bash\nexport MINE=mine\n{task.fn}\necho ended ${?}\n"),
}
