"""Made-up recordings (synthetic): a motion known exactly, optics with noise, an IMU with planted errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from hybridsim.sensing.recording import Recording

GRAVITY = 9.81
PERIOD = 0.0035
REST_S, MOVE_S = 6.0, 34.0


@dataclass(frozen=True)
class Planted:
    """Errors of a sensor: reading = map true + bias, and so on; see `sensors.parameters`."""

    gyro_map: np.ndarray
    acc_map: np.ndarray
    gyro_bias: np.ndarray
    acc_bias: np.ndarray
    lever: np.ndarray
    gyro_delay: float
    acc_delay: float
    gyro_white: float = 1.7e-3
    acc_white: float = 0.05
    position_noise: float = 1e-4
    angle_noise: float = 4e-4
    gyro_step: float = 0.0
    gyro_conversion: float = 0.0


def planted(seed: int) -> Planted:
    """Errors of a sensor of the usual sizes."""
    random = np.random.default_rng([seed, 1])
    return Planted(
        gyro_map=np.eye(3) + 4e-3 * random.standard_normal((3, 3)),
        acc_map=np.eye(3) + 4e-3 * random.standard_normal((3, 3)),
        gyro_bias=4e-3 * random.standard_normal(3),
        acc_bias=0.02 * random.standard_normal(3),
        lever=0.01 * random.standard_normal(3),
        gyro_delay=float(random.uniform(2e-3, 6e-3)),
        acc_delay=float(random.uniform(2e-3, 6e-3)),
    )


class Hand:
    """A motion with rests at both ends, as functions of time."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng([seed, 2])
        self.frequency = random.uniform(0.1, 1.3, (2, 3, 5))
        self.phase = random.uniform(0.0, 2 * np.pi, (2, 3, 5))
        self.size = random.standard_normal((2, 3, 5)) * np.array([0.06, 0.5])[:, None, None]

    def _sum(self, which: int, time: np.ndarray) -> np.ndarray:
        share = np.clip((time - REST_S) / 1.5, 0, 1) * np.clip((REST_S + MOVE_S - time) / 1.5, 0, 1)
        fade = share**3 * (10 - 15 * share + 6 * share**2)  # twice differentiable
        angle = 2 * np.pi * self.frequency[which] * time[:, None, None] + self.phase[which]
        return fade[:, None] * (self.size[which] * np.sin(angle)).sum(axis=2)

    def position(self, time: np.ndarray) -> np.ndarray:
        return self._sum(0, time)

    def rotation(self, time: np.ndarray) -> Rotation:
        return Rotation.from_rotvec(self._sum(1, time))

    def rate(self, time: np.ndarray) -> np.ndarray:
        h = 1e-4
        turn = self.rotation(time - h).inv() * self.rotation(time + h)
        return turn.as_rotvec() / (2 * h)

    def force(self, time: np.ndarray, lever: np.ndarray) -> np.ndarray:
        """Specific force at a lever, body's axes."""
        h = 1e-3
        at = [self.position(time + k * h) + self.rotation(time + k * h).apply(lever) for k in (-1, 0, 1)]
        acceleration = (at[0] - 2 * at[1] + at[2]) / h**2
        return self.rotation(time).inv().apply(acceleration + np.array([0.0, 0.0, GRAVITY]))


def recorded(truth: Planted, seed: int, name: str = "made", mounting: str = "0", luck: int = 0) -> Recording:
    """What optics and sensor say of one motion."""
    random, hand = np.random.default_rng([seed, luck, 3]), Hand(seed)
    time = PERIOD * np.arange(round((2 * REST_S + MOVE_S) / PERIOD))
    late = truth.gyro_delay
    if truth.gyro_conversion:
        late = late + ((time * truth.gyro_conversion + random.uniform()) % 1.0 - 0.5) / truth.gyro_conversion
    gyro = hand.rate(time - late) @ truth.gyro_map.T + truth.gyro_bias
    acc = hand.force(time - truth.acc_delay, truth.lever) @ truth.acc_map.T + truth.acc_bias
    gyro += truth.gyro_white * random.standard_normal(gyro.shape)
    acc += truth.acc_white * random.standard_normal(acc.shape)
    if truth.gyro_step:
        gyro = np.trunc(gyro / truth.gyro_step) * truth.gyro_step
    wobble = Rotation.from_rotvec(truth.angle_noise * random.standard_normal((len(time), 3)))
    quaternion = (hand.rotation(time) * wobble).as_quat()
    change = np.where((quaternion[1:] * quaternion[:-1]).sum(axis=1) < 0, -1.0, 1.0)
    return Recording(
        log_id=name,
        name=name,
        labels={"mounting": mounting},
        period=PERIOD,
        gyro=gyro,
        acc=acc,
        orientation=quaternion * np.concatenate([[1.0], np.cumprod(change)])[:, None],
        position=hand.position(time) + truth.position_noise * random.standard_normal((len(time), 3)),
        missing=np.zeros(len(time), bool),
    )
