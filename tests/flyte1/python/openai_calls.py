"""Runs tasks of flytekitplugins-openai on any server of agents, and prints what it and OpenAI saw.

OpenAI is a fake on PORT, to which both servers must send their calls. OTHER is asked about jobs that the
server at ADDRESS created.

Usage: python openai_calls.py ADDRESS OTHER PORT
"""

import collections
import json
import sys

import cloudpickle
import grpc
import msgpack
from flyteidl.admin import agent_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit.configuration import ImageConfig, SerializationSettings
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.tools.translator import get_serializable
from flytekitplugins.openai import BatchEndpointTask, ChatGPTTask

import openai_fake

PATIENCE = 60
CATEGORY = agent_pb2.TaskCategory(name="openai-batch", version=0)


def template_of(task):
    settings = SerializationSettings(image_config=ImageConfig.auto())
    return get_serializable(collections.OrderedDict(), settings, task).template.to_flyte_idl()


def literals_of(**values):
    types = {name: type(value) for name, value in values.items()}
    context = FlyteContextManager.current_context()
    return TypeEngine.dict_to_literal_map(context, values, types).to_flyte_idl()


def meta_id(meta):
    return cloudpickle.loads(meta).batch_id


def told(resource):
    """A resource as its steps have it; OpenAI's answers without their time."""
    outputs = {}
    for name, literal in resource.outputs.literals.items():
        scalar = literal.scalar
        if scalar.HasField("binary"):
            outputs[name] = {**msgpack.unpackb(scalar.binary.value), "created_at": "NOW"}
        else:
            outputs[name] = scalar.primitive.string_value
    return {"phase": resource.phase, "message": resource.message, "outputs": outputs}


class Calls:
    """Calls to one server, each a step with what OpenAI was asked meanwhile."""

    def __init__(self, address, other, port):
        channel = grpc.insecure_channel(address)
        self.agent = agent_pb2_grpc.AsyncAgentServiceStub(channel)
        self.sync = agent_pb2_grpc.SyncAgentServiceStub(channel)
        self.other = agent_pb2_grpc.AsyncAgentServiceStub(grpc.insecure_channel(other))
        self.openai = openai_fake.serve(port)
        self.steps = []

    def step(self, case, call):
        self.openai.asked.clear()
        self.openai.case = case
        step = {"case": case, "code": "OK", "details": ""}
        answer = None
        try:
            answer, shown = call()
            step.update(shown)
        except grpc.RpcError as error:
            # In Python that is the last line of a traceback.
            step["code"], step["details"] = error.code().name, error.details().splitlines()[-1].strip()
        # Only ours looks for a batch before it orders one.
        asked = list(self.openai.asked)
        step["asked"] = [call for call in asked if call["call"] != "GET /v1/batches"]
        self.steps.append(step)
        self.openai.troubles.clear()
        return answer

    def create(self, case, organization=None, attempt=None, **config):
        task = BatchEndpointTask(name=attempt or case, config=config, openai_organization=organization)
        request = agent_pb2.CreateTaskRequest(
            template=template_of(task), inputs=literals_of(input_file_id="file-1"),
            output_prefix=f"s3://b/{(attempt or case).replace(' ', '-')}/0",
        )

        def call():
            meta = self.agent.CreateTask(request, timeout=PATIENCE).resource_meta
            return meta, {"meta": meta.hex()}

        return self.step(case, call)

    def get(self, case, meta, stub=None):
        request = agent_pb2.GetTaskRequest(task_category=CATEGORY, resource_meta=meta)

        def call():
            if meta is None:
                return None, {"code": "NO JOB"}
            return None, told((stub or self.agent).GetTask(request, timeout=PATIENCE).resource)

        self.step(case, call)

    def delete(self, case, meta, stub=None):
        request = agent_pb2.DeleteTaskRequest(task_category=CATEGORY, resource_meta=meta)

        def call():
            (stub or self.agent).DeleteTask(request, timeout=PATIENCE)
            return None, {"batches": [batch["status"] for batch in self.openai.batches if batch["id"] == meta_id(meta)]}

        self.step(case, call)

    def ask(self, case, said, organization=None, **config):
        task = ChatGPTTask(
            name=case, chatgpt_config={"model": "gpt-x", **config}, openai_organization=organization
        )
        header = agent_pb2.CreateRequestHeader(template=template_of(task), output_prefix="s3://b/chat/0")
        requests = [
            agent_pb2.ExecuteTaskSyncRequest(header=header),
            agent_pb2.ExecuteTaskSyncRequest(inputs=literals_of(message="Why?")),
        ]
        self.openai.says = said

        def call():
            [answer] = self.sync.ExecuteTaskSync(iter(requests), timeout=PATIENCE)
            return None, told(answer.header.resource)

        self.step(case, call)


