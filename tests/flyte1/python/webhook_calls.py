"""Runs tasks of flytekit's WebhookTask on any server of agents, and prints what it and the called service saw.

Usage: python webhook_calls.py ADDRESS
"""

import collections
import datetime
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import msgpack
from flyteidl.admin import agent_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit.configuration import ImageConfig, SerializationSettings
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.extras.webhook import WebhookTask
from flytekit.tools.translator import get_serializable

PATIENCE = 30
TOKEN = "tok-0123456789"


class Service(BaseHTTPRequestHandler):
    """Writes down what it is asked, and answers as the path says."""

    asked = []

    def answer(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        shown = {name.lower(): value for name, value in self.headers.items()}
        path, _, query = self.path.partition("?")
        # The order in which a map comes nobody promises.
        query = "&".join(sorted(query.split("&")))
        kept = ("content-type", "authorization", "x-number", "x-who")
        Service.asked.append(
            {
                "call": f"{self.command} {path}?{query}",
                "headers": {name: shown[name] for name in kept if name in shown},
                "body": json.loads(body) if body else None,
            }
        )
        status = int(self.path.split("/")[2].split("?")[0]) if self.path.startswith("/status/") else 200
        said = {"/echo": shown.get("authorization", ""), "/page": "<html>hello</html>"}.get(self.path, "étude")
        if self.path == "/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            return
        said = said.encode()
        self.send_response(status)
        if status == 302:
            self.send_header("location", "/elsewhere")
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Calls:
    """Tasks run over one channel, each a step."""

    def __init__(self, address):
        self.service = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=self.service.serve_forever, daemon=True).start()
        self.root = f"http://127.0.0.1:{self.service.server_port}"
        self.stub = agent_pb2_grpc.SyncAgentServiceStub(grpc.insecure_channel(address))
        self.steps = []

    def run(self, case, path, inputs=None, **settings):
        inputs = inputs or {}
        types = {name: type(value) for name, value in inputs.items()}
        task = WebhookTask(name=case, url=self.root + path, dynamic_inputs=types, **settings)
        serialised = get_serializable(
            collections.OrderedDict(), SerializationSettings(image_config=ImageConfig.auto()), task
        )
        context = FlyteContextManager.current_context()
        literals = TypeEngine.dict_to_literal_map(context, inputs, types)
        header = agent_pb2.CreateRequestHeader(
            template=serialised.template.to_flyte_idl(), output_prefix="s3://b/n0/0"
        )
        requests = [
            agent_pb2.ExecuteTaskSyncRequest(header=header),
            agent_pb2.ExecuteTaskSyncRequest(inputs=literals.to_flyte_idl()),
        ]
        Service.asked.clear()
        step = {"case": case, "code": "OK"}
        try:
            [answer] = self.stub.ExecuteTaskSync(iter(requests), timeout=PATIENCE)
            resource = answer.header.resource
            info = resource.outputs.literals.get("info")
            step["phase"] = resource.phase
            step["message"] = resource.message
            step["info"] = info and msgpack.unpackb(info.scalar.binary.value)
        except grpc.RpcError as error:
            step["code"], step["details"] = error.code().name, error.details()
        step["asked"] = list(Service.asked)
        text = json.dumps(step, sort_keys=True).replace(self.root, "ROOT")
        self.steps.append(json.loads(text))


def main(argv):
    if len(argv) != 2:
        print(f"usage: {argv[0]} ADDRESS", file=sys.stderr)
        return 2
    calls = Calls(argv[1])
    everything = {
        "n": 7,
        "half": 0.5,
        "big": 1e22,
        "yes": True,
        "who": "Ada's \"é\"",
        "at": datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, datetime.timezone.utc),
        "took": datetime.timedelta(seconds=90.5),
        "some": {"k": [1, 2.0, None, "é"]},
    }
    each = {name: f"{{inputs.{name}}}" for name in everything}
    within = {name: f"<{{inputs.{name}}}>" for name in everything}
    calls.run("plain", "/x")
    calls.run("shown", "/x", data={"n": 5, "half": 0.5, "deep": [{"a": None}]}, show_data=True, show_url=True)
    calls.run("inputs alone", "/x", everything, data=each, show_data=True)
    calls.run("inputs within texts", "/x", everything, data=within, show_data=True)
    calls.run("inputs in the url and headers", "/items/{inputs.n}", {"n": 7, "who": "Ada"},
              headers={"x-who": "{inputs.who}", "x-number": "no. {inputs.n}", "content-type": "application/x+json"},
              show_url=True)
    calls.run("braces that are no placeholder", "/x", data={"a": "{} {b} {", "{inputs.n}": "}"})
    calls.run("get", "/x", method="GET", data={"a": "x y&z", "c": True, "d": None, "n": 5, "l": [1, "two"]})
    calls.run("get with a query", "/x?old=1", method="GET")
    calls.run("get with a query and data", "/x?old=1", method="GET", data={"a": "b"})
    calls.run("a page", "/page")
    calls.run("a secret that is repeated", "/echo", headers={"authorization": f"Bearer {TOKEN}"})
    for status in (201, 204, 302, 404, 429, 500):
        calls.run(f"status {status}", f"/status/{status}")
    calls.run("cut off", "/cut")
    calls.run("an unknown input", "/{inputs.nobody}")
    calls.run("an input with a placeholder", "/x", {"a": "{inputs.b}", "b": "B"}, data={"t": "{inputs.a} {inputs.b}"})
    json.dump({"steps": calls.steps}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
