"""Tasks of `flytekitplugins-bigquery`, as users write them, with the values of their inputs."""

import datetime
from typing import List

from flytekit import kwtypes
from flytekit.types.structured.structured_dataset import StructuredDataset
from flytekitplugins.bigquery import BigQueryConfig, BigQueryTask
from google.cloud.bigquery import QueryJobConfig

MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)


def task(name, statement="SELECT 1 AS x", location="EU", job=None, results=True, **inputs):
    made = BigQueryTask(
        name=name,
        query_template=statement,
        task_config=BigQueryConfig(ProjectID="p", Location=location, QueryJobConfig=job),
        inputs=kwtypes(**{key: kind for key, (kind, _) in inputs.items()}),
        output_structured_dataset_type=StructuredDataset if results else None,
    )
    return made, {key: value for key, (_, value) in inputs.items()}


TASKS = {
    "plain": task("plain"),
    "no_location": task("no_location", location=None),
    "no_results": task("no_results", "CREATE TABLE t (x INT64)", results=False),
    "configured": task("configured", job=QueryJobConfig(use_query_cache=False, priority="BATCH")),
    "inputs": task(
        "inputs",
        "SELECT @whole, @truth, @text, @real, @moment",
        whole=(int, 5),
        truth=(bool, True),
        text=(str, "naïve"),
        real=(float, 1.5),
        moment=(datetime.datetime, MOMENT),
    ),
    "list": task("list", "SELECT @values", values=(List[int], [1, 2])),
}
