"""The residual network in the stepping loop: evaluated at its own sample period, for all worlds at once."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from hybridsim.actuators import Drives
from hybridsim.networks.inference import Networks
from hybridsim.networks.stepped import Brain, Past, brain_of, past_of, steps_between
from hybridsim.simulator.recall import Clock, Recall, renew
from hybridsim.simulator.residual import INPUTS, Inputs, inputs_given

WorldDrive = Float[np.ndarray, "world drive"]


class Correction:
    """What the network adds: `value` to the measured angle or to the effort, `of_body` to a carried body.

    The network runs every sample period of its contract, counted from a world's reset; between two runs a
    carried body moves over evenly, so that a correction never throws it.
    """

    def __init__(
        self, networks: Networks | None, worlds: int, drives: int, timestep: float, inputs: Inputs = INPUTS
    ) -> None:
        """Make empty memories.

        Args:
            networks: of the drives; None adds nothing.
            worlds: how many.
            drives: how many a world has.
            timestep: between two updates [s].
            inputs: what they see, see `residual.inputs_of`.
        """
        self.networks = networks
        value, spread, glide = np.zeros((3, worlds, drives))
        if networks is None:
            past, brain, every = _nothing(worlds, drives)
        else:
            every = steps_between(networks, timestep)
            past = past_of(networks, worlds, every * timestep, inputs_given(inputs))
            brain = brain_of(networks, worlds)
        clock = Clock(
            every=every,
            period=every * timestep,
            error=inputs[0][0] == "error",
            members=0 if networks is None else networks.contract.ensemble,
            count=np.zeros(worlds, np.int64),
            before=np.full((worlds, drives), np.nan),
        )
        self.recall = Recall(clock, past, brain, value, spread, glide)
        self._all = np.ones(worlds, np.bool_)

    @property
    def value(self) -> WorldDrive:
        """What the networks add now [their output unit]."""
        return self.recall.value

    @property
    def spread(self) -> WorldDrive:
        """Standard deviation over the ensemble's members [their output unit]."""
        return self.recall.spread

    @property
    def of_body(self) -> WorldDrive:
        """The same moving over evenly from run to run."""
        return self.recall.glide

    @property
    def every(self) -> int:
        """Steps between two runs of the networks; 0 without any."""
        return self.recall.clock.every

    def reset(self, worlds: Int[np.ndarray, " some"]) -> None:
        """Forget the past of some worlds."""
        recall = self.recall
        for array in (recall.value, recall.spread, recall.glide, recall.clock.count):
            array[worlds] = 0
        recall.clock.before[worlds] = np.nan
        recall.past.fresh[worlds] = True

    def update(self, drives: Drives, command: WorldDrive, effort: WorldDrive) -> None:
        """After a step of all drives: run the networks whose period is over, and move the body's share.

        Args:
            drives: just stepped.
            command: in joint angle [rad], or what else the drives' loops take.
            effort: that a carried body asks for, or that the drives give [N*m].
        """
        if self.every:
            renew(self.recall, self._all, command, drives.parameters, drives.state, effort)


def _nothing(worlds: int, drives: int) -> tuple[Past, Brain, int]:
    """Arrays of the right kinds, so that one compiled loop serves with and without networks."""
    single, none = np.zeros((worlds, drives), np.float32), np.zeros(0, np.int64)
    past = Past(
        ring=np.zeros((worlds, 0, 1, drives, 0)),
        head=np.zeros(worlds, np.int64),
        fresh=np.ones((worlds, 1), np.bool_),
        memory=np.zeros((worlds, 1, drives, 0)),
        values=np.zeros((worlds, 1, 1, drives, 0)),
        features=np.zeros((worlds, 1, 1, drives, 0), np.float32),
        tap_reads=np.zeros((0, 3), np.int64),
        tap_part=np.zeros(0),
        leak_reads=np.zeros((0, 2), np.int64),
        leak_weights=np.zeros((0, 3)),
    )
    weights = np.zeros((0, 0, 0), np.float32)
    return past, Brain(weights, none, weights, single[:0], weights, single, single, none), 0
