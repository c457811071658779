"""The tables of the experiment, in Markdown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..interval import Interval, interval
from ..markdown import markdown, percent
from ..study import Study
from .fractions import CLASSIFIER, MAJORITY, Sets, element, fractions, methods, read, written
from .gradients import MODES
from .reference import ACCURACY
from .variants import METHODS

__all__ = [
    "accuracy_table",
    "block_swap_table",
    "bound_table",
    "calibration_table",
    "class_table",
    "diversity_table",
    "extra_table",
    "gradient_table",
    "has_attributes",
    "information_table",
    "reference_table",
    "selectivity_table",
    "swap_table",
    "titled",
]

Writer = Callable[[Interval], str]
Columns = dict[str, tuple[tuple[str, ...], Writer]]
Rows = dict[str, list[Interval]]
TITLE = {
    "exact": "CCVAE, exact",
    "alpha": "CCVAE, exact + alpha",
    "tilted": "CCVAE, tilted",
    "tilted+alpha": "CCVAE, tilted + alpha",
    "official": "CCVAE, official",
    "detached": "CCVAE, detached",
    "diva": "DIVA",
    "m2": "M2",
    "mvae": "MVAE",
    CLASSIFIER: "plain classifier",
    MAJORITY: "the most frequent answer",
}
SOURCE = {"CCVAE": ("exact", "alpha", "tilted+alpha", "official"), "M2": ("m2",), "DIVA": ("diva",), "MVAE": ("mvae",)}
MISSING = "–"


def titled(method: str) -> str:
    """A method as a table names it.

    Example:
        >>> titled("diva"), titled("block=2")
        ('DIVA', 'block=2')
    """
    return TITLE.get(method, method)


def written_as(digits: int) -> Writer:
    """A writer of so many digits."""
    return lambda value: value.written(digits)


def significant(value: Interval) -> str:
    """About three significant digits, for figures of any size.

    Example:
        >>> significant(interval([0.0123])), significant(interval([12345.6])), significant(interval([-1.0, 1.2]))
        ('0.0123', '12346', '0.1 ± 14.0')
    """
    size = np.fmax(abs(value.mean), value.half)
    return value.written(int(np.clip(2 - np.floor(np.log10(size)), 0, 4)) if np.isfinite(size) and size > 0 else 2)


def table(head: Sequence[str], rows: Mapping[str, Sequence[Interval]], written: Sequence[Writer]) -> str | None:
    """Rows of intervals under their names; rows without a figure are left out. None if none is left.

    Args:
        head: of all columns but the first.
        rows: title -> figures.
        written: how each column is written.
    """
    kept = {name: values for name, values in rows.items() if any(value.seeds for value in values)}
    lines = [
        [name, *(write(value) for write, value in zip(written, values, strict=True))] for name, values in kept.items()
    ]
    return markdown(["", *head], lines) if lines else None


def along(
    study: Study,
    sets: Sets,
    rows: Sequence[str],
    columns: Mapping[str, tuple[tuple[str, ...], Writer]],
) -> str | None:
    """Methods down, and for each quantity that was measured the fractions across.

    Args:
        study: the cells.
        sets: fraction -> set.
        rows: methods.
        columns: name of a quantity -> its path in the figures, and how it is written.
    """
    found = {
        name: {row: [read(study, s, row, *path) for s in sets.values()] for row in rows}
        for name, (path, _) in columns.items()
    }
    kept = [name for name, of in found.items() if any(value.seeds for values in of.values() for value in values)]
    head = [f"{name}, f = {written(f)}" for name in kept for f in sets]
    joined = {titled(row): [value for name in kept for value in found[name][row]] for row in rows}
    return table(head, joined, [columns[name][1] for name in kept for _ in sets])


def accuracy_table(study: Study, sets: Sets) -> str | None:
    """Accuracy in per cent against the fraction of labelled rows; bold where no other interval reaches.

    The head has the number of labelled rows, and that of the scarcest class, or value of an attribute, among them.
    """
    rows = [*methods(study, sets.values()), CLASSIFIER, MAJORITY]
    found = {row: [read(study, s, row, "accuracy") for s in sets.values()] for row in rows}
    found = {row: values for row, values in found.items() if any(value.seeds for value in values)}
    lines = []
    for row, values in found.items():
        others = [of for other, of in found.items() if other != row]
        leading = [leads(value, [of[k] for of in others]) for k, value in enumerate(values)]
        lines.append([titled(row), *(bold(percent(value), best) for value, best in zip(values, leading, strict=True))])
    head = [f"f = {written(f)}{counted(study, s)}" for f, s in sets.items()]
    return markdown(["accuracy, %", *head], lines) if lines else None


def leads(value: Interval, others: Sequence[Interval]) -> bool:
    """Whether a value's interval lies above those of all others.

    Example:
        >>> rival = Interval(0.7, 0.05, 3)
        >>> leads(Interval(0.9, 0.1, 3), [rival]), leads(Interval(0.8, 0.1, 3), [rival])
        (True, False)
    """
    tops = [each.mean + np.nan_to_num(each.half) for each in others if each.seeds]
    return bool(np.isfinite(value.half) and tops and value.mean - value.half > max(tops))


def bold(text: str, whether: bool) -> str:
    """Text, in bold or not."""
    return f"**{text}**" if whether else text


def counted(study: Study, set_name: str) -> str:
    """How many rows are labelled, and how many of the scarcest class, over all seeds; nothing where nobody counted."""
    labelled, least = set(), set()
    for variant in study.variants(set_name):
        labelled |= set(study.values(set_name, variant, "labelled").values())
        least |= {int(np.min(counts)) for counts in study.values(set_name, variant, "counts").values()}
    return f": {span(labelled)} labelled, {span(least)} of the scarcest" if labelled and least else ""


def span(numbers: set[int]) -> str:
    """From the least to the greatest.

    Example:
        >>> span({3}), span({3, 5, 4})
        ('3', '3 to 5')
    """
    return f"{min(numbers)}" if len(numbers) == 1 else f"{min(numbers)} to {max(numbers)}"


def bound_table(study: Study, sets: Sets) -> str | None:
    """-bound of log p(x) and of log p(x, y), in nats an image."""
    columns = {"-bound": (("-bound",), written_as(1)), "-joint bound": (("-joint bound",), written_as(1))}
    return along(study, sets, methods(study, sets.values()), columns)


def calibration_table(study: Study, sets: Sets) -> str | None:
    """Log loss in nats a label, and expected calibration error in per cent."""
    columns = {"log loss": (("log loss",), written_as(3)), "calibration error, %": (("calibration",), percent)}
    columns["by chance, %"] = ("calibration chance",), percent
    return along(study, sets, [*methods(study, sets.values()), CLASSIFIER], columns)


def swap_table(study: Study, sets: Sets) -> str | None:
    """What swaps cost, in nats a row, all labels together."""
    columns = {f"{name} swap": ((f"{name} swap", "total"), written_as(2)) for name in ("style", "block")}
    return along(study, sets, methods(study, sets.values()), columns)


def names(study: Study, set_name: str) -> list[str]:
    """The names of the labels."""
    return next(
        (found for v in study.variants(set_name) for found in study.values(set_name, v, "classes").values()), []
    )


def by_label(study: Study, set_name: str, lists: Columns, scalars: Columns) -> tuple[list[str], Rows, list[Writer]]:
    """Head, rows and writers of a table of methods with a column for each label, and further columns."""
    labels = names(study, set_name)
    head = [f"{name}{label}" for name in lists for label in labels] + list(scalars)
    rows = {
        titled(method): [
            *(element(study, set_name, method, i, path) for path, _ in lists.values() for i in range(len(labels))),
            *(study.figure(set_name, method, *path) for path, _ in scalars.values()),
        ]
        for method in methods(study, [set_name])
    }
    writers = [write for _, write in lists.values() for _ in labels] + [write for _, write in scalars.values()]
    return head, rows, writers


def has_attributes(study: Study, set_name: str) -> bool:
    """Whether the labels are several a row, and not classes."""
    return any(study.values(set_name, v, "label accuracy") for v in study.variants(set_name))


def constant(study: Study, set_name: str, *path: str) -> list[Interval]:
    """A figure of each label that is a property of the set, and so the same for all methods; empty where missing."""
    told = (v for m in methods(study, [set_name]) for v in study.values(set_name, m, *path).values())
    return [interval([value]) for value in next(told, ())]


def block_swap_table(study: Study, set_name: str) -> str | None:
    """What the swap of one block costs, in nats a row: of its label, which is taken, and of the others, kept."""
    lists: Columns = {f"{what}: ": (("block swap", what), written_as(2)) for what in ("taken", "kept")}
    return table(*by_label(study, set_name, lists, {}))


def selectivity_table(study: Study, set_name: str) -> str | None:
    """The share of each block's change that falls on its own label, in per cent, and the mean of them all."""
    lists, scalars = {"": (("selectivity", "share"), percent)}, {"score": (("selectivity", "score"), percent)}
    head, rows, writers = by_label(study, set_name, lists, scalars)
    chance = constant(study, set_name, "selectivity", "chance")
    if chance:
        rows["chance"] = [*chance, interval([float(np.mean([each.mean for each in chance]))])]
    return table(head, rows, writers)


