"""Networks beside sensors: silent ones change no bit, others hold from the next step on (synthetic)."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import NetworkInput, NetworkSpec
from hybridsim.networks.features import log_features
from hybridsim.networks.inference import Networks
from hybridsim.sensors import Described, Mounted, Sensors
from hybridsim.sensors.residual import DRIVE, INERTIAL, SHIFT, STRENGTH, inputs_given, noise_spec
from tests.sensors.made import H, parameters, sources
from tests.simulator.made import random_networks

PERIOD = 4 * H
KNOWN = {"period": PERIOD, "history": (0.0, PERIOD), "hidden": (16,), "members": 2}
NOISY = {"white": 0.1, "drift": 0.2, "drift_time": 0.5}


def loads(*networks, worlds=2, seed=0):
    """A current and a torque sensor at two drives, begun."""
    mounted = [
        Mounted(Described(name, kind, None, None, {}), d) for d, (name, kind) in enumerate(KINDS.items())
    ]
    values = {name: parameters(kind, NOISY) for name, kind in KINDS.items()}
    one = Sensors(mounted, [values] * worlds, H, seed, networks)
    one.begin(np.arange(worlds))
    return one


KINDS = {"amps": "current", "load": "torque"}


def learned(what, bound=0.5, groups=tuple(KINDS), seed=0):
    return random_networks(noise_spec(DRIVE, what, groups, **KNOWN), bound, seed)


def silent(networks):
    """The same with a last layer of zeros, as networks begin."""
    zero = np.zeros_like(networks.weights[-1])
    return Networks(networks.contract, (*networks.weights[:-1], zero), networks.biases)


def moving(steps, worlds=2, seed=1):
    """What two drives do [step world drive 5]."""
    random = np.random.default_rng(seed)
    return np.cumsum(random.normal(size=(steps, worlds, 2, 5)), axis=0) * 0.1


def read(one, rows, after=None):
    """Readings [step world channel]; `after` is called with the sensors' step before each."""
    seen, worlds, found = sources(rows.shape[1]), np.arange(rows.shape[1]), []
    seen = seen._replace(drives=np.zeros(rows.shape[1:]))
    for k, row in enumerate(rows):
        seen.drives[:] = row
        if after is not None:
            after(one, k)
        one.sense(seen, worlds)
        found.append(one.reading.copy())
    return np.array(found)


def test_silent_networks_are_the_analytic_sensors_bit_by_bit():
    rows = moving(60)
    both = [silent(learned(what)) for what in (SHIFT, STRENGTH)]
    assert np.array_equal(read(loads(*both), rows), read(loads(), rows))
    assert not np.array_equal(read(loads(learned(SHIFT)), rows), read(loads(), rows))


@pytest.mark.parametrize("what", [SHIFT, STRENGTH])
def test_readings_follow_what_was_looked_at_before_them(what):
    # The oracle: features of whole log at its looks, each holding until the next; noise by difference.
    rows, networks = moving(60, worlds=1), learned(what)
    plain, followed = (read(loads(*which, worlds=1), rows)[:, 0] for which in ((), (networks,)))
    looks = rows[::4, 0][:, :, [1, 2, 4]]
    features = log_features(networks.contract, looks, inputs=inputs_given(DRIVE), period=PERIOD)
    said = networks.evaluate(features)[0]
    held = np.concatenate([np.zeros((1, 2)), np.repeat(said, 4, axis=0)])[: len(rows)]
    ideal = rows[:, 0][:, [0, 1], [2, 3]]  # the winding's effort for the current, the joint's for the torque
    expected = plain + held if what == SHIFT else ideal + np.exp(held) * (plain - ideal)
    assert followed == pytest.approx(expected, abs=1e-6)


def test_a_reset_forgets_and_worlds_do_not_mix():
    rows = moving(40, worlds=3)
    networks = [learned(SHIFT), learned(STRENGTH, seed=1)]

    def restart(one, k):
        if k == 18:
            one.begin(np.array([1]))

    mixed = read(loads(*networks, worlds=3), rows, restart)
    alone = read(loads(*networks, worlds=3), rows)
    assert np.array_equal(mixed[:, [0, 2]], alone[:, [0, 2]])
    # After its reset world 1 reads as one that has never been elsewhere, noise of the second episode apart.
    fresh = loads(*networks, worlds=3)
    fresh.begin(np.array([1]))
    assert np.array_equal(mixed[18:, 1], read(fresh, rows[18:])[:, 1])


def test_an_imus_networks_see_its_ideal_channels():
    spec = noise_spec(INERTIAL, SHIFT, ["imu.ax", "imu.gz"], **KNOWN)
    networks = random_networks(spec, 1.0)
    mounted = [Mounted(Described("imu", "imu", None, None, {}), 0)]
    one = Sensors(mounted, [{"imu": parameters("imu", {})}], H, 0, [networks])
    one.begin(np.arange(1))
    seen = sources(1)
    for _ in range(6):
        one.sense(seen, np.arange(1))
    rest = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 9.81])
    features = np.tile(np.repeat(rest, 2), (1, 2, 1)).astype(np.float32)  # both taps see the same
    said = networks.evaluate(features)[0][0]
    assert one.reading[0] == pytest.approx(rest + np.array([0, 0, said[1], said[0], 0, 0]), abs=1e-6)


def test_networks_of_other_sensors_are_refused():
    with pytest.raises(CalibrationError, match="no sensor 'volts' of that kind; the robot has amps, load"):
        loads(learned(SHIFT, groups=("amps", "volts")))
    other = NetworkSpec(
        name="drive",
        target="angle",
        sample_period=0.02,
        inputs=(NetworkInput(name="speed", unit="rad/s", sign="along"),),
        output_unit="rad",
        groups=("amps",),
    )
    with pytest.raises(
        CalibrationError, match="network 'drive' is of no sensor; available: sensor_drive_shift"
    ):
        loads(random_networks(other, 1.0))
    slow = replace(learned(SHIFT))
    mounted = [Mounted(Described("amps", "current", None, None, {}), 0)]
    with pytest.raises(CalibrationError):
        Sensors(mounted, [{"amps": parameters("current", {})}], 10 * PERIOD, 0, [slow])
