"""Work over and over: what an error costs, and how it ends."""

import os
import signal

import pytest

from hybridsim.cli.again import again
from hybridsim.errors import FleetError


class Rounds:
    """What each round does in turn; the last one's signal ends them."""

    def __init__(self, *kinds):
        self.kinds, self.done, self.went_on = list(kinds), 0, False

    def __call__(self, asked):
        kind, self.done = self.kinds[self.done], self.done + 1
        if isinstance(kind, Exception):
            raise kind
        if kind is not None:
            os.kill(os.getpid(), kind)
            assert asked()
            self.went_on = True


@pytest.fixture(autouse=True)
def kept():
    """Whoever came before hears signals as before."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_an_error_costs_its_round_and_is_one_line(capsys):
    lost = FleetError("sqlite:///x:\n  connection lost")
    work = Rounds(None, lost, OSError("disk is away"), None, signal.SIGTERM)
    again(work, 0.01)
    said = capsys.readouterr().err.splitlines()
    assert work.done == 5 and said == [
        "hybridsim: sqlite:///x: connection lost; tried again in 0.01 s",
        "hybridsim: disk is away; tried again in 0.01 s",
    ]


def test_the_first_rounds_error_ends_it():
    work = Rounds(FleetError("no fleet there"), None)
    with pytest.raises(FleetError, match="no fleet there"):
        again(work, 0.01)
    assert work.done == 1


def test_ctrl_c_ends_it_after_the_step():
    work = Rounds(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        again(work, 60.0)
    assert work.went_on


def test_a_second_ctrl_c_does_not_wait():
    def stubborn(_asked):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("went on")

    with pytest.raises(KeyboardInterrupt):
        again(stubborn, 60.0)


def test_an_error_of_what_was_told_to_end_is_not_told(capsys):
    def ended(asked):
        if not first:
            first.append(None)
            return
        os.kill(os.getpid(), signal.SIGTERM)
        raise FleetError("a worker was ended")

    first: list[None] = []
    again(ended, 0.01)
    assert capsys.readouterr().err == ""
