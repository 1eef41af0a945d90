"""Tasks of the official Databricks plug-in, as users write them, with the values of their inputs.

`make_requests.py` turns them into requests; `tests/vendors/databricks` says what is done with each.
"""

from typing import Any, Dict, Optional

import flyte
from flyteplugins.databricks import Databricks

IMAGE = "ghcr.io/acme/app:1"
CLUSTER = {"spark_version": "15.4.x-scala2.12", "node_type_id": "i3.xlarge", "num_workers": 2}
NOTEBOOK = {"notebook_path": "/Shared/report", "base_parameters": {"day": "2024-01-02"}}


def task(
    name: str,
    conf: Optional[Dict[str, Any]],
    instance: Optional[str] = None,
    token: Optional[str] = "token",
    **spark: Any,
):
    """A function of a Spark environment, run on Databricks."""
    config = Databricks(databricks_conf=conf, databricks_instance=instance, databricks_token=token, **spark)
    environment = flyte.TaskEnvironment(
        name=f"lake_{name}",
        image=flyte.Image.from_base(IMAGE),
        plugin_config=config,
        env_vars={"REGION": "eu", "SHARED": "task"},
    )

    @environment.task
    async def count(n: int) -> int:
        return n

    return count, {"n": 5}


TASKS = {
    "new_cluster": task("new_cluster", {"run_name": "count", "new_cluster": dict(CLUSTER), "timeout_seconds": 3600}),
    "own_cluster": task(
        "own_cluster",
        {
            "new_cluster": {
                **CLUSTER,
                "docker_image": {"url": "docker.io/acme/spark:2"},
                "spark_conf": {"spark.own": "1"},
                "spark_env_vars": {"OWN": "1", "SHARED": "own"},
            }
        },
        spark_conf={"spark.task": "1"},
    ),
    "spark_conf": task(
        "spark_conf",
        {"new_cluster": dict(CLUSTER)},
        spark_conf={"spark.executor.memory": "4g"},
        hadoop_conf={"fs.s3a.path.style.access": "true"},
    ),
    "existing": task("existing", {"existing_cluster_id": "0102-030405-abcdefgh"}),
    "named": task("named", {"existing_cluster_id": "c-1"}, instance="the workspace"),
    "no_token": task("no_token", {"existing_cluster_id": "c-1"}, token=None),
    "no_conf": task("no_conf", None),
    "no_cluster": task("no_cluster", {"run_name": "count"}),
    "notebook": task("notebook", {"existing_cluster_id": "c-1", "notebook_task": NOTEBOOK}),
    "own_code": task(
        "own_code",
        {
            "existing_cluster_id": "c-1",
            "spark_python_task": {"python_file": "dbfs:/jobs/count.py"},
            "git_source": {"git_url": "https://git.acme.example/jobs", "git_branch": "main"},
        },
    ),
    "several": task(
        "several",
        {
            "tasks": [
                {"task_key": "first", "existing_cluster_id": "c-1", "notebook_task": NOTEBOOK},
                {"task_key": "second", "new_cluster": dict(CLUSTER), "depends_on": [{"task_key": "first"}]},
            ]
        },
    ),
    "serverless": task("serverless", {"environment_key": "default"}),
    "sql": task("sql", {"sql_task": {"warehouse_id": "w-1", "query": {"query_id": "q-1"}}}),
}
