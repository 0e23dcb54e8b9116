"""Units that differ in what no parameter says: what their latent numbers are worth to one that is new.

    .venv/bin/python -m tests.benchmarks.fleet_latent --out DIR [--seed 41]

SYNTHETIC: twelve individuals of the demo's arm found a fleet on six logs of 30 s each. Beside what differs in
every fleet of hybridsim/demo/units.py, each unit's cogging is 0 to 4 times the demo's. Four more units are
told by one log each and replay their five others: by the reference that the fleet began with, by the networks
that all units share with the latent numbers at 0, and with them found. Mean absolute error [mrad].
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from hybridsim.context.belief import Belief
from hybridsim.context.individual import calibration_of
from hybridsim.demo.recorder import Recording
from hybridsim.demo.units import DAY_NS, drawn_unit
from hybridsim.fleet.bench import Basis, logs_of
from hybridsim.fleet.founding import found
from hybridsim.fleet.gate import replayed
from hybridsim.jobs import map_jobs
from hybridsim.robot import load_robot
from tests.context.made import DEMO, reference
from tests.fleet.arms import of_unit

FOUNDERS, NEW, LOGS, MOST = 12, 4, 6, 4.0
HELD = 1e-3
"""Standard deviation of latent numbers that are to stay 0."""


def record(job):
    """One unit's logs, as a list of folders."""
    out, seed, unit = job
    random, truth = np.random.default_rng([seed, 7, unit]), drawn_unit(seed, unit)
    truth = replace(truth, cogging={j: a * random.uniform(0.0, MOST) for j, a in truth.cogging.items()})
    store = out / "logs" / f"arm-{unit:02d}"
    Recording(
        robot=load_robot(DEMO / "arm"), truth=truth, seed=1000 * seed + unit, duration=30.0, timestep=1e-3,
        unit=store.name, apart_ns=DAY_NS,
    ).record(store, range(LOGS))  # fmt: skip
    return of_unit(store, store.name)


def errors(basis, prior, noise, logs, out):
    """Of a new unit's other logs, told by the first from a prior [mrad]."""
    bench, first, rest = basis.bench(), logs_of(logs[:1]), logs_of(logs[1:])
    belief = bench.told(prior, first, noise)
    own = calibration_of(bench.reference, bench.space, belief, serial="new", logs=first)
    return 1e3 * replayed(bench, own.save(out), rest).error.mean()


def narrowed(prior, space):
    """The same prior where latent numbers stay at 0."""
    latent = np.array([entry in space.latent for entry in space.entries])
    return Belief(
        mean=np.where(latent, 0.0, prior.mean), precision=prior.precision + np.diag(latent / HELD**2)
    )


def main():
    """A line a new unit, then ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=41)
    words = parser.parse_args()
    logs = map_jobs(record, [(words.out, words.seed, unit) for unit in range(FOUNDERS + NEW)])
    before = Basis(DEMO / "arm", reference().save(words.out / "reference"))
    kept = []

    def keep(calibration):
        kept.append(calibration.save(words.out / "shared"))
        return kept[-1]

    population = found(before, {f"arm-{u:02d}": logs[u] for u in range(FOUNDERS)}, keep)
    after = replace(before, reference=kept[-1])
    space, prior, noise = after.bench().space, population.prior(), population.noise()
    print("latent numbers:", ", ".join(entry.parameter.name for entry in space.latent) or "none")
    count = len(before.bench().space)
    plain = Belief(mean=prior.mean[:count], precision=np.linalg.inv(prior.covariance[:count, :count]))
    rows = []
    for own in logs[FOUNDERS:]:
        rows.append(
            (
                errors(before, plain, replace(noise, wander=noise.wander[:count]), own, words.out / "own"),
                errors(after, narrowed(prior, space), noise, own, words.out / "own"),
                errors(after, prior, noise, own, words.out / "own"),
            )
        )
        print("reference {:.2f} mrad, shared networks {:.2f}, with latent numbers {:.2f}".format(*rows[-1]))
    one, two, three = np.array(rows).T
    for what, ratio in (("shared networks alone", three / two), ("the reference", three / one)):
        print(f"latent over {what}: {ratio.mean():.3f} ({ratio.min():.3f} to {ratio.max():.3f})")


if __name__ == "__main__":
    main()
