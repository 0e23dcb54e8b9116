"""Messages are one line and list what there is."""

import pytest

from hybridsim import errors


def test_every_error_is_a_hybridsim_error():
    named = [getattr(errors, name) for name in dir(errors) if name.endswith("Error")]
    assert len(named) >= 8
    assert all(issubclass(error, errors.HybridSimError) for error in named)


def test_a_message_is_printed_on_one_line():
    assert str(errors.StudyError("study.toml: unknown key\n  'foo'")) == "study.toml: unknown key 'foo'"


@pytest.mark.parametrize(
    ("names", "expected"),
    [([], "none"), (["b", "a"], "a, b"), (range(4), "0, 1, 2, and 1 more")],
)
def test_listed(names, expected):
    assert errors.listed(names, most=3) == expected
