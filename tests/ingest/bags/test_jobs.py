"""Many bags into one store: once each, in parallel or not, through kills, full disks and bad neighbours."""

import json
import os
import resource
import signal as signals
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hybridsim.cli import main
from hybridsim.ingest import job
from hybridsim.ingest.bags import open as opening
from hybridsim.log import LogStore
from tests.ingest.bags.damage import cut
from tests.ingest.bags.lab import states
from tests.ingest.bags.messages import JOINTS, Clock, joint_states

PAUSE = """\
import sys, time
import {module} as module
real = module.{name}
def pause(*args, **kwargs):
    print("here", flush=True)
    sys.stdin.readline()
    return real(*args, **kwargs)
module.{name} = pause
from hybridsim.cli.main import main
main()
"""
"""The command `hybridsim`, which says `here` at one of its functions and waits for a line."""
PLAIN = "from hybridsim.cli.main import main\nmain()\n"
MIDDLES = {
    "values are on the disk": ("hybridsim.ingest.recording", "lags_of"),
    "the log is written and has no name": ("hybridsim.log.store", "_rename"),
}


def process(lab, sources, *, middle=None, joints=JOINTS, **options):
    """`hybridsim ingest` in a process of its own, as a user starts it."""
    code = PAUSE.format(module=MIDDLES[middle][0], name=MIDDLES[middle][1]) if middle else PLAIN
    words = [*map(str, sources), *lab.options(), "--engine", "serial"]
    words += ["--spec", str(lab.spec(states(joints=joints)))]
    return subprocess.Popen(
        [sys.executable, "-c", code, "ingest", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        **options,
    )


def files(root):
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_ino) for path in root.rglob("*")}


def test_ingesting_twice_changes_nothing_and_decodes_nothing(lab, capsys, monkeypatch):
    bag, spec = lab.bag(joint_states()), lab.spec(states())
    assert lab.run(bag, "--spec", spec, "--engine", "serial") == 0
    (log_id,) = lab.store.ids()
    captured = capsys.readouterr()
    assert captured.out == f"{log_id}  walk.mcap\n"
    assert captured.err.splitlines()[-1] == f"1 new logs in {lab.store.root}, 0 known already, 0 refused"
    before = files(lab.store.root / log_id)

    def never(*args, **kwargs):
        raise AssertionError("the bag was read again")

    monkeypatch.setattr(job, "draft_of_bag", never)
    monkeypatch.setattr(opening, "open_bag", never)
    assert lab.run(bag, "--spec", spec, "--engine", "serial") == 0
    captured = capsys.readouterr()
    assert captured.out == f"{log_id}  walk.mcap  (already there)\n"
    assert captured.err.splitlines()[-1] == f"0 new logs in {lab.store.root}, 1 known already, 0 refused"
    assert files(lab.store.root / log_id) == before and lab.left() == []


