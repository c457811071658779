"""The figures of the page, drawn into a folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pyro import poutine

from ...diagnostics import Sharing, category_sharing, influential, keep_only
from ...diagnostics.figures import (
    gate_heatmap,
    information_stem,
    kept_grid,
    reconstruction_grid,
    sample_grid,
    sharing_matrix,
    training_curves,
)
from ...models import LatentModel
from .classified import Classified
from .column_heatmap import column_heatmap
from .headline import role_rule
from .reading import Reading
from .walks import walks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Picture", "draw_pictures"]

UNITS = {"accuracy": "share of rows", "open": "gates a row", "live": "dimensions", "between": "nats"}
KEPT = (24, 12, 8, 6, 4, 3, 2, 1, 0)  # dimensions


@dataclass(frozen=True)
class Picture:
    """A figure on the page.

    Attributes:
        section: where it belongs.
        name: of its file, without the ending.
        caption: what it shows, and in which units.
        bytes: the PNG.
        width: on the page, in CSS pixels: a hundred to an inch of the figure.
    """

    section: str
    name: str
    caption: str
    bytes: bytes
    width: int


def draw_pictures(readings: Mapping[str, Reading], labels: Sequence[Classified], folder: Path) -> list[Picture]:
    """Draw all that applies, save it into the folder, and give it back.

    Args:
        readings: heading -> run: the run itself first, and the one beside it.
        labels: how the run's label sites do.
        folder: exists.
    """
    reading, pictures = next(iter(readings.values())), []
    parts = (
        heatmaps(readings),
        told_pictures(reading),
        class_pictures(readings, labels),
        image_pictures(reading),
        curves(reading),
    )
    for section, name, figure, caption in (each for part in parts for each in part):
        path = folder / f"{name}.png"
        figure.savefig(path)
        pictures.append(Picture(section, name, caption, path.read_bytes(), round(100 * figure.get_figwidth())))
    return pictures


Drawn = Iterator[tuple[str, str, "Figure", str]]


def heatmaps(readings: Mapping[str, Reading]) -> Drawn:
    """Class by dimension: runs with the same kind of code and the same classes in one figure, on one scale."""
    spaces = {heading: reading.space for heading, reading in readings.items() if reading.space is not None}
    main = next(iter(spaces.values()), None)
    together = {
        heading: space
        for heading, space in spaces.items()
        if main and main.meaning.roles and space.meaning.roles and space.meaning.rows == main.meaning.rows
    }
    if together and main:
        attributes = main.meaning.attributes
        by = "with and without each attribute" if attributes else "class by class"
        rule = role_rule(main).replace(". ", ".\n", 1)
        figure = gate_heatmap(
            {heading: space.meaning.mean for heading, space in together.items()},
            main.meaning.rows,
            {heading: space.meaning.roles for heading, space in together.items() if space.meaning.roles},
            {heading: space.drawn for heading, space in together.items()},
            title=f"Mean gate of each dimension, {by}",
            legend=f"{rule}\nsmall pictures: what the dimension draws (red adds ink, blue removes it)"
            if attributes
            else None,
        )
        caption = (
            "Averages over test rows. Columns are the used dimensions, by number; under each, how an image changes "
            "when the dimension is switched on."
        )
        yield "answer", "heatmap", figure, caption
    for number, (heading, space) in enumerate(spaces.items()):
        if heading not in together:
            name = "heatmap" if not together and number == 0 else f"heatmap-{number + 1}"
            what = "Class means of the code" if space.code.gate is None else "Mean gate"
            caption = f"{what} over test rows; columns are used dimensions, the most informative first."
            yield "answer", name, column_heatmap(space, f"{what}: {heading}"), caption


def told_pictures(reading: Reading) -> Drawn:
    """What the dimensions tell, and what is left of an image when only those that tell most are kept."""
    run, space, shape = reading.run, reading.space, reading.run.data.shape
    if space is None:
        return
    told = space.told
    caption = (
        f"Dimensions by what they tell of which of the {told.image.rows} test rows they code, "
        f"{'exactly' if told.exact else 'at least'}. Below: what each draws, blank where the decoder ignores it, and "
        "the variance of the codes of all rows together."
    )
    if told.share is not None:
        what = "the attribute that it tells best" if space.meaning.attributes else "the class"
        caption += f" Colour: how much a dimension tells of {what}, as a share of the entropy."
    figure = information_stem(
        told.image,
        variance=told.variance,
        specificity=told.share,
        pictures=space.drawn,
        title="Information by dimension",
    )
    yield "information", "information", figure, caption
    if len(shape) == 3 and shape[0] in (1, 3):
        rows, names = exemplars(reading, 8)
        z, size = space.code.z[rows], len(space.used)
        ks = [size, *(k for k in KEPT if k < size)]
        images = torch.stack([run.decode(keep_only(z, influential(told.image, k=k))) for k in ks], 1)
        caption = (
            "Mean images at the codes of test rows, of which only the dimensions that tell most are kept; the others "
            "are set to zero."
        )
        yield "information", "kept", kept_grid(images, ks, reading.batch.x[rows], names or None), caption


def class_pictures(readings: Mapping[str, Reading], labels: Sequence[Classified]) -> Drawn:
    """What classes have in common, with the change against the run beside; and how they are told."""
    (heading, overlap), *others = [(heading, sharing(reading)) for heading, reading in readings.items()]
    reading = next(iter(readings.values()))
    if overlap is not None:
        classes = reading.parts[0].classes
        caption = (
            "Jaccard overlap of the sets of dimensions open in two classes: those open in both over those open in "
            f"either, among the used dimensions. Open: mean gate above {overlap.threshold:g}."
        )
        title = "Overlap of two classes" + (f": {heading}" if others else "")
        yield "sharing", "sharing", sharing_matrix(overlap.jaccard, classes, title), caption
        for other, without in others:
            if without is not None and without.jaccard.shape == overlap.jaccard.shape:
                change, title = overlap.jaccard - without.jaccard, f"Change against {other}"
                figure = sharing_matrix(change, classes, title, label="change of the overlap", change=True)
                caption = (
                    f"The same less that of {other}: above zero, two classes have more of their dimensions in common."
                )
                yield "sharing", "sharing-change", figure, caption
    for number, each in enumerate(labels):
        title, share = f"Labels told by site {each.name}", "share of the true class"
        figure = sharing_matrix(each.confusion, each.classes, title, label=share)
        caption = "Rows are true classes, columns the class that the guide finds most probable; labels withheld."
        yield "labels", f"labels-{number + 1}", figure, caption


def sharing(reading: Reading) -> Sharing | None:
    """The overlap of classes in the used dimensions; None without gates, without classes, or with none used."""
    space = reading.space
    if space is None or space.code.gate is None or not space.used.any():
        return None
    if len(reading.parts) != 1 or space.meaning.attributes:
        return None
    part = reading.parts[0]
    gate = space.code.gate[part.known][:, np.flatnonzero(space.used)]
    return category_sharing(gate, part.y[part.known], classes=part.classes)


def image_pictures(reading: Reading) -> Drawn:
    """Traversals, reconstructions and samples; nothing for rows that are no images."""
    run, space, shape = reading.run, reading.space, reading.run.data.shape
    if len(shape) != 3 or shape[0] not in (1, 3):
        return
    if space is not None:
        if (figure := walks(reading, space)) is not None:
            caption = (
                "A row of images is one test row with one dimension moved over three standard deviations either way. "
                "Ink: sum of the pixels. Slant: lean of the ink from upright, from image moments, degrees to the right."
            )
            yield "traversals", "traversals", figure, caption
        rows, names = exemplars(reading)
        drawn = run.decode(space.code.z[rows])
        title = "Test rows and their reconstructions"
        figure = reconstruction_grid(reading.batch.x[rows], drawn, names or None, title=title)
        sparse = "the row's code: slab means where the gate is above 1/2, zero elsewhere"
        code = "the posterior mean" if space.code.gate is None else sparse
        yield "images", "reconstructions", figure, f"Reconstruction: mean image at {code}."
    if isinstance(run.pair.model, LatentModel):
        with torch.no_grad(), torch.random.fork_rng([]):
            torch.manual_seed(1)
            site: Any = poutine.trace(run.pair.model).get_trace(rows=20).nodes["x"]
            mean = site["fn"].mean.cpu()
        caption = "Mean images of 20 codes drawn from the prior."
        yield "images", "samples", sample_grid(mean, "Samples from the prior"), caption


def exemplars(reading: Reading, number: int = 20) -> tuple[list[int], list[str]]:
    """Rows in turn from every class, and their classes; the first rows where there are no classes."""
    first = list(range(min(number, reading.batch.rows)))
    if len(reading.parts) != 1:
        return first, []
    part = reading.parts[0]
    y = part.y[part.known].numpy()
    where = np.flatnonzero(part.known.numpy())
    turn = np.array([np.sum(y[:i] == c) for i, c in enumerate(y)])
    chosen = where[np.lexsort((y, turn))][:number]
    return chosen.tolist(), [part.classes[int(part.y[row])] for row in chosen]


def curves(reading: Reading) -> Drawn:
    """Bound and factors against the epoch."""
    history = reading.history
    series: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    names = dict.fromkeys(name for row in history for name in row)
    for name in names:
        split, _, what = name.partition("/")
        if split in ("train", "validation") and what != "loss":
            rows = [row for row in history if name in row]
            epochs, values = ([row[key] for row in rows] for key in ("epoch", name))
            series[f"{what}/{split}"] = (np.array(epochs), np.array(values))
    if series:
        series = dict(sorted(series.items(), key=lambda item: not item[0].startswith("bound")))
        panels = [name.partition("/")[0] for name in series]
        units = {name: UNITS.get(name.partition("(")[0], "nats per row") for name in panels}
        sparse = reading.space is not None and reading.space.code.gate is not None
        gates = ", with hard gates; training gates are relaxed" if sparse else ""
        caption = f"Bound: on log p(x); validation withholds labels{gates}."
        if any(name.startswith("live(") for name in panels):
            caption += (
                " Of the gates: open above 1/2, mean of the rows; live, open on 1 to 99 % of them; between, the "
                "divergence of the mean gates of two classes."
            )
        yield "training", "training", training_curves(series, units=units, title="Epoch by epoch"), caption
