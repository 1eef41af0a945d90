# Runs a Python program beside the JVM of its driver: ends the program, and what it started, when that JVM ends, when
# the program's time is up, or when the program has ended itself. Its arguments: seconds (0 for no limit), and the
# program with its own. Code that comes with the task stands in variables, in pieces.
import base64
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

PR_SET_PDEATHSIG = 1


def tie():
    # Should the launcher be killed, the program is killed as well; only Linux knows how.
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (ImportError, AttributeError, OSError):
        pass


def unpack():
    pieces = []
    while (piece := os.environ.pop(f"FLYTE_CODE_{len(pieces)}", None)) is not None:
        pieces.append(piece)
    if not pieces:
        return None
    # Under that name the JVM, which was started in this folder, hands it on to executors.
    with open("flyte-code.zip", "wb") as file:
        file.write(base64.b64decode("".join(pieces)))
    folder = tempfile.mkdtemp(prefix="flyte-code-", dir=os.getcwd())
    with zipfile.ZipFile("flyte-code.zip") as archive:
        archive.extractall(folder)
    path = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = folder + (os.pathsep + path if path else "")
    return folder


def end(group):
    for number, patience in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 0.5)):
        until = time.monotonic() + patience
        while True:
            child.poll()
            try:
                os.killpg(group, number)
            except (ProcessLookupError, PermissionError):
                return
            if time.monotonic() > until:
                break
            time.sleep(0.05)


parent = os.getppid()
limit = float(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
code = unpack()
command = [sys.executable, *sys.argv[2:]]
child = subprocess.Popen(command, start_new_session=True, preexec_fn=tie, cwd=code)
until = time.monotonic() + limit if limit else None
try:
    while child.poll() is None:
        if parent == 1 or os.getppid() != parent:
            sys.exit(143)
        if until and time.monotonic() > until:
            print(f"the time limit of {limit:g} s is over", flush=True)
            sys.exit(124)
        time.sleep(0.1)
finally:
    end(child.pid)
    if code:
        shutil.rmtree(code, ignore_errors=True)
ended = child.returncode
sys.exit(ended if ended >= 0 else 128 - ended)
