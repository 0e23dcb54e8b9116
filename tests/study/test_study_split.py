"""Splits: by whole groups, the same for the same logs, never an empty side."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.errors import StudyError
from hybridsim.study import split_logs
from hybridsim.study.split import groups_of
from tests.study.offers import Recording, study

RECORDINGS = st.lists(
    st.builds(
        Recording,
        log_id=st.text("0123456789abcdef", min_size=4, max_size=4),
        session=st.sampled_from("uvwxyz"),
        serial=st.sampled_from("ab"),
        labels=st.sampled_from("12345").map(lambda value: {"group": value}),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda log: log.log_id,
)


def logs(count, **fields):
    return [Recording(log_id=f"{n:04x}", name=f"wave {n}", **fields) for n in range(count)]


@given(RECORDINGS, st.sampled_from(["log", "session", "serial", "group"]), st.integers(0, 9), st.randoms())
def test_groups_stay_whole_whatever_the_order(recordings, by, seed, random):
    asked = study(f"[split]\nby = '{by}'\nseed = {seed}\ntest_fraction = 0.1\n")
    if by != "group":  # else copies of one recording may not be divided
        recordings = [replace(log, labels={}) for log in recordings]
    keys = {
        "log": lambda log: log.log_id,
        "session": lambda log: (log.serial, log.session),
        "serial": lambda log: log.serial,
        "group": lambda log: (log.serial, log.labels["group"]),
    }
    groups = {keys[by](log) for log in recordings}
    if len(groups) < 3:
        with pytest.raises(StudyError, match=f"{len(groups)} groups of logs .split by {by}.*expected 3"):
            split_logs(asked, recordings)
        return
    split = split_logs(asked, recordings)
    shuffled = [*recordings, recordings[0]]
    random.shuffle(shuffled)
    assert split_logs(asked, shuffled) == split
    assert sorted(split.train + split.validation + split.test) == sorted(log.log_id for log in recordings)
    assert split.train and split.validation and split.test
    sides = {(keys[by](log), split.side(log.log_id)) for log in recordings}
    assert len(sides) == len(groups)


@pytest.mark.parametrize(("count", "validation"), [(2, 1), (4, 1), (10, 3), (40, 10)])
def test_the_fraction_is_met_to_the_nearest_log(count, validation):
    split = split_logs(study(), logs(count))  # a quarter: 0.5, 1, 2.5 and 10 logs
    assert (len(split.train), len(split.validation), len(split.test)) == (count - validation, validation, 0)


def test_a_greedy_fraction_leaves_one_log_to_fit():
    split = split_logs(study("[split]\nvalidation_fraction = 0.95\ntest_fraction = 0.9\n"), logs(5))
    assert (len(split.train), len(split.validation), len(split.test)) == (1, 1, 3)


def test_the_seed_matters_and_a_new_log_moves_few():
    first = split_logs(study(), logs(40))
    assert split_logs(study("[split]\nseed = 1\n"), logs(40)).validation != first.validation
    more = split_logs(study(), logs(41))
    assert len(set(first.validation) - set(more.validation)) <= 1


def test_named_logs_take_their_group_along():
    recordings = [*logs(3, session="one"), Recording(log_id="ffff", session="two")]
    split = split_logs(study("[split]\nby = 'session'\nvalidation = ['wave 1']\n"), recordings)
    assert (split.train, split.validation) == (("ffff",), ("0000", "0001", "0002"))


def test_logs_are_named_by_id_too():
    split = split_logs(study("[split]\nvalidation = ['0001']\ntest = ['wave 2']\n"), logs(4))
    assert (split.train, split.validation, split.test) == (("0000", "0003"), ("0001",), ("0002",))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("validation = ['wave 9']", "split.validation: no log 'wave 9'; available: wave 0, wave 1, wave 2"),
        (
            "validation = ['wave 1']\ntest = ['wave 1']",
            "split.test: 'wave 1' is in a group that split.validation",
        ),
        ("by = 'session'", "split.by is 'session', but log wave 0 has no session; use by = 'log'"),
        ("by = 'group'", "log wave 0 has no group; use by = 'log', or one of its labels: none"),
        ("by = ['serial', 'block']", "split.by is 'block', but log wave 0 has no block"),
        ("by = 'serial'", "1 groups of logs .split by serial., 0 of them named .*; expected 2"),
        (
            "validation = ['wave 0', 'wave 1', 'wave 2']",
            "3 of them named .*; expected 1 others, one of them to fit",
        ),
    ],
)
def test_what_cannot_be_split(keys, message):
    with pytest.raises(StudyError, match=message):
        split_logs(study(f"[split]\n{keys}\n"), logs(3))


def tosses(*places):
    """Logs with the labels `group` and `block`, given as pairs."""
    return [
        Recording(log_id=f"{n:04x}", name=f"toss {n}", labels={"group": str(group), "block": str(block)})
        for n, (group, block) in enumerate(places)
    ]


BOTH = "[split]\nby = ['group', 'block']\n"


def test_what_shares_any_of_several_stays_together():
    """Blocks 0 and 2 hold a copy each of group 1; 2 and 5 one of group 9."""
    recordings = tosses((0, 0), (1, 0), (2, 1), (1, 2), (9, 2), (3, 3), (4, 4), (9, 5))
    assert sorted(groups_of(study(BOTH), recordings).items()) == [
        ("block a/0", {"0000", "0001", "0003", "0004", "0007"}),
        ("block a/1", {"0002"}),
        ("block a/3", {"0005"}),
        ("block a/4", {"0006"}),
    ]
    split = split_logs(study(BOTH + "test = ['toss 7']\n"), recordings)
    assert split.test == ("0000", "0001", "0003", "0004", "0007")


def test_what_two_individuals_call_alike_is_not_shared():
    ours = tosses((0, 0), (1, 0))
    theirs = [replace(log, log_id=f"f{log.log_id[1:]}", serial="b") for log in ours]
    assert sorted(groups_of(study(BOTH), [*ours, *theirs])) == ["block a/0", "block b/0"]


PLACES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=40)


@given(PLACES, st.randoms())
def test_groups_are_the_smallest_that_divide_nothing(places, random):
    recordings = tosses(*places)
    groups = groups_of(study(BOTH), recordings)
    assert sorted(log_id for members in groups.values() for log_id in members) == [
        log.log_id for log in recordings
    ]
    labels = {log.log_id: log.labels for log in recordings}
    for key in ("group", "block"):  # divide nothing
        owner = {}
        for name, members in groups.items():
            assert all(owner.setdefault(labels[log_id][key], name) == name for log_id in members)
    for members in groups.values():  # no smaller: from any log the others can be reached
        reached = [next(iter(members))]
        for log_id in reached:
            near = {k for k in members if any(labels[k][w] == labels[log_id][w] for w in labels[k])}
            reached += sorted(near - set(reached))
        assert set(reached) == members
    random.shuffle(recordings)
    assert groups_of(study(BOTH), recordings) == groups


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            "by = 'group'\nvalidation = ['toss 0']\ntest = ['toss 2']",
            r"split.test: 'toss 2' is in a group that split.validation names too .a/118.; expected one side",
        ),
        (
            "by = ['group', 'block']\nvalidation = ['toss 1']\ntest = ['toss 3']",
            r"'toss 3' is in a group that split.validation names too .block a/0.",
        ),
        (
            "validation = ['toss 0']\ntest = ['toss 2']",
            "split.by is 'log', which puts copies of one recording on different sides: of group 118, toss 0 "
            "is in validation and toss 2 in test; expected by = 'group', or a list with it",
        ),
        ("test = ['toss 2']\nvalidation = ['toss 5']", "of group 118, toss 0 is in train and toss 2 in test"),
        (
            "by = 'block'\ntest = ['toss 2']\nvalidation = ['toss 5']",
            "split.by is 'block', which puts copies",
        ),
    ],
)
def test_copies_of_one_recording_are_never_divided(keys, message):
    recordings = tosses((118, 0), (1, 0), (118, 1), (3, 1), (4, 2), (5, 3), (6, 4))
    with pytest.raises(StudyError, match=message):
        split_logs(study(f"[split]\n{keys}\n"), recordings)


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("['log', 'group']", "by: 'log' stands alone; expected by = 'log', or a list of what logs share"),
        ("['time']", "by: 'time' stands alone"),
        ("[]", "split.by: expected log, session, serial, time, the name of a label, or a list of such names"),
        ("3", "split.by: expected log, session, .* .given: 3."),
        ("['group', 3]", "split.by: expected log, session"),
        ("'two words'", "split.by: expected log, session"),
    ],
)
def test_what_cannot_be_split_by(by, message):
    with pytest.raises(StudyError, match=message):
        study(f"[split]\nby = {by}\n")


def test_no_logs_and_unknown_logs():
    with pytest.raises(StudyError, match="0 groups of logs"):
        split_logs(study(), [])
    with pytest.raises(StudyError, match="no log 'x'; available: 0000, 0001"):
        split_logs(study(), logs(2)).side("x")
