"""Makes the same calls to any server of agents with flyteidl's own stubs, and prints what it saw.

Usage: python agent_calls.py ADDRESS
"""

import json
import sys
import threading

import grpc
from flyteidl.admin import agent_pb2
from flyteidl.core import literals_pb2, tasks_pb2
from flyteidl.service import agent_pb2_grpc
from google.protobuf import json_format

PATIENCE = 30


def message_of(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def template(task_type, version=0, **custom):
    found = tasks_pb2.TaskTemplate(type=task_type, task_type_version=version)
    if custom:
        found.custom.update(custom)
    return found


def literal(value):
    return literals_pb2.Literal(
        scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(string_value=value)), hash="h"
    )


INPUTS = literals_pb2.LiteralMap(literals={"a": literal("x"), "b": literal("é")})
# The metadata of the echo are its inputs, and in what order the bytes of a map come nobody promises.
INPUT = literals_pb2.LiteralMap(literals={"b": literal("é")})
CATEGORY = agent_pb2.TaskCategory(name="echo", version=0)


class Calls:
    """Calls over one channel, each a step with its name, code, text and messages."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.agent = agent_pb2_grpc.AsyncAgentServiceStub(self.channel)
        self.sync = agent_pb2_grpc.SyncAgentServiceStub(self.channel)
        self.metadata = agent_pb2_grpc.AgentMetadataServiceStub(self.channel)
        self.steps = []

    def step(self, case, call):
        try:
            messages, code, details = call(), "OK", ""
        except grpc.RpcError as error:
            messages, code, details = [], error.code().name, error.details()
        shown = {"case": case, "code": code, "details": details}
        shown["messages"] = [message_of(message) for message in messages]
        shown["bytes"] = [message.SerializeToString(deterministic=True).hex() for message in messages]
        self.steps.append(shown)
        return messages

    def unary(self, case, method, request):
        return self.step(case, lambda: [method(request, timeout=PATIENCE)])

    def stream(self, case, requests, stays_open=False):
        def talk():
            def sent():
                yield from requests
                if stays_open:
                    # Until the answer has come and the call is over. The call itself is no name yet when gRPC's
                    # own thread begins to read here.
                    over.wait(PATIENCE)

            over = threading.Event()
            call = self.sync.ExecuteTaskSync(sent(), timeout=PATIENCE)
            try:
                return list(call)
            finally:
                over.set()

        return self.step(case, talk)


def header(task_type, version=0, **custom):
    return agent_pb2.ExecuteTaskSyncRequest(
        header=agent_pb2.CreateRequestHeader(
            template=template(task_type, version, **custom), output_prefix="s3://b/n0/0"
        )
    )


INPUTS_MESSAGE = agent_pb2.ExecuteTaskSyncRequest(inputs=INPUTS)
EMPTY = agent_pb2.ExecuteTaskSyncRequest()


def jobs(calls):
    create = agent_pb2.CreateTaskRequest(inputs=INPUT, template=template("echo"), output_prefix="s3://b/n0/0")
    [created] = calls.unary("create", calls.agent.CreateTask, create)
    meta = created.resource_meta
    both = agent_pb2.GetTaskRequest(task_type="echo", task_category=CATEGORY, resource_meta=meta)
    calls.unary("get", calls.agent.GetTask, both)
    old = agent_pb2.GetTaskRequest(task_type="echo", resource_meta=meta)
    calls.unary("get by task type alone", calls.agent.GetTask, old)
    unnamed = agent_pb2.GetTaskRequest(
        task_type="echo", task_category=agent_pb2.TaskCategory(version=3), resource_meta=meta
    )
    calls.unary("get with a category without a name", calls.agent.GetTask, unnamed)
    gone = agent_pb2.DeleteTaskRequest(task_type="echo", task_category=CATEGORY, resource_meta=meta)
    calls.unary("delete", calls.agent.DeleteTask, gone)
    calls.unary("delete again", calls.agent.DeleteTask, gone)
    for case, category in [
        ("unknown type", agent_pb2.TaskCategory(name="zz")),
        ("unknown version", agent_pb2.TaskCategory(name="echo", version=7)),
    ]:
        ask = agent_pb2.GetTaskRequest(task_category=category, resource_meta=meta)
        calls.unary(f"get of an {case}", calls.agent.GetTask, ask)
        stop = agent_pb2.DeleteTaskRequest(task_category=category, resource_meta=meta)
        calls.unary(f"delete of an {case}", calls.agent.DeleteTask, stop)
        start = agent_pb2.CreateTaskRequest(template=template(category.name, category.version))
        calls.unary(f"create of an {case}", calls.agent.CreateTask, start)
    nobody = agent_pb2.CreateTaskRequest()
    calls.unary("create without a template", calls.agent.CreateTask, nobody)


def sync_tasks(calls):
    echo = header("sync_echo")
    calls.stream("sync", [echo, INPUTS_MESSAGE])
    calls.stream("sync, stream left open", [echo, INPUTS_MESSAGE], stays_open=True)
    calls.stream("sync, more after the inputs", [echo, INPUTS_MESSAGE, EMPTY, INPUTS_MESSAGE])
    calls.stream("sync, outputs none", [header("sync_echo", outputs="none"), INPUTS_MESSAGE])
    calls.stream("sync, outputs empty", [header("sync_echo", outputs="empty"), INPUTS_MESSAGE])
    calls.stream("sync, failed", [header("sync_echo", phase="FAILED", outputs="none"), INPUTS_MESSAGE])
    calls.stream("sync, not final", [header("sync_echo", phase="RUNNING", outputs="none"), INPUTS_MESSAGE])
    calls.stream("sync, error", [header("sync_echo", do="permanent"), INPUTS_MESSAGE])
    calls.stream("sync, header only", [echo])
    calls.stream("sync, inputs first", [INPUTS_MESSAGE])
    calls.stream("sync, empty message first", [EMPTY])
    calls.stream("sync, nothing", [])
    calls.stream("sync, header twice", [echo, echo])
    calls.stream("sync, empty message after the header", [echo, EMPTY])
    calls.stream("sync, unknown type", [header("zz")], stays_open=True)
    calls.stream("sync, unknown version", [header("sync_echo", 7)], stays_open=True)
    calls.stream("sync, of a connector that starts jobs", [header("echo"), INPUTS_MESSAGE])


def listing(calls):
    known = ("Echo Connector", "Sync Echo Connector")

    def of_both():
        answer = calls.metadata.ListAgents(agent_pb2.ListAgentsRequest(), timeout=PATIENCE)
        return [agent for agent in answer.agents if agent.name in known]

    calls.step("list", of_both)
    for name in known + ("zz",):
        calls.unary(f"agent {name!r}", calls.metadata.GetAgent, agent_pb2.GetAgentRequest(name=name))


def main(argv):
    if len(argv) != 2:
        print(f"usage: {argv[0]} ADDRESS", file=sys.stderr)
        return 2
    calls = Calls(argv[1])
    listing(calls)
    jobs(calls)
    sync_tasks(calls)
    json.dump({"steps": calls.steps}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
