"""What the names of sets and variants mean, and what of them belongs together."""

from ..study import Study
from .reconstruction import IN_SOURCE_UNITS

__all__ = ["ABLATIONS", "METHODS", "PLAIN", "betas", "place", "radii", "titled", "written"]

PLAIN = "classifier"

METHODS = ("exon", "shot_vae", "mixed-shot_vae", "m2", "mixed-m2", "diva", PLAIN, "augmented", "interpolated")
"""Those that are compared, in the order of the tables."""

ABLATIONS = ("exon", "lag=0", "enumerated", "clamped", "unmixed", "bare", "without-labels", "without-kl")
"""EXoN, its other settings, and what is left of it when a part is taken away."""

TITLES = {
    "exon": "EXoN",
    "shot_vae": "SHOT-VAE",
    "mixed-shot_vae": "SHOT-VAE, labels mixed only",
    "m2": "M2",
    "diva": "DIVA",
    PLAIN: "plain classifier",
    "augmented": "classifier, augmentation alone",
    "interpolated": "classifier, interpolation alone",
    "mixed-m2": "M2 with interpolation",
    "lag=0": "teacher of the step before",
    "enumerated": "every class decoded",
    "clamped": "labels clamped in the bound",
    "unmixed": "without interpolation",
    "bare": "the bound and its cross-entropy alone",
    "without-labels": "without any cross-entropy",
    "without-kl": "without the divergences",
}


def place(set_name: str) -> str:
    """A set in words.

    Example:
        >>> place("mnist5k,labels=100")
        'mnist5k, 100 labels'
    """
    name, _, labels = set_name.partition(",labels=")
    return f"{name.replace('_', ' ')}, {labels} labels" if labels else name


def titled(variant: str) -> str:
    """A variant as a table names it.

    Example:
        >>> titled("m2"), titled("beta=.1")
        ('M2', 'beta=.1')
    """
    return TITLES.get(variant, variant)


def betas(study: Study, set_name: str, dim: int | None = None) -> dict[float, str]:
    """The variants that differ in beta alone, by the beta of the source, ascending.

    Args:
        study: the cells.
        set_name: the set.
        dim: those named after so many dimensions; None for those named after beta, and "exon" unless one of them has
            its beta.

    Example:
        >>> from pathlib import Path
        >>> from pellucid.experiments.cell import Cell
        >>> from pellucid.experiments.measures import Measured
        >>> beta = {"exon": 0.25, "beta=.1": 0.025, "m2": 1.0}
        >>> given = {name: {"pair": {"init_args": {"beta": value}}} for name, value in beta.items()}
        >>> cells = {Cell("a", name, 0, config): Measured({}, Path("run")) for name, config in given.items()}
        >>> betas(Study(cells), "a")
        {0.1: 'beta=.1', 1.0: 'exon'}
    """
    there = study.variants(set_name)
    chosen = ["exon"] if dim is None and "exon" in there else []
    chosen += [v for v in there if v.startswith("beta=" if dim is None else f"D={dim},")]
    found = {IN_SOURCE_UNITS * study.config(set_name, v)["pair"]["init_args"]["beta"]: v for v in chosen}
    return {round(beta, 6): found[beta] for beta in sorted(found)}


def radii(study: Study, set_name: str) -> dict[float, str]:
    """The variants of two classes so far from 0 on either side, ascending: radius -> variant."""
    found = {float(v.removeprefix("R=")): v for v in study.variants(set_name) if v.startswith("R=")}
    return dict(sorted(found.items()))


def written(number: float) -> str:
    """A number as a heading has it.

    Example:
        >>> written(0.1), written(50.0)
        ('.1', '50')
    """
    return f"{number:g}".removeprefix("0") or "0"
