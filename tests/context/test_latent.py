"""Latent numbers in contexts: entries of their own, told by replays, part of a unit's networks. Synthetic."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.calibration import Calibration, Findings, Gate
from hybridsim.context.belief import told
from hybridsim.context.individual import calibration_of
from hybridsim.context.latent import DIRECTION, direction_of
from hybridsim.context.space import space_of
from hybridsim.errors import CalibrationError
from hybridsim.fleet.bench import Basis
from hybridsim.networks.inference import Networks
from tests.context.made import DEMO, around, moves, noise_of, reference
from tests.simulator.made import residual


def with_networks(*networks):
    """The made reference with networks."""
    old = reference().record
    findings = Findings(
        robot=old.robot,
        serial=old.serial,
        synthetic=True,
        simulation=old.simulation,
        parameters=list(old.parameters.values()),
        lineage=old.lineage,
        gates={"joint_position.elbow": Gate(ships=True, reason="made")},
        networks=networks,
    )
    return Calibration.create(findings)


def way_of(networks: Networks) -> Networks:
    """A direction in the elbow's network alone."""
    last = np.random.default_rng(4).normal(0.0, 1.0, networks.weights[-1].shape)
    last[0] = 0.0
    terms = {"name": DIRECTION, "weights": f"{DIRECTION}.safetensors"}
    return replace(
        networks,
        contract=networks.contract.model_copy(update=terms),
        weights=(*networks.weights[:-1], last.astype(np.float32)),
        biases=(*networks.biases[:-1], 0.0 * networks.biases[-1]),
    )


@pytest.fixture(scope="module")
def bench(arm, tmp_path_factory):
    """Where units differ in the elbow's network."""
    networks = residual(arm.robot, period=0.02, bound=0.03)
    folder = with_networks(networks, way_of(networks)).save(tmp_path_factory.mktemp("latent"))
    return Basis(DEMO / "arm", folder).bench()


def test_a_joint_whose_network_differs_has_an_entry(bench, arm):
    assert bench.space.names == (*arm.space.names, "latent.elbow")
    assert [entry.joint for entry in bench.space.latent] == ["elbow"] and not arm.space.latent
    point = np.linspace(-0.5, 0.5, len(bench.space))
    assert bench.space.point(bench.space.values(point)) == pytest.approx(point)


def test_replays_tell_it_and_the_units_calibration_has_it(bench, tmp_path):
    space, truth = bench.space, np.zeros(len(bench.space))
    truth[-1] = 1.3
    problem = bench.replayer.problem([moves(bench.robot, 20.0, 1)])
    measured = np.stack([problem.predicted(drive, space.values(truth)) for drive in (0, 1)], 1)
    plain = np.stack([problem.predicted(drive, space.values(0.0 * truth)) for drive in (0, 1)], 1)
    assert (measured[:, 0] == plain[:, 0]).all() and np.abs(measured - plain)[:, 1].mean() > 1e-3
    known = replace(problem, measured=measured)
    belief = told(around(np.zeros(len(space))), known, space, noise_of(space, 1e-3), ["made"])
    assert belief.mean[-1] == pytest.approx(1.3, abs=0.1) and belief.deviation[-1] < 0.2
    own = calibration_of(bench.reference, space, around(truth), serial="u", logs=[])
    [network] = Calibration.load(own.save(tmp_path)).networks
    assert network.contract.name == "drive_residual"
    shared = bench.drive_networks
    expected = shared.weights[-1] + np.float32(1.3) * direction_of(bench.reference.networks).weights[-1]
    np.testing.assert_array_equal(network.weights[-1], expected)


def test_a_direction_of_other_networks_is_refused(bench, arm):
    networks = residual(arm.robot, period=0.02, bound=0.03)
    other = replace(networks, weights=(2.0 * networks.weights[0], *networks.weights[1:]))
    with pytest.raises(CalibrationError, match="expected the joints and hidden layers of 'drive_residual'"):
        space_of(with_networks(networks, way_of(other)), bench.robot)