def diversity_table(study: Study, set_name: str) -> str | None:
    """How much of the image each block draws, and how much of that where its label shows."""
    chance = constant(study, set_name, "diversity chance")
    lists: Columns = {"": (("diversity",), written_as(2))}
    lists |= {"in place, %: ": (("diversity share",), percent)} if chance else {}
    head, rows, writers = by_label(study, set_name, lists, {})
    if chance:
        rows["chance"] = [*[interval([])] * len(chance), *chance]
    return table(head, rows, writers)


def information_table(study: Study, set_name: str) -> str | None:
    """The information of each block and of the style, in nats."""
    lists, scalars = {"": (("block information",), written_as(2))}, {"style": (("style information",), written_as(2))}
    return table(*by_label(study, set_name, lists, scalars))


def class_table(study: Study, set_name: str) -> str | None:
    """Diversity, mean over classes, and the information of all blocks together and of the style."""
    rows = {
        titled(method): [
            together(study, set_name, method, "diversity", np.mean),
            together(study, set_name, method, "block information", np.sum),
            study.figure(set_name, method, "style information"),
        ]
        for method in methods(study, [set_name])
    }
    head = ["diversity, mean over classes", "all blocks, nats", "style, nats"]
    return table(head, rows, [written_as(2)] * 3)


