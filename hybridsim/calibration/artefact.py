"""A calibration in memory, and its way to disk and back."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hybridsim.calibration.baselines import MOST_WEIGHTS, SealedBlackBox
from hybridsim.calibration.files import check_inside, place, read_bounded, write_texts
from hybridsim.calibration.findings import Findings
from hybridsim.calibration.locate import FILE, locate
from hybridsim.calibration.parts import Gate, Intervals, Lineage
from hybridsim.calibration.record import CalibrationRecord, new_record, parse_json, parse_record
from hybridsim.calibration.tables import Table
from hybridsim.errors import CalibrationError, listed
from hybridsim.networks.contract import REMEDY
from hybridsim.networks.inference import Networks
from hybridsim.networks.store import load_networks, save_networks
from hybridsim.parameters import Parameter

SCORES = "scores.json"
CARD = "card.md"
# Bytes; chosen, because ten times what an arm with five networks takes.
MOST_RECORD = 16_000_000
MOST_SCORES = 64_000_000


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a study found out about one individual, checked and ready to use.

    Attributes:
        record: the content of calibration.json.
        networks: those that ship, in the order of their names.
        blackbox: the baseline without physics, still sealed.
        folder: where it was loaded from or saved to.
        tables: further arrays, in the order of their names.
    """

    record: CalibrationRecord
    networks: tuple[Networks, ...] = ()
    blackbox: SealedBlackBox | None = None
    folder: Path | None = field(default=None)
    tables: tuple[Table, ...] = ()

    @classmethod
    def create(cls, found: Findings) -> Calibration:
        """A new calibration with the id that its content gives; saves nothing.

        Raises:
            CalibrationError: a field does not fit, such as a number that is not finite.
        """
        networks = sorted((_hashed(one) for one in found.networks), key=lambda one: one.contract.name)
        blackbox = None if found.blackbox is None else SealedBlackBox.of(found.blackbox)
        tables = tuple(sorted(found.tables, key=lambda one: one.contract.name))
        record = new_record(
            robot=found.robot,
            serial=found.serial,
            synthetic=found.synthetic,
            simulation=found.simulation,
            parameters={p.name: p for p in sorted(found.parameters, key=lambda p: p.name)},
            gates=dict(found.gates),
            intervals=found.intervals,
            networks=tuple(one.contract for one in networks),
            baselines={"delays": found.delays, "blackbox": blackbox and blackbox.entry},
            lineage=found.lineage,
            variation=found.variation,
            tables=tuple(one.contract for one in tables),
        )
        return cls(record, tuple(networks), blackbox, tables=tables)

    def with_sensors(
        self,
        parameters: Iterable[Parameter],
        intervals: Intervals,
        lineage: Lineage,
        networks: Iterable[Networks] = (),
        gates: Mapping[str, Gate] | None = None,
    ) -> Calibration:
        """A calibration that has all of this one, and says how sensors err; saves nothing.

        Args:
            parameters: of sensors; take the place of what this one says of them.
            intervals: of their signals, by signal and component.
            lineage: where they come from; its parent is this one.
            networks: that their noise follows; take the place of those of the same name.
            gates: the verdict on each.

        Raises:
            CalibrationError: a field does not fit.
        """
        assert lineage.parent == self.id, "a calibration with sensors is a child of the one that it extends"
        old = self.record
        content: dict[str, Any] = {name: getattr(old, name) for name in type(old).model_fields}
        del content["schema_version"], content["id"]
        known = {**old.parameters, **{p.name: p for p in parameters}}
        content["parameters"] = dict(sorted(known.items()))
        content["intervals"] = {**old.intervals, **intervals}
        content["lineage"] = lineage
        content["gates"] = {**old.gates, **(gates or {})}
        all_of = {one.contract.name: one for one in (*self.networks, *map(_hashed, networks))}
        ship = tuple(all_of[name] for name in sorted(all_of))
        content["networks"] = tuple(one.contract for one in ship)
        return Calibration(new_record(**content), ship, self.blackbox, tables=self.tables)

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """Read a calibration and check all of it before any of it is used.

        Args:
            path: anything that `locate` takes: a folder, a calibration.json, `so101/<id>`, `so101`.

        Raises:
            CalibrationError: a failed check, with file, field and remedy.
        """
        folder = locate(path)
        record = parse_record(read_bounded(folder, FILE, MOST_RECORD), str(folder / FILE))
        if re.fullmatch(r"[0-9a-f]{12}", folder.name) and folder.name != record.id:
            raise CalibrationError(
                f"{folder / FILE}: id is {record.id}; its folder is called {folder.name}; {REMEDY}"
            )
        for contract in record.networks:
            check_inside(folder, contract.weights, MOST_WEIGHTS)
        networks = tuple(load_networks(folder, contract) for contract in record.networks)
        entry = record.baselines.blackbox
        tables = tuple(Table.read(folder, contract) for contract in record.tables)
        return cls(record, networks, entry and SealedBlackBox.read(folder, entry), folder, tables)

    @property
    def id(self) -> str:
        """12 digits that follow from the content."""
        return self.record.id

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Every parameter of the models by name."""
        return MappingProxyType(self.record.parameters)

    def values(self) -> dict[str, float]:
        """Values of the parameters by name [their units]."""
        return {name: parameter.value for name, parameter in self.parameters.items()}

    def network(self, name: str) -> Networks:
        """The network of this name, or a CalibrationError that lists those that ship."""
        for networks in self.networks:
            if networks.contract.name == name:
                return networks
        ships = listed(networks.contract.name for networks in self.networks)
        raise CalibrationError(f"calibration {self.id}: no network '{name}'; available: {ships}")

    def table(self, name: str) -> Table:
        """The table of this name, or a CalibrationError that lists what there is."""
        for table in self.tables:
            if table.contract.name == name:
                return table
        there = listed(table.contract.name for table in self.tables)
        raise CalibrationError(f"calibration {self.id}: no table '{name}'; available: {there}")

    def save(
        self, root: str | Path, *, scores: Mapping[str, Any] | None = None, card: str | None = None
    ) -> Path:
        """Write `<root>/<id>/` in one step, or nothing.

        Args:
            root: folder of calibrations; made where it is missing.
            scores: goes to scores.json.
            card: goes to card.md.

        Returns:
            The calibration's folder. One that is there already with this id is replaced.

        Raises:
            CalibrationError: the disk is full or not writable; then nothing is left behind.
        """
        target = Path(root) / self.id

        def write(folder: Path) -> None:
            for networks in self.networks:
                contract = save_networks(folder, networks)
                assert contract == networks.contract, "weights changed since the calibration was created"
            for table in self.tables:
                table.write(folder)
            if self.blackbox is not None:
                (folder / self.blackbox.entry.weights).write_bytes(self.blackbox.content)
            written = None if scores is None else json.dumps(scores, indent=1, allow_nan=False) + "\n"
            write_texts(folder, {FILE: self.record.text(), SCORES: written, CARD: card})

        place(target, write)
        return target

    def scores(self) -> dict[str, Any] | None:
        """What scores.json beside it says; None where there is none.

        Raises:
            CalibrationError: it is no scores.json, or of another calibration.
        """
        if self.folder is None or not (self.folder / SCORES).exists():
            return None
        where = str(self.folder / SCORES)
        data = parse_json(read_bounded(self.folder, SCORES, MOST_SCORES), where)
        given = data.get("calibration") if isinstance(data, dict) else None
        if given != self.id:
            raise CalibrationError(f"{where}: calibration is {given!r}; expected '{self.id}'; {REMEDY}")
        return data


def _hashed(networks: Networks) -> Networks:
    """The same networks, their contract naming the file and the hash that saving gives."""
    with tempfile.TemporaryDirectory() as folder:
        return replace(networks, contract=save_networks(Path(folder), networks))
