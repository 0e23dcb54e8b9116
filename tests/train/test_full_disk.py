"""A disk that is full: one line, the last checkpoint whole, and the training goes on once there is room."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from hybridsim.cli.main import run
from hybridsim.policy import Policy
from hybridsim.train import Settings, train
from hybridsim.train.events import logger
from tests.tiny import disk_with_room_for

SMALL = {"task": "swing", "worlds": 8, "rollout": 64, "check_every": 1024, "judged": 4, "hidden": (16, 16)}
SMALL |= {"blocks": 1, "threads": 1, "steps": 3072}
KEPT = ("training.json", "training-2.safetensors", "best", "last")


@pytest.fixture
def stopped(tmp_path):
    """A training after its first checkpoint, and what it has on disk."""

    def stop(done, steps, note):
        if done > 1024:
            raise KeyboardInterrupt

    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(Settings(**SMALL), out, progress=stop)
    return out


def content(folder):
    files = [path for name in KEPT for path in [folder / name, *sorted((folder / name).glob("*"))]]
    return {path: path.read_bytes() for path in files if path.is_file()}


# A policy's weights have 2,036 bytes, a checkpoint 12,936.
@pytest.mark.parametrize(
    ("room", "words"),
    [
        (9_000, "training-4.safetensors: cannot be written: File too large"),
        (1_900, "last/policy.safetensors: File too large"),
    ],
)
def test_a_full_disk_is_one_line_and_the_checkpoint_stays(stopped, capfd, room, words):
    before = content(stopped)
    assert len(before) == 7
    with disk_with_room_for(room):
        code = run(["train", "swing", "--out", str(stopped), "--resume"])
    out, err = capfd.readouterr()
    assert (code, out) == (1, "")
    assert err.startswith("hybridsim: ") and err.count("\n") == 1 and words in err
    checkpoint = {path: text for path, text in before.items() if path.parent == stopped}
    assert {path: content(stopped)[path] for path in checkpoint} == checkpoint
    assert not [path for path in stopped.rglob(".*")]
    for name in ("best", "last"):
        Policy.load(stopped / name)
    done = train(Settings(**SMALL), stopped, resume=True)
    assert [row["steps"] for row in done.history] == [1024, 2048, 3072]


def test_tensorboards_file_has_no_half_records(tmp_path):
    log = logger(tmp_path)

    def dump(step):
        log.record("worlds/goal", float(step))
        log.dump(step)

    with disk_with_room_for(500), pytest.raises(OSError, match="File too large") as caught:
        for step in range(100):
            dump(step)
    (path,) = tmp_path.iterdir()
    assert caught.value.filename == str(path)
    dump(1000)  # there is room again
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    steps = [one.step for one in events.Scalars("worlds/goal")]
    assert len(steps) > 3 and steps == [*range(len(steps) - 1), 1000]
