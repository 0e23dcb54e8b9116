"""Motions that tell: within limits, what they tell of, and whether a log keeps the promise (synthetic)."""

import hashlib
import shutil

import numpy as np
import pytest

from hybridsim.actuators import offered
from hybridsim.calibration import Calibration, Findings, Lineage, SimulationSettings
from hybridsim.context.belief import Belief, told
from hybridsim.context.clearance import CLEAR, kept_clear
from hybridsim.context.collect import Foresight, Setup, sharper
from hybridsim.context.evidence import Noise
from hybridsim.context.motions import FAMILIES, Motion, motions, reach_of
from hybridsim.demo.planted import ARM
from hybridsim.demo.standin import HiddenDrives, swing
from hybridsim.demo.units import drawn_unit
from hybridsim.errors import FleetError
from hybridsim.fleet.bench import Basis
from hybridsim.identify.problem import WORLD
from hybridsim.physics.ground import ground_gap
from hybridsim.physics.hulls import with_hulls
from hybridsim.resources import PACKAGE
from hybridsim.robot import load_robot
from hybridsim.simulator.body import body_of, offered_inertials
from hybridsim.study import parse_study

DEMO = PACKAGE / "demo"
SETUP = Setup(gain=np.ones(2), voltage=np.zeros(2), constants={})


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Of the demo's arm as if identification had found the truth."""
    robot, text = load_robot(DEMO / "arm"), (DEMO / "study.toml").read_text()
    study = parse_study(text, robot=robot.folder)
    selection = study.resolve([*offered(robot), *offered_inertials(robot), *WORLD])
    values = selection.expand({p.name: p.value for p in selection.space.parameters} | ARM.values())
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    found = Findings(
        robot=robot.name,
        serial="drawing",
        synthetic=True,
        simulation=SimulationSettings(physics_timestep_s=1e-3, plane=False),
        parameters=[p.model_copy(update={"value": values[p.name]}) for p in selection.offered],
        lineage=Lineage(logs=(), code_version="0", seed=0, study=text, study_sha256=sha256),
    )
    return Basis(DEMO / "arm", Calibration.create(found).save(tmp_path_factory.mktemp("reference"))).bench()


@pytest.fixture(scope="module")
def foresight(bench):
    noise = Noise(deviation=np.full(2, 4e-3), memory=np.full(2, 50.0), wander=np.full(len(bench.space), 0.01))
    return Foresight(reference=bench.reference, replayer=bench.replayer, noise=noise)


@pytest.fixture(scope="module")
def candidates(bench):
    return motions(reach_of(bench.robot), seconds=8.0, rate_hz=50.0, count=16, seed=4)


def knowing(space, *but):
    """All but these entries, at the reference."""
    unsure = np.array([1.0 if name in but else 1e-3 for name in space.names])
    return Belief(mean=np.zeros(len(space)), precision=np.diag(1.0 / unsure**2))


def holding(bench, seconds=8.0):
    time = np.arange(0.0, seconds, 0.02)
    angle = np.tile(reach_of(bench.robot).rest, (len(time), 1))
    return Motion(name="hold", time_s=time, angle=angle)


@pytest.mark.parametrize("name", [DEMO / "arm", "so101", "xl330_pendulum"])
@pytest.mark.parametrize("seconds", [4.0, 20.0])
def test_commands_keep_to_limits_and_begin_and_end_at_rest(name, seconds):
    robot = load_robot(name)
    reach = reach_of(robot)
    found = motions(reach, seconds=seconds, rate_hz=50.0, count=30, seed=1)
    assert {one.name.split(",")[0] for one in found} == {"mixed", *FAMILIES}
    for one in found:
        for d, drive in enumerate(robot.drives):
            joint, angle = robot.joint(drive.joint), one.angle[:, d]
            assert joint.lower.value < angle.min() and angle.max() < joint.upper.value, one.name
            speed = np.abs(np.diff(angle) / np.diff(one.time_s)).max()
            assert speed < joint.velocity_limit.value, one.name
        assert np.array_equal(one.angle[[0, -1]], [reach.rest, reach.rest]), one.name
        assert np.ptp(one.angle, axis=0).max() > 0.01, one.name
    again = motions(reach, seconds=seconds, rate_hz=50.0, count=30, seed=1)
    assert all(np.array_equal(a.angle, b.angle) for a, b in zip(found, again, strict=True))


