"""MATLAB files: variables to signals, rows without stamps, labels from names, broken files in one line."""

import io
import json
import re
import struct
import zlib

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.io import loadmat, savemat
from scipy.sparse import eye_array

from hybridsim.errors import LogError, SpecError
from hybridsim.ingest import mat, mat5
from hybridsim.ingest.cells import numbers
from hybridsim.ingest.mat import read_variables
from hybridsim.ingest.mat5 import read_mat5
from hybridsim.ingest.run import ingest
from hybridsim.ingest.spec import load_spec
from hybridsim.log import LogStore
from hybridsim.robot import load_robot

ROWS = 12
HALF = np.sqrt(0.5)


def written(variables, **options):
    file = io.BytesIO()
    savemat(file, variables, **options)
    return file.getvalue()


ROW = np.arange(ROWS)[:, None]
WHOLE = {"gyr": ROW + np.array([0.0, 0.1, 0.2]), "t": 0.01 * ROW, "rate": 200.0, "info": "by hand"}


class Trial:
    """One trial of a sensor in a MATLAB file of 12 rows at 200 Hz, its optics blind in rows 3 and 4."""

    def __init__(self, root):
        self.root = root
        self.folder = root / "trials"
        self.folder.mkdir()
        position = ROW + np.array([0.0, 0.5, 1.0])
        position[3:5, 1] = np.nan
        self.variables = {
            "imu_gyr": ROW + np.array([0.0, 0.1, 0.2]),
            "imu_mag": ROW + np.array([10.0, 20.0, 30.0]),
            "opt_quat": np.tile([HALF, 0.0, 0.0, -HALF], (ROWS, 1)),
            "opt_pos": position,
            "movement": (ROW > 5),
            "sampling_rate": 200.0,
            "info": "a sensor",
        }
        columns = {
            "imu_angular_velocity": ("rad/s", {k: f"imu_gyr[{n}]" for n, k in enumerate("xyz")}),
            "imu_magnetic_field": ("uT", {k: f"imu_mag[{n}]" for n, k in enumerate("xyz")}),
            "base_orientation": ("1", {k: f"opt_quat[{n}]" for n, k in enumerate("wxyz")}),
            "base_position": ("m", {k: f"opt_pos[{n}]" for n, k in enumerate("xyz")}),
            "movement": ("1", {"movement": "movement"}),
        }
        self.table = {
            "file": "*.mat", "format": "mat", "stamp": {"rate": "sampling_rate", "unit": "Hz"},
            "signal": [{"name": n, "unit": u, "columns": c} for n, (u, c) in columns.items()],
        }  # fmt: skip
        self.spec = {
            "schema": 1, "set": "trials", "robots": ["imu_broad"], "one_log_per": "file",
            "label": [
                {"name": "trial", "pattern": r"^\d+", "required": True},
                {"name": "mounting", "pattern": r"^\d+", "every": 20},
            ],
            "table": [self.table],
        }  # fmt: skip

    def load(self):
        (self.root / "ingest.toml").write_text(tomli_w.dumps(self.spec))
        return load_spec(self.root / "ingest.toml")

    def ingest(self, content=None, name="31_shaken"):
        """The report and the logs."""
        (self.folder / f"{name}.mat").write_bytes(written(self.variables) if content is None else content)
        store = LogStore(self.root / "store")
        report = ingest([self.folder], self.load(), "imu_broad", "one", store)
        assert not list((self.root / "store").glob("*tmp*"))
        return report, [store.load(log_id) for log_id in store.ids()]

    def refusal(self, content=None, name="31_shaken"):
        """Why the trial was refused: one line, and nothing was written."""
        report, logs = self.ingest(content, name)
        assert logs == []
        (refused,) = report.refused
        assert "\n" not in refused.reason and "Traceback" not in refused.reason
        return refused.reason


@pytest.fixture
def trial(tmp_path):
    return Trial(tmp_path)


