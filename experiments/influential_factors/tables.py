"""The tables of the experiment, in Markdown."""

from collections.abc import Sequence

import numpy as np

from ...diagnostics import INFORMATIVE
from ..interval import Interval, interval
from ..markdown import markdown, percent
from ..measures import Measured
from ..study import Study
from .estimators import side_by_side
from .inversions import inversions
from .reference import ACCURACY, ACTIVE
from .variants import main, settings, titled

__all__ = [
    "accuracy_table",
    "disentanglement_table",
    "emotion_table",
    "error_table",
    "estimator_table",
    "factor_table",
    "inversion_table",
    "known_dimension_table",
    "spectrum_table",
    "worst_table",
]

MISSING = "–"
WAYS = {"top": "top", "gaussian": "top by the paper's", "random": "random", "bottom": "bottom"}


def spectrum_table(study: Study, set_name: str) -> str:
    """How many dimensions are informative, by each way of counting, and how much they tell."""
    head = ["", "-ELBO", "informative", "used", "active units", "sum, nats", "sum by the paper's", "first", "last"]
    head += ["variance of z, informative", "of the others"]
    rows = []
    for variant in study.variants(set_name):
        each = study.of(set_name, variant).values()
        cells = [titled(study, set_name, variant), study.figure(set_name, variant, "-bound").written(1)]
        cells += [study.figure(set_name, variant, key).written(1) for key in ("informative", "used")]
        cells += [interval(active(m) for m in each).written(1)]
        cells += [interval(total(m, key) for m in each).written(1) for key in ("information", "gaussian")]
        cells += [interval(end(m) for m in each).written(2) for end in (highest, lowest)]
        rows.append([*cells, *variances(list(each))])
    if set_name.startswith("mnist"):
        cells = [f"{ACTIVE['dimensions']:.0f}", "–", "–", "–", f"{ACTIVE['sum']:.0f}"]
        cells += [f"{ACTIVE['highest']:.2f}", f"{ACTIVE['lowest']:.2f}", ".97 to 1.12", ".97 to 1.12"]
        rows.append(["the source's, MNIST, H 128, beta 6", "–", *cells])
    return markdown(head, rows)


def above(measured: Measured) -> np.ndarray:
    """Which dimensions are informative."""
    return np.array(measured.figures["information"]) > INFORMATIVE


def active(measured: Measured) -> int:
    """How many units are active."""
    return int((np.array(measured.figures["mean_variance"]) > 0.01).sum())


def total(measured: Measured, key: str) -> float | None:
    """The sum over dimensions of an information; None where it was not measured."""
    return float(np.sum(measured.figures[key])) if key in measured.figures else None


def highest(measured: Measured) -> float:
    """The information of the first dimension."""
    return max(measured.figures["information"])


def lowest(measured: Measured) -> float | None:
    """The information of the last informative dimension; None without one."""
    return min((i for i in measured.figures["information"] if i > INFORMATIVE), default=None)


def variances(runs: Sequence[Measured]) -> list[str]:
    """The ranges of the aggregate's variance, in informative and in other dimensions, over all seeds."""
    written = []
    for wanted in (True, False):
        found = np.concatenate([np.array(m.figures["variance"])[above(m) == wanted] for m in runs])
        written.append(f"{found.min():.2f} to {found.max():.2f}" if len(found) else "–")
    return written


def kept(study: Study, set_name: str, k: int, *path: str) -> Interval:
    """A figure with k dimensions kept: the mean over the choices of a seed, and the interval over seeds."""
    variant = main(study, set_name)
    index = {seed: ks.index(k) for seed, ks in study.values(set_name, variant, "ks").items() if k in ks}
    found = study.values(set_name, variant, *path)
    return interval(float(np.mean(found[seed][i])) for seed, i in index.items() if seed in found)


def numbers(study: Study, set_name: str) -> list[int]:
    """The numbers kept, the most first."""
    (first, *_) = study.values(set_name, main(study, set_name), "ks").values()
    return sorted(first, reverse=True)