def test_motions_stay_over_the_ground_or_say_that_none_does(tmp_path):
    shutil.copytree(DEMO / "arm", tmp_path / "arm")
    urdf = tmp_path / "arm" / "arm.urdf"
    solid = '<collision><geometry><box size="0.2 0.04 0.04"/></geometry></collision></link>'
    urdf.write_text(urdf.read_text().replace("</link>", solid))
    robot = load_robot(tmp_path / "arm")
    reach = reach_of(robot)
    wide = motions(reach, seconds=4.0, rate_hz=50.0, count=4, seed=0)
    model, joints = with_hulls(body_of(robot, {}, {})), [joint.urdf_joint for joint in robot.joints]

    def height(angle):
        return ground_gap(model, joints, angle)[0].min()

    plane = 0.5 * (height(reach.rest[None]) + min(height(one.angle) for one in wide))
    clear = kept_clear(wide, reach, robot, {"world.plane_height": plane}, {})
    # Between poses of 0.03 rad an arm of half a metre sinks by less than 2 mm.
    assert len(clear) == 4 and min(height(one.angle) for one in clear) > plane + CLEAR - 2e-3
    assert min(np.ptp(one.angle, axis=0).max() for one in clear) > 0.05
    assert all(np.array_equal(one.angle[0], reach.rest) for one in clear)
    with pytest.raises(FleetError, match="no candidate stays 0.02 m over the ground"):
        kept_clear(wide, reach, robot, {"world.plane_height": 1.0}, {})


def test_holding_still_tells_nothing_of_how_drives_move(bench, foresight):
    for last in ("delay", "back_emf", "armature"):
        belief = knowing(bench.space, f"drive.elbow.{last}", f"drive.shoulder.{last}")
        [worth] = foresight.worths(belief, [holding(bench)], SETUP)
        assert worth.context < 0.01, last


@pytest.mark.parametrize("entry", ["drive.elbow.delay", "drive.shoulder.output_coulomb"])
def test_the_best_motion_moves_the_joint_that_is_not_known(bench, foresight, candidates, entry):
    joint = entry.split(".")[1]
    other = "shoulder" if joint == "elbow" else "elbow"
    worths = foresight.worths(knowing(bench.space, entry), candidates, SETUP)
    information = {one.motion: np.expm1(one.context) for one in worths}  # of one entry of variance 1
    best = max(worths, key=lambda one: one.drop)
    assert best.motion.split(", ")[1] in (joint, "all joints")
    assert bench.space.names[int(np.argmin(best.after / best.before))] == entry
    # The joint goes to a place to wait at in these, which tells something, too.
    alone = [told for name, told in information.items() if name.endswith(other)]
    assert alone and max(alone) < 0.5 * information[best.motion]
    if entry.endswith("delay"):
        assert information[f"slow sweeps, {joint}"] < 0.2 * information[best.motion]


def recorded(bench, truth, motion, seed=0):
    """A motion's log of the stand-in, as a recorder would leave it."""
    _, angles = swing(bench.robot, truth, motion.time_s[None], motion.angle[None], 1e-3)
    rows = np.round(motion.time_s / 1e-3).astype(int)
    true = angles[np.minimum(rows, len(angles) - 1), 0] + [truth.bias.get(j, 0.0) for j in ARM.cogging]
    noisy = true + np.random.default_rng(seed).normal(0.0, 0.4e-3, true.shape)
    made = SETUP.inputs(motion)
    return type(made)(**{**vars(made), "measured": HiddenDrives.of(bench.robot, truth).counted(noisy)})


def test_a_log_that_was_planned_shrinks_what_is_not_known_as_foreseen(bench, foresight, candidates):
    prior = Belief(mean=np.zeros(len(bench.space)), precision=np.eye(len(bench.space)))
    worths = foresight.worths(prior, candidates[:6], SETUP)
    best = int(np.argmax([one.drop for one in worths]))
    truth = drawn_unit(3, 1)
    log = recorded(bench, truth, candidates[best])
    posterior = told(prior, foresight.replayer.problem([log]), bench.space, foresight.noise, ["log"])
    obtained, foreseen = sharper(prior, posterior), worths[best].context
    assert foreseen > 5.0 and 0.5 < obtained / foreseen < 2.0
    ratio = posterior.deviation / worths[best].after
    assert ratio.min() > 0.5 and ratio.max() < 2.0
    own = bench.space.point(bench.reference.values() | truth.values())
    assert np.linalg.norm(posterior.mean - own) < 0.75 * np.linalg.norm(own)
    assert (np.abs(posterior.mean - own) / posterior.deviation).max() < 3.0


def test_disagreement_counts_as_one_more_unknown_a_drive(foresight):
    spread = np.zeros((100, 2))
    assert foresight.disagreement(spread) == 0.0
    spread[:, 1] = 4e-3
    # 100 rows of one deviation each, 50 of which say as much as one: an information of 2.
    assert foresight.disagreement(spread) == pytest.approx(np.log(3.0))
