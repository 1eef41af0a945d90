# Runs a Python program beside the JVM of its driver: ends the program, and what it started, when that JVM ends, when
# the program's time is up, or when the program has ended itself. Its arguments: seconds (0 for no limit), and the
# program with its own.
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1


def tie():
    # Should the launcher be killed, the program is killed as well; only Linux knows how.
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (ImportError, AttributeError, OSError):
        pass


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
child = subprocess.Popen([sys.executable, *sys.argv[2:]], start_new_session=True, preexec_fn=tie)
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
code = child.returncode
sys.exit(code if code >= 0 else 128 - code)