@pytest.mark.parametrize("packed", [False, True])
def test_a_trial_is_a_log_of_its_variables(trial, packed):
    report, (log,) = trial.ingest(written(trial.variables, do_compression=packed))
    assert report.refused == ()
    gyro = log.signal("imu_angular_velocity")
    np.testing.assert_array_equal(gyro.values, trial.variables["imu_gyr"])
    assert gyro.stamp_ns.tolist() == [5_000_000 * k for k in range(ROWS)]  # 1 / 200 Hz
    np.testing.assert_allclose(log.signal("imu_magnetic_field").values[0], [1e-5, 2e-5, 3e-5], rtol=1e-15)
    orientation = log.signal("base_orientation")
    assert orientation.components == ("x", "y", "z", "w")
    np.testing.assert_allclose(orientation.values[0], [0, 0, -HALF, HALF], rtol=1e-15)
    assert log.signal("movement").column("movement").tolist() == [0.0] * 6 + [1.0] * 6
    assert log.labels == {"trial": "31", "mounting": "1"}
    clock = log.header.signals["movement"].clock
    assert clock.method == "rows evenly spaced at 200 Hz, the first at 0"


def test_what_is_nan_in_one_signal_costs_its_rows_there_only(trial):
    report, (log,) = trial.ingest()
    position = log.signal("base_position")
    assert position.stamp_ns.tolist() == [5_000_000 * k for k in range(ROWS) if k not in (3, 4)]
    (refusal,) = log.header.signals["base_position"].refused
    assert (refusal.reason, refusal.count, refusal.rows) == ("nan or infinite", 2, (4, 5))
    others = [entry for name, entry in log.header.signals.items() if name != "base_position"]
    assert {entry.rows for entry in others} == {ROWS} and all(not entry.refused for entry in others)
    assert report.partial


def without(name):
    return lambda variables: variables.pop(name)


def given_(name, value):
    return lambda variables: variables.update({name: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("imu_gyr"), r"no column 'imu_gyr'; it has .*imu_mag\[0\].*info$"),
        (given_("opt_pos", np.zeros((ROWS - 1, 3))), "differ in their rows: imu_gyr 12, .*opt_pos 11"),
        (given_("imu_gyr", np.zeros((ROWS, 2))), r"no column 'imu_gyr'; it has imu_gyr\[0\], imu_gyr\[1\], "),
        (given_("imu_gyr", np.zeros((3, ROWS))), "'imu_gyr' is 3 x 12; expected a row for every sample"),
        (given_("imu_gyr", np.zeros((ROWS, 3, 2))), "'imu_gyr' is 12 x 3 x 2; expected a row for every"),
        (
            given_("imu_gyr", np.zeros((ROWS, 3), complex)),
            "'imu_gyr' holds complex numbers; expected plain numbers",
        ),
        (given_("imu_gyr", "text"), "'imu_gyr' holds char; expected plain numbers"),
        (given_("imu_gyr", np.array([[1, "a"]] * ROWS, object)), "holds cell; expected plain numbers"),
        (given_("imu_gyr", {"x": np.zeros(ROWS)}), "'imu_gyr' holds struct; expected plain numbers"),
        (given_("imu_gyr", eye_array(ROWS)), "'imu_gyr' holds sparse; expected plain numbers"),
        (without("sampling_rate"), "no field 'sampling_rate' for the rate; it has none"),
        (given_("sampling_rate", 0.0), "the rate is 0 Hz; expected above "),
        (given_("sampling_rate", np.nan), "the rate is nan Hz; expected above "),
        (given_("sampling_rate", np.array([[1.0, 2.0]])), "no field 'sampling_rate' for the rate"),
        (given_("imu_gyr", np.zeros((0, 0))), "differ in their rows: imu_gyr 0, imu_mag 12"),
    ],
    ids=[*range(15)],
)
def test_variables_that_do_not_fit_are_refused_in_one_line(trial, change, message):
    change(trial.variables)
    assert re.search(f"^31_shaken.mat: .*{message}", trial.refusal())


