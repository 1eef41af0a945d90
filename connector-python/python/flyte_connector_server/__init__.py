"""The connector service for Flyte, as Python finds it. The service itself is a program."""

import os
import sys
import sysconfig

PROGRAM = "connector-server"


def program() -> str:
    """The path of the installed program.

    It is beside the script that runs, or where this Python, or the user's part of it, has
    its scripts.
    """
    folders = [
        os.path.dirname(os.path.abspath(sys.argv[0])),
        sysconfig.get_path("scripts"),
        sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")),
    ]
    for folder in folders:
        path = os.path.join(folder, PROGRAM)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise FileNotFoundError(
        f"{PROGRAM} is in none of {', '.join(folders)}: install flyte-connector-server "
        "again, for this Python"
    )


def c0() -> None:
    """Becomes the program under the name of Flyte's own server, whose flags it then takes."""
    try:
        os.execv(program(), ["c0", *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"error: {error}")
