"""Tasks of `flytekitplugins-snowflake`, as users write them, with the values of their inputs."""

from flytekit import kwtypes
from flytekit.types.structured.structured_dataset import StructuredDataset
from flytekitplugins.snowflake import SnowflakeConfig, SnowflakeTask


def task(name, statement="SELECT 1 AS x", results=True, **inputs):
    made = SnowflakeTask(
        name=name,
        query_template=statement,
        task_config=SnowflakeConfig(
            account="myorg-acc", database="DB", schema="PUBLIC", warehouse="WH", user="flyte"
        ),
        inputs=kwtypes(**{key: kind for key, (kind, _) in inputs.items()}),
        output_schema_type=StructuredDataset if results else None,
    )
    return made, {key: value for key, (_, value) in inputs.items()}


TASKS = {
    "plain": task("plain"),
    "no_results": task("no_results", "CREATE TABLE t (x INT)", results=False),
    "inputs": task("inputs", "SELECT %(n)s, %(s)s", n=(int, 5), s=(str, "a b")),
}
