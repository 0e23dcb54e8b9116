"""What worlds are drawn from, on disk and back; damaged or hostile ensembles are refused on one line."""

import pytest

from hybridsim.calibration import Calibration, Variation
from hybridsim.parameters import Parameter
from tests.calibration.made import edited, made, refused

NAMES = ("contact.friction", "link.cube.com_y", "world.gravity", "varies.link.cube.com_y")


def passive(**changes):
    parameters = [
        Parameter(name=name, value=0.1, unit="1", low=0.0, high=1.0, source="test") for name in NAMES
    ]
    variation = Variation(members={"contact.friction": (0.1, 0.2)}, scale=1.1, fitted_on=9)
    return made(**({"parameters": parameters, "variation": variation} | changes))


def test_an_ensemble_is_read_as_it_was_written(tmp_path):
    written = passive()
    assert Calibration.load(written.save(tmp_path)).record == written.record
    variation = written.record.variation
    assert variation is not None and variation.count == 2
    assert variation.member(1) == {"contact.friction": 0.2}


def test_without_one_the_file_is_as_before_there_were_any(tmp_path):
    plain = passive(variation=None)
    folder = plain.save(tmp_path)
    assert '"variation"' not in (folder / "calibration.json").read_text()
    assert Calibration.load(folder).record.variation is None
    assert plain.id != passive().id


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"contact.grip": [0.1, 0.2]}, ("contact.grip",)),
        ({"world.gravity": [0.1, 0.2]}, ("world.gravity", "contact.")),
        ({"contact.friction": [0.1, 1.5]}, ("contact.friction", "0.1 to 1.5", "0 to 1")),
        ({"contact.friction": [0.1]}, ("members",)),
        ({"contact.friction": [0.1] * 1001}, ("members",)),
        ({"contact.friction": [0.1, "0x1"]}, ("members",)),
        ({"contact.friction": [0.1, 0.2], "link.cube.com_y": [0.1] * 3}, ("2 to 3",)),
    ],
)
def test_members_that_cannot_be_are_refused(tmp_path, members, words):
    folder = edited(passive().save(tmp_path), lambda data: data["variation"].update(members=members))
    refused(folder, "calibration.json", *words)


@pytest.mark.parametrize(
    ("field", "value"), [("scale", -1.0), ("scale", 1e9), ("fitted_on", 0), ("seed", 1), ("scale", None)]
)
def test_other_fields_have_bounds_too(tmp_path, field, value):
    folder = edited(passive().save(tmp_path), lambda data: data["variation"].update({field: value}))
    refused(folder, "calibration.json", "variation", field)


def test_scatter_of_what_is_not_there_is_refused(tmp_path):
    folder = edited(passive().save(tmp_path), lambda data: data["parameters"].pop("link.cube.com_y") and None)
    refused(folder, "varies.link.cube.com_y")
