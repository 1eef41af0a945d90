"""Runs tasks of flytekitplugins-spark on a server of agents, beside what the official connector would do.

Databricks is a fake on PORT, to which the server must send its calls. The official connector goes to `https://`
only; what it would submit comes from its own function, and metadata go through its own class.

Usage: python databricks_calls.py ADDRESS PORT
"""

import collections
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from flyteidl.admin import agent_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit import task
from flytekit.configuration import FastSerializationSettings, Image, ImageConfig, SerializationSettings
from flytekit.extend.backend.utils import convert_to_flyte_phase
from flytekit.models.task import TaskTemplate
from flytekit.tools.translator import get_serializable
from flytekitplugins.spark import Databricks, DatabricksV2
from flytekitplugins.spark import connector as official

PATIENCE = 30
INSTANCE = "acme.cloud.databricks.com"
CLUSTER = {"spark_version": "15.4.x-scala2.12", "node_type_id": "i3.xlarge", "num_workers": 2}
GIT = {"git_url": "https://git.acme.example/jobs", "git_provider": "gitHub", "git_branch": "main"}


class Service(BaseHTTPRequestHandler):
    """Writes down what it is asked; every run has the same state."""

    protocol_version = "HTTP/1.1"
    asked = []
    state = {"life_cycle_state": "RUNNING", "state_message": "In run"}

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.loads(body) if body else None
        Service.asked.append((f"{self.command} {self.path}", self.headers.get("authorization"), body))
        if self.path.endswith("/submit"):
            said = {"run_id": 9007199254740993}
        elif self.command == "GET":
            said = {"job_id": 11, "run_id": 9007199254740993, "state": Service.state}
        else:
            said = {}
        said = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def count(n: int) -> int:
    return n


def classic(name, conf, kind=DatabricksV2, **settings):
    config = kind(databricks_conf=conf, databricks_instance=INSTANCE, **settings)
    return name, task(count, task_config=config, environment={"REGION": "eu"})


TASKS = dict([
    classic("a new cluster", {"run_name": "count", "new_cluster": dict(CLUSTER), "timeout_seconds": 3600},
            spark_conf={"spark.executor.memory": "4g"}),
    classic("a task of the older class", {"run_name": "count", "new_cluster": dict(CLUSTER)}, kind=Databricks),
    classic("an existing cluster", {"existing_cluster_id": "c-1"}),
    classic("a cluster with its own settings",
            {"new_cluster": {**CLUSTER, "docker_image": {"url": "mine"}, "spark_env_vars": {"OWN": "1"}}}),
    classic("a program of its own", {"existing_cluster_id": "c-1", "git_source": dict(GIT), "python_file": "jobs/n.py"}),
    classic("a notebook", {"existing_cluster_id": "c-1"}, notebook_path="/Shared/n",
            notebook_base_parameters={"day": "2024-01-02"}),
    classic("a notebook from git", {"existing_cluster_id": "c-1", "git_source": dict(GIT)}, notebook_path="n"),
    classic("serverless", {"environment_key": "default"}),
    classic("serverless with an environment",
            {"environments": [{"environment_key": "default",
                               "spec": {"client": "2", "dependencies": ["pandas"], "environment_vars": {"A": "1"}}}]}),
    classic("serverless with credentials", {"environment_key": "e"}, databricks_service_credential_provider="s3"),
    classic("a serverless notebook", {"environment_key": "e"}, notebook_path="/Shared/n"),
    classic("nowhere to run", {"run_name": "count"}),
    classic("a client", {"existing_cluster_id": "c-1"}, databricks_auth_type="oauth_m2m", databricks_client_id="c",
            databricks_oauth_secret="mine"),
])


def template_of(entity):
    settings = SerializationSettings(
        image_config=ImageConfig(default_image=Image("default", "ghcr.io/acme/app", "1")),
        project="films", domain="production", version="v1",
        fast_serialization_settings=FastSerializationSettings(enabled=False),
    )
    return get_serializable(collections.OrderedDict(), settings, entity).template.to_flyte_idl()


def officially(template):
    """What the official connector would submit, or why it would not."""
    try:
        return json.loads(json.dumps(official._get_databricks_job_spec(TaskTemplate.from_flyte_idl(template))))
    except Exception as error:
        return str(error)


