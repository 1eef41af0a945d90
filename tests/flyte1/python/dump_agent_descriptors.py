"""Writes the descriptors of the official `flyteidl` package as one serialised FileDescriptorSet.

Usage: python dump_agent_descriptors.py OUTPUT_FILE
The set holds the file of the agent services and everything it imports, dependencies first.
"""

import sys
from pathlib import Path

from flyteidl.service import agent_pb2
from google.protobuf import descriptor_pb2


def collect(file, seen, out):
    """Appends `file` to `out` after every file that it imports, each file once."""
    if file.name in seen:
        return
    seen.add(file.name)
    for dependency in file.dependencies:
        collect(dependency, seen, out)
    file.CopyToProto(out.file.add())


def main(argv):
    if len(argv) != 2:
        print(f"usage: {argv[0]} OUTPUT_FILE", file=sys.stderr)
        return 2
    found = descriptor_pb2.FileDescriptorSet()
    collect(agent_pb2.DESCRIPTOR, set(), found)
    Path(argv[1]).write_bytes(found.SerializeToString(deterministic=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
