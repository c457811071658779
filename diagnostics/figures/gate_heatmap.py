"""The main picture: which dimensions mean what for which class."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array, as_numpy
from ..sharing import Roles, dimension_roles
from .canvas import CATEGORICAL, INK, MUTED, SEQUENTIAL, place, sheet
from .thumbnails import thumbnails

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["gate_heatmap"]

BANDS = {"global": CATEGORICAL[0], "shared": CATEGORICAL[2], "specific": CATEGORICAL[1], "rare": MUTED}
WIDEST, CELL, HEAD = 13.0, 0.34, 0.72  # inches: all columns together, one column, heading of a panel


def gate_heatmap(
    panels: Mapping[str, Array],
    classes: Sequence[str],
    roles: Mapping[str, Roles] | None = None,
    drawn: Mapping[str, Array] | None = None,
    *,
    title: str = "Which dimensions mean what for which class",
    legend: str | None = None,
) -> "Figure":
    """Mean gate of each class in each dimension: one panel a model, one below the other, on one colour scale.

    Columns are sorted by role and carry their numbers; coloured bands above them name the roles. Unused dimensions are
    left out and counted in the panel's heading. All panels have columns of one width, so that a wider panel uses more
    dimensions.

    Args:
        panels: heading to mean gates ``[C, D]`` (``class_gate``).
        classes: C names.
        roles: heading to the roles of the dimensions; by default ``dimension_roles(panel)``.
        drawn: heading to the picture of each dimension, ``[D, H, W]`` or ``[D, C, H, W]`` (``drawn_by``; channels are
            averaged), shown under its column, each on its own scale.
        title: of the figure.
        legend: the text at the foot; by default what the roles of classes mean.

    Raises:
        ValueError: no panel, a panel that is not ``[C, D]``, roles or pictures of another number of dimensions.

    Example:
        >>> mean = np.array([[0.9, 0.8, 0.0], [0.9, 0.0, 0.7]])
        >>> figure = gate_heatmap({"weight 0": mean, "weight 10": mean}, ["boot", "bag"])
        >>> [axes.get_title(loc="left") for axes in figure.axes if axes.get_images()][:2]
        ['weight 0', 'weight 10']
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    means = {heading: as_numpy(mean) for heading, mean in panels.items()}
    if not means or any(mean.ndim != 2 or len(mean) != len(classes) for mean in means.values()):
        raise ValueError(
            "panels: expected at least one array [C, D] of mean gates with a row for each "
            f"of the {len(classes)} classes; "
            f"got { {heading: list(mean.shape) for heading, mean in means.items()} }.\n"
            "Try one of:\n"
            "- class_gate(gate, y, classes), which has a row for every class\n"
            "- mean.T when the dimensions come first"
        )
    role = {heading: roles[heading] if roles else dimension_roles(mean) for heading, mean in means.items()}
    pictures = {heading: as_numpy(images) for heading, images in (drawn or {}).items()}
    for heading, mean in means.items():
        sizes = [len(role[heading].role), len(pictures.get(heading, mean.T))]
        if sizes != [mean.shape[1]] * 2:
            raise ValueError(
                f"roles, drawn: expected {mean.shape[1]} dimensions in panel {heading!r}; "
                f"got {sizes[0]} roles, {sizes[1]} pictures.\n"
                "Try one of:\n"
                "- dimension_roles(panels[heading]) and drawn_by(decode, z), both over all dimensions"
            )
    shown = {heading: [j for j in role[heading].order if role[heading].role[j] != "unused"] for heading in means}

    columns = max(1, *(len(kept) for kept in shown.values()))
    cell = min(CELL, WIDEST / columns)
    row = 0.2
    left = max(0.8, 0.25 + 0.075 * max(len(name) for name in classes))
    thumb = cell + 0.06 if pictures else 0.0
    body = row * len(classes)
    panel_height = HEAD + body + 0.3 + thumb
    width = left + max(cell * columns, 4.6) + 1.1
    figure = sheet(width, 0.75 + (panel_height + 0.12) * len(means) + (0.3 if pictures else 0.15))
    figure.text(0.12 / width, 1 - 0.14 / figure.get_figheight(), title, va="top", size=13, weight="bold", color=INK)

    top = 0.5
    for heading, mean in means.items():
        kept = shown[heading]
        span = cell * max(1, len(kept))
        axes = place(figure, left, top + HEAD, span, body)
        axes.imshow(
            mean[:, kept] if kept else np.full((len(classes), 1), np.nan),
            cmap=SEQUENTIAL,
            vmin=0,
            vmax=1,
            aspect="auto",
            interpolation="none",
        )
        axes.set_facecolor("#dddddd")
        axes.set_yticks(range(len(classes)), classes, size=8.5)
        axes.set_title(heading, loc="left", size=10.5, weight="bold", pad=34, color=INK)
        missing = role[heading].counts["unused"]
        axes.annotate(
            f"{len(kept)} of {mean.shape[1]} dimensions shown" + (f"; {missing} unused" if missing else ""),
            xy=(0, 1), xycoords="axes fraction", xytext=(0, 25), textcoords="offset points", size=8, color=MUTED,
        )  # fmt: skip
        bare(axes)
        separate(axes, len(kept), len(classes))
        band(axes, role[heading].role[kept], cell, 72 * body)
        number(axes, kept, cell)
        if heading in pictures:
            strip = place(figure, left, top + HEAD + body + 0.24, span, cell)
            thumbnails(strip, pictures[heading][kept])
        top += panel_height + 0.12

    scale = place(figure, width - 0.78, 0.5 + HEAD, 0.13, body)
    figure.colorbar(ScalarMappable(Normalize(0, 1), SEQUENTIAL), cax=scale, ticks=[0, 0.25, 0.5, 0.75, 1])
    scale.set_title("mean gate", size=8, pad=7)
    scale.tick_params(labelsize=8, length=2)
    foot = explained(role, bool(pictures)) if legend is None else legend
    height = figure.get_figheight()
    figure.text(0.12 / width, 0.08 / height, foot, va="bottom", size=7.5, color=MUTED, linespacing=1.4)
    return figure