def accuracy_table(study: Study, set_name: str) -> str:
    """Accuracy against the number kept: one classifier with the rest zeroed, and classifiers trained anew."""
    source = set_name.startswith("mnist")
    head = ["kept", *(["the source's"] if source else []), *(f"zeroed: {name}" for name in WAYS.values())]
    head += [*(f"refit: {name}" for name in WAYS.values()), "refit on draws: top", "Fano's ceiling for it"]
    rows = []
    for k in numbers(study, set_name):
        cells = [str(k), *([f"{ACCURACY[k]:.2f}" if k in ACCURACY else "–"] if source else [])]
        for kind in ("zeroed", "refit"):
            cells += [percent(kept(study, set_name, k, "accuracy", kind, way)) for way in WAYS]
        cells += [percent(kept(study, set_name, k, "accuracy", *path)) for path in (("drawn", "top"), ("ceiling",))]
        rows.append(cells)
    return markdown(head, rows)


def error_table(study: Study, sets: Sequence[str]) -> str:
    """Error of reconstructions against the number kept, set by set."""
    rows = [
        [s, str(k), *(kept(study, s, k, "error", way).written(3) for way in WAYS)]
        for s in sets
        for k in numbers(study, s)
    ]
    return markdown(["data", "kept", *WAYS.values()], rows)


def known_dimension_table(study: Study, sets: Sequence[str]) -> str:
    """Dimensions counted beside dimensions there are."""
    rows = []
    for s in sets:
        for variant in study.variants(s):
            arguments = study.config(s, variant)["data"].get("init_args") or {}
            truth = study.values(s, variant, "truth", "names")
            of = f"{len(next(iter(truth.values())))}" if truth else "–"
            counts = [study.figure(s, variant, key).written(1) for key in ("informative", "used")]
            counts.append(interval(active(m) for m in study.of(s, variant).values()).written(1))
            rows.append([s, titled(study, s, variant), of, str(arguments.get("signs", 0)), *counts])
    head = ["data", "", "true factors", "of them with two values", "informative", "used", "active units"]
    return markdown(head, rows)


def estimator_table() -> str:
    """One trait in four codings: what each indicator says, and what a reader of the dimension can do."""
    found = side_by_side()
    keys = {"truth": "truth", "exact": "exact", "gaussian": "the paper's", "matched": "about the mean", "kl": "KL"}
    keys |= {"mean_variance": "variance of means"}
    rows = []
    for name, of in found.items():
        cells = [f"{of[key]:.2f} ({1 + sum(each[key] > of[key] for each in found.values())})" for key in keys]
        rows.append([name, *cells, f"{100 * of['class']:.1f}", f"{100 * of['row']:.1f}"])
    return markdown(["coding", *keys.values(), "tenth of the trait told, %", "right row of 100, %"], rows)


def inversion_table(study: Study) -> str:
    """Of the pairs of dimensions whose exact informations differ, how many an indicator puts in the wrong order."""
    rivals = {"gaussian": "the paper's", "matched": "about the mean", "kl": "KL", "mean_variance": "variance of means"}
    rows = []
    for s, variant in study:
        runs = [m.figures for m in study.of(s, variant).values() if rivals.keys() <= m.figures.keys()]
        found = {rival: [inversions(figures, rival) for figures in runs] for rival in rivals}
        pairs = sum(each.pairs for each in found["gaussian"])
        if pairs:
            cells = [f"{sum(each.wrong for each in of_rival)}" for of_rival in found.values()]
            rows.append([s, titled(study, s, variant), str(pairs), *cells])
    return markdown(["data", "", "pairs", *rivals.values()], rows)


def worst_table(study: Study, most: int = 6) -> str | None:
    """The clearest pairs that the paper's estimator puts in the wrong order, and what each dimension is good for."""
    found = []
    for s, variant in study:
        for seed, measured in study.of(s, variant).items():
            figures = measured.figures
            pair = inversions(figures).worst if "gaussian" in figures else None
            if pair is not None:
                gap = figures["information"][pair[0]] - figures["information"][pair[1]]
                name = f"{s}, {titled(study, s, variant)}, seed {seed}: z{pair[0]} and z{pair[1]}"
                cells = [both(figures, key, pair, 2) for key in ("information", "gaussian")]
                cells += [both(figures, key, pair, 1, 100) for key in ("row", "class")]
                found.append((gap, [name, *cells]))
    head = ["dimensions", "exact, nats", "the paper's", "right row of 100, %", "class told, %"]
    rows = [cells for _, cells in sorted(found, key=lambda item: -item[0])][:most]
    width = len(head) - all(cells[-1] == MISSING for cells in rows)
    return markdown(head[:width], [cells[:width] for cells in rows]) if rows else None


