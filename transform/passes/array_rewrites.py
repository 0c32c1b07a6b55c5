"""Algebraic identities on arrays: the same numbers by fewer operations, see rewrites.py."""

from __future__ import annotations

from ..rules.build import Value, op
from ..types import is_inexact, rank
from .rewrites import REWRITES, Site, is_number, literal, rewrite

__all__ = ["REWRITES"]


@rewrite("sum")
def sum_of_a_matrix_product(site: Site) -> Value | None:
    """(A @ B).sum(axis=0) -> A.sum(axis=0) @ B: a vector times a matrix"""
    (x,) = site.operands
    parts = site.parts(x, "matmul")
    if parts is None or not site.used_once(x) or any(rank(part.type) != 2 for part in parts):
        return None
    if site.params != {"axis": 0, "keepdims": False} or not all(is_inexact(part.type) for part in parts):
        return None
    return op.matmul(op.sum(parts[0], **site.params), parts[1])


@rewrite("mul")
def factor_of_the_shorter_one(site: Site) -> Value | None:
    """s * (v[:, None] * A) -> (s * v)[:, None] * A for a number s: one pass over the array less"""
    for number, array in (site.operands, site.operands[::-1]):
        if not is_number(number) or is_number(array) or not site.used_once(array):
            continue
        if not (is_inexact(number.type) or literal(number)):
            continue  # the product of two of NumPy's integers may overflow
        for k, part in enumerate(site.parts(array, "mul") or ()):
            column = site.made_by(part, "expand_dims")
            if column is None or not site.used_once(part) or not is_inexact(part.type):
                continue
            (v,) = map(site.builder.value, column.operands)
            other = site.parts(array, "mul")[1 - k]  # type: ignore[index]
            scaled = op.expand_dims(number * v, **column.params)
            return scaled * other if k == 0 else other * scaled
    return None
