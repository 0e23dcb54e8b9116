"""A small synthetic fleet of the demo's arm: made once, copied for every test. Synthetic."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hybridsim.demo.recorder import Recording
from hybridsim.demo.units import DAY_NS, changed, drawn_unit
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.founding import refound
from hybridsim.fleet.place import Place
from hybridsim.fleet.watch import Options, Watch
from hybridsim.log import LogDraft, LogStore, read_log
from hybridsim.robot import load_robot
from tests.context.made import DEMO, reference

UNITS = ("u0", "u1", "u2")
SERIAL = Options(engine="serial")
EARLY, LATER = 5, 2
AFTER = range(7, 13)
"""Recordings of a unit: how many found the fleet and how many are of quiet days; those after a change."""


@dataclass(frozen=True)
class Arms:
    """Folders: `early`, `later` and `after` hold logs, `founded` and `settled` a fleet each."""

    root: Path

    @classmethod
    def made_once(cls, root):
        """What a folder holds, made where it holds none; a `root` that is there is whole."""
        if not root.is_dir():
            cls._make(root.with_suffix(".part"))
            root.with_suffix(".part").rename(root)
        return cls(root)

    @classmethod
    def _make(cls, root):
        for number, serial in enumerate(UNITS):
            record(root / "early", serial, number, range(EARLY + LATER))
            (root / "later").mkdir(exist_ok=True)
            for folder in of_unit(root / "early", serial)[EARLY:]:
                folder.rename(root / "later" / folder.name)
        slower = changed(drawn_unit(3, 0), "delay", "elbow", 9e-3)
        record(root / "after", "u0", 0, AFTER, slower)
        fleet = Fleet.init(root / "founded", Place(robot=str(DEMO / "arm")))
        fleet.take([root / "early"], enrol=True)
        refound(fleet, str(reference().save(root / "reference")), engine="serial")
        fleet.close()
        shutil.copytree(root / "founded", root / "settled")
        fleet = Fleet.open(root / "settled")
        Watch(fleet, SERIAL).round()
        fleet.close()

    def fleet(self, kind, folder):
        """A copy of a fleet, open."""
        shutil.copytree(self.root / kind, folder)
        return Fleet.open(folder)


def record(store, serial, number, days, truth=None):
    store.mkdir(parents=True, exist_ok=True)
    Recording(
        robot=load_robot(DEMO / "arm"),
        truth=truth or drawn_unit(3, number),
        seed=30 + number,
        duration=8.0,
        timestep=1e-3,
        unit=serial,
        apart_ns=DAY_NS,
    ).record(store, days)


def changed_log(store, source, *, serial=None, only=None, **signals):
    """A copy of a log whose signals went through functions of their values; its id."""
    log = read_log(source)
    kept = {name: one for name, one in log.signals.items() if only is None or name in only}
    kept |= {name: replace(kept[name], values=change(kept[name].values)) for name, change in signals.items()}
    draft = LogDraft(robot=log.robot, serial=serial or log.serial, name=log.name, signals=kept)
    store.mkdir(parents=True, exist_ok=True)
    return LogStore(store).add(draft)[0]


def of_unit(store, serial):
    """Folders of a unit's logs, from old to new."""
    found = [read_log(folder) for folder in store.iterdir()]
    mine = sorted(
        (min(s.stamp_ns[0] for s in one.signals.values()), one.log_id)
        for one in found
        if one.serial == serial
    )
    return [store / name for _, name in mine]


def frozen(values):
    """An encoder that stops counting after a second."""
    values = np.array(values)
    values[50:, 1] = values[50, 1]
    return values