PACKED = written(WHOLE, do_compression=True)
PLAIN = written(WHOLE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"t,x\n0,1\n",
            "not a MATLAB file of version 5 to 7: it begins with b't,x.*; expected b'MATLAB 5.0'",
        ),
        (b"", "the file is empty"),
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64", "of version 7.3, which is HDF5: save it again with -v7"),
        (b"\x89HDF\r\n\x1a\n" + bytes(500), "of version 7.3, which is HDF5: save it again with -v7"),
        (written({"t": np.zeros((3, 1))}, format="4"), "not a MATLAB file of version 5 to 7"),
        (PLAIN[:100], "cut short: 100 bytes; expected 128 or more"),
        (PLAIN[:128], "no column of it is asked for; it has none"),
        (PLAIN[:-1], "cut short: "),
        (PACKED[:-1], "cut short: "),
        (PLAIN[:132], "cut short: "),
        (PLAIN[:124] + b"\x00\x09IM" + PLAIN[128:], "damaged: its version is b'.x00.tIM'"),
        (PLAIN[:128] + bytes(8), "damaged: byte 128: an element of type 0; expected 14 or 15"),
        (PACKED[:136] + bytes(len(PACKED) - 136), "damaged: "),
        (
            written({"other": np.zeros((3, 2)), "info": "x"}),
            r"no column of it is asked for; it has info, other",
        ),
    ],
    ids=[*range(14)],
)
def test_what_is_no_matlab_file_is_refused_in_one_line(trial, content, message):
    assert re.search(f"^31_shaken.mat: .*{message}", trial.refusal(content))


def packed(element):
    """One packed variable as a file has it."""
    body = zlib.compress(element)
    return struct.pack("<II", 15, len(body)) + body


def test_a_packed_variable_holds_one_variable_and_nothing_packed():
    inner = packed(PLAIN[128:])
    for body in (inner, PLAIN[128:] + bytes(8), b""):
        with pytest.raises(LogError, match="a.mat: the MATLAB file is damaged: byte 128: "):
            read_variables(PLAIN[:128] + packed(body), "a.mat", {"t"})


def test_more_than_memory_should_hold_is_refused_before_it_is_unpacked(monkeypatch):
    content = written({"t": np.zeros((100_000, 1))}, do_compression=True)
    assert len(content) < 2_000
    monkeypatch.setattr(mat5, "MAX_BYTES", 100_000)
    with pytest.raises(LogError, match="a.mat: expected at most 100000 bytes in 10000 variables"):
        read_variables(content, "a.mat", {"t"})
    monkeypatch.setattr(mat5, "MAX_BYTES", 1_000_000)
    assert len(read_variables(content, "a.mat", {"t"}).columns["t"]) == 100_000
    monkeypatch.setattr(mat, "MAX_ROWS", 99_999)
    with pytest.raises(LogError, match="'t' is 100000 x 1; expected at most 99999 rows"):
        read_variables(content, "a.mat", {"t"})


def big(*parts):
    """A variable of a big-endian file; parts are types and bytes."""
    body = b"".join(
        struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8) for kind, data in parts
    )
    return struct.pack(">II", 14, len(body)) + body


def test_the_other_byte_order_and_what_other_tools_write():
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    flags, sizes = struct.pack(">II", 6, 0), struct.pack(">ii", 2, 2)
    # [1 2; 300 4] of class double, kept as int16 column by column; name in UTF-8, sizes unsigned
    short = big((6, flags), (6, sizes), (16, b"x"), (3, struct.pack(">4h", 1, 300, 2, 4)))
    # name and one number in their tags: [7] of class int8
    small = struct.pack(">II", 6, 8) + struct.pack(">II", 8, 0) + struct.pack(">IIii", 5, 8, 1, 1)
    small += struct.pack(">HH4sHH4s", 1, 1, b"k", 1, 1, b"\x07")
    small = struct.pack(">II", 14, len(small)) + small
    opaque = big((6, struct.pack(">II", 17, 0)), (1, b"table"), (1, b"MCOS"))  # has no sizes
    found = read_variables(head + short + small + opaque, "a.mat", {"x[0]", "x[1]"})
    assert {name: cells.tolist() for name, cells in found.columns.items()} == {
        "x[0]": [1, 300],
        "x[1]": [2, 4],
    }
    assert found.fields == {"k": 7} and found.unread == ("k", "table")


