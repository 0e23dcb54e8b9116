"""The native loop is the Python loop to the last bit, and steps aside where it cannot be trusted."""

import numpy as np
import pytest

from hybridsim.physics import native, wiring
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_collision
from tests.physics.conftest import ARM
from tests.physics.test_bullet import GROUND, episode

needs_native = pytest.mark.skipif(
    native.functions() is None, reason="this PyBullet build's C functions are not known here"
)


@pytest.fixture
def python_only(monkeypatch):
    """Makes worlds that step through Python."""

    def make(*arguments):
        with monkeypatch.context() as patch:
            patch.setenv("HYBRIDSIM_NATIVE", "0")
            worlds = BulletWorlds(*arguments)
        assert worlds._stepper.wiring is None
        return worlds

    return make


@needs_native
def test_a_falling_robot_is_the_same_to_the_last_bit(anymal_c, python_only):
    joints = [joint.name for joint in anymal_c.moving_joints]
    with BulletWorlds(anymal_c, joints, 2, GROUND) as fast, python_only(anymal_c, joints, 2, GROUND) as plain:
        assert fast._stepper.wiring is not None
        trace = episode(fast)
        np.testing.assert_array_equal(trace, episode(plain))
        for name in ("position", "orientation", "linear_velocity", "angular_velocity"):
            np.testing.assert_array_equal(getattr(fast.base, name), getattr(plain.base, name))
        np.testing.assert_array_equal(fast.load_effort, plain.load_effort)
    assert np.ptp(trace) > 0.1


@needs_native
def test_a_driven_and_a_pushed_arm_are_the_same_to_the_last_bit(arm, python_only):
    model, settings = with_collision(arm, False), WorldSettings(timestep=0.005, plane=True)
    rng = np.random.default_rng(0)
    with BulletWorlds(model, ARM, 2, settings) as fast, python_only(model, ARM, 2, settings) as plain:
        for n in range(60):
            target, effort = rng.normal(size=(2, 2, 6)) * 0.1
            for worlds in (fast, plain):
                if n == 20:
                    worlds.apply_friction(np.full((2, 6), 0.2))
                if n == 40:
                    worlds.reset([1], position=np.full((1, 6), 0.1))
                if n % 3:
                    worlds.drive_motion(target)
                else:
                    worlds.apply_effort(effort)
                worlds.step()
            np.testing.assert_array_equal(fast.joint_position, plain.joint_position)
            np.testing.assert_array_equal(fast.joint_velocity, plain.joint_velocity)
            np.testing.assert_array_equal(fast.load_effort, plain.load_effort)
    assert abs(fast.load_effort).max() > 0.01


def test_other_files_and_other_builds_have_no_symbols(tmp_path, monkeypatch):
    (tmp_path / "text").write_text("no library")
    assert native.symbols(tmp_path / "text", ["b3GetStatusType"]) == {}
    monkeypatch.setattr(native, "TESTED_API", -1)
    native.symbol_addresses.cache_clear()
    try:
        assert native.functions() is None
    finally:
        native.symbol_addresses.cache_clear()


@needs_native
def test_a_loop_that_misreads_is_not_trusted(arm, monkeypatch):
    """Indices shifted by one, as another build might have them: the look at the bits notices."""
    honest = wiring.read_world

    def shifted(given, world, scratch, state, base):
        return honest(given._replace(q_index=given.q_index - 1), world, scratch, state, base)

    monkeypatch.setattr(wiring, "read_world", shifted)
    with BulletWorlds(arm, ARM, 1, WorldSettings(timestep=0.005)) as worlds:
        assert worlds._stepper.wiring is None
        worlds.step()
        assert np.isfinite(worlds.joint_position).all()
