"""Where a task's worlds come from: a robot's nominal values, or a calibration and what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hybridsim.actuators import offered
from hybridsim.calibration import Calibration, SimulationSettings
from hybridsim.contacts import residual
from hybridsim.envs.block import Block, Worlds, spans
from hybridsim.envs.draws import ANYWHERE, FLOATING, Draws, Spread
from hybridsim.envs.tasks import task_of
from hybridsim.envs.vector import HybridVectorEnv
from hybridsim.errors import SimulationError
from hybridsim.networks.inference import Networks
from hybridsim.physics.terrain import Terrain
from hybridsim.robot import Robot, load_robot
from hybridsim.sensors import neutral
from hybridsim.sensors.residual import NAMES as SENSOR_NETWORKS
from hybridsim.simulator import HybridSim
from hybridsim.simulator.nominal import VARIANTS, variant_of
from hybridsim.simulator.residual import NETWORK


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What worlds are made of.

    Attributes:
        calibration: a folder, a published name, or a loaded one; None for the robot's nominal values.
        variant: `nominal`, `identified` or `hybrid`.
        drawn: whether worlds differ as the calibration leaves open.
        spreads: wider ranges by choice, see `draws.Draws`.
        together: of those, what is drawn once for all joints.
        robot: of one's own; None for the task's.
    """

    calibration: str | Path | Calibration | None = None
    variant: str = "hybrid"
    drawn: bool = True
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    together: frozenset[str] = frozenset()
    robot: str | Path | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """The same, loaded.

    Attributes:
        robot: the design.
        values: parameters by name.
        settings: of a calibration; None for the task's.
        networks: by name.
        draws: what worlds have of their own; None for nothing.
        calibration: None for nominal values.
    """

    robot: Robot
    values: Mapping[str, float]
    settings: SimulationSettings | None
    networks: Mapping[str, Networks]
    draws: Draws | None
    calibration: Calibration | None

    def worlds(self, settings: SimulationSettings, constants: Mapping[str, float], block: int) -> Worlds:
        """What builds a block's simulator; where worlds differ, each block has one member of an ensemble."""
        drawn = self.draws is not None
        networks = {name: member_of(n, block) if drawn else n for name, n in self.networks.items()}

        def build(count: int, own: list[dict[str, float]], terrains: list[Terrain]) -> HybridSim:
            return HybridSim(
                self.robot,
                self.values,
                self.settings or settings,
                worlds=count,
                constants=constants,
                own=own,
                terrains=terrains,
                networks=networks.get(NETWORK),
                contact_networks=networks.get(residual.NETWORK),
                sensor_networks=[networks[name] for name in SENSOR_NETWORKS if name in networks],
            )

        return build


def load(origin: Origin, robot: str) -> Source:
    """What an origin names.

    Args:
        origin: see there.
        robot: the task's.

    Raises:
        SimulationError: no such variant, or the calibration is of another robot.
    """
    design = load_robot(origin.robot or robot)
    if origin.variant not in VARIANTS:
        raise SimulationError(f"variant '{origin.variant}'; available: {', '.join(VARIANTS)}")
    if origin.calibration is None:
        values = {p.name: p.value for p in offered(design)}
        return _source(design, values, None, {}, origin, None)
    given = origin.calibration
    found = given if isinstance(given, Calibration) else Calibration.load(given)
    if found.record.robot != design.name:
        raise SimulationError(
            f"calibration {found.id} is of robot {found.record.robot}; the task's is {design.name}"
        )
    values, settings = variant_of(design, found, origin.variant)
    names = [one.contract.name for one in found.networks] if origin.variant == "hybrid" else []
    return _source(design, values, settings, {n: found.network(n) for n in names}, origin, found)


def _source(
    robot: Robot,
    values: Mapping[str, float],
    settings: SimulationSettings | None,
    networks: Mapping[str, Networks],
    origin: Origin,
    found: Calibration | None,
) -> Source:
    """With draws, where worlds are to differ."""
    known = found if origin.drawn and origin.variant != "nominal" else None
    draws = None
    if known is not None or origin.spreads:
        draws = Draws(
            values={**neutral(robot), **values},
            calibration=known,
            spreads=origin.spreads,
            together=origin.together,
            kinds=FLOATING if robot.urdf.base == "floating" else ANYWHERE,
        )
    return Source(
        robot=robot, values=values, settings=settings, networks=networks, draws=draws, calibration=found
    )


def member_of(networks: Networks, number: int) -> Networks:
    """One member of an ensemble alone."""
    contract, k = networks.contract, number % networks.contract.ensemble
    single = contract.model_copy(update={"ensemble": 1})
    return Networks(
        single,
        tuple(weight[:, k : k + 1].copy() for weight in networks.weights),
        tuple(bias[:, k : k + 1].copy() for bias in networks.biases),
    )


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many worlds, in how many blocks, each on a thread of its own."""

    worlds: int = 1
    blocks: int = 1


def make_vector(
    task: str,
    origin: Origin | None = None,
    *,
    size: Size | None = None,
    seed: int = 0,
    options: Mapping[str, object] | None = None,
) -> HybridVectorEnv:
    """Worlds of a task, one thread a block.

    Args:
        task: one of `tasks.TASKS`.
        origin: of the worlds; None for the robot's nominal values.
        size: how many.
        seed: of everything.
        options: of the task, such as `pushes` of walking.
    """
    source = load(origin or Origin(), task_of(task).robot)
    return make_source(task, source, size=size or Size(), seed=seed, options=options or {})


def make_source(
    task: str, source: Source, *, size: Size, seed: int, options: Mapping[str, object]
) -> HybridVectorEnv:
    """The same from what was loaded already."""
    numbers = range(len(spans(size.worlds, size.blocks)))
    return HybridVectorEnv(
        [make_block(task, source, n, size=size, seed=seed, options=options) for n in numbers]
    )


def make_block(
    task: str, source: Source, number: int, *, size: Size, seed: int, options: Mapping[str, object]
) -> Block:
    """One block of so many worlds in so many blocks; the others may be in other processes."""
    own = task_of(task).make(source.robot, options)
    worlds = source.worlds(own.settings, own.constants, number)
    return Block(own, worlds, spans(size.worlds, size.blocks)[number], seed, source.draws)
