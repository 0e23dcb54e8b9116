"""A fleet's artefacts in S3, against moto's server: what is kept, cut, put by two at once, or wrong."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fsspec.implementations.dirfs import DirFileSystem

from hybridsim.calibration import Calibration
from hybridsim.cli import main
from hybridsim.errors import FleetError
from hybridsim.fleet.artefacts import Artefacts
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.place import Place
from hybridsim.log import LogStore, read_log
from tests.fleet.buckets import SECRET
from tests.fleet.test_commands import log

STEPS = 3
"""Of a log's put: its signal, log.json, whole.json."""


@pytest.fixture
def kept(tmp_path):
    """A log of a store."""
    store = LogStore(tmp_path / "logs")
    return store.root / store.add(log())[0]


@pytest.fixture
def fleet(bucket, tmp_path):
    folder = tmp_path / "fleet"
    assert typed("init", "--robot", "xl330_pendulum", "--artefacts", bucket.url, fleet=folder) == 0
    return folder


def typed(*words, fleet):
    return main.run(["fleet", *map(str, words), "--fleet", str(fleet)])


def in_a_process(*words, first=""):
    """The same as someone types it, after a line of Python."""
    program = f"import sys; {first}; from hybridsim.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, timeout=120
    )


def before_each_step(monkeypatch, act):
    """Calls act(n) before the n-th file goes to storage, from 0; those of `act` itself do not count."""
    seen, busy = [], []

    def counted(put):
        def step(self, *words, **options):
            if not busy:
                busy.append(True)
                try:
                    act(len(seen))
                finally:
                    busy.clear()
                seen.append(words)
            return put(self, *words, **options)

        return step

    for name in ("put_file", "pipe_file"):
        monkeypatch.setattr(DirFileSystem, name, counted(getattr(DirFileSystem, name)))
    return seen


def files_of(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_logs_and_calibrations_go_to_a_bucket_and_come_back(
    fleet, bucket, kept, tmp_path, capsys, monkeypatch
):
    assert typed("ingest", kept.parent, "--enrol", fleet=fleet) == 0
    assert typed("promote", "xl330_pendulum", fleet=fleet) == 0
    elsewhere = Artefacts(bucket.url, tmp_path / "elsewhere")
    found = elsewhere.folder("logs", kept.name)
    assert found == tmp_path / "elsewhere" / "logs" / kept.name
    assert files_of(found) == files_of(kept) and read_log(found).log_id == kept.name
    opened = Fleet.open(fleet)
    (standing,) = opened.registry.status()
    opened.close()
    assert standing.calibration is not None
    assert Calibration.load(elsewhere.folder("calibrations", standing.calibration)).id == standing.calibration
    assert (fleet / "fleet.toml").read_text().count(bucket.url) == 1
    assert not any(SECRET.encode() in path.read_bytes() for path in fleet.rglob("*") if path.is_file())


def test_the_same_log_twice_is_stored_once(fleet, bucket, kept, capsys, monkeypatch):
    assert typed("ingest", kept.parent, "--enrol", fleet=fleet) == 0
    before = bucket.content()
    (version,) = {key.split("/")[2] for key in before if key.endswith("/log.json")}
    names = sorted(f"logs/{kept.name}/{version}/{name}" for name in files_of(kept))
    assert sorted(before) == ["ABOUT.txt", *names, f"logs/{kept.name}/whole.json"]
    seen = before_each_step(monkeypatch, lambda n: None)
    assert typed("ingest", kept.parent, fleet=fleet) == 0
    assert "0 new logs, 1 that were there already" in capsys.readouterr().out
    assert typed("init", "--robot", "xl330_pendulum", "--artefacts", bucket.url, fleet=fleet) == 0
    assert not seen and bucket.content() == before


@pytest.mark.parametrize("cut", range(STEPS))
def test_a_put_that_fails_on_the_way_is_not_there(fleet, bucket, kept, capsys, monkeypatch, cut):
    def act(n):
        if n == cut:
            raise OSError(f"connection lost at {n}")

    with monkeypatch.context() as patch:
        before_each_step(patch, act)
        assert typed("ingest", kept.parent, "--enrol", fleet=fleet) == 1
    error = capsys.readouterr().err
    assert f"connection lost at {cut}" in error and len(error.splitlines()) == 1
    assert len(bucket.content("logs")) == cut
    opened = Fleet.open(fleet)
    assert not opened.artefacts.has("logs", kept.name) and not opened.registry.logs()
    with pytest.raises(FleetError, match="was it removed?"):
        opened.artefacts.folder("logs", kept.name)
    opened.take([kept])
    assert files_of(opened.artefacts.folder("logs", kept.name)) == files_of(kept)
    opened.close()


KILLED = """
import os, signal, sys
from fsspec.implementations.dirfs import DirFileSystem
DirFileSystem.pipe_file = lambda *words: os.kill(os.getpid(), signal.SIGKILL)
from hybridsim.fleet.fleet import Fleet
from pathlib import Path
Fleet.open(Path(sys.argv[1])).take([Path(sys.argv[2])], enrol=True)
"""


def test_a_writer_killed_before_its_last_word_leaves_nothing_that_looks_whole(fleet, bucket, kept):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(fleet), str(kept)], timeout=120)
    assert killed.returncode == -9 and len(bucket.content("logs")) == STEPS - 1
    opened = Fleet.open(fleet)
    assert not opened.artefacts.has("logs", kept.name) and not opened.registry.logs()
    (taken,), turned = opened.take([kept])
    assert taken.new and not turned
    assert read_log(opened.artefacts.folder("logs", kept.name)).log_id == kept.name
    opened.close()


