"""A public set is found, or fetched from a real server on loopback and checked file by file."""

import functools
import hashlib
import http.server
import threading

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hybridsim import fetch, resources
from hybridsim.errors import ResourceError

FILES = {"swing/control.csv": b"t,u\n0,1\n", "swing/state.csv": b"t,q\n0,2\n", "still/control.csv": b""}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def upstream(tmp_path, monkeypatch):
    """A server of FILES, a manifest named `toy` for them, and a cache folder; no real logs in sight."""
    served = tmp_path / "upstream"
    for name, content in FILES.items():
        (served / name).parent.mkdir(parents=True, exist_ok=True)
        (served / name).write_bytes(content)
    write_manifest(tmp_path, FILES)
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(served))
    )
    server.asked = []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setattr(resources, "ROOTS", (tmp_path,))
    monkeypatch.setattr(resources, "data_roots", lambda: [tmp_path / "shared"])
    monkeypatch.setenv("HYBRIDSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HYBRIDSIM_MIRROR", f"http://127.0.0.1:{server.server_port}/")
    server.folder = served
    yield server
    server.shutdown()
    server.server_close()


def entries(files):
    return {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    }


def manifest(**changes):
    return {
        "schema": 1,
        "name": "toy",
        "description": "made up",
        "robot": "toy",
        "serial": "one",
        "repository": "https://example.org/toy",
        "commit": "0" * 40,
        "url": "https://example.org/{commit}",
        "licence": "Apache-2.0",
        "verified": "by this test",
        "files": entries(FILES),
    } | changes


def write_manifest(root, files, **changes):
    (root / "data" / "toy").mkdir(parents=True, exist_ok=True)
    (root / "data" / "README.md").touch()
    text = tomli_w.dumps(manifest(files=entries(files), **changes))
    (root / "data" / "toy" / "manifest.toml").write_text(text)


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_set_is_fetched_whole_and_only_once(upstream, tmp_path):
    seen = []
    folder = fetch.fetch("toy", progress=lambda *pair: seen.append(pair))
    assert folder == tmp_path / "cache" / "toy-000000000000"
    assert contents(folder) == FILES
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert len(upstream.asked) == 3
    assert fetch.fetch("toy") == folder
    assert len(upstream.asked) == 3


def test_what_is_on_this_machine_is_preferred(upstream, tmp_path):
    for name, content in FILES.items():
        (tmp_path / "shared" / "toy" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shared" / "toy" / name).write_bytes(content)
    assert fetch.fetch("toy") == tmp_path / "shared" / "toy"
    (tmp_path / "shared" / "toy" / "swing/state.csv").write_bytes(b"t,q\n0,3\n")
    assert fetch.fetch("toy") == tmp_path / "cache" / "toy-000000000000"


@pytest.mark.parametrize("content", [b"t,q\n0,3\n", b"", b"x" * 200_000], ids=["flipped", "short", "endless"])
def test_a_wrong_file_is_refused_and_not_kept(upstream, tmp_path, content):
    (upstream.folder / "swing/state.csv").write_bytes(content)
    with pytest.raises(
        ResourceError, match=r"swing/state\.csv is not what the manifest says; expected 8 bytes"
    ):
        fetch.fetch("toy")
    kept = contents(tmp_path / "cache")
    assert set(kept) <= {f"toy-000000000000.partial/{name}" for name in FILES if name != "swing/state.csv"}
    assert all(FILES[name.partition("/")[2]] == content for name, content in kept.items())


def test_the_next_attempt_goes_on_where_the_last_one_stopped(upstream, tmp_path):
    whole = (upstream.folder / "swing/state.csv").read_bytes()
    (upstream.folder / "swing/state.csv").unlink()
    with pytest.raises(ResourceError, match=r"answered 404 .*; run it again to go on"):
        fetch.fetch("toy")
    assert not (tmp_path / "cache" / "toy-000000000000").exists()
    (upstream.folder / "swing/state.csv").write_bytes(whole)
    assert contents(fetch.fetch("toy")) == FILES
    assert upstream.asked.count("/swing/control.csv") == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["toy-000000000000"]


def test_a_damaged_cache_is_mended(upstream):
    folder = fetch.fetch("toy")
    (folder / "swing/control.csv").write_bytes(b"damaged!")
    assert contents(fetch.fetch("toy")) == FILES
    assert len(upstream.asked) == 4


def test_no_server_is_one_clear_line(upstream, monkeypatch):
    upstream.shutdown()
    upstream.server_close()
    with pytest.raises(
        ResourceError, match=r"^data get toy: http://127.0.0.1:\d+/swing/control.csv: no connection"
    ):
        fetch.fetch("toy")


def test_an_unknown_set_lists_the_known_ones(upstream):
    with pytest.raises(ResourceError, match="no set 'so102'; available: toy"):
        fetch.fetch("so102")


@pytest.mark.parametrize(
    ("text", "message"),
    [("schema = ", "Invalid value"), ("schema = 1", "name"), ("\x00", "Invalid statement")],
)
def test_a_broken_manifest_is_named(upstream, tmp_path, text, message):
    (tmp_path / "data" / "toy" / "manifest.toml").write_text(text)
    with pytest.raises(ResourceError, match=f"manifest.toml: .*{message}"):
        fetch.fetch("toy")


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"url": "http://example.org"},
        {"commit": "main"},
        {"name": "../toy"},
        {"files": {}},
        {"files": {"a": {"bytes": 2**40, "sha256": "0" * 64}}},
        {"files": {"a": {"bytes": 1, "sha256": "0" * 63}}},
        {"files": {"a": {"bytes": 1, "sha256": "0" * 64, "url": "file:///etc/passwd"}}},
        *(
            {"files": {name: {"bytes": 1, "sha256": "0" * 64}}}
            for name in ("../a", "/a", "a/../../b", "a\\b", "a//b", ".", "a\0")
        ),
    ],
)
def test_a_manifest_cannot_ask_for_harm(changes):
    fetch.Manifest.model_validate(manifest())
    with pytest.raises(ValidationError):
        fetch.Manifest.model_validate(manifest(**changes))


@given(st.text(max_size=40))
def test_a_file_name_never_leaves_its_folder(tmp_path_factory, name):
    try:
        fetch.Manifest.model_validate(manifest(files={name: {"bytes": 1, "sha256": "0" * 64}}))
    except ValidationError:
        return
    root = tmp_path_factory.getbasetemp().resolve()
    assert (root / name).is_relative_to(root)
    assert ".." not in (root / name).parts


def test_a_set_without_an_address_says_where_it_is_expected(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "data_roots", list)
    monkeypatch.setenv("HYBRIDSIM_CACHE", str(tmp_path))
    monkeypatch.delenv("HYBRIDSIM_MIRROR", raising=False)
    with pytest.raises(
        ResourceError,
        match=r"tosses.parquet has no public address: .*expected it in \$HYBRIDSIM_DATA/cube_tosses",
    ):
        fetch.fetch("cube_tosses")


def test_the_tosses_are_the_set_we_have(shared_data):
    if not (shared_data / "cube_tosses").is_dir():
        pytest.skip("no cube_tosses among the real logs")
    assert fetch.fetch("cube_tosses") == shared_data / "cube_tosses"


def test_the_published_manifest_is_the_set_we_have(shared_data):
    assert fetch.problems(fetch.load_manifest("so101"), shared_data / "so101") == []


def test_a_set_may_lie_in_a_folder_of_another_name(shared_data):
    assert fetch.fetch("ur10") == shared_data / "bags" / "ur10"
