"""The processor time of another process, as the benchmark of an apply reads it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from benchmarks.provider import processor_seconds

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no proc(5)")


@linux
def test_work_is_counted_as_the_system_counts_it() -> None:
    before = processor_seconds(os.getpid())
    started = time.process_time()
    while time.process_time() - started < 0.05:
        sum(range(1000))
    assert processor_seconds(os.getpid()) - before >= 0.03
    assert abs(processor_seconds(os.getpid()) - time.process_time()) < 0.1


def test_a_process_that_is_gone_counts_nothing() -> None:
    assert processor_seconds(2**30) == 0.0