class Calls:
    def __init__(self, address, port):
        service = ThreadingHTTPServer(("127.0.0.1", port), Service)
        threading.Thread(target=service.serve_forever, daemon=True).start()
        self.agent = agent_pb2_grpc.AsyncAgentServiceStub(grpc.insecure_channel(address))
        self.ours, self.theirs = [], []

    def note(self, case, ours, theirs):
        self.ours.append({"case": case, **ours})
        self.theirs.append({"case": case, **theirs})

    def get(self, meta, kind):
        request = agent_pb2.GetTaskRequest(
            task_category=agent_pb2.TaskCategory(name=kind), resource_meta=meta
        )
        return self.agent.GetTask(request, timeout=PATIENCE).resource

    def create(self, case, template):
        Service.asked.clear()
        request = agent_pb2.CreateTaskRequest(template=template, output_prefix=f"s3://b/{case.replace(' ', '-')}/0")
        request.task_execution_metadata.namespace = "films-production"
        meta = self.agent.CreateTask(request, timeout=PATIENCE).resource_meta
        if not Service.asked:
            return None, self.get(meta, template.type).message
        [(call, authorization, body)] = Service.asked
        assert call == "POST /api/2.1/jobs/runs/submit", call
        assert authorization == f"Bearer {os.environ['_FSEC_FLYTE_DATABRICKS_ACCESS_TOKEN']}"
        # What makes two creates one run; the official connector sends none.
        assert len(body.pop("idempotency_token")) > 16
        return meta, body

    def of_task(self, case, entity):
        template = template_of(entity)
        meta, body = self.create(case, template)
        self.note(case, {"type": template.type, "body": body},
                  {"type": template.type, "body": officially(template)})
        if meta is None:
            return
        # Python's replicas read it, and find the token where they look for it at a create.
        read = official.DatabricksJobMetadata.decode(meta)
        custom = TaskTemplate.from_flyte_idl(template).custom
        written = official.DatabricksJobMetadata(
            databricks_instance=INSTANCE, run_id="9007199254740993", auth_type="pat",
            client_id=custom.get("databricksClientId"), namespace="films-production",
            oauth_secret_name=custom.get("databricksOauthSecret", "databricks-oauth"),
        )
        self.note(f"metadata of {case}", {"meta": meta.decode()}, {"meta": written.encode().decode()})
        header = official.get_header(auth_token=read.auth_token)["Authorization"]
        assert header == f"Bearer {os.environ['_FSEC_FLYTE_DATABRICKS_ACCESS_TOKEN']}"
        self.polled(f"a run of {case}", meta, template.type)
        self.polled(f"a run that Python began of {case}", written.encode(), template.type)

    def polled(self, case, meta, kind):
        for life_cycle, result in [("PENDING", None), ("RUNNING", None), ("TERMINATED", "SUCCESS")]:
            Service.state = {"life_cycle_state": life_cycle, "result_state": result, "state_message": "told"}
            resource = self.get(meta, kind)
            link = resource.log_links[0]
            self.note(
                f"{case}: {life_cycle}",
                {"phase": resource.phase, "message": resource.message, "link": [link.name, link.uri]},
                {"phase": convert_to_flyte_phase(result or life_cycle), "message": "told",
                 "link": ["Databricks Console", f"https://{INSTANCE}/#job/11/run/9007199254740993"]},
            )
        Service.asked.clear()
        request = agent_pb2.DeleteTaskRequest(task_category=agent_pb2.TaskCategory(name=kind), resource_meta=meta)
        self.agent.DeleteTask(request, timeout=PATIENCE)
        [(call, authorization, body)] = Service.asked
        self.note(
            f"{case}: cancel",
            {"call": call, "authorization": authorization, "body": body},
            {"call": "POST /api/2.1/jobs/runs/cancel", "body": {"run_id": "9007199254740993"},
             "authorization": f"Bearer {os.environ['_FSEC_FLYTE_DATABRICKS_ACCESS_TOKEN']}"},
        )


def main(argv):
    if len(argv) != 3:
        print(f"usage: {argv[0]} ADDRESS PORT", file=sys.stderr)
        return 2
    calls = Calls(argv[1], int(argv[2]))
    for case, entity in TASKS.items():
        calls.of_task(case, entity)
    json.dump({"ours": calls.ours, "theirs": calls.theirs}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
