"""Grounds of different kinds: what is refused, what fills what is left out, and what the solver gets."""

import numpy as np
import pytest

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.contacts.law import FRICTION, LAW, STIFFNESS
from hybridsim.errors import SimulationError
from hybridsim.robot import load_robot
from hybridsim.simulator.sim import HybridSim
from hybridsim.simulator.surfaces import KINDS, Surface, kind_of, patches_of
from tests.passive.tosses import prior

STRIP = (0.0, 1.0, -1.0, 1.0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"area": (1.0, 1.0, 0.0, 1.0)},
            r"surface 'x': area \(1.0, 1.0, 0.0, 1.0\) is empty; expected from < to",
        ),
        ({"area": (0.0, np.inf, 0.0, 1.0)}, r"surface 'x': area .* expected 4 finite numbers"),
        ({"area": (0.0, 1.0)}, r"surface 'x': area is \(0.0, 1.0\); expected 4 finite numbers"),
        ({"height": np.nan}, r"surface 'x': height is \(nan,\); expected 1 finite numbers"),
        ({"embedding": (0.0, np.nan)}, r"surface 'x': embedding .* expected 2 finite numbers"),
        (
            {"coefficients": {"grip": 1.0}},
            r"surface 'x': no coefficient 'grip'; available: anisotropy, .* friction,",
        ),
        ({"coefficients": {"friction": -0.1}}, r"surface 'x': friction is -0.1 1; expected 0.01 to 2"),
        (
            {"coefficients": {"damping": np.nan}},
            r"surface 'x': damping is nan N\*s/m; expected 0.1 to 100000",
        ),
    ],
)
def test_what_no_ground_can_be_is_refused_in_a_line(given, message):
    with pytest.raises(SimulationError, match=message) as refused:
        Surface(name="x", **given)
    assert "\n" not in str(refused.value)


def test_an_unknown_kind_is_refused_with_the_kinds_there_are():
    with pytest.raises(SimulationError, match="surface of kind 'icy'; available: firm, slippery, soft"):
        kind_of("icy")


def test_a_ground_that_nothing_can_touch_is_refused():
    whole, strip = kind_of("firm"), kind_of("soft", STRIP)
    assert len(patches_of([strip, whole], {}).height) == 2
    with pytest.raises(
        SimulationError, match="surface 'soft': 'firm' comes before it and lies over all of it"
    ):
        patches_of([whole, strip], {})
    with pytest.raises(SimulationError, match="surface 'soft' is given twice"):
        patches_of([strip, strip], {})


def test_kinds_are_complete_and_differ_as_their_names_say():
    laws = {kind: patches_of([kind_of(kind)], prior(contact__load_weakening=0.3)).law[0] for kind in KINDS}
    assert laws["slippery"][FRICTION] < 0.5 * laws["soft"][FRICTION] < laws["firm"][FRICTION]
    assert laws["soft"][STIFFNESS] < 0.1 * laws["firm"][STIFFNESS]
    # whatever the calibration says: load_weakening has the table's own value
    names = [one.name for one in LAW]
    assert all(law[names.index("load_weakening")] == 0.0 for law in laws.values())


def test_a_calibrations_law_fills_what_a_surface_leaves_out():
    wet = Surface(name="wet", area=STRIP, height=0.02, coefficients={"friction": 0.07}, embedding=(1.0, -1.0))
    dry = Surface(name="dry")
    patches = patches_of([wet, dry], prior(contact__friction=0.2, contact__stiffness=2e4))
    assert patches.law[:, FRICTION].tolist() == [0.07, 0.2]
    assert patches.law[:, STIFFNESS].tolist() == [2e4, 2e4]
    assert patches.area[0].tolist() == list(STRIP) and patches.height.tolist() == [0.02, 0.0]
    with pytest.raises(TypeError):
        wet.coefficients["friction"] = 1.0


def test_a_bolted_robot_has_no_use_for_surfaces(robot_data):
    robot = load_robot("so101")
    values = {parameter.name: parameter.value for parameter in offered(robot)}
    with pytest.raises(SimulationError, match="robots/so101: base is fixed; expected no surfaces"):
        HybridSim(robot, values, SimulationSettings(physics_timestep_s=0.005), surfaces=[kind_of("firm")])