def test_what_was_noted_is_told_again(lab, capsys):
    """The second time nothing is read, and the damage is not forgotten."""
    bag, spec = lab.bag(joint_states(100)), lab.spec(states())
    cut(bag, bag.stat().st_size * 2 // 3)
    lines = []
    for _ in range(2):
        assert lab.run(bag, "--spec", spec, "--engine", "serial") == 3
        lines.append(capsys.readouterr().err.splitlines()[:-1])
    assert lines[0] == lines[1] and any("bytes" in line for line in lines[0])


def test_another_specification_is_another_log(lab):
    bag = lab.bag(joint_states())
    one, two = lab.log(bag, states("position")), lab.log(bag, states("position", "velocity"))
    assert one.log_id != two.log_id and len(lab.store.ids()) == 2
    assert lab.log(bag, states("position")).log_id == one.log_id


def test_another_serial_is_another_log(lab):
    bag, spec = lab.bag(joint_states()), lab.spec(states())
    for serial in ("a", "b"):
        assert lab.run(bag, "--spec", spec, "--serial", serial) == 0
    assert sorted(lab.store.load(log_id).serial for log_id in lab.store.ids()) == ["a", "b"]


def test_the_same_bag_under_another_name_is_the_same_log(lab):
    bag = lab.bag(joint_states())
    first = lab.log(bag, states())
    report = lab.ingest(bag.rename(bag.with_name("copy.mcap")), states())
    assert [(log.log_id, log.created) for log in report.logs] == [(first.log_id, False)]


@pytest.mark.parametrize("harm", ["deleted", "forgotten", "wrong"])
def test_a_store_that_was_tidied_up_is_filled_again(lab, harm):
    bag = lab.bag(joint_states())
    log_id = lab.log(bag, states()).log_id
    (note,) = (lab.store.root / ".sources").iterdir()
    if harm == "deleted":
        for path in (lab.store.root / log_id).iterdir():
            path.unlink()
        (lab.store.root / log_id).rmdir()
    elif harm == "forgotten":
        note.unlink()
    else:
        note.write_text("../../etc")
    assert lab.log(bag, states()).log_id == log_id


@pytest.mark.parametrize("middle", MIDDLES)
def test_a_killed_ingestion_goes_on_where_it_stopped(lab, middle):
    """Three bags; the process is killed in the middle of the first, then runs again."""
    bags = [lab.bag(joint_states(20 + k), "mcap", name=f"walk{k}") for k in range(3)]
    killed = process(lab, bags, middle=middle)
    assert killed.stdout.readline() == "here\n"
    os.kill(killed.pid, signals.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signals.SIGKILL
    assert lab.store.ids() == []
    assert lab.left() and all(name.startswith(".partial-") for name in lab.left())
    assert LogStore(lab.store.root).ids() == []
    again = process(lab, bags)
    out, err = again.communicate()
    assert (again.returncode, len(out.splitlines())) == (0, 3), err
    rows = sorted(len(lab.store.load(name).signal("joint_position").stamp_ns) for name in lab.store.ids())
    assert rows == [20, 21, 22]


@pytest.mark.parametrize("middle", MIDDLES)
def test_ctrl_c_ends_at_once_and_leaves_nothing(lab, middle):
    running = process(lab, [lab.bag(joint_states())], middle=middle)
    assert running.stdout.readline() == "here\n"
    running.send_signal(signals.SIGINT)
    _, err = running.communicate()
    assert (running.returncode, err.splitlines()[-1]) == (130, "hybridsim: interrupted")
    assert "Traceback" not in err
    assert lab.store.ids() == [] and lab.left() == []


def test_two_processes_with_the_same_bag_make_one_log(lab):
    """Both have written it and wait before they give it its name."""
    bag = lab.bag(joint_states())
    both = [process(lab, [bag], middle="the log is written and has no name") for _ in range(2)]
    for running in both:
        assert running.stdout.readline() == "here\n"
    assert lab.store.ids() == []
    ended = [running.communicate("\n") for running in both]
    assert [running.returncode for running in both] == [0, 0], ended
    (log_id,) = lab.store.ids()
    assert sorted(out for out, _ in ended) == [
        f"{log_id}  walk.mcap\n",
        f"{log_id}  walk.mcap  (already there)\n",
    ]
    assert lab.left() == []
    lab.store.load(log_id)


@pytest.mark.parametrize("limit", [1_000, 60_000, 90_000])
def test_a_full_disk_is_one_line_and_leaves_nothing(lab, limit):
    """A limit on the size of files stands in: hit by the first numbers, by the last ones, and by the log.

    10,000 stamps and positions are 80,000 bytes each on their way, and together in the log.
    """
    rng = np.random.default_rng(0)
    given = joint_states(10_000)
    for message in given:
        message.fields["position"][0] = rng.uniform(-1, 1)
        message.fields["header"]["stamp"]["nanosec"] += int(rng.integers(2_000_000))
    bag = lab.bag(given, "mcap", chunk_bytes=500_000)

    def tighten():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    small = process(lab, [bag], joints=("hip",), preexec_fn=tighten)
    out, err = small.communicate()
    assert (small.returncode, out) == (1, "")
    assert err == f"hybridsim: walk.mcap: {lab.store.root}: log walk was not written: File too large\n"
    assert lab.store.ids() == [] and lab.left() == []
    assert lab.run(bag, "--spec", lab.spec(states()), "--engine", "serial") in (0, 3)


def test_a_compressed_file_on_a_full_disk_is_not_called_damaged(lab):
    bag = lab.bag(joint_states(3000), "mcap-file")

    def tighten():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    small = process(lab, [bag], preexec_fn=tighten)
    _, err = small.communicate()
    assert small.returncode == 1
    assert "cannot be decompressed: File too large" in err and "damaged" not in err
    assert lab.store.ids() == []


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_store_that_cannot_be_written_is_one_line(lab, place, capsys):
    store = lab.root / "taken"
    store.write_text("mine")
    store = store if place == "a file" else store / "logs"
    words = ["--robot", str(lab.robot), "--spec", str(lab.spec(states())), "--store", str(store)]
    assert main.run(["ingest", str(lab.bag(joint_states())), *words]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"hybridsim: walk.mcap: {store}: log walk was not written: ")
    assert err.count("\n") == 1
    assert (lab.root / "taken").read_text() == "mine"


def many(lab, bad=1, good=3):
    for k in range(good):
        lab.bag(joint_states(10 + k), ["mcap", "bag", "db3-folder"][k % 3], name=f"good{k}")
    for k in range(bad):
        (lab.root / "bags").mkdir(exist_ok=True)
        (lab.root / "bags" / f"bad{k}.bag").write_bytes(b"nothing\nof a bag")
    return lab.root / "bags"


def test_one_bad_bag_does_not_stop_the_rest(lab, capsys):
    folder = many(lab)
    said = lab.root / "summary.json"
    assert lab.run(folder, "--spec", lab.spec(states()), "--json", said) == 3
    captured = capsys.readouterr()
    assert [line.split("  ")[1] for line in captured.out.splitlines()] == [
        "bags/good0.mcap",
        "bags/good1.bag",
        "bags/good2",
    ]
    assert captured.err.splitlines()[0] == (
        "refused bags/bad0.bag: no bag: it starts with b'nothing\\n'; expected a .bag, .db3 or .mcap"
    )
    assert captured.err.splitlines()[-1].startswith("3 new logs in ")
    assert captured.err.splitlines()[-1].endswith(", 0 known already, 1 refused")
    summary = json.loads(said.read_text())
    assert [entry["source"] for entry in summary["refused"]] == ["bags/bad0.bag"]
    assert sorted(entry["log_id"] for entry in summary["logs"]) == lab.store.ids()
    assert {entry["samples"] for entry in summary["logs"]} == {10, 11, 12}
    assert all(entry["created"] and entry["damage"] == [] for entry in summary["logs"])


def test_exit_codes(lab, capsys):
    spec = lab.spec(states())
    assert lab.run(many(lab, bad=0), "--spec", spec) == 0
    assert lab.run(many(lab, bad=2, good=0), "--spec", spec) == 3
    capsys.readouterr()
    assert lab.run(lab.root / "bags" / "bad0.bag", lab.root / "nowhere", "--spec", spec, "--json", "-") == 1
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)["refused"]) == 2
    assert captured.err.splitlines()[-1] == (
        "hybridsim: ingest: none of 2 logs could be used; the lines above say why"
    )
    assert f"refused {lab.root / 'nowhere'}: no such file or folder" in captured.err


