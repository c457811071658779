"""Pyro's checks of every statement, all on or all off."""

__all__ = ["CHECKED", "UNCHECKED"]

SETTINGS = ("validate_poutine", "validate_infer", "validate_distributions_pyro", "validate_distributions_torch")

CHECKED = dict.fromkeys(SETTINGS, True)
UNCHECKED = dict.fromkeys(SETTINGS, False)
"""They take half the time of a small step; preflight runs them on the first rows instead."""
