"""Writes the descriptors of the official `flyteidl2` package as one serialised FileDescriptorSet.

Usage: python dump_descriptors.py OUTPUT_FILE
The set holds the files of the two connector services and everything they import, dependencies first.
The comparison itself is in `src/parity.rs`; nothing here may know what the project's own descriptors hold.
"""

import sys
from pathlib import Path

from flyteidl2.connector import service_pb2
from google.protobuf import descriptor_pb2

SERVICES = ("AsyncConnectorService", "ConnectorMetadataService")


def collect(file, seen, out):
    """Appends `file` to `out` after every file that it imports, each file once."""
    if file.name in seen:
        return
    seen.add(file.name)
    for dependency in file.dependencies:
        collect(dependency, seen, out)
    proto = out.file.add()
    file.CopyToProto(proto)


def main(argv):
    if len(argv) != 2:
        print(f"usage: {argv[0]} OUTPUT_FILE", file=sys.stderr)
        return 2
    found = descriptor_pb2.FileDescriptorSet()
    seen = set()
    for name in SERVICES:
        collect(service_pb2.DESCRIPTOR.services_by_name[name].file, seen, found)
    Path(argv[1]).write_bytes(found.SerializeToString(deterministic=True))
    print(f"{len(found.file)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