def test_a_bag_for_a_robot_whose_set_is_of_tables_says_what_to_do(lab, capsys):
    bag = lab.bag(joint_states())
    for given in (bag, bag.parent):
        assert main.run(["ingest", str(given), "--robot", "so101", "--store", str(lab.store.root)]) == 1
        err = capsys.readouterr().err
        assert "no log of set so101; expected control.csv and state_motor.csv" in err
        assert "bags need --spec, which this drafts: hybridsim inspect BAG --robot R --write" in err


def test_json_on_standard_output_is_alone_there(lab, capsys):
    assert lab.run(many(lab), "--spec", lab.spec(states()), "--json", "-") == 3
    summary = json.loads(capsys.readouterr().out)
    assert (summary["schema"], summary["store"]) == (1, str(lab.store.root))
    assert (len(summary["logs"]), len(summary["refused"])) == (3, 1)


def test_refused_rows_are_in_both_summaries(lab, capsys):
    given = joint_states(20)
    given[4].fields["position"][2] = float("nan")
    assert lab.run(lab.bag(given), "--spec", lab.spec(states()), "--json", lab.root / "s.json") == 3
    assert (
        "walk.mcap: /joint_states: 1 rows refused in joint_position: nan or infinite (row 5)"
        in capsys.readouterr().err
    )
    ((refused,),) = [log["refused"] for log in json.loads((lab.root / "s.json").read_text())["logs"]]
    assert refused == {
        "signal": "joint_position",
        "reason": "nan or infinite",
        "file": "/joint_states",
        "count": 1,
        "rows": [5],
    }


@pytest.fixture
def eager(monkeypatch):
    """Processes even for small bags."""
    monkeypatch.setattr("hybridsim.ingest.run.PARALLEL_BAG_BYTES", 0)


def test_processes_give_the_logs_of_a_plain_loop(lab, eager):
    folder = many(lab, bad=1, good=4)
    plain = lab.ingest(folder, states())
    ids = lab.store.ids()
    lab.store.root.rename(lab.root / "plain")
    parallel = lab.ingest(folder, states(), engine="loky")
    assert parallel.logs == plain.logs and parallel.refused == plain.refused
    assert lab.store.ids() == ids and len(ids) == 4
    for log_id in ids:
        for path in (lab.root / "plain" / log_id).iterdir():
            assert path.read_bytes() == (lab.store.root / log_id / path.name).read_bytes()


def test_a_stamped_clock_a_bag_keeps_bags_apart(lab):
    """The same numbers at another time are another log."""
    one = lab.log(lab.bag(joint_states(), name="one"), states())
    two = lab.log(lab.bag(joint_states(clock=Clock(start_ns=10**18)), name="two"), states())
    assert one.log_id != two.log_id
