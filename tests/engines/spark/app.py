"""The program of the tests in Python: its first argument says what it does, its second which file it writes to."""

import os
import subprocess
import sys
import time

mode, beat = sys.argv[1], sys.argv[2]
print("began with", mode, "and", os.environ.get("GREETING"), flush=True)


def work():
    while True:
        with open(beat, "a") as file:
            file.write("beat\n")
        time.sleep(0.1)


if mode == "throw":
    raise ValueError("no such table")
if mode == "exit":
    sys.exit(3)
if mode == "lines":
    for number in range(30_000):
        print(f"line {number} of what a program prints, grüße", flush=False)
if mode == "child":
    # What it starts works on, and so does it, asking nothing of Spark.
    shell = 'while :; do echo beat >> "$0"; sleep 0.1; done'
    subprocess.Popen(["sh", "-c", shell, beat])
    time.sleep(600)
if mode == "work":
    work()
if mode in ("query", "executors"):
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    print("the sum is", spark.range(1000).selectExpr("sum(id)").collect()[0][0], flush=True)
    if mode == "executors":

        def beats(rows):
            work()

        spark.sparkContext.parallelize([1], 1).foreachPartition(beats)
    spark.stop()
