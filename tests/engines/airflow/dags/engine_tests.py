"""The DAGs that the tests run. What a task does is said by its run's `conf`."""

from __future__ import annotations

import os
import subprocess
import time
from datetime import timedelta

from airflow.sdk import Param, dag, task


def work(conf: dict) -> None:
    """Speaks, leaves a child behind, writes its process into a file for a while, fails."""
    for number in range(int(conf.get("lines", 1))):
        print("line", number)
    if conf.get("child"):
        subprocess.Popen(["sh", "-c", "sleep 600; : " + conf["child"]])
    ends = time.monotonic() + float(conf.get("seconds", 0))
    while conf.get("beat") and time.monotonic() < ends:
        with open(conf["beat"], "a") as beat:
            beat.write(f"{os.getpid()}\n")
        time.sleep(0.1)
    if conf.get("fail"):
        raise ValueError(conf["fail"])


@dag(schedule=None)
def works():
    @task
    def first(**context):
        work(context["dag_run"].conf)

    @task
    def second():
        print("second is here")

    first() >> second()


@dag(schedule=None, max_active_runs=1)
def one_at_a_time():
    @task
    def only(**context):
        work(context["dag_run"].conf)

    only()


@dag(schedule=None)
def once():
    @task(retries=0)
    def only(ti=None, **context):
        conf = context["dag_run"].conf
        work(conf | conf.get(f"try_{ti.try_number}", {}))

    only()


@dag(schedule=None)
def parts():
    @task(retries=1, retry_delay=timedelta(seconds=0))
    def part(number, **context):
        work(context["dag_run"].conf)
        raise RuntimeError(f"part {number} is broken")

    @task
    def after():
        pass

    part.expand(number=[1, 2]) >> after()


@dag(schedule=None, is_paused_upon_creation=True)
def sleeping():
    @task
    def only():
        pass

    only()


@dag(schedule=None, params={"count": Param(1, type="integer", minimum=1)})
def picky():
    @task
    def only():
        pass

    only()


for make in (works, one_at_a_time, once, parts, sleeping, picky):
    make()
