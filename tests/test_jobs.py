"""Jobs give the same results in the same order on every engine, and name the item that failed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from hybridsim.errors import JobError, LogError
from hybridsim.jobs import alongside, item_name, map_jobs


def slow_first_square(number):
    time.sleep(0.2 if number == 0 else 0.0)
    return number * number


def refuse_three(number):
    if number == 3:
        raise LogError("signal 'joint_position' has NaN at 0.5 s")
    return number


def stumble(name):
    raise ZeroDivisionError("ours")


def blocks_interrupts(_=None):
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def write_late(path):
    time.sleep(0.3)
    path.touch()


def write_and_hang(path):
    path.write_text(str(os.getpid()))
    time.sleep(600)


@dataclass(frozen=True)
class Recording:
    log_id: str


@pytest.mark.parametrize("engine", ["serial", "threads", "loky"])
def test_results_keep_the_order_of_items(engine):
    # The first item finishes last on two workers.
    seen, kept = [], []
    told, keep = (lambda *pair: seen.append(pair)), (lambda *pair: kept.append(pair))
    results = map_jobs(slow_first_square, range(6), engine=engine, workers=2, progress=told, keep=keep)
    assert results == [0, 1, 4, 9, 16, 25]
    assert kept == list(enumerate(results))
    assert seen == [(done, 6) for done in range(1, 7)]


@pytest.mark.parametrize("engine", ["serial", "threads", "loky"])
def test_an_error_names_its_item_and_keeps_its_class(engine):
    with pytest.raises(LogError, match=r"^3: signal 'joint_position' has NaN at 0.5 s$"):
        map_jobs(refuse_three, range(6), engine=engine, workers=2)


def test_a_mistake_of_ours_keeps_its_class_and_notes_the_item():
    with pytest.raises(ZeroDivisionError) as caught:
        map_jobs(stumble, ["multisine"], engine="serial")
    assert caught.value.__notes__ == ["while working on multisine"]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks on this system")
def test_only_the_parent_hears_ctrl_c(repository):
    code = (
        "from hybridsim.jobs import map_jobs; from tests.test_jobs import blocks_interrupts as blocks; "
        "print(blocks(), map_jobs(blocks, range(2), workers=2), blocks())"
    )
    # In a process of its own: the first workers of one are the difficult ones.
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False [True, True] False\n", "")


def test_the_end_of_a_block_waits_for_the_job_alongside(tmp_path):
    with alongside(write_late, tmp_path / "done"):
        pass
    assert (tmp_path / "done").exists()


def test_errors_of_the_job_alongside_are_not_raised():
    with alongside(stumble, "compiling"):
        pass


def test_an_interrupted_block_kills_the_job_alongside_at_once(tmp_path):
    path = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt), alongside(write_and_hang, path):
        while not path.exists() or not path.read_text():
            time.sleep(0.01)
        raise KeyboardInterrupt
    with pytest.raises(ProcessLookupError):  # or this test would have taken ten minutes
        os.kill(int(path.read_text()), 0)


def test_what_was_done_before_an_error_is_kept():
    kept = []
    with pytest.raises(LogError, match="3: signal 'joint_position'"):
        map_jobs(refuse_three, range(6), engine="serial", keep=lambda *pair: kept.append(pair))
    assert kept == [(0, 0), (1, 1), (2, 2)]


def test_no_items_is_no_work():
    assert map_jobs(stumble, [], engine="loky") == []


def test_items_are_named_for_people():
    assert item_name(Recording("so101-4f")) == "so101-4f"
    assert item_name("multisine") == "multisine"
    assert len(item_name(list(range(10_000)))) < 60


def test_unknown_engine_lists_the_known_ones():
    with pytest.raises(JobError, match="engine 'dask'; expected one of loky, ray, serial, threads"):
        map_jobs(str, [1], engine="dask")


def test_zero_workers_are_refused():
    with pytest.raises(JobError, match="0 workers; expected at least 1"):
        map_jobs(str, [1], workers=0)


def test_ray_missing_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # what Python itself stores for a module that cannot load
    with pytest.raises(JobError, match=r"hybridsim\[cluster\].*--engine loky"):
        map_jobs(str, [1], engine="ray")


def test_ray_gives_the_same_results():
    pytest.importorskip("ray", reason="ray is not installed (extra 'cluster')")
    assert map_jobs(slow_first_square, range(6), engine="ray", workers=2) == [0, 1, 4, 9, 16, 25]
    with pytest.raises(LogError, match="^3: signal"):
        map_jobs(refuse_three, range(6), engine="ray", workers=2)
