"""Tasks of the official BigQuery plug-in, as users write them, with the values of their inputs.

`make_requests.py` turns them into requests; `tests/vendors/bigquery` says what is done with each.
"""

import datetime
from typing import Any, Dict, List, Optional, Tuple

from flyte.io import DataFrame
from flyteplugins.bigquery import BigQueryConfig, BigQueryTask
from google.cloud import bigquery

MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)


def task(
    name: str,
    statement: str = "SELECT 1 AS x",
    location: Optional[str] = "EU",
    job: Optional[bigquery.QueryJobConfig] = None,
    inputs: Optional[Dict[str, type]] = None,
    results: bool = True,
) -> BigQueryTask:
    return BigQueryTask(
        name=name,
        query_template=statement,
        plugin_config=BigQueryConfig(ProjectID="p", Location=location, QueryJobConfig=job),
        inputs=inputs,
        output_dataframe_type=DataFrame if results else None,
        google_application_credentials="key_file",
    )


def configured() -> bigquery.QueryJobConfig:
    """Everything a job configuration can say in its `query` part, and some that stands beside it."""
    job = bigquery.QueryJobConfig()
    job.destination = bigquery.TableReference.from_string("p.reports.daily")
    job.default_dataset = bigquery.DatasetReference("p", "sales")
    job.priority = "BATCH"
    job.use_query_cache = False
    job.write_disposition = "WRITE_TRUNCATE"
    job.create_disposition = "CREATE_IF_NEEDED"
    job.maximum_bytes_billed = 10_000_000_000
    job.maximum_billing_tier = 2
    job.time_partitioning = bigquery.TimePartitioning(field="day", expiration_ms=86_400_000)
    job.clustering_fields = ["customer"]
    job.schema_update_options = ["ALLOW_FIELD_ADDITION"]
    job.labels = {"team": "reports"}
    return job


def parameters() -> bigquery.QueryJobConfig:
    return bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter("own", "INT64", 7)])


SCALARS: Dict[str, Tuple[type, Any]] = {
    "whole": (int, 5),
    "truth": (bool, True),
    "text": (str, "naïve 'quoted' 🚀"),
    "real": (float, 1.5),
    "moment": (datetime.datetime, MOMENT),
}

# Each alone: the official connector stops at the first.
ALONE: Dict[str, Tuple[type, Any]] = {
    "date": (datetime.date, datetime.date(2024, 1, 2)),
    "list": (List[int], [1, 2]),
    "optional": (Optional[int], 5),
    "nothing": (Optional[int], None),
    "span": (datetime.timedelta, datetime.timedelta(hours=1, seconds=1.5)),
}


def with_inputs(name: str, inputs: Dict[str, Tuple[type, Any]], **options: Any):
    statement = "SELECT " + ", ".join(f"@{key} AS {key}" for key in inputs)
    kinds = {key: kind for key, (kind, _) in inputs.items()}
    return task(name, statement, inputs=kinds, **options), {key: value for key, (_, value) in inputs.items()}


TASKS = {
    "plain": (task("plain"), {}),
    "no_location": (task("no_location", location=None), {}),
    "no_results": (task("no_results", results=False), {}),
    "statement": (task("statement", "CREATE TABLE sales.t (x INT64)", results=False), {}),
    "statement_with_results": (task("statement_with_results", "CREATE TABLE sales.t (x INT64)"), {}),
    "comment": (task("comment", "SELECT count(*) FROM sales.orders -- paid ones\nWHERE paid = 1"), {}),
    "configured": (task("configured", job=configured()), {}),
    "configured_parameters": with_inputs("configured_parameters", {"n": (int, 5)}, job=parameters()),
    "scalars": with_inputs("scalars", SCALARS),
    **{name: with_inputs(f"alone_{name}", {"value": value}) for name, value in ALONE.items()},
}
