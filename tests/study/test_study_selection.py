"""Rules over offered parameters: what is searched, what is held, and back to every name."""

import pytest

from hybridsim.errors import StudyError
from tests.study.offers import JOINTS, offered, rule, study


def resolved(*rules):
    return study("".join(rules)).resolve(offered())


def test_bounds_start_and_source_come_from_the_study():
    chosen = resolved(
        rule(name="drive.*.delay", unit="s", low=0, high=0.2, value=0.1, source="bench", prior_sigma=0.05)
    )
    assert chosen.space.names == tuple(f"drive.{joint}.delay" for joint in JOINTS)
    assert [(p.low, p.high, p.value, p.source) for p in chosen.space.parameters] == [
        (0, 0.2, 0.1, "bench")
    ] * 3
    assert chosen.prior_sigma == dict.fromkeys(chosen.space.names, 0.05)
    assert chosen.fixed == {
        "drive.pan.coulomb": 0.1,
        "drive.lift.coulomb": 0.1,
        "drive.elbow.coulomb": 0.1,
        "link.hand.mass": 0.2,
    }


def test_what_the_study_leaves_out_is_the_models():
    chosen = resolved(rule(name="drive.*.coulomb", unit="N*m"))
    assert [(p.low, p.high, p.value, p.scale) for p in chosen.space.parameters] == [(1e-3, 1, 0.1, "log")] * 3


def test_a_shared_value_reaches_all_its_members():
    chosen = resolved(rule(name="drive.*.delay", unit="s", shared=True))
    assert chosen.space.names == ("drive.*.delay",)
    assert chosen.space.prior() == {"drive.*.delay": 0.02}  # median of 0.01, 0.02, 0.03
    values = chosen.expand({"drive.*.delay": 0.25})
    assert [values[f"drive.{joint}.delay"] for joint in JOINTS] == [0.25] * 3
    assert values["link.hand.mass"] == 0.2
    assert list(values) == [p.name for p in offered()]


def test_the_last_rule_that_matches_counts():
    chosen = resolved(
        rule(name="drive.*.delay", unit="s", high=0.4),
        rule(name="drive.lift.delay", unit="s", high=0.1),
    )
    highs = {p.name: p.high for p in chosen.space.parameters}
    assert highs == {"drive.pan.delay": 0.4, "drive.elbow.delay": 0.4, "drive.lift.delay": 0.1}


def test_a_value_can_be_held():
    chosen = resolved(rule(name="link.hand.mass", unit="kg", value=0.3, identify=False))
    assert len(chosen.space) == 0
    assert chosen.fixed["link.hand.mass"] == 0.3
    assert chosen.expand({})["link.hand.mass"] == 0.3


def test_fitted_parameters_come_back_under_every_name():
    chosen = resolved(rule(name="drive.*.delay", unit="s", shared=True))
    fitted = chosen.space.parameters[0].model_copy(
        update={"value": 0.5, "interval_95": (0.4, 0.6), "at_bound": True}
    )
    found = {p.name: p for p in chosen.identified([fitted])}
    assert list(found) == [p.name for p in offered()]
    assert found["drive.lift.delay"].interval_95 == (0.4, 0.6)
    assert found["drive.lift.delay"].at_bound
    assert (found["link.hand.mass"].value, found["link.hand.mass"].identifiable) == (0.2, False)
    with pytest.raises(StudyError, match="drive.\\*.delay missing or unknown"):
        chosen.identified([])


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            [rule(name="drive.*.slip", unit="s")],
            "'drive.*.slip' matches nothing; available: drive.elbow.coulomb, dri",
        ),
        (
            [rule(name="drive.*.delay", unit="ms")],
            "'drive.*.delay' has unit 'ms'; expected 's' for drive.pan.delay",
        ),
        ([rule(name="*", unit="s")], "'*' has unit 's'; expected 'N*m' for drive.pan.coulomb"),
        (
            [rule(name="*.mass", unit="kg", low=0.3)],
            "searches 0.3 to 0.4 kg; expected the prior of link.hand.mass inside, 0.2, or a start given",
        ),
        ([rule(name="*.mass", unit="kg", value=0.5)], "value 0.5 kg; expected 0.1 to 0.4"),
        ([rule(name="drive.*.delay", unit="s", value=0.2, scale="log")], "a log scale needs low > 0"),
        (
            [rule(name="*.mass", unit="kg", low=0.5, value=0.6)],
            "low 0.5 and high 0.4 kg; expected low < high",
        ),
        ([rule(name="*.mass", unit="kg"), rule(name="link.*", unit="kg")], "only what later tables take"),
    ],
)
def test_rules_that_do_not_fit(rules, message):
    with pytest.raises(StudyError) as caught:
        resolved(*rules)
    assert str(caught.value).startswith("my/study.toml: parameter '")
    assert message in str(caught.value)


def test_a_shared_value_needs_common_bounds():
    apart = [
        p.model_copy(update={"low": n, "high": n + 0.5, "value": n}) for n, p in enumerate(offered()[:3])
    ]
    with pytest.raises(StudyError, match="its 3 matches have no bounds or scale in common"):
        study(rule(name="*", unit="s", shared=True)).resolve(apart)
