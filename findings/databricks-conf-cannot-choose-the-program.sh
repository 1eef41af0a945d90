#!/usr/bin/env bash
# A Databricks task that names a notebook, a jar or an SQL query is submitted with a second program beside it.
#
# Guess:   databricks_conf is what the Jobs API takes, so a notebook_task in it is what runs; a git_source in it says
#          from where; hadoop_conf of the task reaches the cluster, as spark_conf does.
# Happens: flyteplugins-databricks 2.12.1 puts its own spark_python_task into every request: one run then names two
#          programs. A spark_python_task or git_source of the author is replaced, silently. hadoop_conf is in the
#          template and nothing reads it.
# Matters: only Flyte functions can be run so, and what the vendor makes of two programs was not seen. A service should
#          send what the author named alone, and hadoop_conf as spark.hadoop.* settings. Authors: write those in
#          spark_conf, they arrive.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'aiohttp==3.14.5' 'cryptography==50.0.2'
# They ask for pyspark, for its names only: its client has them, without 450 MB of Spark.
venv/bin/pip install --quiet --disable-pip-version-check --no-deps \
  'flyteplugins-databricks==2.12.1' 'flyteplugins-spark==2.12.1' 'pyspark-client==4.2.0' 'py4j==0.10.9.9'

cat > submit.py <<'PY'
import asyncio
import datetime
import importlib.metadata
import ipaddress
import json
import os
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

received = []


class FakeDatabricks(BaseHTTPRequestHandler):
    """Takes every run."""

    def log_message(self, *args):
        pass

    def do_POST(self):
        received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        body = json.dumps({"run_id": len(received)}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def certificate(path):
    """One for 127.0.0.1, as the connector knows https only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256()))
    with open(path, "wb") as file:
        file.write(signed.public_bytes(serialization.Encoding.PEM))
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))


certificate("loopback.pem")
os.environ["SSL_CERT_FILE"] = os.path.abspath("loopback.pem")
server = ThreadingHTTPServer(("127.0.0.1", 0), FakeDatabricks)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("loopback.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"127.0.0.1:{server.server_port}"

import flyte
from flyte._internal.runtime.task_serde import get_proto_task
from flyte.models import SerializationContext
from flyteplugins.databricks import Databricks
from flyteplugins.databricks.connector import DatabricksConnector
from google.protobuf.json_format import MessageToDict

where = SerializationContext(version="1", project="p", domain="development", org="o", root_dir=Path.cwd())


def submit(name, **conf):
    """The official task class makes the template, the official connector submits it."""
    config = Databricks(
        spark_conf={"spark.speculation": "true"}, hadoop_conf={"fs.s3a.path.style.access": "true"},
        databricks_conf={"new_cluster": {"spark_version": "15.4.x-scala2.12", "num_workers": 2}, **conf},
        databricks_instance=here, databricks_token="token")
    environment = flyte.TaskEnvironment(name=name, image="ghcr.io/acme/app:1", plugin_config=config)

    @environment.task
    async def count(n: int) -> int:
        return n

    template = get_proto_task(count, where)
    asyncio.run(DatabricksConnector().create(template, databricks_token="t"))
    return MessageToDict(template.custom), received[-1]


print("flyteplugins-databricks", importlib.metadata.version("flyteplugins-databricks"))
own = {"notebook_task": {"notebook_path": "/Shared/report"},
       "spark_jar_task": {"main_class_name": "org.acme.Main"},
       "sql_task": {"warehouse_id": "w", "query": {"query_id": "q"}},
       "spark_python_task": {"python_file": "dbfs:/jobs/count.py"}}
kinds = {}
for kind, program in own.items():
    _, run = submit(kind, **{kind: program})
    kinds[kind] = {name: run[name] for name in run if name.endswith("_task")}
    print(f"{kind} in databricks_conf, submitted:",
          {name: value.get("python_file", value) for name, value in kinds[kind].items()})
custom, run = submit("git", git_source={"git_url": "https://git.acme.example/jobs", "git_branch": "main"})
print("own git_source, submitted:", run["git_source"]["git_url"])
print("hadoop_conf in the template:", custom["hadoopConf"], "| cluster settings:", run["new_cluster"]["spark_conf"])

flytes = "flyteplugins/databricks/entrypoint.py"
beside = all(run["spark_python_task"]["python_file"] == flytes for run in kinds.values())
kept = all(kinds[kind][kind] == own[kind] for kind in own if kind != "spark_python_task")
lost = "fs.s3a" not in json.dumps(received) and custom["hadoopConf"] == {"fs.s3a.path.style.access": "true"}
if not (beside and kept and lost) or "acme" in run["git_source"]["git_url"] or \
        run["new_cluster"]["spark_conf"] != {"spark.speculation": "true"}:
    raise SystemExit("CHANGED: a task can choose its program, or its Hadoop settings arrive")
PY
HOME=$work venv/bin/python submit.py
