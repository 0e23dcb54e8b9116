"""Studies that read well, and one clear line for those that do not."""

import hashlib

import pytest

from hybridsim.errors import StudyError
from hybridsim.study import Study, load_study, parse_study
from tests.study.offers import STUDY, rule, study


def test_every_table_reaches_its_field(tmp_path):
    text = STUDY + (
        "[split]\nby = 'session'\nvalidation_fraction = 0.5\ntest = ['wave']\nseed = 7\n"
        "[simulation]\nphysics_timestep_s = 0.002\nplane = true\n"
        "[identify]\ntrials = 11\npolish_on = 'pieces'\n"
        "[learn]\nhidden = [8, 4]\nhistory_s = [0, 0.1]\n"
        "[blackbox]\nenabled = false\n" + rule(name="drive.*.delay", unit="s", low=0, high=0.3, shared=True)
    )
    (tmp_path / "study.toml").write_text(text)
    read = load_study(tmp_path)
    assert (read.split.by, read.split.test, read.split.seed) == ("session", ("wave",), 7)
    assert (read.simulation.physics_timestep_s, read.simulation.plane) == (0.002, True)
    assert (read.identify.trials, read.identify.polish_on) == (11, "pieces")
    assert (read.learn.hidden, read.learn.history_s) == ((8, 4), (0.0, 0.1))
    assert not read.blackbox.enabled
    assert (read.parameters[0].high, read.parameters[0].shared) == (0.3, True)
    assert read.text == text
    assert read.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_quick_changes_what_it_names_and_nothing_else():
    read = study(
        "[identify]\ntrials = 900\nrestarts = 5\n"
        "[quick.identify]\ntrials = 30\n[quick.blackbox]\nenabled = false\n"
    )
    quick = read.quick()
    assert (quick.identify.trials, quick.identify.restarts) == (30, 5)
    assert (quick.blackbox.enabled, quick.learn) == (False, read.learn)
    assert (quick.is_quick, read.is_quick) == (True, False)
    assert quick.sha256 == read.sha256
    assert quick.where == "my/study.toml"


def test_a_study_made_in_python_needs_no_file():
    made = Study.model_validate({"schema": 1, "robot": "so101", "scored_signals": ["joint_position"]})
    assert Study.model_validate_json(made.text) == made


def test_a_robot_of_ones_own_lies_beside_the_study(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "robot.toml").write_text("")
    (tmp_path / "study.toml").write_text(STUDY.replace("so101", "mine"))
    assert load_study(tmp_path / "study.toml").robot_path == str(tmp_path / "mine")


BAD = {
    "unknown key": (
        "[identify]\ntrails = 3\n",
        "identify: unknown key 'trails'; known keys: trials, restarts",
    ),
    "unknown table": ("[identity]\n", "unknown key 'identity'; known keys: schema, robot"),
    "python name of a key": ("parameters = []\n", "unknown key 'parameters'"),
    "quick unknown key": ("[quick.learn]\nepoch = 3\n", "quick.learn: top level: unknown key 'epoch'; known"),
    "quick bad value": ("[quick.learn]\nepochs = 0\n", "quick.learn: epochs: .*greater than or equal to 1"),
    "quick split": ("[quick.split]\nseed = 3\n", "quick: unknown key 'split'; known keys: simulation"),
    "inverted bounds": (rule(name="a", unit="s", low=2, high=1), "'a' has inverted bounds: low 2, high 1 s"),
    "equal bounds": (rule(name="a", unit="s", low=1, high=1), "inverted bounds"),
    "value outside": (rule(name="a", unit="s", low=0, high=1, value=3), "value 3 outside .* 0 to 1 s"),
    "value below": (
        rule(name="a", unit="s", low=0, value=-1),
        "value -1 outside .* 0 to the model's own bound",
    ),
    "log through zero": (rule(name="a", unit="s", low=0, high=1, scale="log"), "log scale needs low > 0"),
    "no unit": (rule(name="a", low=0), "parameter.0.: key 'unit' is missing"),
    "held and shared": (rule(name="a", unit="s", identify=False, shared=True), "is not identified"),
    "same rule twice": (rule(name="a", unit="s") * 2, "'a' given more than once"),
    "text for a number": ("[identify]\ntrials = '3'\n", "identify.trials: .*valid integer .given: '3'"),
    "bool for a number": ("[identify]\ntrials = true\n", "identify.trials: .*valid integer"),
    "not finite": ("[simulation]\nrate_hz = inf\n", "simulation.rate_hz: .*finite"),
    "huge integer": (f"[split]\nseed = 0x{'F' * 5000}\n", "split.seed: an integer of more than 64 bits"),
    "long integer": (f"[split]\nseed = {'9' * 5000}\n", "not valid TOML"),
    "deep nesting": (f"x = {'[' * 5000}\n", "not valid TOML"),
    "not TOML": ("x = \n", "not valid TOML: .*line 5"),
}


@pytest.mark.parametrize(("extra", "message"), BAD.values(), ids=BAD)
def test_one_line_says_file_place_and_what_there_is(extra, message):
    with pytest.raises(StudyError, match=f"^my/study.toml: .*{message}") as caught:
        study(extra)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("so101", "so100", "unknown robot 'so100'; .*one of: anymal_c, cube, imu_broad, so101"),
        ("gripper_opening", "jaw", "signal 'jaw' is unknown; available: .*gripper_opening"),
        ("gripper_opening", "joint_position", "'joint_position' given more than once"),
        ("schema = 1", "schema = 2", "schema is 2; this hybridsim reads up to 1; update hybridsim"),
        ("schema = 1", "", "key 'schema' is missing"),
        ("schema = 1", "schema = '1'", "schema: input should be 1"),
    ],
)
def test_wrong_head(old, new, message):
    with pytest.raises(StudyError, match=message):
        parse_study(STUDY.replace(old, new))


def test_files_that_are_no_study(tmp_path):
    with pytest.raises(StudyError, match="no such study; expected a TOML file"):
        load_study(tmp_path)
    path = tmp_path / "study.toml"
    path.write_bytes(b"schema = \xff")
    with pytest.raises(StudyError, match="not UTF-8 text: .* at byte 9"):
        load_study(path)
    path.write_bytes(b"#" * 4_000_001)
    with pytest.raises(StudyError, match="larger than 4000000 bytes"):
        load_study(path)
