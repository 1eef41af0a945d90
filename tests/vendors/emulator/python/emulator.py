"""Runs the emulator until standard input ends; prints its port once it answers.

`tests/vendors/src/emulator.rs` starts it, `rows.py` reads what it has kept.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import duckdb
import duckdb_extension_spatial

PATIENCE_SECONDS = 120


def free_ports():
    # Both are held until both are known, or they might be the same one.
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in (one, other)]


def bring_extension(home):
    """The emulator would fetch it from a place that is not a package index."""
    version = f"v{duckdb.__version__}"
    platform = duckdb.sql("PRAGMA platform").fetchone()[0]
    folder = pathlib.Path(duckdb_extension_spatial.__file__).parent / "extensions" / version
    place = pathlib.Path(home) / ".duckdb" / "extensions" / version / platform
    place.mkdir(parents=True)
    shutil.copy(folder / "spatial.duckdb_extension", place)


def wait_for(port, process):
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
            return
        except urllib.error.HTTPError:
            # Whatever it says, it is there.
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("the emulator does not answer")


def main():
    rest, grpc = free_ports()
    with tempfile.TemporaryDirectory() as home:
        bring_extension(home)
        program = os.path.join(os.path.dirname(sys.executable), "bqemulator")
        process = subprocess.Popen(
            [program, "start", "--rest-port", str(rest), "--grpc-port", str(grpc)]
            + ["--project", "p", "--log-level", "error"],
            env={**os.environ, "HOME": home},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=home,
        )
        try:
            wait_for(rest, process)
            print(rest, flush=True)
            sys.stdin.read()
        finally:
            process.terminate()
            process.wait()


main()
