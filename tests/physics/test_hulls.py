"""Reduced hulls: what of a mesh sticks out of them."""

import multiprocessing
import tempfile

import numpy as np
import trimesh

from hybridsim.physics.hulls import DIRECTIONS, hull_file, outermost, with_hulls


def test_no_mesh_sticks_out_by_half_a_millimetre(arm):
    meshes = {c.mesh: c for link in arm.links for c in link.collisions if c.kind == "mesh"}
    assert len(meshes) >= 6
    for mesh, collision in meshes.items():
        points = np.asarray(trimesh.load(mesh, force="mesh").vertices)
        hull = trimesh.load(hull_file(mesh), force="mesh")
        assert len(hull.vertices) < min(3 * DIRECTIONS, len(points))
        # Against the hull's half-spaces: signed distance over each face's plane.
        over = points @ hull.face_normals.T - (hull.face_normals * hull.triangles[:, 0]).sum(axis=1)
        assert over.max() * max(collision.size) < 0.5e-3, mesh.name


def test_only_meshes_are_replaced(anymal_c, arm):
    assert with_hulls(anymal_c) == anymal_c or all(
        collision.kind != "mesh" for link in anymal_c.links for collision in link.collisions
    )
    for before, after in zip(arm.links, with_hulls(arm).links, strict=True):
        assert [c.kind for c in before.collisions] == [c.kind for c in after.collisions]
        assert [c.pose for c in before.collisions] == [c.pose for c in after.collisions]


def test_outermost_points_of_a_cloud_with_a_box_around_it_are_the_corners():
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-2, 2) for z in (-3, 3)], float)
    inside = np.random.default_rng(0).uniform(-0.9, 0.9, (100, 3))
    found = outermost(np.concatenate([inside, corners]))
    assert {tuple(p) for p in found.tolist()} == {tuple(p) for p in corners.tolist()}


def test_a_worker_leaves_no_files_of_hulls_behind(arm, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    mesh = next(c.mesh for link in arm.links for c in link.collisions if c.kind == "mesh")
    worker = multiprocessing.get_context("forkserver").Process(target=hull_file, args=(mesh,))
    worker.start()
    worker.join()
    assert worker.exitcode == 0
    assert not list(tmp_path.glob("hybridsim-*"))
