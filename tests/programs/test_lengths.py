"""What lengths decide: programs for arrays of one shape, where no program for all shapes can be made."""

from __future__ import annotations

import numpy as np
import pytest

from transform import TransformError, grad, jvp

from .check import program, programs, run

M = np.array([[0.7, 1.4], [1.3, 0.6]])
V = np.array([0.52, 1.37, 0.91])


@program(M)
def a_matrix_unpacked(m):
    a, b, c, d = m.flat
    return a * d**2 - np.sin(b) * c


@program(M)
def rows_unpacked(m):
    (a, b), (c, d) = m
    return a * d**2 - np.sin(b) * c


@program(V)
def components_given_as_arguments(v):
    def distance(x, y, z):
        return np.sqrt(x**2 + y**2 * z)

    return distance(*v)


@program(M)
def rows_joined(m):
    return np.hstack(m) ** 2


@program(V)
def every_other_item_of_a_list(v):
    items = [x * v[0] for x in v]
    return sum(items[::2]) * max(items[::-1][:2])


@program(V)
def tiled_as_often_as_there_are_items(v):
    return np.tile(v, (len(v), 1)) * np.tile(v[:, None] ** 2, len(v))


@program(V)
def padded_by_half(v):
    return np.pad(v, (len(v) // 2, len(v))) ** 2


def determinant(m):
    a, b, c, d = m.flat
    return a * d - b * c


def test_each_shape_has_a_program_of_its_own():
    gradient = grad(determinant)
    square = np.array([[4.0, -3.0], [-2.0, 1.0]])
    for _ in range(2):
        np.testing.assert_array_equal(gradient(np.array([[1.0, 2.0], [3.0, 4.0]])), square)
        np.testing.assert_array_equal(gradient(np.array([1.0, 2.0, 3.0, 4.0])), square.ravel())
        with pytest.raises(TransformError, match="unpack"):
            gradient(np.ones((3, 3)))
    with pytest.raises(TransformError, match="unpack"):
        jvp(determinant, (np.ones((2, 3)),), (np.ones((2, 3)),))


def test_a_program_of_large_arrays_is_not_written_out():
    with pytest.raises(TransformError, match="how many arrays"):
        grad(lambda m: np.sum(np.hstack(m) ** 2))(np.ones((100, 100)))


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
