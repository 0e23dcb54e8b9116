"""A whole calibration on synthetic swings: what it finds and writes, and that nothing of it is by chance."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from hybridsim.calibration import Calibration
from hybridsim.errors import StudyError
from hybridsim.log import LogStore
from hybridsim.resources import find
from hybridsim.simulator import HybridSim
from tests.identify.bench import PREFIX, TRUTH
from tests.tiny import NAMES, content

SWUNG = {"payload_mass": 0.4, "payload_length": 0.1}


class Progress:
    """Counts reports, and presses Ctrl-C at one of them."""

    def __init__(self, stop: int | None = None):
        self.count, self.stop = 0, stop

    def __call__(self, done, total, what):
        assert 0 <= done <= total and what
        self.count += 1
        if self.count == self.stop:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def quick(tiny, tmp_path_factory):
    """A quick calibration that nobody disturbed, and how often it reported."""
    progress = Progress()
    return tiny.calibrate(tmp_path_factory.mktemp("quick"), quick=True, progress=progress), progress.count


def scores_of(calibration):
    scores = calibration.scores()
    assert scores is not None
    return scores


def interrupted(tiny, out, reports, moment=0.5, **options):
    with pytest.raises(KeyboardInterrupt):
        stop = Progress(max(1, round(moment * reports)))
        tiny.calibrate(out, quick=True, progress=stop, **options)


# The bent encoder moves them: by 9e-4, 0.017 and 8e-5 at most with the seeds 0 to 9.
@pytest.mark.parametrize(
    ("name", "tolerance"), [("delay", 2e-3), ("stall_effort", 0.035), ("armature", 2e-4)]
)
def test_a_planted_truth_is_recovered(tiny, name, tolerance):
    found = Calibration.load(tiny.folder).parameters[PREFIX + name]
    assert found.value == pytest.approx(TRUTH[name], abs=tolerance)
    assert found.identifiable and not found.at_bound
    low, high = found.interval_95 or (0.0, 0.0)
    assert low < found.value < high and high - low < (found.high - found.low) / 10


def test_what_the_study_holds_is_left_alone(tiny):
    for name, truth in TRUTH.items():
        if name not in NAMES:
            held = Calibration.load(tiny.folder).parameters[PREFIX + name]
            assert (held.value, held.interval_95, held.identifiable) == (truth, None, False)


def test_the_folder_holds_what_the_design_says(tiny):
    calibration = Calibration.load(tiny.folder)
    names = {"calibration.json", "scores.json", "card.md", "blackbox.safetensors"}
    assert set(content(tiny.folder)) == names | {one.contract.weights for one in calibration.networks}
    assert len(calibration.networks) == 1  # the bent encoder is what a network can learn
    assert tiny.folder.name == calibration.id
    scores = scores_of(calibration)
    hybrid, identified = (
        scores["variants"][name]["signals"]["joint_position"] for name in ("hybrid", "identified")
    )
    assert hybrid["mae_mean"] < identified["mae_mean"]
    assert f"{1000 * hybrid['mae_mean']:.1f}" in (tiny.folder / "card.md").read_text()


def test_the_scores_pass_the_shared_check(tiny, repository):
    checker = repository.parent / "shared" / "check_scores.py"
    if not checker.is_file():
        pytest.skip("no ../shared/check_scores.py beside this checkout")
    done = subprocess.run(
        [sys.executable, str(checker), str(tiny.folder / "scores.json")], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, "the scores file has the agreed shape")


def test_it_is_scored_on_logs_that_nothing_was_fitted_on(tiny):
    calibration = Calibration.load(tiny.folder)
    sides = {log.log_id: log.split for log in calibration.record.lineage.logs}
    store = LogStore(tiny.logs)
    assert sorted(sides) == store.ids()
    # 8 logs: 40 % are 3 for validation, 20 % are 2 for test
    assert sorted(sides.values()) == ["test"] * 2 + ["train"] * 3 + ["validation"] * 3
    assert all(
        log.sha256 == store.header(log.log_id).content_sha256 for log in calibration.record.lineage.logs
    )
    for variant in scores_of(calibration)["variants"].values():
        assert set(variant["logs"]) == {log_id for log_id, side in sides.items() if side == "test"}
    assert "2 held-out logs" in (tiny.folder / "card.md").read_text()


def test_without_test_logs_the_validation_logs_are_scored_and_said_to_be(tiny, tmp_path):
    study = tiny.edited(tmp_path, ("test_fraction = 0.2", "test_fraction = 0.0"))
    folder = replace(tiny, study=study).calibrate(tmp_path, quick=True)
    calibration = Calibration.load(folder)
    assert "scored on the validation logs of the study's split" in scores_of(calibration)["notes"]
    assert "in-sample: the calibration's own fit has seen 3 of 3 logs" in scores_of(calibration)["notes"]
    assert "3 in-sample logs" in (folder / "card.md").read_text()


def test_worlds_of_it_step_alone_and_together(tiny):
    commands = 0.5 * np.sin(np.arange(3) + np.linspace(0, 3, 25)[:, None])
    together = HybridSim.load(tiny.folder, worlds=3, constants=SWUNG)
    all_angles = [together.step(row[:, None])["joint_position"][:, 0] for row in commands]
    for world in range(3):
        alone = HybridSim.load(tiny.folder, constants=SWUNG)
        angles = [alone.step(row[world : world + 1, None])["joint_position"][0, 0] for row in commands]
        np.testing.assert_array_equal(np.array(all_angles)[:, world], angles)
    assert np.ptp(all_angles, axis=0).min() > 0.3


def test_the_same_study_logs_and_seed_give_the_same_bytes_wherever_they_lie(tiny, tmp_path):
    logs = shutil.copytree(tiny.logs, tmp_path / "moved")
    moved = replace(tiny, study=tiny.edited(tmp_path / "elsewhere"), logs=logs)
    assert content(moved.calibrate(tmp_path / "out")) == content(tiny.folder)


def test_another_seed_gives_another_lineage_of_the_same_evidence(tiny, quick, tmp_path):
    one = Calibration.load(quick[0])
    other = Calibration.load(tiny.calibrate(tmp_path, quick=True, seed=1))
    assert other.id != one.id
    assert (one.record.lineage.seed, other.record.lineage.seed) == (0, 1)
    assert one.record.lineage.model_copy(update={"seed": 1}) == other.record.lineage
    assert one.values() != other.values()


def test_quick_is_said_to_be_quick_and_leaves_out_what_the_study_says(quick):
    calibration = Calibration.load(quick[0])
    assert calibration.record.lineage.quick and calibration.blackbox is None
    assert "blackbox" not in scores_of(calibration)["variants"]


def test_synthetic_logs_are_labelled_wherever_they_show(tiny, tmp_path):
    folder = tiny.calibrate(tmp_path, quick=True, synthetic=True)
    assert Calibration.load(folder).record.synthetic
    assert "SYNTHETIC" in (folder / "card.md").read_text()


@pytest.mark.parametrize("moment", [0.05, 0.5, 1.0])
def test_an_interrupted_run_leaves_only_its_memory_and_goes_on_to_the_same(tiny, quick, tmp_path, moment):
    interrupted(tiny, tmp_path, quick[1], moment)
    assert {path.name for path in tmp_path.iterdir()} <= {".resume"}
    assert content(tiny.calibrate(tmp_path, quick=True)) == content(quick[0])


def test_what_was_finished_is_not_done_again(tiny, quick, tmp_path, monkeypatch):
    interrupted(tiny, tmp_path, quick[1])

    def search(*_):
        raise AssertionError("searched again")

    monkeypatch.setattr("hybridsim.identify.fit.search_drive", search)
    assert content(tiny.calibrate(tmp_path, quick=True)) == content(quick[0])
    with pytest.raises(AssertionError, match="searched again"):  # nothing is remembered of a finished run
        tiny.calibrate(tmp_path, quick=True)


def test_the_memory_of_another_seed_is_not_used(tiny, quick, tmp_path):
    interrupted(tiny, tmp_path, quick[1], seed=1)
    assert content(tiny.calibrate(tmp_path, quick=True)) == content(quick[0])


@pytest.mark.parametrize("damage", [b"", b"[0.1, 0.2", b"\xff\xfe", b"[]", b'{"a": 1}', b"[NaN, 0.5, 0.5]"])
def test_a_damaged_memory_costs_only_that_memory(tiny, quick, tmp_path, damage):
    interrupted(tiny, tmp_path, quick[1])
    (step,) = tmp_path.glob(".resume/*/drive-*.json")
    step.write_bytes(damage)
    assert content(tiny.calibrate(tmp_path, quick=True)) == content(quick[0])


@pytest.fixture
def own(tiny, tmp_path):
    """The same for a robot of the user's own, and a function that changes a file of it."""
    robot = shutil.copytree(find("robots", "xl330_pendulum"), tmp_path / "robot")
    study = tiny.edited(tmp_path, ('robot = "xl330_pendulum"', 'robot = "robot"'))

    def change(name, old, new):
        text = (robot / name).read_text()
        assert old in text
        (robot / name).write_text(text.replace(old, new))

    return replace(tiny, study=study), change


