"""One file that holds many logs: rows apart by a column's value, a broken one costing itself only."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tomli_w

from hybridsim.errors import SpecError
from hybridsim.ingest.inspect import inspect_path
from hybridsim.ingest.run import ingest
from hybridsim.ingest.spec import load_spec
from hybridsim.log import LogStore

ROWS = 6
HALF = np.sqrt(0.5)


class Tosses:
    """Tosses 0 to 4 of six rows, 10 ms apart, x = toss + 0.1 row; 3 is a copy of 1."""

    def __init__(self, root):
        self.root = root
        self.folder = root / "tosses"
        self.folder.mkdir()
        toss, row = np.repeat(np.arange(5), ROWS), np.tile(np.arange(ROWS), 5)
        zero = np.zeros(len(toss))
        self.columns = {
            "toss": toss, "group": np.where(toss == 3, 1, toss), "mass_g": zero + 370.0, "t": 0.01 * row,
            "x": toss + 0.1 * row, "y": zero, "z": zero + 0.5, "unused": zero,
            "qw": zero + HALF, "qx": zero, "qy": zero, "qz": zero + HALF,
        }  # fmt: skip
        self.spec = {
            "schema": 1, "set": "throws", "robots": ["cube"], "one_log_per": "value", "value_of": "toss",
            "label": [
                {"name": "group", "column": "group", "required": True},
                {"name": "block", "column": "toss", "every": 2},
            ],
            "constant": [{"name": "body_mass", "column": "mass_g", "unit": "g"}],
            "table": [{
                "file": "all.*", "format": "parquet", "stamp": {"column": "t", "unit": "s"},
                "signal": [
                    {"name": "base_position", "unit": "m", "frame": "world",
                     "columns": {k: k for k in "xyz"}},
                    {"name": "base_orientation", "unit": "1", "columns": {k: f"q{k}" for k in "wxyz"}},
                ],
            }],
        }  # fmt: skip

    @property
    def path(self):
        return self.folder / f"all.{self.spec['table'][0]['format']}"

    def write(self):
        if self.spec["table"][0]["format"] == "parquet":
            pq.write_table(pa.table(self.columns), self.path)
            return
        lists = [np.asarray(column).tolist() for column in self.columns.values()]
        rows = [
            ",".join("" if cell is None else str(cell) for cell in row) for row in zip(*lists, strict=True)
        ]
        self.path.write_text("\n".join([",".join(self.columns), *rows]) + "\n")

    def load(self):
        (self.root / "ingest.toml").write_text(tomli_w.dumps(self.spec))
        return load_spec(self.root / "ingest.toml")

    def ingest(self, write=True, store="store", **options):
        """The report, and the logs by name."""
        if write:
            self.write()
        logs = LogStore(self.root / store)
        report = ingest([self.folder], self.load(), "cube", "one", logs, **options)
        return report, {log.name: log for log in map(logs.load, logs.ids())}

    def refused(self, write=True):
        """What was refused, source by source."""
        report, logs = self.ingest(write)
        assert all("\n" not in entry.reason for entry in report.refused)
        return {entry.source: entry.reason for entry in report.refused}, sorted(logs)


@pytest.fixture
def tosses(tmp_path):
    return Tosses(tmp_path)


NAMES = [f"all/{k}" for k in range(5)]


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_every_value_is_a_log_of_its_rows_only(tosses, form):
    tosses.spec["table"][0]["format"] = form
    report, logs = tosses.ingest()
    assert report.refused == () and sorted(logs) == NAMES
    log = logs["all/3"]
    np.testing.assert_array_equal(log.signal("base_position").column("x"), 3 + 0.1 * np.arange(ROWS))
    assert log.signal("base_position").stamp_ns.tolist() == [k * 10_000_000 for k in range(ROWS)]
    assert log.signal("base_position").frame == "world"
    assert log.labels == {"group": "1", "block": "1"}
    assert log.constant("body_mass") == pytest.approx(0.37)
    (source,) = log.header.sources
    assert (source.path, source.bytes) == (tosses.path.name, tosses.path.stat().st_size)
    assert [logs[name].labels["block"] for name in NAMES] == ["0", "0", "1", "1", "2"]
    assert report.logs[3].source == f"tosses/{tosses.path.name} toss 3"


def test_quaternions_come_out_xyzw_whatever_the_order_of_the_columns(tosses):
    _, logs = tosses.ingest()
    orientation = logs["all/0"].signal("base_orientation")
    assert orientation.components == ("x", "y", "z", "w")
    np.testing.assert_array_equal(orientation.values[0], [0, 0, HALF, HALF])


def test_the_same_numbers_are_the_same_logs_in_every_format(tosses):
    parquet = [entry.log_id for entry in tosses.ingest()[0].logs]
    tosses.path.unlink()
    tosses.spec["table"][0]["format"] = "csv"
    report, _ = tosses.ingest(store="other")
    assert [entry.log_id for entry in report.logs] == parquet


def test_ingesting_again_reads_nothing_again(tosses, monkeypatch):
    first, _ = tosses.ingest()
    monkeypatch.setattr("hybridsim.ingest.job.draft_of", None)  # whoever calls it fails
    again, _ = tosses.ingest(write=False)
    assert again.created == 0 and [e.log_id for e in again.logs] == [e.log_id for e in first.logs]


def test_one_row_more_makes_one_log_anew(tosses):
    tosses.ingest()
    for name, cells in tosses.columns.items():
        tosses.columns[name] = np.append(cells, 0.06 if name == "t" else cells[-1])
    report, _ = tosses.ingest()
    assert [entry.created for entry in report.logs] == [False] * 4 + [True]


def test_shares_in_processes_give_the_same_logs(tosses, monkeypatch):
    alone = [(entry.source, entry.log_id) for entry in tosses.ingest()[0].logs]
    monkeypatch.setattr("hybridsim.ingest.sources.SHARE_BYTES", 2000)
    monkeypatch.setattr("hybridsim.ingest.run.PARALLEL_MANY_BYTES", 0)
    report, _ = tosses.ingest(store="other", engine="loky")
    assert report.refused == () and [(entry.source, entry.log_id) for entry in report.logs] == alone


def test_a_broken_file_is_refused_once_and_not_once_a_share(tosses, monkeypatch):
    monkeypatch.setattr("hybridsim.ingest.sources.SHARE_BYTES", 1000)
    tosses.write()
    content = tosses.path.read_bytes()
    tosses.path.write_bytes(content[:-6])
    assert len(content) > 2000
    refused, _ = tosses.refused(write=False)
    assert list(refused) == ["tosses/all.parquet"] and "cut short" in refused["tosses/all.parquet"]


def toss_of_one_row(tosses):
    keep = np.ones(5 * ROWS, bool)
    keep[2 * ROWS + 1 : 3 * ROWS] = False
    tosses.columns = {name: np.asarray(cells)[keep] for name, cells in tosses.columns.items()}


def group_that_changes(tosses):
    tosses.columns["group"][2 * ROWS + 3] = 7


def group_with_a_gap(tosses):
    tosses.columns["group"] = tosses.columns["group"].astype(object)
    tosses.columns["group"][2 * ROWS + 3] = None


def quaternions_of_no_length(tosses):
    tosses.columns["qw"][2 * ROWS : 3 * ROWS] = 0.0


@pytest.mark.parametrize(
    ("breakage", "reason"),
    [
        (toss_of_one_row, "fewer than two rows of base_position can be used: the file has 1 rows"),
        (group_that_changes, "column 'group' holds 2, 7; expected one value in all rows of a log"),
        (group_with_a_gap, "column 'group' holds 2, no value; expected one value in all rows of a log"),
        (quaternions_of_no_length, "base_orientation can be used: 6 rows: quaternion is not of length 1"),
    ],
)
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_bad_toss_costs_that_toss(tosses, breakage, reason, form):
    tosses.spec["table"][0]["format"] = form
    breakage(tosses)
    refused, logs = tosses.refused()
    assert list(refused) == [f"tosses/{tosses.path.name} toss 2"] and reason in next(iter(refused.values()))
    assert logs == ["all/0", "all/1", "all/3", "all/4"]


def test_rows_of_no_toss_are_counted_and_the_tosses_are_read(tosses):
    toss = tosses.columns["toss"].astype(float)
    toss[[0, 7, 8, 9]] = np.nan
    tosses.columns["toss"] = toss
    refused, logs = tosses.refused()
    assert refused == {"tosses/all.parquet": "4 rows belong to no log: no toss (row 1, 8, 9, ...)"}
    assert logs == NAMES  # 1.0 is toss 1


def test_a_bad_row_costs_that_row(tosses):
    tosses.columns["x"][4 * ROWS + 2] = np.nan
    tosses.columns["qw"][4 * ROWS + 1] *= 1.01
    _, logs = tosses.ingest()
    signals = logs["all/4"].header.signals
    assert [(r.reason, r.rows) for r in signals["base_position"].refused] == [("nan or infinite", (27,))]
    assert [(r.reason, r.rows) for r in signals["base_orientation"].refused] == [
        ("quaternion is not of length 1", (26,))
    ]
    assert not logs["all/3"].header.signals["base_position"].refused


def test_a_quaternion_nearly_of_length_1_is_made_so(tosses):
    for name in ("qw", "qz"):
        tosses.columns[name] = np.round(tosses.columns[name], 3)  # 0.707: length 0.99985
    _, logs = tosses.ingest()
    values = logs["all/0"].signal("base_orientation").values
    np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1.0, rtol=1e-15)


def test_texts_name_logs_too_and_odd_ones_are_refused(tosses):
    words = np.array(["left", "right", "", "a\tb", "w" * 100], dtype=object)
    tosses.columns["toss"] = words[tosses.columns["toss"]]
    tosses.spec["label"] = []
    report, logs = tosses.ingest()
    assert sorted(logs) == ["all/left", "all/right"]
    reasons = sorted(entry.reason for entry in report.refused)
    assert reasons[0] == "6 rows belong to no log: no toss (row 13, 14, 15, ...)"
    assert reasons[1].startswith(r"toss 'a\tb' cannot name a log; expected at most 80 printable characters")
    assert reasons[2].startswith("toss 'wwww") and len(reasons) == 3


def test_a_stretch_of_words_cannot_be_counted(tosses):
    tosses.columns["toss"] = np.array(list("abcde"), dtype=object)[tosses.columns["toss"]]
    refused, logs = tosses.refused()
    assert logs == [] and len(refused) == 5
    assert (
        refused["tosses/all.parquet toss a"] == "column 'toss' not a number: 'a'; expected one to count by 2"
    )


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("toss", "all.parquet: no column 'toss'; it has "),
        ("group", "all.parquet: no column 'group'; it has "),
        ("mass_g", "all.parquet: no column 'mass_g'; it has "),
        ("x", "all.parquet: no column 'x'; it has "),
        ("t", "all.parquet: no column 't'; it has "),
    ],
)
def test_a_missing_column_is_named_with_those_there_are(tosses, column, reason):
    del tosses.columns[column]
    refused, logs = tosses.refused()
    assert logs == [] and refused
    for line in refused.values():
        assert line.startswith(reason) and "unused" in line and f" {column}," not in line


def without_value_of(spec):
    del spec["value_of"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_value_of, "one_log_per is 'value' without value_of; expected value_of = '<column>'"),
        (lambda s: s.update(one_log_per="file"), "one_log_per is 'file' with value_of"),
        (lambda s: s["table"].append(s["table"][0]), "one_log_per is 'value' with 2 tables; expected one"),
        (
            lambda s: s["label"][0].update(field="group"),
            "label group: expected either 'field', 'column' or 'pattern'",
        ),
        (lambda s: s["label"][1].update(every=0), r"label\[1\].every: input should be greater"),
        (lambda s: s["constant"][0].update(value=1.0), "expected either 'field', 'column' or 'value'"),
        (
            lambda s: s["table"][0]["signal"][1].update(columns={"a": "qx", "y": "qy", "z": "qz", "w": "qw"}),
            "signal base_orientation: components a, y, z, w; expected x, y, z, w",
        ),
    ],
)
def test_a_specification_that_contradicts_itself_is_refused(tosses, change, message):
    change(tosses.spec)
    with pytest.raises(SpecError, match=message):
        tosses.load()


def test_inspect_shows_every_log_of_the_file(tosses):
    toss_of_one_row(tosses)
    tosses.write()
    tosses.load()
    sheet = inspect_path(tosses.folder, tosses.root / "ingest.toml")
    assert dict(sheet.facts)["logs"].startswith("4, ")
    assert any("toss 2: all.parquet: fewer than two rows" in line for line in sheet.problems)
