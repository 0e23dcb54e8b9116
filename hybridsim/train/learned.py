"""What a training brought, as a policy of our own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hybridsim import __version__
from hybridsim.envs.task import Task
from hybridsim.policy import Policy
from hybridsim.policy.artefact import Layer
from hybridsim.policy.contract import Lineage
from hybridsim.train.settings import Settings


def policy_of(layers: tuple[Layer, ...], task: Task, lineage: Lineage) -> Policy:
    """The mean action's network, and what it sees and commands."""
    hidden = tuple(len(bias) for _, bias in layers[:-1])
    contract = task.contract.model_copy(update={"hidden": hidden, "activation": "elu", "lineage": lineage})
    size = contract.observation_size
    return Policy(contract, layers, np.zeros(size), np.ones(size), task.gait)


def lineage_of(
    settings: Settings, steps: int, synthetic: bool, calibration: str | None, sources: Mapping[str, str]
) -> Lineage:
    """Where a policy came from; of files their names without folders, and their sha256."""
    files = {name: Path(str(settings.options[name])).name for name in sources if name in settings.options}
    hashes = {f"{name}_sha256": value for name, value in sources.items()}
    kept = ("learning_rate", "discount", "curriculum", "drawn", "worlds", "engine")
    return Lineage(
        calibration=calibration,
        variant=settings.variant if settings.calibration else "nominal",
        synthetic=synthetic,
        seed=settings.seed,
        steps=steps,
        code_version=__version__,
        settings={name: getattr(settings, name) for name in kept} | files | hashes,
    )