@pytest.mark.parametrize("name", [b"a\nb", b"x" * 201, b"a\x00"])
def test_a_name_that_no_message_could_hold_is_refused(name):
    other = big((6, struct.pack(">II", 6, 0)), (5, struct.pack(">ii", 1, 1)), (1, name), (9, bytes(8)))
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    with pytest.raises(LogError, match="^a.mat: .* damaged: byte 128: a variable without a proper name$"):
        read_variables(head + other, "a.mat", {"t"})


@pytest.mark.parametrize("kind", [0, 8, 11, 200])
def test_numbers_of_an_unknown_type_are_refused(kind):
    """These bytes end a process that calls scipy.io.loadmat."""
    place = PLAIN.index(struct.pack("<II", 9, 8 * ROWS))  # doubles of t
    with pytest.raises(
        LogError, match=f"a.mat: .* damaged: variable 't' is stored in an unknown type {kind}"
    ):
        read_variables(PLAIN[:place] + bytes([kind]) + PLAIN[place + 1 :], "a.mat", {"t"})


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_numbers_are_those_that_scipy_reads(data):
    kinds = st.sampled_from(["f4", "f8", "i1", "u2", "i4", "u8"])
    shapes = arrays(data.draw(kinds), st.tuples(st.integers(1, 9), st.integers(1, 3)))
    values = {name: data.draw(shapes) for name in ("x", "long_name")}
    content = written(values, do_compression=data.draw(st.booleans()))
    expected = loadmat(io.BytesIO(content))
    for variable in read_mat5(content, "a.mat"):
        np.testing.assert_array_equal(variable.array(), expected[variable.name])


def test_a_variable_that_is_there_twice_is_refused():
    with pytest.raises(LogError, match="a.mat: variable gyr, info, rate, t is there twice"):
        read_variables(PLAIN + PLAIN[128:], "a.mat", {"t"})


@pytest.mark.parametrize(
    "kind",
    ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "single", "double", "bool"],
)
def test_kinds_of_numbers_become_whole_numbers_or_real_ones(kind):
    dtype = np.dtype({"single": "float32", "double": "float64"}.get(kind, kind))
    cells = read_variables(written({"x": np.array([[0], [1], [1]], dtype)}), "a.mat", {"x"}).columns["x"]
    assert cells.dtype == (np.float64 if kind in ("uint64", "single", "double") else np.int64)
    assert numbers(cells).values[:, 0].tolist() == [0.0, 1.0, 1.0]


def test_a_column_is_named_by_its_place_and_a_row_vector_is_a_column():
    content = written({**WHOLE, "t": 0.01 * ROW.T})
    found = read_variables(content, "a.mat", {"gyr[2]", "gyr", "gyr[3]", "t", "t[0]", "nothing"})
    assert sorted(found.columns) == ["gyr[2]", "t", "t[0]"]
    assert found.columns["gyr[2]"].tolist() == WHOLE["gyr"][:, 2].tolist()
    assert found.columns["t"].tolist() == found.columns["t[0]"].tolist() == WHOLE["t"][:, 0].tolist()
    assert found.fields == {"rate": 200.0} and found.unread == ("rate", "info")
    assert read_variables(content, "a.mat", {"t"}).unread == ("gyr[0..2]", "rate", "info")


def test_a_number_of_a_file_is_a_constant_or_a_label_of_its_log(trial):
    trial.spec["constant"] = [{"name": "rate", "field": "sampling_rate", "unit": "1/s"}]
    trial.spec["label"].append({"name": "at", "field": "sampling_rate"})
    _, (log,) = trial.ingest()
    assert log.constant("rate") == 200.0 and log.labels["at"] == "200.0"


def test_stamps_may_be_a_column_of_a_matlab_file_too(trial):
    trial.table["stamp"] = {"column": "t", "unit": "ms"}
    trial.variables["t"] = np.arange(ROWS, dtype=np.int64)[:, None] * 7
    _, (log,) = trial.ingest()
    assert log.signal("movement").stamp_ns.tolist() == [7_000_000 * k for k in range(ROWS)]
    assert log.header.signals["movement"].clock.method == "stamps of the source, unchanged"


