"""The tables of the experiment, in Markdown."""

from collections.abc import Sequence

import numpy as np

from ..interval import interval
from ..markdown import markdown, percent, signed
from .choice import choose, ratio, reaches
from .reference import ACCURACY, BOUND
from .study import PLAIN, Study
from .variants import FAMILIES, family, label_count, main_variants, titled

__all__ = [
    "choice_table",
    "faces_table",
    "few_labels_table",
    "generation_table",
    "main_table",
    "sharing_table",
    "size_table",
]

CATEGORIES = {"fashion_mnist": {"shoes": (5, 7, 9), "tops": (0, 2, 4, 6)}}


def main_table(study: Study, set_name: str) -> str:
    """Every way of using classes, and every control: what it buys and what it costs, on test rows."""
    head = [
        "",
        "-ELBO",
        "used",
        "open a row",
        "within",
        "between",
        "ratio",
        "I(Y; Gamma)",
        "accuracy, gates, %",
        "open, %",
    ]
    keys = (("-bound", 1), ("used", 1), ("open", 1), ("within", 2), ("between", 2))
    rows = []
    for variant in main_variants(study.variants(set_name)):
        cells = [study.figure(set_name, variant, "test", key).written(digits) for key, digits in keys]
        quotient = ratio(study, set_name, variant, "test")
        told = study.figure(set_name, variant, "test", "I(Y;Gamma)").written(2)
        accuracy = [percent(study.figure(set_name, variant, "test", key)) for key in ("accuracy", "accuracy_open")]
        rows.append([titled(variant), *cells, "–" if np.isnan(quotient) else f"{quotient:.1f}", told, *accuracy])
    return markdown(head, rows)


def choice_table(study: Study, set_name: str) -> str:
    """Of each family the setting chosen on validation rows, what of the aim it reaches, and its match without classes.

    The match is plain sparse coding at the alpha whose number of used dimensions is nearest: what the ratio would be
    if class information did nothing but switch dimensions off.
    """
    rows = []
    for name in FAMILIES:
        if name == "alpha" or (variant := choose(study, set_name, name)) is None:
            continue
        met = reaches(study, set_name, variant)
        bound = study.against_plain(set_name, variant, "test", "-bound", relative=True)
        figures = {
            "ratio": f"{ratio(study, set_name, variant, 'test'):.1f}",
            "bound": f"{'+' if bound.mean >= 0 else ''}{percent(bound)} %",
            "dimensions": signed(study.against_plain(set_name, variant, "test", "used"), 1),
        }
        marked = [f"{figure} ({'yes' if met[part] else 'no'})" for part, figure in figures.items()]
        rows.append([titled(variant), *marked, matched(study, set_name, variant)])
    head = ["chosen on validation rows", "ratio, aim 10", "-ELBO against plain, aim at most +1.5 %"]
    head += ["used dimensions against plain, aim none fewer", "ratio of plain with the nearest number used"]
    return markdown(head, rows)


def matched(study: Study, set_name: str, variant: str) -> str:
    """The ratio of plain sparse coding with about as many used dimensions as a variant."""
    used = study.figure(set_name, variant, "test", "used").mean
    controls = [v for v in study.variants(set_name) if family(v) in (PLAIN, "alpha")]
    plain = {v: study.figure(set_name, v, "test", "used").mean for v in controls}
    nearest = min(plain, key=lambda v: abs(plain[v] - used))
    return f"{ratio(study, set_name, nearest, 'test'):.1f} ({nearest}, {plain[nearest]:.1f} used)"


def few_labels_table(study: Study, set_name: str) -> str | None:
    """Accuracy of logistic regression from few labels, class information seeing only those."""
    few = {v: found for v in study.variants(set_name) if (found := label_count(v))}
    counts = sorted({count for count, _ in few.values()})
    if not counts:
        return None
    by_method: dict[str, dict[int, str]] = {
        method: dict.fromkeys(counts, method) for method in ("vae", PLAIN) if method in study.variants(set_name)
    }
    for variant, (count, method) in few.items():
        by_method.setdefault(method, {})[count] = variant
    rows = []
    for feature in ("pixels", "mu", "gate", "gate*mu"):
        for method, variants in by_method.items():
            cells = [
                percent(study.figure(set_name, variants[count], "test", "few_labels", feature, str(count)))
                if count in variants
                else "–"
                for count in counts
            ]
            if set(cells) != {"–"}:
                name = "raw pixels" if feature == "pixels" else titled(method)
                rows.append([feature, name, *cells])
    majority = percent(study.figure(set_name, PLAIN, "test", "majority"))
    rows.append(["–", "largest class", *[majority] * len(counts)])
    return markdown(["feature", "method", *(f"{count} labels" for count in counts)], rows)


