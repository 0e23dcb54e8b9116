"""Mutated files are read or refused, quickly and in little memory; the long run is a benchmark."""

import os
import signal
import time

import pytest

from hybridsim.errors import LogError
from tests.benchmarks.fuzz import FORMS, fuzz

EVERY = [(form, 60 // len(forms)) for forms in FORMS.values() for form in forms]


@pytest.mark.parametrize(("form", "count"), EVERY)
def test_a_mutated_file_is_read_or_refused(tmp_path, form, count):
    done = list(fuzz(form, range(count), 0, tmp_path))
    assert len(done) == count
    assert [outcome for outcome in done if outcome.bad] == []


def test_the_judge_sees_crashes_hangs_and_hunger(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.benchmarks.fuzz.SECONDS", 1)
    calls = iter(
        [
            lambda: None,  # the parent's own call
            lambda: None,
            lambda: 1 / 0,
            lambda: bytearray(2 * 10**9),
            lambda: (_ for _ in ()).throw(LogError("no bag")),
        ]
    )
    kinds = [outcome.kind for outcome in fuzz("mcap", range(4), 0, tmp_path, lambda _: next(calls)())]
    assert kinds == ["read", "crash", "memory", "refused"]


def sleep():
    time.sleep(30)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("ending", "kind"), [(sleep, "hang"), (die, "crash")])
def test_the_judge_goes_on_after_a_death(tmp_path, monkeypatch, ending, kind):
    monkeypatch.setattr("tests.benchmarks.fuzz.SECONDS", 1)

    parent = os.getpid()

    def reader(path):
        if os.getpid() != parent:
            ending()

    assert [outcome.kind for outcome in fuzz("mcap", range(2), 0, tmp_path, reader)] == [kind, kind]
