"""Check that a wheel holds every file of hybridsim/, robots/, data/ and calibration/, and finds them there.

usage: check_wheel.py WHEEL
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("hybridsim", "robots", "data", "calibration")


def expected() -> set[str]:
    """Names inside the wheel, from what git tracks; without git, from what the folders hold."""
    listing = subprocess.run(["git", "ls-files", *FOLDERS], cwd=ROOT, capture_output=True, text=True)
    tracked = listing.stdout.split("\n") if listing.returncode == 0 else []
    paths = [name for name in tracked if name and (ROOT / name).is_file()]
    if not paths:
        found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
        paths = [path.relative_to(ROOT).as_posix() for path in found if path.suffix != ".pyc"]
    return {name if name.startswith("hybridsim/") else f"hybridsim/_resources/{name}" for name in paths}


def found_from(wheel: str, folder: Path) -> str | None:
    """What is wrong with how the unpacked wheel finds its own folders, or None."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    probe = (
        "from hybridsim import resources; print(*map(resources.folder, ('robots', 'data', 'calibration')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    right = [str(folder.resolve() / "hybridsim" / "_resources" / name) for name in FOLDERS[1:]]
    return (
        None
        if result.stdout.split() == right
        else f"found {result.stdout or result.stderr}; expected {right}"
    )


def main() -> str | None:
    """Why the wheel is wrong, or None."""
    if len(sys.argv) != 2:
        return __doc__
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        inside = set(wheel.namelist())
    missing = sorted(expected() - inside)
    stray = sorted(name for name in inside if not name.startswith(("hybridsim/", "hybridsim-")))
    if missing or stray:
        return f"{sys.argv[1]}: missing {missing}; stray {stray}"
    with tempfile.TemporaryDirectory() as folder:
        if found := found_from(sys.argv[1], Path(folder)):
            return f"{sys.argv[1]}: {found}"
    print(f"{Path(sys.argv[1]).name}: {len(inside)} files, robots, data and calibration among them")
    return None


if __name__ == "__main__":
    sys.exit(main())
