"""Finding the mesh files that a URDF names, and never leaving the folder it may read."""

from __future__ import annotations

from pathlib import Path

from hybridsim.errors import RobotError, listed

SUFFIXES = (".stl", ".obj", ".dae")
MOST_BYTES = 256 * 2**20
# Chosen, because packages keep their URDFs at most this deep.
LEVELS_UP = 5
PACKAGE_PREFIXES = ("package://", "model://")


def resolve_mesh(name: str, urdf: Path, root: Path | None, where: str) -> Path:
    """The file behind a `<mesh filename=...>`.

    Args:
        name: as written: `package://<package>/<path>`, `file://<path>` or a path relative to the URDF.
        urdf: the URDF's own path.
        root: no mesh may lie outside this folder. None: the nearest folder around the URDF that has the
            package's name, or for a relative path the URDF's own folder.
        where: for the error message.

    Returns:
        An existing file with a known mesh suffix, links resolved.
    """
    for prefix in PACKAGE_PREFIXES:
        if name.startswith(prefix):
            package, _, rest = name.removeprefix(prefix).partition("/")
            folder = package_folder(package, urdf, root, where)
            return checked_mesh(folder / rest, root or folder, name, where)
    path = urdf.parent / name.removeprefix("file://")
    return checked_mesh(path, root or urdf.parent, name, where)


def package_folder(package: str, urdf: Path, root: Path | None, where: str) -> Path:
    """The folder that `package://<package>` stands for: the root, one in it, or one around the URDF."""
    if not package or package.startswith("."):
        raise RobotError(f"{where}: mesh without a package name; expected package://<package>/<path>")
    # Near only: a hostile URDF must not make the whole disk its package.
    near = [folder for folder in urdf.resolve().parents[:LEVELS_UP] if len(folder.parts) > 2]
    around = [folder for folder in near if folder.name == package]
    if root is None:
        if around:
            return around[0]
        raise RobotError(f"{where}: package '{package}' is not around {urdf}; pass its folder as root")
    inside = [folder for folder in around if folder.is_relative_to(root.resolve())]
    if (root / package).is_dir():
        inside.append(root / package)
    return inside[0] if inside else root


def checked_mesh(path: Path, root: Path, name: str, where: str) -> Path:
    """The path with links resolved, if it is a readable mesh inside the root."""
    resolved = path.resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise RobotError(f"{where}: mesh '{name}' lies outside {root}; expected a file inside it")
    if resolved.suffix.lower() not in SUFFIXES:
        raise RobotError(f"{where}: mesh '{name}' has suffix '{resolved.suffix}'; known: {listed(SUFFIXES)}")
    if not resolved.is_file():
        raise RobotError(f"{where}: mesh '{name}' is missing; looked for {resolved}")
    if resolved.stat().st_size > MOST_BYTES:
        raise RobotError(f"{where}: mesh '{name}' is larger than {MOST_BYTES} bytes")
    return resolved
