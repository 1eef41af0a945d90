"""Runs a generated task whose job never ends, until Ctrl-C ends this process. Usage: TAG"""

import sys

import flyte
from simulator_task import SimulatorConfig, SimulatorTask

task = SimulatorTask(name="endless", settings=SimulatorConfig(tag=sys.argv[1], phases=["RUNNING"]))
flyte.with_runcontext(mode="local").run(task)
