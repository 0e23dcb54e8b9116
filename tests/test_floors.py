"""A module imports only from floors below its own, and each third-party library has one home."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "hybridsim"

# From the ground up; a name is a module or package of hybridsim. `open`: they may import each other,
# as long as no circle forms. `wings`: they do not know each other.
FLOORS = [
    (
        "open",
        {
            "errors",
            "signals",
            "parameters",
            "frames",
            "resources",
            "jobs",
            "files",
            "progress",
            "scatter",
            "counting",
            "lending",
            "toml",
            "validation",
            "robot",
            "log",
        },
    ),
    ("wings", {"ingest", "export", "networks", "fetch"}),
    ("wings", {"physics", "actuators", "contacts", "sensors"}),
    ("open", {"study", "calibration"}),
    ("open", {"simulator", "replay", "effort", "passive", "sensing", "policy", "walking", "motion"}),
    ("wings", {"identify", "learn", "score", "envs", "standin"}),
    ("open", {"context"}),
    (
        "open",
        {
            "calibrate",
            "evaluate",
            "evaluate_effort",
            "evaluate_contact",
            "evaluate_drive",
            "evaluate_sensor",
            "evaluate_reading",
            "evaluate_spread",
            "proof",
            "verify",
            "train",
            "report",
            "demo",
            "exchange",
            "inspect",
        },
    ),
    ("open", {"context"}),
    ("open", {"fleet"}),
    ("open", {"cli"}),
]
# Only these modules (and what is below them) import the library, at the top or inside a function.
HOMES = {
    "torch": {"networks.training", "networks.blackbox", "learn", "train", "exchange"},
    "pybullet": {"physics"},
    "pybullet_data": {"physics"},
    "optuna": {"identify", "verify"},
    "cmaes": {"identify"},
    "plotly": {"report", "proof"},
    "rosbags": {"ingest", "export"},
    "mcap": {"ingest", "export"},
    "gymnasium": {"envs"},
    "stable_baselines3": {"train"},
    "mujoco": {"standin"},
    "onnx": {"exchange"},
    "onnxruntime": {"exchange"},
    "ray": {"jobs", "train.cluster"},
    "tensorboard": {"train"},
    "joblib": {"jobs"},
    "pooch": {"fetch"},
    "sqlalchemy": {"fleet"},
    "alembic": {"fleet"},
    "fsspec": {"fleet"},
    "typer": {"cli"},
    "rich": {"cli"},
}
FORBIDDEN = {"pickle", "cloudpickle", "dill", "marshal", "shelve"}


def modules(package: Path) -> dict[str, Path]:
    """Every module of the package except its own __init__, by the name after `hybridsim.`."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if parts and parts[0] != "_resources":
            found[".".join(parts)] = path
    return found


def imports(path: Path, is_package: bool, name: str) -> set[str]:
    """Full names a module imports anywhere, relative imports resolved, `from a import b` also as `a.b`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = ["hybridsim", *name.split(".")]
                above = above[: len(above) - node.level + is_package]
                base = ".".join([*above, base] if base else above)
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


def floor_of(name: str) -> int | None:
    """The floor of a module named after `hybridsim.`, by its first word."""
    return next((level for level, (_, names) in enumerate(FLOORS) if name.split(".")[0] in names), None)


def departures(package: Path) -> list[str]:
    """One line for each import that goes up, across wings, or to a library from outside its home."""
    found = []
    for name, path in modules(package).items():
        level = floor_of(name)
        if level is None:
            found.append(f"{name} has no floor: add it to FLOORS")
            continue
        for imported in sorted(imports(path, path.name == "__init__.py", name)):
            top, _, rest = imported.partition(".")
            if top == "hybridsim" and rest:
                found += climbs(name, level, rest)
            elif top in FORBIDDEN:
                found.append(f"{name} imports {top}, which nothing here may")
            elif top in HOMES and not any(
                name == home or name.startswith((home + ".", home + "_")) for home in HOMES[top]
            ):
                found.append(f"{name} imports {top}, whose home is {', '.join(sorted(HOMES[top]))}")
    return sorted(set(found))


def climbs(name: str, level: int, target: str) -> list[str]:
    """Why a module of this floor may not import `hybridsim.<target>`; empty when it may."""
    there = floor_of(target)
    same_noun = target.split(".")[0] == name.split(".")[0]
    if there is None or same_noun:
        return []
    if there > level:
        return [f"{name} (floor {level}) imports {target} (floor {there})"]
    if there == level and FLOORS[level][0] == "wings":
        return [f"{name} imports {target}, a wing of the same floor"]
    return []


def circles(package: Path) -> list[str]:
    """Nouns (modules or packages) that lead back to themselves by imports, lazy ones included."""
    graph: dict[str, set[str]] = {}
    for name, path in modules(package).items():
        noun = name.split(".")[0]
        inside = {
            t.split(".")[1] for t in imports(path, path.name == "__init__.py", name) if t[:10] == "hybridsim."
        }
        graph.setdefault(noun, set()).update(inside - {noun})
    return sorted(noun for noun in graph if noun in reachable(graph, noun))


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    """Everything that imports lead to from one module."""
    seen, waiting = set(), list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph.get(name, ()))
    return seen


def test_no_module_looks_up():
    assert departures(PACKAGE) == []


def test_no_circle():
    assert circles(PACKAGE) == []


# The twin: a package that breaks each rule once, so that the tests above are known to be able to fail.
BROKEN = {
    "errors.py": "",
    "robot.py": "import hybridsim.physics.bullet",
    "physics/__init__.py": "",
    "physics/bullet.py": "import pybullet\nfrom ..actuators import servo",
    "actuators/__init__.py": "",
    "actuators/servo.py": "def f():\n    import torch",
    "networks/__init__.py": "",
    "networks/training_loop.py": "import torch",
    "score.py": "from hybridsim import replay, errors",
    "replay.py": "from hybridsim.simulator import run",
    "simulator.py": "import hybridsim.replay",
    "log.py": "import pickle",
    "utils.py": "",
}


@pytest.fixture
def broken(tmp_path):
    for name, text in BROKEN.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_each_broken_rule_is_named_once(broken):
    assert departures(broken) == [
        "actuators.servo imports torch, whose home is exchange, learn, networks.blackbox, networks.training,"
        " train",
        "log imports pickle, which nothing here may",
        "physics.bullet imports actuators, a wing of the same floor",
        "physics.bullet imports actuators.servo, a wing of the same floor",
        "robot (floor 0) imports physics.bullet (floor 2)",
        "utils has no floor: add it to FLOORS",
    ]


def test_a_circle_is_found(broken):
    assert circles(broken) == ["replay", "simulator"]
