"""Networks that units share: better on a unit that never taught, and only then kept. Synthetic."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.context.individual import calibration_of
from hybridsim.demo.units import drawn_unit
from hybridsim.fleet.bench import Basis, logs_of
from hybridsim.fleet.gate import replayed
from hybridsim.fleet.sharing import RunJob, _spread, free_runs, shared
from hybridsim.learn.residual import spec_of
from tests.context.made import DEMO, around, reference
from tests.fleet.arms import of_unit, record

UNITS = ("u0", "u1", "u2", "u3")
STRANGER = "u4"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Basis, logs and contexts of five units whose drives, but not whose cogging, are known."""
    root = tmp_path_factory.mktemp("sharing")
    shorter = (DEMO / "study.toml").read_text().replace("members = 3", "members = 2")
    basis = Basis(DEMO / "arm", reference(shorter).save(root / "reference"))
    space, logs, beliefs = basis.bench().space, {}, {}
    for number, serial in enumerate((*UNITS, STRANGER)):
        truth = replace(drawn_unit(3, number), bias={})
        record(root / serial, serial, number, range(4), truth)
        logs[serial] = of_unit(root / serial, serial)
        known = {**basis.bench().reference.values(), **truth.values()}
        beliefs[serial] = around(space.point(known), 0.1)
    return basis, logs, beliefs


def test_what_all_units_leave_over_is_learned_and_true_of_another(made, tmp_path):
    basis, logs, beliefs = made
    better = shared(basis, {u: logs[u] for u in UNITS}, beliefs, engine="serial")
    assert better is not None
    assert better.record.lineage.parent == basis.bench().reference.id
    taught = {log.log_id: log.split for log in better.record.lineage.logs}
    assert taught == {p.name: "validation" if u == "u3" else "train" for u in UNITS for p in logs[u]}
    assert any(gate.ships for gate in better.record.gates.values())
    new = Basis(basis.robot, better.save(tmp_path))
    bench, judge = new.bench(), logs_of(logs[STRANGER])
    errors = []
    for own in (basis.bench(), bench):
        mine = calibration_of(own.reference, own.space, beliefs[STRANGER], serial=STRANGER, logs=judge)
        errors.append(replayed(own, mine.save(tmp_path / "own"), judge))
    assert errors[1].error.mean() < 0.95 * errors[0].error.mean()
    assert 0.7 < errors[1].coverage < 1.0
    assert shared(new, {u: logs[u] for u in UNITS}, beliefs, engine="serial") is None  # no better than these


def test_too_few_units_keep_the_references_networks(made):
    basis, logs, beliefs = made
    assert shared(basis, {u: logs[u] for u in UNITS[:3]}, beliefs, engine="serial") is None


def test_free_runs_have_the_units_own_context(made):
    basis, logs, beliefs = made
    bench = basis.bench()
    spec = spec_of(bench.robot, bench.study.learn, 1e-3)
    left = []
    for belief in (beliefs["u0"], beliefs["u1"]):
        job = RunJob(basis=basis, serial="u0", logs=logs["u0"][:1], belief=belief, spec=spec)
        left.append(np.nanmean(np.abs(free_runs(job).left)))
    assert left[0] < 0.5 * left[1]


def test_the_memory_of_logs_reaches_from_old_to_new():
    logs = [f"{n}" for n in range(10)]
    assert _spread(logs, 4) == ["0", "3", "6", "9"]
    assert _spread(logs[:3], 4) == ["0", "1", "2"]
    assert _spread(logs, 1) == ["0"]
