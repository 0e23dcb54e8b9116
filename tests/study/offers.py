"""A small study, what models offer, and logs to split; shared by the tests of studies."""

from dataclasses import dataclass, field

from hybridsim.parameters import Parameter
from hybridsim.study import parse_study

STUDY = """
schema = 1
robot = "so101"
scored_signals = ["joint_position", "gripper_opening"]
"""

JOINTS = ("pan", "lift", "elbow")


def offered():
    """Three delays with different priors, three frictions on a log scale, one mass."""
    delays = [
        Parameter(name=f"drive.{joint}.delay", value=0.01 * n, unit="s", low=0, high=0.5)
        for n, joint in enumerate(JOINTS, 1)
    ]
    frictions = [
        Parameter(name=f"drive.{joint}.coulomb", value=0.1, unit="N*m", low=1e-3, high=1, scale="log")
        for joint in JOINTS
    ]
    return [*delays, *frictions, Parameter(name="link.hand.mass", value=0.2, unit="kg", low=0.1, high=0.4)]


def study(extra="", **replacements):
    """A study of the text above with more tables behind it."""
    text = STUDY + extra
    for old, new in replacements.items():
        text = text.replace(old, new)
    return parse_study(text, "my/study.toml")


def rule(**keys):
    """A `[[parameter]]` table as TOML."""
    lines = [
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
        for key, value in keys.items()
    ]
    return "\n[[parameter]]\n" + "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Recording:
    """What `split_logs` looks at."""

    log_id: str
    name: str = "wave"
    session: str | None = None
    serial: str = "a"
    labels: dict[str, str] = field(default_factory=dict)
