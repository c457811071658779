"""What the names of the variants mean: a family before the first "=", its setting after it."""

from collections.abc import Sequence

from .study import PLAIN

__all__ = ["FAMILIES", "TITLES", "family", "label_count", "main_variants", "titled"]

TITLES: dict[str, tuple[str, ...]] = {
    "vae": ("Normal prior (VAE)",),
    PLAIN: ("plain sparse coding, lambda = 0",),
    "pseudo": ("plain, pseudo-input prior", "U"),
    "lambda": ("pairs of a class", "lambda"),
    "all-sample": ("all-sample form", "lambda"),
    "separation": ("all-sample form with class separation", "lambda", "kappa"),
    "sibling": ("class-conditional spikes", "strength", "W", "kappa"),
    "unlabelled": ("control: the same without a label", "strength", "W"),
    "shuffled": ("control: shuffled labels", "lambda"),
    "squared": ("control: squared difference", "lambda"),
    "alpha": ("control: plain", "alpha"),
}
"""Family -> what it is, and what its settings are called; in the order of reading."""

FAMILIES = tuple(name for name in TITLES if name not in ("vae", PLAIN, "pseudo"))


def family(variant: str) -> str:
    """What a variant is a setting of.

    Example:
        >>> family("lambda=3"), family("plain")
        ('lambda', 'plain')
    """
    return variant.partition("=")[0]


def label_count(variant: str) -> tuple[int, str] | None:
    """How many labels a variant saw, and the method; None for a variant that saw all.

    Example:
        >>> label_count("labels=100,sibling=3"), label_count("plain")
        ((100, 'sibling=3'), None)
    """
    if family(variant) != "labels":
        return None
    count, _, method = variant.partition("=")[2].partition(",")
    return int(count), method


def main_variants(variants: Sequence[str]) -> list[str]:
    """Those of the main table, in its order."""
    order = list(TITLES)
    return sorted((v for v in variants if family(v) in order), key=lambda v: order.index(family(v)))


def titled(variant: str) -> str:
    """A variant as a table names it.

    Example:
        >>> titled("sibling=2,.3,.5")
        'class-conditional spikes, strength 2, W .3, kappa .5'
    """
    title, *names = TITLES[family(variant)]
    settings = variant.partition("=")[2].split(",")
    return ", ".join([title, *(f"{name} {value}" for name, value in zip(names, settings, strict=False))])