def together(study: Study, set_name: str, method: str, key: str, joined: Callable[[np.ndarray], Any]) -> Interval:
    """A list of figures made one, over the seeds."""
    found = study.values(set_name, method, key).values()
    return interval(float(joined(np.array(each, dtype=float))) for each in found)


def gradient_table(study: Study, set_name: str) -> str | None:
    """Modes of the gradient side by side: their gradients on one network, and what training with each gave."""
    keys = ("noise", "cosine", "coefficient", "distance", "floor")
    rows = {}
    for when in ("start", "end"):
        for mode in MODES:
            gradient = [study.figure(set_name, "exact", "gradients", when, mode, key) for key in keys]
            if any(value.seeds for value in gradient):
                trained = [study.figure(set_name, mode, key) for key in ("accuracy", "-bound")]
                rows[f"{mode}, {when}"] = [*gradient, *(trained if when == "end" else [interval([])] * 2)]
    return table([*keys, "accuracy, %", "-bound"], rows, [significant] * len(keys) + [percent, written_as(1)])


def extra_table(study: Study, set_name: str) -> str | None:
    """Variants beside the methods that are compared, and what they vary."""
    extra = [v for v in study.variants(set_name) if v not in METHODS]
    if not extra:
        return None
    columns = {
        "accuracy, %": (("accuracy",), percent),
        "log loss": (("log loss",), written_as(3)),
        "-bound": (("-bound",), written_as(1)),
        "-joint bound": (("-joint bound",), written_as(1)),
        "style swap": (("style swap", "total"), written_as(2)),
        "block swap": (("block swap", "total"), written_as(2)),
        "selectivity, %": (("selectivity", "score"), percent),
        "style, nats": (("style information",), written_as(2)),
    }
    rows = {
        weighed(study, set_name, v): [study.figure(set_name, v, *path) for path, _ in columns.values()]
        for v in [*(m for m in ("exact", "alpha", "tilted+alpha", "official") if study.of(set_name, m)), *extra]
    }
    return table(list(columns), rows, [write for _, write in columns.values()])


def weighed(study: Study, set_name: str, variant: str) -> str:
    """A variant as the table of further settings names it: *alpha* by its weight."""
    if variant != "alpha":
        return titled(variant)
    weight = ((study.config(set_name, variant).get("pair") or {}).get("init_args") or {}).get("alpha")
    return titled(variant) if weight is None else f"{titled(variant)}={weight:g}"


def reference_table(study: Study, name: str) -> str | None:
    """Accuracy on CelebA in per cent, the source's beside ours; None if it was not trained."""
    sets = fractions(study).get(name, {})
    lines = []
    for method, ours in SOURCE.items():
        lines.append(
            [
                f"the source's {method}",
                *(f"{100 * ACCURACY[method][f]:.1f}" if f in ACCURACY[method] else MISSING for f in sets),
            ]
        )
        lines += [
            [titled(v), *(percent(read(study, s, v, "accuracy")) for s in sets.values())]
            for v in ours
            if v in methods(study, sets.values())
        ]
    return markdown(["accuracy, %", *(f"f = {written(f)}" for f in sets)], lines) if sets else None
