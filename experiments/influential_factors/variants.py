"""What the variants of the experiment are, by their configuration."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..study import Study

__all__ = ["beta", "main", "settings", "swept", "titled", "with_figure"]


def beta(config: Mapping[str, Any]) -> float | None:
    """The weight of the KL of a beta-VAE; None for another pair, or a schedule.

    Example:
        >>> beta({"pair": {"class_path": "pellucid.zoo.beta_vae", "init_args": {"beta": 6}}})
        6.0
    """
    given = (config.get("pair", {}).get("init_args") or {}).get("beta")
    return float(given) if isinstance(given, (int, float)) else None


def main(study: Study, set_name: str) -> str:
    """The variant of a set that is looked at whole: the first."""
    return study.variants(set_name)[0]


def swept(study: Study, set_name: str, what: str) -> list[str]:
    """The variants along one setting, all else the same: of several such rows the longest, in the setting's order.

    Args:
        study: the cells.
        set_name: the data set.
        what: "H" or "beta".

    Returns:
        Two at least, or none.
    """
    rows: dict[tuple[Any, ...], dict[str, float]] = {}
    for variant in study.variants(set_name):
        found = settings(study, set_name, variant)
        if None not in found.values():
            rows.setdefault(tuple(value for key, value in found.items() if key != what), {})[variant] = found[what]
    longest = max(rows.values(), key=len, default={})
    return sorted(longest, key=lambda variant: longest[variant]) if len(longest) > 1 else []


def settings(study: Study, set_name: str, variant: str) -> dict[str, Any]:
    """H, beta and network of a variant."""
    (first, *_) = study.of(set_name, variant).values()
    config = study.config(set_name, variant)
    network = (config.get("pair", {}).get("init_args") or {}).get("network", "mlp")
    return {"H": first.figures.get("dim"), "beta": beta(config), "network": network}


def titled(study: Study, set_name: str, variant: str) -> str:
    """A variant as a table names it: a beta-VAE by its settings, another pair by its name.

    Example:
        >>> from pathlib import Path
        >>> from pellucid.experiments.cell import Cell
        >>> from pellucid.experiments.measures import Measured
        >>> pair = {"class_path": "pellucid.zoo.beta_vae", "init_args": {"beta": 6, "network": "conv"}}
        >>> cells = {Cell("mnist", "beta=6", 0, {"pair": pair}): Measured({"dim": 128}, Path("run"))}
        >>> titled(Study(cells), "mnist", "beta=6")
        'H 128, beta 6, conv'
    """
    found = settings(study, set_name, variant)
    return variant if None in found.values() else f"H {found['H']}, beta {found['beta']:g}, {found['network']}"


def with_figure(study: Study, sets: Sequence[str], *path: str) -> list[str]:
    """The sets whose main variant has a figure."""
    return [s for s in sets if study.values(s, main(study, s), *path)]
