"""The tables of the experiment, in Markdown."""

from collections.abc import Callable, Mapping, Sequence

from ..interval import Interval, interval
from ..markdown import markdown, percent
from ..study import Study
from .aim import saved
from .reference import ACTIVATED, PHOTOS, SWEEP
from .variants import ABLATIONS, METHODS, PLAIN, betas, radii, titled, written

__all__ = [
    "COLUMNS",
    "ablation_table",
    "active_table",
    "beta_table",
    "design_table",
    "photo_table",
    "read",
    "rival_table",
]

Writer = Callable[[Interval], str]

COLUMNS: dict[str, tuple[str, Writer]] = {
    "error": ("error, %", percent),
    "kl": ("KL", lambda value: value.written(2)),
    "kl(y)": ("KL1", lambda value: value.written(2)),
    "kl(z)": ("KL2", lambda value: value.written(2)),
    "reconstruction": ("reconstruction", lambda value: value.written(1)),
    "diversity": ("diversity", lambda value: value.written(3)),
    "saved": ("errors saved, %", percent),
    "information": ("information of the class", lambda value: value.written(2)),
    "separation": ("separation, %", percent),
    "overlap": ("overlap, %", percent),
    "activated": ("activated", lambda value: value.written(1)),
    "union": ("for a class or more", lambda value: value.written(1)),
    "active": ("change, activated", lambda value: value.written(2)),
    "inactive": ("change, others", lambda value: value.written(2)),
    "seconds": ("training, s", lambda value: value.written(0)),
}
"""Figure -> its heading, and how it is written."""

PLACES = {"error": 2, "kl": 2, "kl(y)": 2, "kl(z)": 3, "reconstruction": 1, "diversity": 3}  # of the source's figures
NONE = "–"


def read(study: Study, set_name: str, variant: str, name: str) -> Interval:
    """A figure by the name that it has in ``COLUMNS``, over the seeds.

    KL1 is that of the label, KL2 that of all other sites.
    """
    if name == "saved":
        return saved(study, set_name, variant).share if variant != PLAIN else interval([])
    if name == "kl":
        return study.figure(set_name, variant, "kl", "total")
    if name == "kl(y)":
        return study.figure(set_name, variant, "kl", "y")
    if name == "kl(z)":
        return interval(kl["total"] - kl["y"] for kl in study.values(set_name, variant, "kl").values() if len(kl) > 2)
    path = ("change", name) if name in ("active", "inactive") else (name,)
    return study.figure(set_name, variant, *path)


def lines(study: Study, set_name: str, variants: Mapping[str, str], names: Sequence[str]) -> dict[str, list[str]]:
    """Title -> figures as written, for the variants, titles by variant, that were measured."""
    found = {}
    for variant, title in variants.items():
        values = [read(study, set_name, variant, name) for name in names]
        if any(value.seeds for value in values):
            found[title] = [COLUMNS[name][1](value) for name, value in zip(names, values, strict=True)]
    return found


def table(first: str, rows: Mapping[str, Sequence[str]], names: Sequence[str]) -> str | None:
    """A table of rows under the headings of their figures; None without a row."""
    head = [first, *(COLUMNS[name][0] for name in names)]
    return markdown(head, [[title, *cells] for title, cells in rows.items()]) if rows else None


def beta_table(study: Study, set_name: str) -> str | None:
    """What beta does in the plane; beside digits the source's figures on all of MNIST. None unless there are two."""
    swept, names = betas(study, set_name), (*SWEEP[1.0], "separation")
    if len(swept) < 2:
        return None
    rows: dict[str, list[str]] = {}
    for beta, variant in swept.items():
        rows |= lines(study, set_name, {variant: f"beta {written(beta)}"}, names)
        if beta in SWEEP and set_name.startswith("mnist"):
            source = [f"{SWEEP[beta][name]:.{PLACES[name]}f}" if name in PLACES else NONE for name in names]
            rows[f"beta {written(beta)}, the source on MNIST"] = source
    return table("", rows, names)


def rival_table(study: Study, set_name: str) -> str | None:
    """The methods side by side; None unless the plain classifier and another one are there."""
    there = study.variants(set_name)
    methods = {method: titled(method) for method in METHODS if method in there}
    names = ("error", "saved", "kl(y)", "kl(z)", "reconstruction", "separation", "information", "seconds")
    return table("", lines(study, set_name, methods, names), names) if len(methods) > 1 and PLAIN in methods else None


def ablation_table(study: Study, set_name: str) -> str | None:
    """EXoN without its parts; None unless one was taken away."""
    there = study.variants(set_name)
    parts = {name: titled(name) for name in ABLATIONS if name in there}
    names = ("error", "separation", "activated", "information", "kl(y)", "kl(z)", "reconstruction", "diversity")
    return table("", lines(study, set_name, parts, names), names) if len(parts) > 1 else None


def active_table(study: Study, set_name: str, dim: int) -> str | None:
    """Activated dimensions against beta, and what varying them changes; None without a variant of so many."""
    swept = {variant: f"beta {written(beta)}" for beta, variant in betas(study, set_name, dim).items()}
    names = ("activated", "union", "active", "inactive", "error", "kl(z)", "reconstruction")
    return table(f"D = {dim}", lines(study, set_name, swept, names), names)


def design_table(study: Study, set_name: str) -> str | None:
    """Two classes at several distances; None without a radius."""
    at = {variant: f"R = {written(radius)}" for radius, variant in radii(study, set_name).items()}
    names = ("error", "separation", "overlap", "kl(y)", "kl(z)", "reconstruction")
    return table("", lines(study, set_name, at, names), names)


def photo_table(study: Study, set_name: str) -> str | None:
    """What was found on CIFAR-10, beside what the source reports; None if it was not trained."""
    if set_name not in study.sets:
        return None
    there = study.variants(set_name)
    ours = {titled(v): percent(read(study, set_name, v, "error")) for v in METHODS if v in there}
    theirs = {name: f"{error:g}" for name, error in PHOTOS.items()}
    rows = [
        [f"{name}: error, %", ours.get(name, NONE), theirs.get(name, NONE)] for name in dict.fromkeys((*theirs, *ours))
    ]
    rows.append(["EXoN: activated dimensions", read(study, set_name, "exon", "activated").written(0), f"{ACTIVATED}"])
    return markdown(["", "here", "the source"], rows)
