"""`hybridsim ingest --engine ray` on a Ray cluster of its own gives the logs of a plain loop."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hybridsim.log import LogStore
from tests.ingest.bags.lab import states
from tests.ingest.bags.messages import joint_states

CLUSTER = """\
import logging, sys
import ray
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
from hybridsim.cli.main import run
code = run(sys.argv[1:])
assert ray.is_initialized()
ray.shutdown()
sys.exit(code)
"""


def of_session(session):
    """Processes of a session that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to see what is left behind")
def test_a_ray_cluster_gives_the_same_logs_and_is_gone_afterwards(lab):
    pytest.importorskip("ray", reason="ray is not installed (extra 'cluster')")
    for k in range(4):
        lab.bag(joint_states(10 + k), "mcap", name=f"walk{k}")
    (lab.root / "bags" / "bad.bag").write_bytes(b"nothing")
    folder, spec = lab.root / "bags", lab.spec(states())
    words = ["ingest", str(folder), *lab.options(), "--spec", str(spec), "--engine", "ray"]
    running = subprocess.Popen(
        [sys.executable, "-c", CLUSTER, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        start_new_session=True,
    )
    try:
        out, err = running.communicate(timeout=90)
    finally:
        for _ in range(50):  # the last of them end a moment after the first
            if not (left := of_session(running.pid)):
                break
            time.sleep(0.1)
        for pid in left:
            os.kill(pid, 9)
    assert running.returncode == 3, err
    assert len(out.splitlines()) == 4 and "refused bags/bad.bag" in err
    assert left == []
    ids = lab.store.ids()
    lab.store = LogStore(lab.root / "plain")
    lab.ingest(folder, states())
    assert lab.store.ids() == ids and len(ids) == 4