def both(figures: dict, key: str, pair: tuple[int, int], digits: int, factor: float = 1.0) -> str:
    """A figure of two dimensions."""
    values = [figures[key][j] for j in pair] if key in figures else []
    known = [f"{factor * value:.{digits}f}" for value in values if value is not None]
    return " and ".join(known) if len(known) == len(pair) else MISSING


def disentanglement_table(study: Study, sets: Sequence[str]) -> str:
    """The field's scores against the true factors."""
    keys = ("mig", "disentanglement", "completeness", "informativeness", "sap", "modularity")
    rows = []
    for s in sets:
        for variant in study.variants(s):
            found = list(study.values(s, variant, "truth", "found").values())
            if found:
                count, of = interval(sum(each) for each in found), len(found[0])
                scores = [study.figure(s, variant, "truth", key).written(2) for key in keys]
                informative = study.figure(s, variant, "informative").written(1)
                rows.append([s, titled(study, s, variant), informative, f"{count.written(1)} of {of}", *scores])
    head = ["data", "", "informative", "factors found", "MIG", "DCI: disentanglement", "completeness"]
    return markdown([*head, "informativeness", "SAP", "modularity"], rows)


def factor_table(study: Study, set_name: str) -> str:
    """Factor by factor: what its dimension tells of it, that one's rank by information, and whether it is found."""
    variants = [v for v in study.variants(set_name) if study.values(set_name, v, "truth")]
    (names, *_) = study.values(set_name, variants[0], "truth", "names").values()
    rows = [[name, *(told(study, set_name, variant, i) for variant in variants)] for i, name in enumerate(names)]
    return markdown(["true factor", *(titled(study, set_name, v) for v in variants)], rows)


def told(study: Study, set_name: str, variant: str, factor: int) -> str:
    """The share of a factor that its dimension tells, the mean over seeds, and the rank in the seeds that found it."""
    seeds = list(study.values(set_name, variant, "truth").values())
    share = interval(each["share"][factor] for each in seeds).written(2)
    ranks = [str(each["rank"][factor]) if each["found"][factor] else "no" for each in seeds]
    return share if set(ranks) == {"no"} else f"**{share}** (rank {', '.join(ranks)})"


def emotion_table(study: Study, set_name: str) -> str:
    """Accuracy of each label from the dimensions kept, by second and by the vote of a trial, main variant."""
    variant = main(study, set_name)
    runs = list(study.values(set_name, variant, "emotion").values())
    rows = []
    for label, ks in ((label, each["ks"]) for each in runs[:1] for label in each["labels"]):
        of = [each["labels"][label] for each in runs]
        constant = (percent(interval(each[key] for each in of)) for key in ("majority", "trial majority"))
        rows.append([label, "a constant answer", *(cell for one in constant for cell in (one, "–", "–"))])
        for i, k in enumerate(ks):
            cells = [
                percent(interval(float(np.mean([read[unit] for read in each["accuracy"][way][i]])) for each in of))
                for unit in ("window", "trial")
                for way in ("top", "random", "bottom")
            ]
            rows.append([label, str(k), *cells])
    ways = [f"{unit}: {way}" for unit in ("rows", "trials") for way in ("top", "random", "bottom")]
    return markdown(["label", "kept", *ways], rows)


def counts(
    study: Study, set_name: str, variants: Sequence[str], what: str
) -> tuple[list[float], dict[str, list[Interval]]]:
    """Along a sweep: the settings, and the dimensions counted in three ways."""
    x = [float(settings(study, set_name, variant)[what]) for variant in variants]
    found = {name: [study.figure(set_name, v, name) for v in variants] for name in ("informative", "used")}
    found["active units"] = [interval(active(m) for m in study.of(set_name, v).values()) for v in variants]
    return x, found
