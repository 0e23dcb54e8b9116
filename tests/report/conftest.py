"""A stand-in arm's replays: generated, labelled synthetic, with errors that a reader can recognise."""

from types import SimpleNamespace

import numpy as np
import pytest

from hybridsim.replay import Replay
from hybridsim.report.toss_body import Motion
from hybridsim.score import WindowError, score

JOINTS = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll")
ERRORS = {"nominal": 0.045, "identified": 0.009, "hybrid": 0.0045, "blackbox": 0.013}  # rad, planted
VARIANTS = ("command", "nominal", "delayed", "identified", "hybrid", "blackbox")


def smooth(generator, time_s, columns, slowest=0.01, fastest=0.12):
    """A random smooth motion of order 1, [time, columns], from sines between two rates [1/s]."""
    rates = 2 * np.pi * generator.uniform(slowest, fastest, size=(6, columns))
    phases = generator.uniform(0, 2 * np.pi, size=(6, columns))
    return 0.55 * np.sin(time_s[:, None, None] * rates + phases).sum(axis=1)


def made(generator, log_id, signal, components, seconds, rate=50.0):
    """One replay whose variants are off by about the planted errors, more where it moves fast."""
    time_s = np.arange(int(seconds * rate)) / rate
    unit = "rad" if signal == "joint_position" else "1"
    command = smooth(generator, time_s, len(components))
    command = command if unit == "rad" else 0.5 + 0.15 * command  # a jaw opens from 0 to 1
    measured = np.roll(command, 5, axis=0)
    measured[:5] = command[0]
    speed = np.gradient(measured, 1 / rate, axis=0)
    scale = 1.0 if unit == "rad" else 0.3
    difficulty = generator.uniform(0.6, 1.6)  # the same for all variants, so that differences are paired
    predicted = {"command": command, "delayed": np.roll(command, 3, axis=0)}
    for name, size in ERRORS.items():
        wobble = 1.2 * smooth(generator, time_s, len(components), 0.2, 1.0)
        predicted[name] = measured + scale * size * difficulty * wobble * (0.5 + 0.5 * np.abs(speed))
    width = 0.0087 * scale * difficulty * (0.5 + 0.5 * np.abs(speed))
    return Replay(
        log_id=log_id,
        signal=signal,
        unit=unit,
        components=tuple(components),
        time_s=time_s,
        measured=measured,
        command=command,
        predicted={name: predicted[name] for name in VARIANTS},
        low=predicted["hybrid"] - width,
        high=predicted["hybrid"] + width,
        speed=speed,
        load=0.8 * np.cos(measured) if unit == "rad" else np.full_like(measured, np.nan),
        enabled=np.ones(len(time_s), dtype=bool),
    )


def replays_of(logs, seconds, joints=JOINTS, seed=0):
    """Arm and jaw of several logs."""
    generator = np.random.default_rng(seed)
    found = []
    for log in range(logs):
        log_id = f"{generator.integers(2**32):08x}"
        length = seconds * (1 + 0.3 * (log % 3))
        found.append(made(generator, log_id, "joint_position", joints, length))
        found.append(made(generator, log_id, "gripper_opening", ("gripper",), length))
    return found


def windows_of(replays):
    """Restarted errors that grow towards the free-running one."""
    return [
        WindowError(
            log_id=replay.log_id,
            signal=replay.signal,
            horizon_s=horizon,
            variant=name,
            mae=share * np.abs(predicted - replay.measured).mean(axis=0),
            count=len(replay.time_s),
        )
        for replay in replays
        for name, predicted in replay.predicted.items()
        for horizon, share in ((0.1, 0.25), (0.4, 0.5), (1.0, 0.8))
    ]


def scored(replays, **given):
    """Their scores."""
    names = {"calibration": "so101-3f9a1c", "robot": "so101", "serial": "stand-in"}
    seconds = {"simulated_s": 600.0, "wall_s": 1.5}
    return score(replays, **(names | given), replay_seconds=seconds, windowed=windows_of(replays))


def parameters():
    """Some of an arm's parameters, one on its bound, one that no log identifies."""
    rows = [
        ("delay", "s", 0.043, 0.0, 0.2, (0.041, 0.045)),
        ("coulomb_friction", "N*m", 0.21, 0.0, 0.6, (0.18, 0.25)),
        ("backlash", "rad", 0.0061, 0.0, 0.03, (0.0052, 0.0071)),
        ("stiffness", "N*m/rad", 41.0, 1.0, 200.0, (33.0, 52.0)),
    ]
    found = {
        f"{joint}.{name}": {"value": v, "unit": unit, "low": low, "high": high, "interval_95": interval}
        for joint in JOINTS
        for name, unit, v, low, high, interval in rows
    }
    found["elbow_flex.stiffness"] |= {"value": 200.0, "interval_95": (140.0, 200.0), "at_bound": True}
    found["wrist_roll.stiffness"] |= {"interval_95": None, "identifiable": False, "scale": "log"}
    return found


