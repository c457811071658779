"""The names of the methods and of the data sets, and what a configuration says of its cell."""

from collections.abc import Mapping
from typing import Any

__all__ = ["EXTRAS", "GRADIENTS", "METHODS", "at", "compares_gradients", "is_exact"]

METHODS = ("exact", "alpha", "tilted", "tilted+alpha", "official", "detached", "diva", "m2", "mvae")
"""In the order of the tables."""

EXTRAS = ("alpha=1", "alpha=100", "draws=100", "block=2", "sparse-style")
"""Variants of the first two on some sets."""

GRADIENTS = ("smiley,f=.06", "mnist5k_shapes,f=.06")
"""The sets in whose cells of "exact" the estimators of the gradient are compared."""

FRACTION = 0.06
SOURCES = ("smiley", "measured")


def at(set_name: str) -> tuple[str, float]:
    """The data set and the labelled fraction that a set of the preset is named after.

    Example:
        >>> at("mnist5k_shapes,f=.06")
        ('mnist5k_shapes', 0.06)
    """
    name, _, fraction = set_name.partition(",f=")
    return name, float(fraction or 1)


def is_exact(config: Mapping[str, Any]) -> bool:
    """Whether a run is of the bound of CCVAE alone: the cell that a set's plain classifier is measured in.

    Example:
        >>> is_exact({"pair": {"class_path": "pellucid.zoo.ccvae", "init_args": {"gradients": "exact", "alpha": 0.0}}})
        True
    """
    pair = config.get("pair") or {}
    given = pair.get("init_args") or {}
    usual = {"draws": None, "block": 1, "style_prior": "normal"}
    plain = all(given.get(name, value) == value for name, value in usual.items())
    bare = given.get("gradients") == "exact" and given.get("alpha") == 0
    return str(pair.get("class_path")).endswith(".ccvae") and plain and bare


def compares_gradients(config: Mapping[str, Any]) -> bool:
    """Whether a run is a cell of "exact" in one of ``GRADIENTS``."""
    data = config.get("data") or {}
    source = str(data.get("class_path")).rpartition(".")[2]
    return is_exact(config) and source in SOURCES and (data.get("init_args") or {}).get("labels") == FRACTION