@pytest.mark.parametrize("stamp", [{"rate": 250, "unit": "Hz"}, {"rate": "about.rate", "unit": "Hz"}])
def test_rows_of_any_table_may_be_evenly_spaced(trial, stamp):
    trial.table |= {"file": "*.json", "format": "json", "rows": "rows", "stamp": stamp}
    trial.table["signal"] = [{"name": "base_position", "unit": "m", "columns": {"x": "x"}}]
    document = {"about": {"rate": 250}, "rows": [{"x": 1.0}, {"x": None}, {"x": 3.0}]}
    (trial.folder / "7.json").write_text(json.dumps(document))
    report = ingest([trial.folder], trial.load(), "imu_broad", "one", trial.root / "store")
    log = LogStore(trial.root / "store").load(report.logs[0].log_id)
    assert log.signal("base_position").stamp_ns.tolist() == [
        0,
        8_000_000,
    ]  # 1 / 250 Hz, the second row is lost


@pytest.mark.parametrize(
    ("stamp", "message"),
    [
        ({"unit": "Hz"}, "stamp: expected either 'column' or 'rate'"),
        ({"rate": 100, "column": "t", "unit": "Hz"}, "stamp: expected either 'column' or 'rate'"),
        (
            {"rate": 100, "unit": "s"},
            "stamp: unit is 's'; expected a unit of time for 'column', Hz for 'rate'",
        ),
        ({"column": "t", "unit": "Hz"}, "stamp: unit is 'Hz'; expected a unit of time for 'column'"),
        ({"rate": -5, "unit": "Hz"}, "stamp: rate is -5 Hz; expected above 0, at most 1e\\+09"),
        ({"rate": 100}, "stamp: key 'unit' is missing"),
    ],
)
def test_stamps_that_contradict_themselves_are_refused(trial, stamp, message):
    trial.table["stamp"] = stamp
    with pytest.raises(SpecError, match=message):
        trial.load()


def test_a_name_that_gives_no_label_costs_its_log_where_one_is_required(trial):
    reason = r"label trial: pattern '^\d+' finds nothing in the name 'shaken'"
    assert trial.refusal(name="shaken") == reason
    trial.spec["label"] = [{"name": "trial", "pattern": r"^\d*"}]
    _, (log,) = trial.ingest(name="shaken")
    assert log.labels == {}


def test_a_label_that_counts_needs_a_number_in_the_name(trial):
    trial.spec["label"] = [{"name": "block", "pattern": "^..", "every": 20}]
    assert "label block: pattern '^..' not a number: 'sh'; expected one to count by 20" in trial.refusal(
        name="shaken"
    )


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ({"pattern": "("}, "not a regular expression: "),
        ({"pattern": "a", "field": "b"}, "label x: expected either 'field', 'column' or 'pattern'"),
        ({}, "label x: expected either 'field', 'column' or 'pattern'"),
    ],
)
def test_labels_that_contradict_themselves_are_refused(trial, label, message):
    trial.spec["label"] = [{"name": "x", **label}]
    with pytest.raises(SpecError, match=message):
        trial.load()


def test_the_set_of_this_project_fits_its_robot():
    spec = load_spec("imu_broad")
    spec.check(load_robot("imu_broad"))
    assert spec.tables[0].format == "mat"


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.integers(0, max(len(PLAIN), len(PACKED)) - 1), st.integers(0, 255), st.booleans())
def test_a_damaged_byte_is_read_or_refused(packed, place, byte, cut):
    content = PACKED if packed else PLAIN
    content = content[:place] + bytes([byte]) + (b"" if cut else content[place + 1 :])
    try:
        found = read_variables(content, "a.mat", {"t", "gyr[0]", "info[0]"})
    except LogError as error:
        assert str(error).startswith("a.mat: ") and "\n" not in str(error)
        return
    assert all(len(cells) <= 2 * ROWS for cells in found.columns.values())
