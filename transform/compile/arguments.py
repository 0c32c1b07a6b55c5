"""What a call's arguments, or a function's annotations, say about types: the key of a specialisation."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..tree import Node, Static, Tree, children_of, is_structure, map_leaves, rebuild
from ..types import BOOL, COMPLEX, FLOAT, INT, Array, Dim, Scalar, Type, type_of_number

__all__ = ["annotations_of", "as_real", "default_tree", "is_plain", "key_of", "realised", "tree_of"]

_PYTHON = {float: FLOAT, int: INT, bool: BOOL, complex: COMPLEX}


def tree_of(value: Any, name: str) -> Tree:
    """The tree of an argument: a type at each number and array, Static at everything else.

    Dims of arrays are symbols named after the argument, or 1. A bool is an option, so it is static.
    Raises ArgumentError for arrays that are not plain ndarrays of numbers.
    """
    if isinstance(value, np.ndarray):
        return _array(value, name)
    if type(value) is bool:
        return Static(value)
    if isinstance(value, (int, float, complex, np.generic)) and not _is_text(value):
        return type_of_number(value)
    if is_structure(value):
        keys, children = children_of(value)
        return Node(
            type(value), keys, tuple(tree_of(c, f"{name}_{k}") for k, c in zip(keys, children, strict=True))
        )
    return Static(value)


def is_plain(value: object) -> bool:
    """Whether this is a number or an array in the most usual form."""
    return type(value) in (float, np.ndarray, np.float64)


def _is_text(value: object) -> bool:
    return isinstance(value, np.generic) and value.dtype.kind not in "biufc"


def _array(value: np.ndarray, name: str) -> Type:
    if type(value) not in (np.ndarray, np.memmap):
        raise ArgumentError(
            f"argument {name} is a {type(value).__name__}, which redefines array arithmetic",
            "Pass np.asarray(...) of it.",
        )
    if value.dtype.kind not in "biufc":
        raise ArgumentError(
            f"argument {name} is an array of {value.dtype}, which holds no numbers",
            "Pass an array of float64, float32, complex128, integers or bools.",
        )
    dims = tuple(1 if n == 1 else Dim(f"{name}{k}", not_one=True) for k, n in enumerate(value.shape))
    return Array(value.dtype.newbyteorder("="), dims)


def as_real(tree: Tree, name: str) -> Tree:
    """The tree of an argument that is differentiated: a Python int is taken as a float.

    Raises ArgumentError where nothing can be differentiated: integer arrays, strings, None.
    """

    def leaf(type_: Any) -> Any:
        if isinstance(type_, Static):
            return FLOAT if nested and type(type_.value) is int else type_
        if type_.dtype.kind in "fc":
            return type_
        if isinstance(type_, Scalar) and type_.weak and type_.dtype.kind == "i":
            return FLOAT
        raise ArgumentError(
            f"argument {name} holds {type_}: an integer has no neighbours to differentiate towards",
            f"Pass it as float64, for example {name}.astype(float), or leave it out of argnums.",
        )

    nested = isinstance(tree, Node)
    if isinstance(tree, Static):
        raise ArgumentError(
            f"argument {name} is {tree.value!r}, not a number or an array of numbers",
            "Leave it out of argnums.",
        )
    return map_leaves(leaf, tree)


def key_of(value: Any) -> Any:
    """What tells specialisations apart: structure, types, dims that are 1, and static values."""
    kind = type(value)
    if kind is float or kind is int or kind is complex:
        return kind
    if kind is np.ndarray:
        return (value.dtype, tuple(n == 1 for n in value.shape))
    if isinstance(value, np.ndarray):
        return (kind, value.dtype, tuple(n == 1 for n in value.shape))
    if isinstance(value, np.generic):
        return kind if not _is_text(value) else (kind, value)
    if is_structure(value):
        keys, children = children_of(value)
        return (kind, keys, tuple(map(key_of, children)))
    try:
        hash(value)
    except TypeError:
        return (kind, id(value))
    return (kind, value)


def default_tree(name: str, parameter: inspect.Parameter, annotation: Any) -> Tree:
    """The tree of a parameter by its declaration alone: its annotation, its default, or float."""
    known = _annotated(name, annotation)
    if known is not None:
        return known
    default = parameter.default
    if default is not inspect.Parameter.empty and type(default) is not int:
        return tree_of(default, name)
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return Node(tuple, (), ())
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        return Node(dict, (), ())
    return INT if type(default) is int else FLOAT


def _annotated(name: str, annotation: Any) -> Tree | None:
    if annotation in _PYTHON:
        return _PYTHON[annotation]
    if (
        isinstance(annotation, type)
        and issubclass(annotation, np.generic)
        and annotation.__name__[-1].isdigit()
    ):
        return Scalar(np.dtype(annotation))
    dims, dtypes = getattr(annotation, "dim_str", None), getattr(annotation, "dtypes", None)
    if isinstance(dims, str) and dtypes is not None:
        return _jaxtyping(dims, dtypes)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is np.ndarray or origin is np.ndarray:
        return Array(np.dtype(np.float64), (Dim(f"{name}0", not_one=True),))
    if origin is tuple and arguments and Ellipsis not in arguments:
        items = [_annotated(f"{name}_{k}", each) or FLOAT for k, each in enumerate(arguments)]
        return Node(tuple, tuple(range(len(items))), tuple(items))
    return None


def _jaxtyping(dims: str, dtypes: Any) -> Tree:
    names = [str(each) for each in dtypes]
    preferred = ("float64", "complex128", "int64", "bool", "bool_", *names)
    dtype = np.dtype(next(each for each in preferred if each in names).rstrip("_"))
    sizes = tuple(int(d) if d.isdigit() else Dim(d, not_one=True) for d in dims.split())
    return Array(dtype, sizes) if sizes else Scalar(dtype)


def annotations_of(function: Any) -> Mapping[str, Any]:
    """The annotations of a function, evaluated where possible."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # an annotation may name anything; one that cannot be evaluated says nothing
        return getattr(function, "__annotations__", {})


def realised(value: Any) -> Any:
    """An argument that is differentiated, with Python ints as floats: an int has no neighbours."""
    if type(value) is int:
        return float(value)
    if is_structure(value):
        keys, children = children_of(value)
        if any(type(child) is int or is_structure(child) for child in children):
            return rebuild(Node(type(value), keys, tuple(map(realised, children))), lambda child: child)
    return value
