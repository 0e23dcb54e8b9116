"""What was found out about sensors in drives, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hybridsim.parameters import Parameter
from hybridsim.report.info import CalibrationInfo
from hybridsim.report.sentences import Scores
from hybridsim.sensing.along import REPLAYED
from hybridsim.sensors.parameters import ENCODER, PREFIX

READ = {
    "joint_velocity": "velocity",
    "motor_duty": "share of the supply voltage",
}


def has_drive_sensors(scores: Scores) -> bool:
    """Whether readings of sensors in drives were scored."""
    return any(signal in REPLAYED for signal in scores["variants"].get("ideal_sensor", {}).get("signals", {}))


def drive_sensor_lines(scores: Scores, info: CalibrationInfo) -> Iterator[str]:
    """A line a sensor: what it reads, and how."""
    if not has_drive_sensors(scores):
        return
    yield (
        "Readings are simulated along the replay, before noise and counts. `ideal_sensor` reads the same "
        "replay without errors; intervals hold what noise and replay get wrong together."
    )
    sensors: dict[str, dict[str, Parameter]] = {}
    for p in info.parameters:
        if p.name.startswith(PREFIX):
            sensor, _, name = p.name.removeprefix(PREFIX).rpartition(".")
            sensors.setdefault(sensor, {})[name] = p
    for sensor, own in sensors.items():
        yield f"{sensor}: {_encoder(own) if sensor.startswith(ENCODER) else _effort(own)}."


def _encoder(own: Mapping[str, Parameter]) -> str:
    window, rate = own["velocity_window"], own["rate"]
    smooth = own["velocity_bandwidth"]
    behind = f", low-passed at {_number(smooth)}" if smooth.value > 0.0 else ""
    noise = own["white"]
    rest = f"noise at rest {_number(noise)}" if noise.identifiable else "noise at rest unknown"
    return (
        f"counts of {_number(own['resolution'])}, {rest}; velocity is the difference over "
        f"{1e3 * window.value / rate.value:.0f} ms{_interval(window, 1e3 / rate.value, ' ms')}{behind}, "
        f"in counts of {_number(own['velocity_resolution'])}"
    )


def _effort(own: Mapping[str, Parameter]) -> str:
    """Of a current, torque or duty sensor."""
    gain = own["gain"]
    what = "the duty" if "supply" not in own else "the motor's effort"
    if "supply" in own and own["supply"].value > 0.5:
        what = "the motor's effort times its duty: the supply's current, not the winding's"
    parts = [
        f"{'magnitudes of ' if own['unsigned'].value > 0.5 else ''}{what}",
        f"gain {gain.value:.3g}{_interval(gain)}",
        f"bias {_number(own['bias'])}{_interval(own['bias'])}",
    ]
    if "friction" in own and own["friction"].value > 0.0:
        parts.append(f"friction {_number(own['friction'])}{_interval(own['friction'])}")
    delay = own["delay"]
    parts.append("no delay seen" if delay.value == 0.0 else f"delay {_number(delay)}{_interval(delay)}")
    if own["bandwidth"].value > 0.0:
        parts.append(f"low-passed at {_number(own['bandwidth'])}")
    parts += [f"noise {_number(own['white'])}{_lasting(own)}", f"counts of {_number(own['resolution'])}"]
    return ", ".join(parts) + ("" if gain.identifiable else "; its gain is not identifiable")


def _lasting(own: Mapping[str, Parameter]) -> str:
    """Of noise that drifts, where that was looked for and seen."""
    if "drift" not in own or own["drift"].value == 0.0:
        return ""
    time, least = own["drift_time"], "" if own["drift_time"].identifiable else "at least "
    return f" and {_number(own['drift'])} that lasts {least}{_number(time)}"


def _number(parameter: Parameter) -> str:
    return f"{parameter.value:.3g} {parameter.unit}"


def _interval(parameter: Parameter, factor: float = 1.0, unit: str = "") -> str:
    if parameter.interval_95 is None:
        return ""
    low, high = (factor * end for end in parameter.interval_95)
    return f" [{low:.3g}, {high:.3g}]{unit}"