def test_the_memory_of_another_robot_is_not_used(own, quick, tmp_path):
    tiny, change = own
    interrupted(tiny, tmp_path / "out", quick[1])
    change("robot.toml", "duty_limit = { value = 1.0", "duty_limit = { value = 0.5")
    again = content(tiny.calibrate(tmp_path / "out", quick=True))
    assert again == content(tiny.calibrate(tmp_path / "fresh", quick=True))


def test_a_changed_urdf_is_read_again(own, tmp_path):
    tiny, change = own
    armature = [
        Calibration.load(tiny.calibrate(tmp_path / "before", quick=True)).values()[PREFIX + "armature"]
    ]
    change("xl330_pendulum.urdf", '"0.000001"', '"0.002"')  # the arm's inertia [kg*m^2]
    armature.append(
        Calibration.load(tiny.calibrate(tmp_path / "after", quick=True)).values()[PREFIX + "armature"]
    )
    assert armature[0] - armature[1] == pytest.approx(0.002, abs=5e-4)  # only their sum moves the pendulum


def test_a_finished_run_leaves_nothing_but_the_calibration(tiny):
    assert list(tiny.folder.parent.iterdir()) == [tiny.folder]
    assert all(path.is_file() for path in tiny.folder.iterdir())


def test_a_finished_run_leaves_the_memory_of_an_interrupted_one(tiny, quick, tmp_path):
    interrupted(tiny, tmp_path, quick[1], seed=1)
    (step,) = tmp_path.glob(".resume/*/drive-*.json")
    (tmp_path / ".resume" / "logs").mkdir()
    tiny.calibrate(tmp_path, quick=True)
    assert step.exists() and (tmp_path / ".resume" / "logs").exists()
    tiny.calibrate(tmp_path, quick=True, seed=1)
    assert not (tmp_path / ".resume").exists()


def test_a_refused_run_leaves_no_folder(tiny, tmp_path):
    study = tiny.edited(tmp_path / "study", ('.delay"', '.dealy"'))
    with pytest.raises(StudyError, match="matches nothing"):
        replace(tiny, study=study).calibrate(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_scores_are_strict_json(tiny):
    def refuse(word):
        raise AssertionError(word)

    json.loads((tiny.folder / "scores.json").read_text(), parse_constant=refuse)
