"""Whatever a study holds, it is read or refused with a StudyError, never a traceback."""

import contextlib

import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridsim.errors import StudyError
from hybridsim.study import Study, parse_study, split_logs
from hybridsim.study.sections import BlackBox, Identify, Learn, ParameterRule, Quick, Simulation, SplitRule
from tests.study.offers import Recording, offered

WORDS = st.sampled_from(
    [
        "so101",
        "log",
        "session",
        "group",
        "joint_position",
        "drive.*.delay",
        "*",
        "[!",
        "s",
        "N*m",
        "soft",
        "a",
        "",
    ]
)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.integers(-2, 3),
    st.floats(),
    st.sampled_from([0.1, 0.5, 1.0]),
    WORDS,
    st.text(max_size=5),
    st.dates(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def table(model):
    """Tables with the model's keys and any values, and now and then a key that is not the model's."""
    keys = [info.alias or name for name, info in model.model_fields.items()]
    return st.dictionaries(st.sampled_from(keys) | st.text(max_size=3), VALUES, max_size=4)


MATCHES = [
    ("drive.*.delay", "s"),
    ("drive.pan.delay", "s"),
    ("*.coulomb", "N*m"),
    ("link.*", "kg"),
    ("*", "s"),
]
RULES = st.builds(
    lambda match, keys: {"name": match[0], "unit": match[1], **keys},
    st.sampled_from(MATCHES),
    st.fixed_dictionaries(
        {},
        optional={
            "low": st.sampled_from([0.0, 0.005, 0.2]),
            "high": st.sampled_from([0.3, 0.5, 0.15]),
            "value": st.sampled_from([0.01, 0.25, 1.0]),
            "scale": st.sampled_from(["linear", "log"]),
            "shared": st.booleans(),
            "identify": st.booleans(),
        },
    ),
)
HEAD = {
    "schema": st.just(1),
    "robot": st.just("so101"),
    "scored_signals": st.just(["joint_position"]),
}
TABLES = {
    "split": table(SplitRule),
    "simulation": table(Simulation),
    "identify": table(Identify),
    "learn": table(Learn),
    "blackbox": table(BlackBox),
    "quick": table(Quick)
    | st.fixed_dictionaries({}, optional={"learn": table(Learn), "identify": table(Identify)}),
    "parameter": st.lists(table(ParameterRule) | RULES, max_size=3),
}
LOGS = [Recording(log_id=str(n), session="ab"[n % 2], serial="xy"[n // 2]) for n in range(4)]


def use(study):
    """Everything that a study is asked for."""
    assert study.quick().is_quick
    selection = study.resolve(offered())
    assert set(selection.expand(selection.space.prior())) == {p.name for p in offered()}
    assert split_logs(study, LOGS).train


@settings(max_examples=60)
@given(st.fixed_dictionaries(HEAD, optional=TABLES) | table(Study))
def test_tables(data):
    with contextlib.suppress(StudyError):
        use(parse_study(tomli_w.dumps(data)))


@given(st.lists(RULES, min_size=1, max_size=4))
def test_rules_that_mostly_fit(rules):
    data = {"schema": 1, "robot": "so101", "scored_signals": ["joint_position"], "parameter": rules}
    with contextlib.suppress(StudyError):
        use(parse_study(tomli_w.dumps(data)))


@given(st.text())
def test_text(text):
    with contextlib.suppress(StudyError):
        use(parse_study(text))
