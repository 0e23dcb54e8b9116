"""Distances from solids and where rods touch them, against places tried one by one."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from hybridsim.physics.inertia import rotation_from_rpy
from hybridsim.physics.model import Collision, Link, Pose, RigidModel
from hybridsim.simulator.distance import gap
from hybridsim.simulator.solids import solids_of
from hybridsim.simulator.stretch import stretch_of

ROUNDING = 0.004
SHAPES = {
    "box": Collision("box", (0.10, 0.06, 0.03)),
    "cylinder": Collision("cylinder", (0.04, 0.05)),
    "sphere": Collision("sphere", (0.04,)),
    "capsule": Collision("capsule", (0.02, 0.06)),
}

INSIDE = {"box": -0.005, "cylinder": -0.015, "sphere": -0.03, "capsule": -0.02, "mesh": -0.005}
"""Distance of a place 10 mm above the middle from the surface [m], by hand."""


def prism(folder: Path) -> Collision:
    """A triangle of 0.1 m, 0.03 m thick, as a mesh with its corners in no order."""
    angle = np.array([0.1, 2.2, 4.3])
    flat = 0.06 * np.c_[np.cos(angle), np.sin(angle)]
    corners = np.concatenate([np.c_[flat, np.full(3, z)] for z in (-0.015, 0.015)])
    path = folder / "prism.stl"
    trimesh.convex.convex_hull(corners).export(path)
    return Collision("mesh", (1.0, 1.0, 1.0), mesh=path)


def one_solid(shape: Collision, rounding: float = 0.0):
    model = RigidModel("one", (Link("one", 1.0, inertia=np.eye(3), collisions=(shape,)),), ())
    return solids_of(model, {"link.one.rounding": rounding})


def sampled(shape: Collision, rounding: float) -> np.ndarray:
    """Places all over a shape less its rounding."""
    if shape.kind == "mesh":
        return np.asarray(trimesh.load_mesh(shape.mesh).sample(60000, seed=0))
    if shape.kind in ("sphere", "capsule"):
        out = np.random.default_rng(0).normal(size=(150000, 3))
        out *= shape.size[0] / np.linalg.norm(out, axis=1, keepdims=True)
        if shape.kind == "sphere":
            return out
        along = np.linspace(-0.5, 0.5, 31)[np.arange(len(out)) % 31] * shape.size[1]
        return out + along[:, None] * [0, 0, 1]
    round_one = shape.kind == "cylinder"
    half = np.array([shape.size[0]] * 2 + [shape.size[1] / 2]) if round_one else np.array(shape.size) / 2
    axes = [np.linspace(-h + rounding, h - rounding, 81) for h in half]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return grid[np.hypot(*grid[:, :2].T) <= shape.size[0] - rounding + 1e-12] if round_one else grid


@pytest.mark.parametrize("kind", [*SHAPES, "mesh"])
@pytest.mark.parametrize("rounding", [0.0, ROUNDING])
def test_distances_are_those_to_the_nearest_place(tmp_path, kind, rounding):
    shape = prism(tmp_path) if kind == "mesh" else SHAPES[kind]
    grown = rounding if kind in ("box", "cylinder") else 0.0
    solids, places = one_solid(shape, rounding), sampled(shape, grown)
    random = np.random.default_rng(1)
    for place in random.uniform(-0.1, 0.1, (40, 3)):
        found, normal = gap(solids, 0, tuple(place), 1.0)
        if found < 0.003:
            continue
        nearest = np.linalg.norm(places - place, axis=1).min() - grown
        assert found == pytest.approx(nearest, abs=1.5e-3)
        assert np.linalg.norm(normal) == pytest.approx(1.0)
        steps = [place - found * np.array(normal), place + 0.01 * np.array(normal)]
        ends = [gap(solids, 0, tuple(step), 1.0)[0] for step in steps]
        assert ends == pytest.approx([0.0, found + 0.01], abs=1e-9)
    assert gap(solids, 0, (0.0, 0.0, 0.01), 1.0)[0] == pytest.approx(INSIDE[kind], abs=1e-9)


def walked(solids, middle, axis, half, radius) -> tuple[float, float]:
    """First and last of many places of a rod's axis that are nearer than its radius; 1, -1 for none."""
    steps = np.linspace(-half, half, 4001)
    near = [t for t in steps if gap(solids, 0, tuple(middle + t * axis), radius)[0] < radius]
    return (near[0], near[-1]) if near else (1.0, -1.0)


@pytest.mark.parametrize("kind", [*SHAPES, "mesh"])
def test_a_capsule_touches_where_walking_along_it_finds(tmp_path, kind):
    shape = prism(tmp_path) if kind == "mesh" else SHAPES[kind]
    solids, random, touched = one_solid(shape), np.random.default_rng(2), 0
    for _ in range(40):
        middle, axis = random.uniform(-0.06, 0.06, 3), random.normal(size=3)
        axis /= np.linalg.norm(axis)
        low, high = stretch_of(solids, 0, tuple(middle), tuple(axis), 0.08, 0.005, True)
        first, last = walked(solids, middle, axis, 0.08, 0.005)
        if first > last:
            assert low > high or gap(solids, 0, tuple(middle + low * axis), 0.005)[0] > 0.005 - 1e-6
            continue
        touched += 1
        assert first - 1e-4 <= low <= high <= last + 1e-4
        assert high - low > 0.6 * (last - first) - 0.011, "all but what its round side touches beyond an edge"
    assert touched > 10


def test_an_upright_rod_touches_a_box_over_its_height():
    """A box 30 mm high from 0 up, a rod from 5 mm up beside it: 25 mm."""
    solids = one_solid(Collision("box", (0.1, 0.1, 0.03), Pose(np.array([0.0, 0.0, 0.015]))))
    beside = (-0.05 - 0.0049, 0.0, 0.04)
    low, high = stretch_of(solids, 0, (beside[0], 0.0, 0.04 - 0.015), (0.0, 0.0, 1.0), 0.035, 0.005, False)
    assert (0.04 + low, 0.04 + high) == pytest.approx((0.005, 0.030), abs=1e-9)


def test_the_flat_end_of_a_cylinder_touches_nothing():
    solids = one_solid(Collision("box", (0.1, 0.1, 0.03)))
    above = (0.0, 0.0, 0.015 + 0.04 + 0.003)  # its end 3 mm over the box, its radius 5 mm
    ends = [stretch_of(solids, 0, above, (0.0, 0.0, 1.0), 0.04, 0.005, rounded) for rounded in (False, True)]
    assert ends[0][0] > ends[0][1]
    assert ends[1] == pytest.approx((-0.04, -0.04))


def test_solids_turn_and_grow_with_their_link():
    turned = Collision(
        "box",
        (0.1, 0.06, 0.03),
        Pose(np.array([0.2, 0.0, 0.0]), rotation_from_rpy(np.array([0, 0, np.pi / 2]))),
    )
    model = RigidModel("one", (Link("one", 1.0, inertia=np.eye(3), collisions=(turned,)),), ())
    solids = solids_of(model, {"link.one.size": 1.1})
    assert solids.position[0] == pytest.approx([0.22, 0.0, 0.0])
    assert solids.half[0] == pytest.approx([0.055, 0.033, 0.0165])
    assert solids.rotation[0] @ [1.0, 0.0, 0.0] == pytest.approx([0.0, 1.0, 0.0])
