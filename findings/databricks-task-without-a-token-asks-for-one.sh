#!/usr/bin/env bash
# A Databricks task that names no token asks for a secret without a name.
#
# Guess:   Databricks(databricks_token=None), which is the default, leaves secrets out; the connector's own token
#          counts.
# Happens: the task of flyteplugins-databricks 2.12.1 has "secrets": {"databricks_token": null}. Read as the message
#          flyteidl2.core.Connection, which Flyte's executor does before it calls a connector, the null is an empty name
#          with Go's jsonpb (golang/protobuf 1.5.4), the reader of the executor; Go's protojson 1.36.12 and Python's
#          protobuf 7.36.2 refuse the whole. By its source the executor then looks for a secret called "".
# Matters: the create fails on its way to a connector that has a token of its own, with an error about a secret that
#          nobody named. Name one in the task, or derive a task class that takes the entry out again. Whoever reads such
#          settings takes a null for "not there".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'protobuf==7.36.2' \
  'aiohttp==3.14.5'
# They ask for pyspark, for its names only: its client has them, without 450 MB of Spark.
venv/bin/pip install --quiet --disable-pip-version-check --no-deps \
  'flyteplugins-databricks==2.12.1' 'flyteplugins-spark==2.12.1' 'pyspark-client==4.2.0' 'py4j==0.10.9.9'

cat > tasks.py <<'PY'
import json

import flyte
from flyte.models import SerializationContext
from flyteidl2.core import security_pb2
from flyteplugins.databricks import Databricks
from google.protobuf import descriptor_pb2, json_format

environment = flyte.TaskEnvironment("jobs", plugin_config=Databricks(
    databricks_conf={"run_name": "nightly", "existing_cluster_id": "c"}, databricks_instance="a.example"))


@environment.task
def nightly() -> None:
    pass


context = SerializationContext(project="p", domain="d", version="v", org="o")
custom = nightly.custom_config(context)
print("secrets of a Databricks task without a token:", custom.get("secrets"))
if custom.get("secrets") != {"databricks_token": None}:
    raise SystemExit("CHANGED: a task without a token has other secrets now")
try:
    read = json_format.ParseDict(custom, security_pb2.Connection(), ignore_unknown_fields=True)
    print("read in Python:", dict(read.secrets))
    raise SystemExit("CHANGED: Python reads it now")
except json_format.ParseError as error:
    print("read in Python: ParseError:", error)
files = {}


def add(file):
    for needed in file.dependencies:
        add(needed)
    file.CopyToProto(files.setdefault(file.name, descriptor_pb2.FileDescriptorProto()))


add(security_pb2.DESCRIPTOR)
with open("files.pb", "wb") as out:
    out.write(descriptor_pb2.FileDescriptorSet(file=files.values()).SerializeToString())
with open("custom.json", "w") as out:
    json.dump(custom, out)
PY
HOME="$work" venv/bin/python tasks.py

cat > go.mod <<'MOD'
module reads

go 1.25

require (
	github.com/golang/protobuf v1.5.4
	google.golang.org/protobuf v1.36.12
)
MOD
cat > main.go <<'GO'
package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/golang/protobuf/jsonpb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// The secrets of the message, by name.
func secrets(message *dynamicpb.Message) map[string]string {
	read := map[string]string{}
	field := message.Descriptor().Fields().ByName("secrets")
	message.Get(field).Map().Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		read[key.String()] = value.String()
		return true
	})
	return read
}

func main() {
	raw, err := os.ReadFile("files.pb")
	must(err)
	var set descriptorpb.FileDescriptorSet
	must(proto.Unmarshal(raw, &set))
	files, err := protodesc.NewFiles(&set)
	must(err)
	found, err := files.FindDescriptorByName("flyteidl2.core.Connection")
	must(err)
	kind := found.(protoreflect.MessageDescriptor)
	custom, err := os.ReadFile("custom.json")
	must(err)

	old := dynamicpb.NewMessage(kind)
	failed := (&jsonpb.Unmarshaler{AllowUnknownFields: true}).Unmarshal(bytes.NewReader(custom), protoadapt.MessageV1Of(old))
	fmt.Printf("read by jsonpb: %q, error: %v\n", secrets(old), failed)
	refused := protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(custom, dynamicpb.NewMessage(kind))
	fmt.Println("read by protojson: error:", refused)
	name, there := secrets(old)["databricks_token"]
	if failed != nil || !there || name != "" || refused == nil {
		fmt.Println("CHANGED: Go reads it otherwise now")
		os.Exit(1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
