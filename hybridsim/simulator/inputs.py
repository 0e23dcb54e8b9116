"""What a log feeds to the drives: commands and states in joint angles, supply, gains and switches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.errors import LogError
from hybridsim.log import Log, Signal
from hybridsim.robot import Drive, Robot


@dataclass(frozen=True, kw_only=True)
class LogInputs:
    """A log as the simulator reads it: one row a stamp of the commands, one column a drive.

    Attributes:
        log_id: the log's id.
        name: the source's own name for it.
        time_s: since the first command [s].
        command: in joint angle [rad]; the last one holds where a sample is missing.
        measured: in joint angle [rad]; NaN where a sample is missing.
        gain: position-gain register; 1 where the log states none.
        voltage: supply [V]; 0 stands for the drive's rated voltage.
        enabled: motor switched on.
        constants: the log's own.
        first_speed: of the joints at the first row [rad/s]; a whole log starts at rest.
    """

    log_id: str
    name: str
    time_s: Float[np.ndarray, " time"]
    command: Float[np.ndarray, "time drive"]
    measured: Float[np.ndarray, "time drive"]
    gain: Float[np.ndarray, "time drive"]
    voltage: Float[np.ndarray, "time drive"]
    enabled: Bool[np.ndarray, "time drive"]
    constants: Mapping[str, float]
    first_speed: Float[np.ndarray, " drive"] | float = 0.0

    def rows(self, chosen: slice | Int[np.ndarray, " chosen"]) -> LogInputs:
        """Only these rows, their time counted from the first of them."""
        names = ("command", "measured", "gain", "voltage", "enabled")
        columns = {name: getattr(self, name)[chosen] for name in names}
        time = self.time_s[chosen]
        return replace(self, time_s=time - time[0], **columns)


def log_inputs(log: Log, robot: Robot) -> LogInputs:
    """Align a log on the stamps of its command, by holding the last sample of every other input.

    Measured values are interpolated where their stamps differ from the command's; nothing is extrapolated.

    Raises:
        LogError: a drive's command or measured signal is missing or never finite.
    """
    stamps = log.signal(robot.drives[0].command).stamp_ns
    if len(stamps) < 2:
        raise LogError(f"log {log.name}: {len(stamps)} command samples; expected at least 2")
    columns = [_drive_columns(log, drive, stamps) for drive in robot.drives]
    constants = {name: constant.value for name, constant in log.constants.items()}
    supply = [supply_of(log, drive, stamps) for drive in robot.drives]
    return LogInputs(
        log_id=log.log_id,
        name=log.name,
        time_s=(stamps - stamps[0]) * 1e-9,
        command=np.stack([c for c, _ in columns], 1),
        measured=np.stack([m for _, m in columns], 1),
        gain=np.stack([g for g, _, _ in supply], 1),
        voltage=np.stack([v for _, v, _ in supply], 1),
        enabled=np.stack([e for _, _, e in supply], 1) > 0.5,
        constants=constants,
    )


def _drive_columns(log: Log, drive: Drive, stamps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Command and measured angle of one drive at the stamps [rad]."""
    scale, offset = drive.command_scale.value, drive.command_offset.value
    command = held(log.signal(drive.command), drive.joint, stamps)
    if not np.isfinite(command).any():
        raise LogError(f"log {log.name}: '{drive.command}' of {drive.joint} holds no finite sample")
    first = command[np.isfinite(command)][0]
    command = np.where(np.isfinite(command), command, first)
    measured = interpolated(log.signal(drive.measured), drive.joint, stamps)
    if not np.isfinite(measured).any():
        raise LogError(f"log {log.name}: '{drive.measured}' of {drive.joint} holds no finite sample")
    return scale * command + offset, scale * measured + offset


def supply_of(log: Log, drive: Drive, stamps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gain register, supply voltage and switch of one drive at the stamps."""
    register = drive.position_gain_register
    gain = np.full(len(stamps), register.value if register is not None else 1.0)
    if "position_gain" in log.constants:
        gain[:] = log.constant("position_gain")
    if "position_gain" in log.signals:
        logged = held(log.signal("position_gain"), drive.joint, stamps)
        gain = np.where(np.isfinite(logged), logged, gain)
    voltage = np.full(
        len(stamps), log.constants["supply_voltage"].value if "supply_voltage" in log.constants else 0.0
    )
    if "supply_voltage" in log.signals:
        # A sampled supply ripples with the motor's pulses; what the drive feels is its level.
        voltage[:] = np.nanmedian(log.signal("supply_voltage").values)
    enabled = np.ones(len(stamps))
    if "motor_enabled" in log.signals:
        enabled = held(log.signal("motor_enabled"), drive.joint, stamps)
    return gain, voltage, np.where(np.isfinite(enabled), enabled, 1.0)


def held(signal: Signal, component: str, stamps: np.ndarray) -> np.ndarray:
    """The last finite sample at or before each stamp; NaN before the first."""
    values = _component(signal, component)
    finite = np.isfinite(values)
    index = np.searchsorted(signal.stamp_ns[finite], stamps, side="right") - 1
    found = values[finite]
    if not len(found):
        return np.full(len(stamps), np.nan)
    return np.where(index >= 0, found[np.maximum(index, 0)], np.nan)


def interpolated(signal: Signal, component: str, stamps: np.ndarray) -> np.ndarray:
    """Linear between the signal's own samples, exact at them; NaN where a sample is missing."""
    values = _component(signal, component)
    if np.array_equal(signal.stamp_ns, stamps):
        return values
    finite = np.isfinite(values)
    if finite.sum() < 2:
        return np.full(len(stamps), np.nan)
    # From the first one on: a float holds a moment of this century only to 256 ns.
    known = (signal.stamp_ns[finite] - stamps[0]).astype(float)
    wanted = (stamps - stamps[0]).astype(float)
    out = np.interp(wanted, known, values[finite], left=np.nan, right=np.nan)
    gap = np.diff(known)
    wide = gap > 5 * np.median(gap)  # chosen, because a longer hole says nothing about what lies inside
    inside = np.clip(np.searchsorted(known, wanted, side="right") - 1, 0, len(gap) - 1)
    return np.where(wide[inside], np.nan, out)


def _component(signal: Signal, component: str) -> np.ndarray:
    """A component's samples; a signal of one unnamed component serves every joint."""
    if component in signal.components:
        return signal.column(component)
    if len(signal.components) == 1:
        return signal.values[:, 0]
    return signal.column(component)
