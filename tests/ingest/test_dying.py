"""A recording that takes its process along costs that recording."""

import os

import pytest

from hybridsim.ingest import run


def deadly(job, tell=None):
    """What ingestion does with a recording, but for one that kills whoever reads it."""
    if job.source.name == "deadly":
        os._exit(1)
    from hybridsim.ingest.job import run_job

    return run_job(job, tell)


@pytest.fixture
def with_a_deadly_one(arm, monkeypatch):
    arm.write()
    other = arm.root / "deadly"
    other.mkdir()
    for file in arm.folder.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(run, "_work", deadly)
    monkeypatch.setattr(run, "PARALLEL_BYTES", 0)
    return arm


def test_the_others_go_in_and_the_deadly_one_is_named(with_a_deadly_one):
    report, logs = with_a_deadly_one.ingest(write=False, engine="loky")
    assert [log.name for log in logs] == ["wave"]
    (refused,) = report.refused
    assert refused.source == "recordings/deadly"
    assert refused.reason == "the process that read it died, most often for lack of memory"
