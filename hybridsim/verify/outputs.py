"""The folder of a verification: verify.json, junit.xml, report.html and videos, whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridsim.errors import BatteryError, listed
from hybridsim.files import write_text
from hybridsim.progress import NamedProgress
from hybridsim.report.verify_page import write_verify
from hybridsim.verify.battery import Battery
from hybridsim.verify.episodes import Batch
from hybridsim.verify.falsify import Broken
from hybridsim.verify.films import film_of, film_of_break, to_film
from hybridsim.verify.gate import Tested
from hybridsim.verify.hunt import Hunt
from hybridsim.verify.junit import junit

RESULT, UNITS, PAGE = "verify.json", "junit.xml", "report.html"
OURS = {RESULT, UNITS, PAGE}


@dataclass(frozen=True, kw_only=True)
class Show:
    """What can be filmed.

    Attributes:
        tested: scenarios.
        broken: what searches found, by scenario.
        battery: of all of them.
        hunt: who runs episodes, and their seeds.
        film: whether to film at all.
    """

    tested: Sequence[Tested]
    broken: Mapping[str, Broken]
    battery: Battery
    hunt: Hunt
    film: bool = True

    def batches(self, entries: Sequence[Mapping[str, Any]], folder: Path) -> dict[str, Batch]:
        """To film, by scenario."""
        if not self.film:
            return {}
        names = [one.name for one in self.battery.scenarios]
        mine = {one["name"]: one for one in entries}
        found = {}
        for one in to_film(self.tested, [mine[one.plan.scenario.name] for one in self.tested]):
            name = one.plan.scenario.name
            found[name] = film_of(one, self.hunt.subject, self.hunt.seed, folder, names.index(name) + 1)
        for number, scenario in enumerate(self.battery.scenarios, start=1):
            if (broken := self.broken.get(scenario.name)) is not None and broken.values is not None:
                found[scenario.name] = film_of_break(scenario, broken, self.hunt, folder, number)
        return found


def before_writing(out: Path | None) -> None:
    """Make sure that the folder can be written, and that no earlier result is taken for this one's.

    Raises:
        BatteryError: it holds what no verification wrote.
        OSError: it cannot be made.
    """
    if out is None:
        return
    if out.exists() and not out.is_dir():
        raise BatteryError(f"{out}: is no folder; expected one for results")
    held = {path.name for path in out.iterdir()} if out.is_dir() else set()
    strange = {name for name in held if name not in OURS and not name.endswith(".mp4")}
    if strange or (held and RESULT not in held):
        raise BatteryError(
            f"{out}: holds {listed(strange or held, 5)}, which no verification wrote; choose another folder"
        )
    out.mkdir(parents=True, exist_ok=True)
    for name in held:
        (out / name).unlink()


def write_out(out: Path, result: dict[str, Any], show: Show, progress: NamedProgress | None) -> None:
    """Film, write, and put the folder in place."""
    folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        batches = show.batches(result["scenarios"], folder)

        def told(done: int) -> None:
            if progress is not None:
                progress(done, len(batches), "filming worst cases")

        show.hunt.crew.outcomes(list(batches.values()), told)
        for entry in result["scenarios"]:
            path = batches[entry["name"]].path if entry["name"] in batches else None
            if path is not None and path.is_file():
                entry["video"] = path.name
        write_text(folder / UNITS, junit(result))
        write_verify(folder / PAGE, result)
        text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
        write_text(folder / RESULT, text + "\n")
        folder.chmod(0o755)  # mkdtemp makes private folders, a report is to be shown
        folder.replace(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