def sharing_table(study: Study, set_name: str) -> str | None:
    """Overlap of classes within and across categories, as it is and as a change against plain."""
    if set_name not in CATEGORIES:
        return None
    rows = []
    for variant in shown(study, set_name):
        cells = [titled(variant)]
        for members in CATEGORIES[set_name].values():
            own = {s: overlap(matrix, members) for s, matrix in sharing(study, set_name, variant).items()}
            base = {s: overlap(matrix, members) for s, matrix in sharing(study, set_name, PLAIN).items()}
            for part in (0, 1):
                here = interval(own[s][part] for s in own)
                change = interval(own[s][part] - base[s][part] for s in own.keys() & base.keys())
                cells.append(here.written(2) + ("" if variant == PLAIN else f" ({signed(change)})"))
        rows.append(cells)
    head = [f"{name}, {where}" for name in CATEGORIES[set_name] for where in ("among themselves", "with the others")]
    return markdown(["Jaccard overlap of active dimensions (change against plain)", *head], rows)


def shown(study: Study, set_name: str) -> list[str]:
    """Plain, and of each family with class information the setting chosen on validation rows."""
    chosen = [choose(study, set_name, name) for name in ("lambda", "all-sample", "separation", "sibling")]
    return [PLAIN, *(variant for variant in chosen if variant)]


def sharing(study: Study, set_name: str, variant: str) -> dict[int, np.ndarray]:
    """Seed -> overlap of classes ``[C, C]``."""
    found = study.values(set_name, variant, "test", "sharing_jaccard")
    return {seed: np.array(matrix, dtype=float) for seed, matrix in found.items()}


def overlap(matrix: np.ndarray, members: Sequence[int]) -> tuple[float, float]:
    """Mean overlap of a category's classes with each other, and with all other classes.

    Example:
        >>> overlap(np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 1.0]]), (0, 1))
        (0.5, 0.1)
    """
    others = [c for c in range(len(matrix)) if c not in members]
    own = [matrix[i, j] for i in members for j in members if i < j]
    return float(np.nanmean(own)), float(np.nanmean(matrix[np.ix_(members, others)]))


def size_table(study: Study) -> str | None:
    """-ELBO and accuracy against D and alpha, the Normal prior and the sources' figures beside them."""
    rows = []
    for set_name, variant in study:
        if family(variant) != "D":
            continue
        size, _, kind = variant.partition("=")[2].partition(",")
        kind = kind.removeprefix("alpha=")
        key = (set_name.removesuffix("5k"), kind, int(size))  # mnist5k is a part of MNIST
        bound = study.figure(set_name, variant, "test", "-bound")
        accuracy = study.values(set_name, variant, "test", "few_labels", "mu")
        most = percent(interval(max(((int(n), a) for n, a in each.items()))[1] for each in accuracy.values()))
        used = study.figure(set_name, variant, "test", "used").written(1)
        beside = [
            f"{BOUND[key]:.1f}" if key in BOUND else "–",
            f"{100 * ACCURACY[key]:.1f}" if key in ACCURACY else "–",
        ]
        name = "Normal prior" if kind == "vae" else f"alpha = {kind}"
        rows.append([set_name, name, size, bound.written(1), beside[0], most, beside[1], used])
    head = ["data", "prior", "D", "-ELBO", "source's", "accuracy on mu, 5000 labels, %", "source's, %", "used"]
    return markdown(head, rows) if rows else None


def generation_table(study: Study, set_name: str) -> str:
    """Whether images drawn for a class are recognised as of that class."""
    kinds = {"row": "a row's pattern", "mean": "the class's pattern", "prior": "p(z given y)"}
    rows = []
    for variant in shown(study, set_name):
        cells = [
            percent(study.figure(set_name, variant, "generation", kind)) for kind in (*kinds, "reconstructed", "real")
        ]
        rows.append([titled(variant), *cells])
    return markdown(["recognised as their class, %", *kinds.values(), "reconstructions", "test rows"], rows)


def faces_table(study: Study, set_name: str) -> str | None:
    """How well dimensions match the true causes of faces."""
    keys = {
        "active": "activity tells attributes",
        "active_purity": "purity of used dimensions",
        "open": "open tells attributes",
        "open_purity": "purity of open dimensions",
        "value": "values of factors",
        "regions": "pattern draws where it should",
        "regions_majority": "constant answer",
        "prior_regions": "the prior's own pattern",
    }
    with_faces = [v for v in study.variants(set_name) if study.values(set_name, v, "test", "factors")]
    if not with_faces:
        return None
    rows = [
        [
            titled(variant),
            study.figure(set_name, variant, "test", "-bound").written(1),
            study.figure(set_name, variant, "test", "used").written(1),
            *(study.figure(set_name, variant, "test", "factors", key).written(2) for key in keys),
        ]
        for variant in with_faces
    ]
    return markdown(["", "-ELBO", "used", *keys.values()], rows)