def states(calls):
    meta = calls.create("a batch")
    calls.get("validating", meta)
    counts = {"total": 10, "completed": 3, "failed": 1}
    for status in ("in_progress", "finalizing", "cancelling"):
        calls.openai.newest_is(status=status, request_counts=counts)
        calls.get(status, meta)
    errors = {"object": "list", "data": [{"code": "x", "line": 7, "message": "no model", "param": None}]}
    calls.openai.newest_is(status="failed", errors=errors)
    calls.get("failed", meta)
    calls.openai.newest_is(status="expired", errors=None, output_file_id="file-o")
    calls.get("expired", meta)
    calls.openai.newest_is(status="cancelled")
    calls.get("cancelled", meta)
    calls.openai.newest_is(status="paused")
    calls.get("a state that nobody knows", meta)
    calls.openai.newest_is(status="completed", usage={"total_tokens": 5}, error_file_id="file-e")
    calls.get("completed", meta)
    calls.openai.troubles[:] = [503]
    calls.get("an outage at a poll", meta)
    calls.openai.troubles[:] = ["reset"]
    calls.get("a broken connection at a poll", meta)


def orders(calls):
    calls.create("an organization", organization="acme")
    calls.create(
        "an order of its own", endpoint="/v1/embeddings", metadata={"team": "films"},
        output_expires_after={"anchor": "created_at", "seconds": 3600},
    )
    for status in (400, 401):
        # Ours looks for the batch first.
        calls.openai.troubles[:] = [status, status]
        meta = calls.create(f"refused with {status}")
        calls.get(f"the job of what was refused with {status}", meta)
    calls.create("client's arguments", extra_headers={"x": "y"})


def lost_answers(calls, looks_first):
    calls.openai.troubles[:] = [None, "lost"] if looks_first else ["lost"]
    calls.create("a lost answer")
    calls.create("a create", attempt="twice")
    calls.create("the same create again", attempt="twice")


def cancels(calls):
    meta = calls.create("to be cancelled")
    calls.delete("cancel", meta)
    calls.delete("cancel again", meta)
    for status in ("completed", "cancelled"):
        calls.openai.newest_is(status=status)
        calls.delete(f"cancel what is {status}", meta)
    calls.openai.batches.pop()
    calls.get("gone", meta)
    calls.delete("cancel what is gone", meta)


def across(calls):
    meta = calls.create("for the other server")
    calls.get("the other server polls", meta, calls.other)
    calls.delete("the other server cancels", meta, calls.other)


def questions(calls):
    def says(**message):
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
        return {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-x", "choices": [choice]}

    because = says(content="Because.")
    calls.ask("a question", because, temperature=0.5, n=1)
    calls.ask("a question of an organization", because, organization="acme")
    calls.ask("a refusal", says(content=None, refusal="I may not."))
    calls.ask("no choices", {**because, "choices": []})
    for case, troubles in [("an outage", [503]), ("no answer", [503, 503, 503]), ("a bad key", [401]),
                           ("an unknown model", [404])]:
        calls.openai.troubles[:] = troubles
        calls.ask(case, because)
    calls.ask("a stream", because, stream=True)


def main(argv):
    if len(argv) != 4:
        print(f"usage: {argv[0]} ADDRESS OTHER PORT", file=sys.stderr)
        return 2
    calls = Calls(argv[1], argv[2], int(argv[3]))
    # Whether a server looks for a batch before it orders one is seen at the first.
    calls.create("the first")
    looks_first = len(calls.openai.asked) > 1
    states(calls)
    orders(calls)
    lost_answers(calls, looks_first)
    cancels(calls)
    across(calls)
    questions(calls)
    json.dump({"steps": calls.steps}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
