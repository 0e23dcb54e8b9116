"""What the networks are trained on is what the simulator feeds them, and only groups that help ship."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.identify.problem import WORLD
from hybridsim.learn.residual import (
    Gathered,
    folds_of,
    gather,
    judge,
    learn_residual,
    samples,
    shares,
    spec_of,
)
from hybridsim.networks.inference import scaled
from hybridsim.replay.engine import Trajectory, replay_logs
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from hybridsim.study import Learn
from tests.identify.arm import arm, wandering
from tests.identify.bench import swings
from tests.simulator.made import random_networks

STEP = 0.005
LEARN = Learn(hidden=(8,), members=2, history_s=(0.0, 0.04, 0.1), memory_s=(0.5,), epochs=1)


class Residual:
    """Builds worlds of a robot with a network in the loop."""

    def __init__(self, robot, networks, drives):
        self.robot, self.networks = robot, networks
        self.values = {p.name: p.value for p in [*offered(robot), *WORLD]}
        for drive in robot.drives:
            self.values |= {f"drive.{drive.joint}.{name}": value for name, value in drives.items()}

    def __call__(self, worlds, constants):
        settings = SimulationSettings(physics_timestep_s=STEP, plane=False)
        return HybridSim(
            self.robot, self.values, settings, worlds=worlds, networks=self.networks, constants=constants
        )


@pytest.mark.parametrize("period", [0.02, 0.005])
@pytest.mark.parametrize("name", ["arm", "pendulum"])
def test_training_sees_exactly_what_the_simulator_feeds(name, period):
    if name == "arm":
        robot, logs = arm(), [wandering(1.5, seed) for seed in range(2)]
    else:
        robot, logs = load_robot("xl330_pendulum"), swings(2, 1.5)
    spec = spec_of(robot, LEARN.model_copy(update={"sample_period_s": period}), STEP)
    networks = random_networks(spec, bound=0.02)
    runs = replay_logs(Residual(robot, networks, {"delay": 0.013, "encoder_offset": 0.02}), logs)
    found = gather(spec, logs, runs)
    mean, spread = networks.evaluate(found.features)
    every = round(period / STEP)
    assert np.abs(mean).max() > 1e-3  # the network does something
    for n, run in enumerate(runs):
        rows = np.arange(every, len(run.angle), every)
        own = found.log == n
        assert own.sum() == len(rows)
        np.testing.assert_allclose((run.angle - run.analytic)[rows], mean[own], atol=1e-6)
        np.testing.assert_allclose(run.spread[rows], spread[own], atol=1e-6)


def test_between_its_samples_a_network_holds_its_value():
    robot, (log,) = load_robot("xl330_pendulum"), swings(1, 1.0)
    spec = spec_of(robot, LEARN.model_copy(update={"sample_period_s": 0.02}), STEP)
    (run,) = replay_logs(Residual(robot, random_networks(spec, bound=0.02), {}), [log])
    added = (run.angle - run.analytic)[4:-1, 0]
    assert np.allclose(added[: len(added) // 4 * 4].reshape(-1, 4).std(axis=1), 0.0, atol=1e-9)
    assert len(np.unique(added.round(9))) > 20


def test_what_is_left_is_measured_minus_analytic_at_the_networks_stamps():
    # A run that stands at 0.1 rad and a log that reads 0.1 + t: 0.04 s in, 0.04 rad are left.
    (log,) = swings(1, 0.5)
    log = replace(log, measured=(0.1 + log.time_s)[:, None])
    steps = np.zeros((100, 1))
    run = Trajectory(
        log_id="a", timestep=STEP, angle=steps + 9.0, analytic=steps + 0.1, speed=steps, load=steps,
        command=steps + 0.3, spread=steps, motor=steps, duty=steps,
    )  # fmt: skip
    spec = spec_of(load_robot("xl330_pendulum"), LEARN.model_copy(update={"sample_period_s": 0.02}), STEP)
    found = gather(spec, [log], [run])
    assert found.left[:3, 0] == pytest.approx([0.02, 0.04, 0.06])
    assert found.error[:, 0] == pytest.approx(0.2)
    # Of the last sample at 0.48 s; past the log's end at 0.49 s nothing is left to learn from.
    assert np.isfinite(found.left[:24]).all() and np.isnan(found.left[24:]).all()


def test_a_hole_in_a_log_is_not_learned_from():
    robot, (log,) = load_robot("xl330_pendulum"), swings(1, 1.0)
    measured = log.measured.copy()
    measured[40:60] = np.nan
    spec = spec_of(robot, LEARN, STEP)
    runs = replay_logs(Residual(robot, None, {}), [log])
    found = gather(spec, [replace(log, measured=measured)], runs)
    time = np.arange(1, len(found.left) + 1) * 0.02
    hole = (time > 0.39) & (time < 0.6)
    assert np.isnan(found.left[hole]).all() and hole.sum() > 5
    kept = samples(found, [0])
    assert np.isfinite(kept.targets).all()
    assert len(kept.targets) == np.isfinite(found.left).all(axis=1).sum()


def planted(rows=400, logs=8, seed=0):
    """Two drives: the first's leftover follows a feature, the second's is noise. Synthetic."""
    robot = arm()
    spec = spec_of(robot, LEARN, STEP)
    spec = spec.model_copy(update={"groups": spec.groups[:2]})
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows * logs, 2, len(spec.feature_names))).astype(np.float32)
    noise = 2e-3 * random.normal(size=(rows * logs, 2))
    left = noise + np.stack([0.01 * np.tanh(features[:, 0, 0]), np.zeros(rows * logs)], axis=1)
    others = {name: np.zeros_like(left) for name in ("speed", "error", "load")}
    number = np.repeat(np.arange(logs), rows)
    return spec, Gathered(features=features, left=left, log=number, **others)


def test_a_drive_that_gains_nothing_keeps_its_analytic_model():
    spec, gathered = planted()
    learned = learn_residual(
        spec, gathered, [0, 1, 2, 3], [4, 5, 6, 7], LEARN.model_copy(update={"epochs": 4}), 0
    )
    helps, idle = (learned.verdict.groups[name] for name in spec.groups)
    assert helps.ships and helps.interval_95[1] < 0
    assert not idle.ships
    mean, spread = learned.networks.evaluate(gathered.features)
    assert (mean[:, 1] == 0.0).all() and (spread[:, 1] == 0.0).all()
    left = np.abs(gathered.left[:, 0])
    assert np.abs(gathered.left[:, 0] - mean[:, 0]).mean() < 0.5 * left.mean()


def test_nothing_ships_where_nothing_helps():
    spec, gathered = planted()
    alone = replace(gathered, left=gathered.left[:, [1, 1]])
    learned = learn_residual(spec, alone, [0, 1, 2, 3], [4, 5, 6, 7], LEARN, 0)
    assert learned.networks is None
    assert not any(verdict.ships for verdict in learned.verdict.groups.values())


def test_with_folds_every_log_judges_networks_that_never_saw_it():
    folds = folds_of([0, 1, 2, 3, 4], [5, 6], 3, seed=0)
    assert folds[0] == ([0, 1, 2, 3, 4], [5, 6])
    assert sorted(log for _, judges in folds for log in judges) == list(range(7))
    assert all(sorted([*own, *judges]) == list(range(7)) for own, judges in folds)
    assert folds_of([0, 1], [2], 1, seed=0) == [([0, 1], [2])]


def test_folds_ship_together_and_are_judged_apart():
    spec, gathered = planted()
    learn = LEARN.model_copy(update={"epochs": 4, "folds": 2})
    learned = learn_residual(spec, gathered, [0, 1, 2, 3], [4, 5, 6, 7], learn, 0)
    assert learned.networks.contract.ensemble == 2 * LEARN.members
    both, _ = learned.networks.evaluate(gathered.features)
    # A row is judged by the members that did not learn from its log: near the mean of all, and not it.
    assert 0 < np.abs(both - learned.mean)[:, 0].max() < 0.01
    assert np.isfinite(learned.mean).all() and (learned.mean[:, 1] == 0.0).all()
    assert learned.verdict.groups[spec.groups[0]].ships


def test_a_share_scales_outputs_and_their_bound():
    spec, gathered = planted(rows=20)
    networks = random_networks(spec, bound=0.02)
    before, spread_before = networks.evaluate(gathered.features)
    after, spread = scaled(networks, np.array([0.0, 0.35])).evaluate(gathered.features)
    assert (after[:, 0] == 0.0).all() and (spread[:, 0] == 0.0).all()
    np.testing.assert_allclose(after[:, 1], 0.35 * before[:, 1], rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(spread[:, 1], 0.35 * spread_before[:, 1], rtol=1e-4, atol=1e-9)
    assert np.abs(before[:, 0]).max() > 0  # and the original is unchanged
    assert (networks.evaluate(gathered.features)[0] == before).all()


def test_a_network_that_says_twice_too_much_ships_by_half():
    _, gathered = planted()
    truth = np.stack([0.01 * np.tanh(gathered.features[:, 0, 0]), np.ones(len(gathered.log))], axis=1)
    share, apart = shares(gathered, 2 * truth)
    assert share == pytest.approx([0.5, 0.0], abs=0.03)
    assert apart.shape == gathered.left.shape and np.abs(apart[:, 0] - 0.5).max() < 0.06


def test_the_log_that_asks_for_a_network_is_judged_without_its_own_vote():
    # Log 0 gains from what is added more than the seven others lose by it; they judge it at nothing.
    _, gathered = planted(rows=50)
    first = np.repeat(gathered.log[:, None] == 0, 2, axis=1)
    left, added = np.where(first, 1.0, -0.05), np.where(first, 1.0, 0.05)
    share, apart = shares(replace(gathered, left=left), added)
    assert (share > 0).all() and (apart[gathered.log == 0] == 0.0).all()


def test_logs_are_judged_whole_and_alike():
    # One log is a tenth as long as the other: its error counts as much.
    spec, gathered = planted(rows=100, logs=2)
    chosen = np.concatenate([np.arange(100), np.arange(100, 110)])
    short = Gathered(**{name: getattr(gathered, name)[chosen] for name in gathered.__dataclass_fields__})
    networks = random_networks(spec, bound=0.02)
    mean, _ = networks.evaluate(short.features)
    gain = (np.abs(short.left - mean) - np.abs(short.left))[:, 0]
    expected = 0.5 * (gain[:100].mean() + gain[100:].mean())
    verdict = judge(short, mean, spec.groups, 0).groups[spec.groups[0]]
    assert verdict.mean_difference == pytest.approx(expected, rel=1e-6)
    assert not verdict.ships  # two logs are too few to tell


def test_the_period_is_a_whole_number_of_steps():
    robot = arm()
    for wanted, given in ((0.02, 0.02), (0.006, 0.005), (0.001, 0.005), (None, 0.02)):
        spec = spec_of(robot, LEARN.model_copy(update={"sample_period_s": wanted}), STEP)
        assert spec.sample_period == pytest.approx(given)
