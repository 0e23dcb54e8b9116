"""A calibration's drives as actuator networks of Isaac Lab, with what distillation lost measured.

Our drive is an analytic model with a state and a residual, the contract a network of errors and velocities.
So the network is taught by the drive on a bench; the report says how well it does on motions that it has not
seen, beside the best spring and damper. Dry and viscous friction stay outside, as numbers: a torque that
jumps with the sign of the speed chatters in every engine.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hybridsim import __version__
from hybridsim.calibration import Calibration
from hybridsim.exchange.actuator_contract import ActuatorContract
from hybridsim.exchange.bench import Motion
from hybridsim.exchange.distill import DistillOptions, Scales, fit_lstm, fit_mlp
from hybridsim.exchange.judge import HeldOut, judge
from hybridsim.exchange.place import new_folder
from hybridsim.exchange.subject import Subject, subject_of
from hybridsim.exchange.torque_networks import scripted, torchscript_bytes
from hybridsim.progress import NamedProgress, named
from hybridsim.robot import Robot

REPORT = "isaaclab.json"
HEADROOM = 1.5  # effort limit over the largest effort seen; chosen, it only stops extrapolation
UNREACHED = 1e6  # rad/s; a velocity limit that leaves the limits to the network, which has learned them

Kind = Literal["mlp", "lstm"]


@dataclass(frozen=True)
class ExportedActuator:
    """A network that was written: its joints, its file and what it lost."""

    joints: tuple[str, ...]
    path: Path
    held_out: HeldOut


@dataclass(frozen=True)
class Distilled:
    """A network before it is written."""

    network: Any
    contract: ActuatorContract
    held_out: HeldOut
    left_out: list[str]


def to_isaaclab(
    calibration: str | Path | Calibration,
    out: str | Path,
    *,
    kind: Kind = "lstm",
    robot: str | Path | Robot | None = None,
    seed: int = 0,
    options: DistillOptions | None = None,
    progress: NamedProgress | None = None,
) -> list[ExportedActuator]:
    """Write one TorchScript network for all joints with the same drive, its contract, and a report.

    Args:
        calibration: a folder, `anymal_c/<id>`, or a loaded one.
        out: folder to make; must not be there.
        kind: `mlp` for ActuatorNetMLP, `lstm` for ActuatorNetLSTM, which keeps drives that remember (springs,
            lags) better.
        robot: where its robot.toml lies; None looks it up by the calibration's robot name.
        seed: of excitations and weights.
        options: how much is spent.
        progress: called as progress(done, total, what).

    Raises:
        SimulationError: the drives do not push joints by effort, or do not take positions.
        CalibrationError: the folder is there already, or cannot be written.
    """
    found = calibration if isinstance(calibration, Calibration) else Calibration.load(calibration)
    subject = subject_of(found, robot)
    if Path(out).exists():  # before minutes of training
        new_folder(Path(out), lambda _: None)
    distilled = distil(subject, kind, seed, options or DistillOptions(), progress)

    def write(folder: Path) -> None:
        for one in distilled:
            file = folder / file_of(one)
            file.write_bytes(torchscript_bytes(one.network))
            file.with_suffix(".toml").write_text(one.contract.toml(), encoding="utf-8")
        (folder / REPORT).write_text(report(found, distilled, seed), encoding="utf-8")

    target = new_folder(Path(out), write)
    return [ExportedActuator(one.contract.joints, target / file_of(one), one.held_out) for one in distilled]


def distil(
    subject: Subject, kind: Kind, seed: int, options: DistillOptions, progress: NamedProgress | None = None
) -> list[Distilled]:
    """A network for every group of joints with the same drive."""
    groups = subject.groups()
    worlds = math.ceil(options.rows / min(len(group) for group in groups))
    taught, _ = subject.excited(worlds, options.seconds, [seed, 1])
    judged = subject.excited(max(1, worlds // 4), options.seconds, [seed, 2])
    found = []
    for group in groups:
        joints = tuple(subject.joints[n] for n in group)
        told = named(progress, joints[0] if len(joints) == 1 else f"{joints[0]} and {len(joints) - 1} more")
        motion = taught.of(group)
        scales = Scales.of(motion)
        if kind == "mlp":
            network = fit_mlp(motion, subject.input_idx(group[0]), scales, options, seed, told)
        else:
            network = fit_lstm(motion, scales, options, seed, told)
        module, contract = scripted(network), _contract(subject, group, kind, scales, motion)
        held_out = judge(subject, group, (module, contract), motion, judged)
        found.append(Distilled(module, contract, held_out, subject.left_out(group[0])))
    return found


def file_of(one: Distilled) -> str:
    """Name of its TorchScript file: its first joint and how many more."""
    first, *more = one.contract.joints
    return f"{one.contract.kind}_{first}{f'_and_{len(more)}_more' if more else ''}.pt"


def report(calibration: Calibration, distilled: list[Distilled], seed: int) -> str:
    """What was exported and what was lost, as JSON; `isaaclab` holds the fields of its configuration."""
    record = calibration.record
    data = {
        "schema": 1,
        "calibration": calibration.id,
        "robot": record.robot,
        "serial": record.serial,
        "synthetic": record.synthetic,
        "hybridsim": __version__,
        "seed": seed,
        "friction": "not in the networks' efforts: give the joints what each contract says",
        "networks": [
            {
                "file": file_of(one),
                "joints": one.contract.joints,
                "isaaclab": isaaclab_fields(one),
                "held_out": asdict(one.held_out),
                "left_out": one.left_out,
            }
            for one in distilled
        ],
    }
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def isaaclab_fields(one: Distilled) -> dict[str, Any]:
    """Fields of ActuatorNetMLPCfg or ActuatorNetLSTMCfg; `sim.dt` has to be the sample period."""
    c = one.contract
    fields: dict[str, Any] = {
        "class": "ActuatorNetMLPCfg" if c.kind == "mlp" else "ActuatorNetLSTMCfg",
        "network_file": file_of(one),
        "joint_names_expr": c.joints,
        "saturation_effort": c.effort_limit_Nm,
        "effort_limit": c.effort_limit_Nm,
        "velocity_limit": UNREACHED,
        "armature": c.armature_kgm2,
        "sim.dt": c.sample_period_s,
    }
    if c.kind == "mlp":
        names = ("pos_scale", "vel_scale", "torque_scale", "input_order", "input_idx")
        fields |= {name: getattr(c, name) for name in names}
    return fields


def _contract(
    subject: Subject, group: list[int], kind: Kind, scales: Scales, motion: Motion
) -> ActuatorContract:
    first = group[0]
    dry, viscous = subject.friction()
    rigid = subject.column("stiffness")[first] <= 0
    mlp = {
        "input_idx": subject.input_idx(first),
        "input_order": "pos_vel",
        "pos_scale": scales.pos,
        "vel_scale": scales.vel,
        "torque_scale": scales.torque,
    }
    return ActuatorContract(
        kind=kind,
        sample_period_s=subject.period,
        joints=tuple(subject.joints[n] for n in group),
        effort_limit_Nm=float(f"{HEADROOM * np.abs(motion.effort).max():.4g}"),
        armature_kgm2=float(subject.column("armature")[first]) if rigid else 0.0,
        dry_friction_Nm=float(dry[first]),
        rest_friction_Nm=float(subject.column("stiction")[first]),
        viscous_friction_Nms_rad=float(viscous[first]),
        **(mlp if kind == "mlp" else {}),
    )