def bare(axes: "Axes") -> None:
    """No frame and no tick marks: the cells are the picture."""
    axes.tick_params(length=0, labelcolor=INK)
    for side in axes.spines.values():
        side.set_visible(False)


def separate(axes: "Axes", columns: int, rows: int) -> None:
    """Hairlines between cells."""
    axes.hlines(np.arange(rows - 1) + 0.5, -0.5, max(columns, 1) - 0.5, color="white", linewidth=0.6)
    axes.vlines(np.arange(columns - 1) + 0.5, -0.5, rows - 0.5, color="white", linewidth=0.4)


def band(axes: "Axes", roles: np.ndarray, cell: float, height: float) -> None:
    """A coloured bar with its name over each run of columns of one role, and a gap in the cells between two.

    Columns are ``cell`` inches wide, the axes ``height`` points high.
    """
    from matplotlib.transforms import blended_transform_factory

    across = blended_transform_factory(axes.transData, axes.transAxes)
    for name, colour in BANDS.items():
        where = np.flatnonzero(roles == name)
        if len(where) == 0:
            continue
        first, last = where[0] - 0.5, where[-1] + 0.5
        axes.plot(
            [first + 0.06, last - 0.06],
            [1 + 5 / height] * 2,
            transform=across,
            color=colour,
            linewidth=4,
            clip_on=False,
            solid_capstyle="butt",
        )
        label, ends = f"{name} {len(where)}", where[-1] + 1 == len(roles)
        fits = 5.6 * len(label) < 72 * cell * len(where)  # points
        axes.text(
            (first + last) / 2 if fits else first, 1 + 9.5 / height, label if fits or ends else str(len(where)),
            transform=across, ha="center" if fits else "left", va="bottom", size=8.5, weight="bold", color=colour,
        )  # fmt: skip
        if not ends:
            axes.axvline(last, color="white", linewidth=2.6)


def number(axes: "Axes", kept: list[int], cell: float) -> None:
    """Dimension numbers below their columns, all of them as long as they can be read."""
    every = max(1, int(np.ceil(0.075 / cell)))
    axes.set_xticks(
        range(0, len(kept), every),
        [str(j) for j in kept[::every]],
        size=min(8.5, 72 * cell * every * 0.8),
        rotation=0 if cell > 0.22 else 90,
    )
    axes.tick_params(axis="x", pad=1.5)
    axes.annotate(
        "dimension",
        xy=(0, 0),
        xycoords="axes fraction",
        xytext=(-5, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        size=8,
        color=MUTED,
    )


def explained(roles: Mapping[str, Roles], pictures: bool) -> str:
    """What the bands mean, and what the small pictures are."""
    rules = next(iter(roles.values()))
    text = (
        "mean gate: probability of being open. "
        f"A dimension is open in a class whose mean gate is above {rules.threshold:g}.\n"
        f"global: open in {rules.global_from} classes or more; "
        f"specific: in {rules.specific_to} or fewer; shared: in between"
    )
    if any((role.role == "rare").any() for role in roles.values()):
        text += "; rare: used, yet open in no class"
    if pictures:
        text += "\nsmall pictures: what the dimension draws (red adds ink, blue removes it), each on its own scale"
    return text