@pytest.mark.parametrize("same", [True, False], ids=["same bytes", "other bytes"])
@pytest.mark.parametrize("at", range(STEPS))
def test_two_writers_of_one_log_do_no_harm(bucket, kept, tmp_path, monkeypatch, same, at):
    """The second does all of its work between two steps of the first; a name changes bytes, not the id."""
    other = LogStore(tmp_path / "other")
    twin = other.root / other.add(log() if same else replace(log(), name="another"))[0]
    assert twin.name == kept.name and (files_of(twin) == files_of(kept)) is same
    second = Artefacts(bucket.url, tmp_path / "second")
    with monkeypatch.context() as patch:
        before_each_step(patch, lambda n: second.put("logs", twin.name, twin) if n == at else None)
        Artefacts(bucket.url, tmp_path / "first").put("logs", kept.name, kept)
    found = Artefacts(bucket.url, tmp_path / "third").folder("logs", kept.name)
    assert files_of(found) == files_of(kept) and read_log(found).log_id == kept.name
    assert len(bucket.content("logs")) == (STEPS if same else 2 * STEPS - 1)


def test_what_was_damaged_in_the_bucket_is_not_taken(bucket, kept, tmp_path):
    far = Artefacts(bucket.url, tmp_path / "cache")
    far.put("logs", kept.name, kept)
    (key,) = [key for key in bucket.content() if key.endswith(".parquet")]
    bucket.files.pipe_file(f"{bucket.name}/fleet/{key}", b"other bytes")
    with pytest.raises(
        FleetError, match=f"{key}: is damaged.*delete logs/{kept.name} there and add it again"
    ):
        far.folder("logs", kept.name)
    assert not list((tmp_path / "cache" / "logs").iterdir())
    bucket.files.rm(f"{bucket.name}/fleet/logs/{kept.name}", recursive=True)
    far.put("logs", kept.name, kept)
    assert files_of(far.folder("logs", kept.name)) == files_of(kept)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b'{"schema": 2, "files": {"log.json": "x"}}', "is of another layout; expected schema 1"),
        (b'{"schema": 1, "files": {"../../x": "%064d"}}' % 0, "is of another layout"),
        (b'{"schema": 1, "files": {}}', "is of another layout"),
        (b'{"schema": 1, "files": {"log', None),
    ],
)
def test_a_listing_that_is_cut_counts_as_none_and_one_that_does_not_fit_is_refused(
    bucket, kept, tmp_path, said, words
):
    far = Artefacts(bucket.url, tmp_path / "cache")
    bucket.files.pipe_file(f"{bucket.name}/fleet/logs/{kept.name}/whole.json", said)
    if words is None:
        assert not far.has("logs", kept.name)
        far.put("logs", kept.name, kept)
        assert far.has("logs", kept.name)
        return
    for ask in (lambda: far.has("logs", kept.name), lambda: far.folder("logs", kept.name)):
        with pytest.raises(FleetError, match=words):
            ask()


@pytest.mark.parametrize(
    ("variables", "url", "words"),
    [
        ({}, "s3://nobody-made-this/fleet", "The specified bucket does not exist"),
        ({}, "s3://", "names no place; expected one such as s3://bucket/fleet"),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, None, "expected AWS_ACCESS_KEY_ID and"),
        ({"AWS_SECRET_ACCESS_KEY": None}, None, "Partial credentials found"),
        ({"AWS_PROFILE": "nobody"}, None, "The config profile (nobody) could not be found"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, None, "AWS_ENDPOINT_URL says where the server is"),
        ({"AWS_ENDPOINT_URL": "127.0.0.1"}, None, "Invalid endpoint: 127.0.0.1"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_no_fleet(
    forgetful, tmp_path, capsys, monkeypatch, variables, url, words
):
    url = url or forgetful.url
    for name, value in variables.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    folder = tmp_path / "fleet"
    arguments = ("init", "--robot", "xl330_pendulum", "--artefacts", url)
    assert typed(*arguments, fleet=folder) == 1
    error = capsys.readouterr().err
    assert words in error and f"artefacts: {url}" in error and len(error.splitlines()) == 1
    assert not folder.exists()


def test_a_bucket_that_has_gone_turns_logs_away(fleet, bucket, kept, capsys):
    bucket.files.rm(bucket.name, recursive=True)
    assert typed("ingest", kept.parent, "--enrol", fleet=fleet) == 1
    error = capsys.readouterr().err
    assert "The specified bucket does not exist" in error and len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("sys.modules['s3fs'] = None", "pip install 'hybridsim[s3]'"),
        ("import os; del os.environ['AWS_ACCESS_KEY_ID']", "Unable to locate credentials"),
    ],
)
def test_a_process_says_one_line_and_no_more(bucket, tmp_path, first, words):
    folder = tmp_path / "fleet"
    arguments = ("fleet", "init", "--fleet", folder, "--robot", "xl330_pendulum", "--artefacts", bucket.url)
    done = in_a_process(*arguments, first=first)
    assert done.returncode == 1 and words in done.stderr and len(done.stderr.splitlines()) == 1
    assert not done.stdout and not folder.exists()


def test_a_mistake_of_ours_is_not_blamed_on_storage(bucket, tmp_path, monkeypatch):
    def act(n):
        raise TypeError("ours")

    before_each_step(monkeypatch, act)
    with pytest.raises(TypeError, match="ours"):
        Fleet.init(tmp_path / "fleet", Place(schema=1, robot="xl330_pendulum", artefacts=bucket.url))