def info_of(replays, **given):
    """What a calibration says about itself."""
    ids = list(dict.fromkeys(replay.log_id for replay in replays))
    return {
        "parameters": parameters(),
        "networks": {"elbow_flex": "kept: better than identified on validation by 4.1 [3.2, 5.0] mrad"},
        "gate": "The networks passed: hybrid beats identified on validation logs.",
        "fitted_on": ("aaaa0001", "aaaa0002"),
        "lineage": {"study": "calibration/so101/study.toml", "seed": "0", "code version": "0.1.0"},
        "log_names": {log_id: f"generated motion {i}" for i, log_id in enumerate(ids)},
        "synthetic": True,
    } | given


@pytest.fixture(scope="session")
def arm():
    """Replays, scores and calibration info of four short generated logs."""
    replays = replays_of(logs=4, seconds=8.0)
    return replays, scored(replays), info_of(replays)


@pytest.fixture(scope="session")
def make():
    """Makers of other replays and of their scores."""
    return SimpleNamespace(replays=replays_of, scores=scored)


def bouncing(rate, height=0.30, sideways=0.4):
    """A cube of 0.1 m dropped flat that keeps half its speed at each of two bounces, and when it bounces.

    Returns:
        Motion at a rate [1/s], and the times of the impacts [s].
    """
    fall = np.sqrt(2 * (height - 0.05) / 9.81)
    impacts = np.array([fall, fall + 2 * 0.5 * fall])
    time = np.arange(int((impacts[1] + 0.9 * 2 * 0.25 * fall) * rate)) / rate
    speeds, begins = 9.81 * fall * np.array([0.0, 0.5, 0.25]), np.array([0.0, *impacts])
    leg = np.searchsorted(impacts, time, side="right")
    since, bottom = time - begins[leg], np.where(leg == 0, height, 0.05)
    z = bottom + speeds[leg] * since - 0.5 * 9.81 * since**2
    turned = np.tile([0.0, 0.0, 0.0, 1.0], (len(time), 1))
    place = np.c_[sideways * time, np.zeros(len(time)), z]
    return Motion(time_s=time, position=place, orientation=turned), impacts


PLANTED = {"nominal": 0.02, "hybrid": 0.005, "angle": 0.3}  # after the first impact [m, m, rad]


def tossed(log_id, height):
    """Position and orientation of one toss; simulated cubes leave the first impact aside and turned."""
    motion, impacts = bouncing(148.0, height)
    after = (motion.time_s >= impacts[0])[:, None]
    turned = np.where(
        after, [0.0, 0.0, np.sin(PLANTED["angle"] / 2), np.cos(PLANTED["angle"] / 2)], [0, 0, 0, 1]
    )
    aside = {name: after * [0.0, size, 0.0] for name, size in PLANTED.items() if name != "angle"}
    paths = {n: motion.position + aside["nominal" if n == "nominal" else "hybrid"] for n in TOSSED}
    turns = {n: turned if n == "nominal" else motion.orientation for n in TOSSED}
    shared = {"log_id": log_id, "time_s": motion.time_s, "low": None, "high": None}
    shared["enabled"] = np.ones(len(motion.time_s), bool)
    return [
        Replay(
            signal=signal,
            unit=unit,
            components=names,
            measured=measured,
            command=np.full_like(measured, np.nan),
            predicted=predicted,
            speed=np.zeros_like(measured),
            load=np.full_like(measured, np.nan),
            **shared,
        )
        for signal, unit, names, measured, predicted in (
            ("base_position", "m", ("x", "y", "z"), motion.position, paths),
            ("base_orientation", "1", ("x", "y", "z", "w"), motion.orientation, turns),
        )
    ]


TOSSED = ("nominal", "identified", "hybrid")


@pytest.fixture(scope="session")
def bounces():
    """Maker of a bouncing cube's motion."""
    return bouncing


@pytest.fixture(scope="session")
def toss_replays():
    """Replays of eight bouncing cubes, and what their simulations were made to err by."""
    heights = np.linspace(0.2, 0.4, 8)
    return [replay for n, height in enumerate(heights) for replay in tossed(f"toss-{n}", height)], PLANTED
