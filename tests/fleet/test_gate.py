"""What lets a challenger pass: held-out logs, a smaller error, and a unit that may be."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.context.belief import Belief
from hybridsim.context.individual import calibration_of
from hybridsim.fleet import gate
from hybridsim.fleet.bench import logs_of
from hybridsim.fleet.events import around_events, event_times, stops_missed
from hybridsim.fleet.gate import GateJob, Replayed, judge
from hybridsim.fleet.outlook import Outlook
from hybridsim.log import LogDraft, LogStore, Signal, read_log
from hybridsim.simulator.inputs import log_inputs
from tests.fleet.arms import of_unit


@pytest.fixture(scope="module")
def case(arms, tmp_path_factory):
    """The gate for unit u0, whose challenger is its champion, and how to make another challenger."""
    folder = tmp_path_factory.mktemp("gate")
    fleet = arms.fleet("settled", folder / "fleet")
    outlook = Outlook(fleet)
    (unit,) = outlook.standings(["u0"])
    champion = fleet.artefacts.folder("calibrations", unit.calibration)
    job = GateJob(
        basis=outlook.basis,
        population=outlook.population,
        serial="u0",
        champion=champion,
        challenger=champion,
        belief=unit.context.belief,
        logs=of_unit(arms.root / "later", "u0")[:1],
        tolerance=0.02,
    )

    def moved(name, size):
        """Another belief about the unit, and its calibration."""
        bench = outlook.bench
        mean = job.belief.mean + size * (np.array(bench.space.names) == name)
        belief = Belief(mean=mean, precision=job.belief.precision)
        made = calibration_of(bench.reference, bench.space, belief, serial="u0", logs=logs_of(job.logs))
        return replace(job, belief=belief, challenger=made.save(folder))

    yield job, moved
    fleet.close()


def test_without_logs_nothing_passes(case):
    job, _ = case
    verdict = judge(replace(job, logs=[]))
    assert not verdict.passed and verdict.reasons == ["no held-out log that taught neither calibration"]


def test_what_is_no_worse_passes_and_what_is_worse_does_not(case):
    job, moved = case
    same = judge(job)
    assert same.passed and same.reasons == [] and same.evidence["change_mean"] == 0.0
    worse = judge(moved("drive.elbow.delay", 2.0))  # by 10 ms
    assert not worse.passed and any(
        why.startswith("error on held-out logs changes by +") for why in worse.reasons
    )
    assert worse.evidence["change_mean"] > 0.02 and worse.evidence["champion_events_rad"] == [None]
    patient = judge(replace(moved("drive.elbow.delay", 2.0), tolerance=10.0))
    assert not any("error on held-out" in why for why in patient.reasons)


def test_what_no_unit_can_be_does_not_pass(case):
    job, _ = case
    far = Belief(mean=job.belief.mean + 60.0, precision=job.belief.precision)
    verdict = judge(replace(job, belief=far))
    assert not verdict.passed and any(
        "variances from the fleet; at most 40" in why for why in verdict.reasons
    )


def switched(store, source, at_s):
    """A log whose elbow is switched off at a moment and on again a second later; its folder."""
    log = read_log(source)
    stamps = log.signal("joint_position_command").stamp_ns
    since = (stamps - stamps[0]) * 1e-9
    on = np.ones((len(stamps), 2))
    on[(since >= at_s) & (since < at_s + 1.0), 1] = 0.0
    signal = Signal("motor_enabled", "1", ("shoulder", "elbow"), stamps, on)
    draft = LogDraft(
        robot=log.robot, serial=log.serial, name="off", signals={**log.signals, "motor_enabled": signal}
    )
    return store / LogStore(store).add(draft)[0]


def test_a_switch_is_an_event_and_what_is_near_it_counts(case, tmp_path):
    job, _ = case
    log = read_log(switched(tmp_path, job.logs[0], 3.0))
    inputs = log_inputs(log, job.basis.bench().robot)
    start = log.signal("joint_position_command").stamp_ns[0] * 1e-9
    assert event_times(log) - start == pytest.approx([3.0, 4.0], abs=0.03)
    near = (inputs.time_s > 2.6) & (inputs.time_s < 5.9)  # from 0.5 s before to 2 s after
    far = (inputs.time_s < 2.4) | (inputs.time_s > 6.1)
    error = np.where(near[:, None], 3.0, np.where(far[:, None], 100.0, 3.0)) * np.ones((1, 2))
    assert around_events(log, inputs, error) == pytest.approx(3.0)
    assert np.isnan(around_events(read_log(job.logs[0]), inputs, error)) and len(event_times(log)) == 2


def test_the_gate_looks_at_events_by_themselves(case, tmp_path):
    job, moved = case
    logs = [job.logs[0], switched(tmp_path, job.logs[0], 3.0)]
    verdict = judge(replace(moved("drive.shoulder.delay", 2.0), logs=logs))
    before, after = verdict.evidence["champion_events_rad"], verdict.evidence["challenger_events_rad"]
    assert before[0] is None and after[0] is None and 0.0 < before[1] != after[1]
    against = "error around stops and interventions"
    assert any(why.startswith(against) for why in verdict.reasons) == (after[1] / before[1] - 1.0 > 0.02)


def stopped(store, source, at_s, name="motor_enabled", stop=0.0):
    """A log whose robot is stopped at a moment for good, and stands still from half a second later on."""
    log = read_log(source)
    command, measured = log.signal("joint_position_command"), log.signal("joint_position")
    since = (command.stamp_ns - command.stamp_ns[0]) * 1e-9
    switch = np.where(since >= at_s, stop, 1.0 - stop)[:, None]
    still = np.where(np.arange(len(measured.values)) * 0.02 >= at_s + 0.5)[0]
    values = np.array(measured.values)
    values[still] = values[still[0]]
    signals = {**log.signals, "joint_position": replace(measured, values=values)}
    signals[name] = Signal(name, "1", ("on",), command.stamp_ns, switch)
    return (
        store / LogStore(store).add(LogDraft(robot=log.robot, serial="u0", name="stop", signals=signals))[0]
    )


@pytest.mark.parametrize(("name", "stop"), [("motor_enabled", 0.0), ("emergency_stop", 1.0)])
def test_after_a_stop_the_replay_rests_where_the_log_does(case, tmp_path, name, stop):
    job, _ = case
    log = read_log(stopped(tmp_path, job.logs[0], 3.0, name, stop))
    inputs = log_inputs(log, job.basis.bench().robot)
    time, same = inputs.time_s, inputs.measured
    swings = same + 0.05 * np.sin(2 * np.pi * time)[:, None]  # moves by 0.1 rad in any half second
    until = lambda end: np.where((time < end)[:, None], swings, same)  # noqa: E731
    assert stops_missed(log, inputs, same) == 0
    assert stops_missed(log, inputs, swings) == 1
    assert stops_missed(log, inputs, until(4.4)) == 0, "it rests from 4.4 s on, which is in time"
    assert stops_missed(log, inputs, until(4.8)) == 1
    assert stops_missed(read_log(job.logs[0]), inputs, swings) == 0, "nobody stopped it"
    moves = replace(inputs, measured=swings)
    assert stops_missed(log, moves, swings) == 0, "the log itself swings on"


def test_a_challenger_that_swings_on_after_a_stop_is_refused(case, tmp_path, monkeypatch):
    job, _ = case
    stop = replace(job, logs=[stopped(tmp_path, job.logs[0], 3.0)])
    found = {job.champion: 0, tmp_path: 1}
    replay = lambda bench, folder, logs: Replayed(  # noqa: E731
        error=np.ones(1), coverage=0.9, events=np.ones(1), missed=found[folder]
    )
    monkeypatch.setattr(gate, "replayed", replay)
    against = "does not come to rest after 1 stops, as the logs do; now 0"
    assert against in judge(replace(stop, challenger=tmp_path)).reasons
    assert against not in judge(stop).reasons
    found[job.champion] = 1
    assert against not in judge(replace(stop, challenger=tmp_path)).reasons, "no worse than what runs now"
