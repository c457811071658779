"""The figures of the page, drawn into a folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pyro import poutine

from ...diagnostics import influential, keep_only
from ...diagnostics.figures import (
    information_stem,
    kept_grid,
    reconstruction_grid,
    sample_grid,
    training_curves,
)
from ...models import LatentModel
from .characteristic_pictures import characteristic_pictures
from .characteristics import Characteristics
from .class_pictures import label_pictures, sharing_pictures
from .classified import Classified
from .exemplars import exemplars, has_images
from .headline import listed
from .heatmaps import heatmaps
from .mixture import Mixture, mixture_pictures
from .picture import Drawn, Picture
from .reading import Reading
from .walks import walks

__all__ = ["draw_pictures"]

UNITS = {"accuracy": "share of rows", "open": "gates a row", "live": "dimensions"}
UNITS |= dict.fromkeys(("between", "information", "entropy"), "nats")
KEPT = (24, 12, 8, 6, 4, 3, 2, 1, 0)  # dimensions


def draw_pictures(
    readings: Mapping[str, Reading],
    labels: Sequence[Classified],
    characteristics: Characteristics | None,
    mixture: Mixture | None,
    folder: Path,
) -> list[Picture]:
    """Draw all that applies, save it into the folder, and give it back.

    Args:
        readings: heading -> run: the run itself first, and those beside it.
        labels: how the run's label sites do.
        characteristics: of a run that draws labels through blocks.
        mixture: of a run whose classes are components of the prior.
        folder: exists.
    """
    reading, pictures = next(iter(readings.values())), []
    parts = (
        mixture_pictures(reading, mixture),
        heatmaps(readings),
        told_pictures(reading),
        sharing_pictures(readings),
        label_pictures(labels),
        characteristic_pictures(reading, characteristics),
        image_pictures(reading),
        curves(reading),
    )
    for section, name, figure, caption in (each for part in parts for each in part):
        path = folder / f"{name}.png"
        figure.savefig(path)
        pictures.append(Picture(section, name, caption, path.read_bytes(), round(100 * figure.get_figwidth())))
    return pictures


def told_pictures(reading: Reading) -> Drawn:
    """What the dimensions tell, and what is left of an image when only those that tell most are kept."""
    run, space = reading.run, reading.space
    if space is None:
        return
    told = space.told
    how = "exactly" if told.exact else "estimated" if told.image.method == "draws" else "at least"
    caption = (
        f"Dimensions by what they tell of which of the {told.image.rows} test rows they code, {how}. Below: what each "
        "draws, blank where the decoder ignores it, and the variance of the codes of all rows together."
    )
    if told.share is not None:
        what = "the attribute that it tells best" if space.meaning.attributes else "the class"
        caption += f" Colour: how much a dimension tells of {what}, as a share of the entropy."
    figure = information_stem(
        told.image,
        variance=told.variance,
        specificity=told.share,
        pictures=space.drawn,
        names=[space.code.name(j) for j in range(len(space.used))] if space.code.parts else None,
        title="Information by dimension",
    )
    yield "information", "information", figure, caption
    if has_images(reading):
        rows, names = exemplars(reading, 8)
        z, size = space.code.z[rows], len(space.used)
        ks = [size, *(k for k in KEPT if k < size)]
        images = torch.stack([run.decode(keep_only(z, influential(told.image, k=k))) for k in ks], 1)
        caption = (
            "Mean images at the codes of test rows, of which only the dimensions that tell most are kept; the others "
            "are set to zero."
        )
        yield "information", "kept", kept_grid(images, ks, reading.batch.x[rows], names or None), caption


def image_pictures(reading: Reading) -> Drawn:
    """Traversals, reconstructions and samples; nothing for rows that are no images."""
    run, space = reading.run, reading.space
    if not has_images(reading):
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


def curves(reading: Reading) -> Drawn:
    """Bound, factors and the weights that move, against the epoch."""
    history = reading.history
    series: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    names = dict.fromkeys(name for row in history for name in row)
    for name in names:
        split, _, what = name.partition("/")
        epochs, values = np.array([[row["epoch"], row[name]] for row in history if name in row]).T
        if split in ("train", "validation") and what != "loss":
            series[f"{what}/{split}"] = epochs, values
        elif split == "weight" and np.ptp(values) > 0:
            series[f"weight of {what}"] = epochs, values
    if series:
        series = dict(sorted(series.items(), key=lambda item: not item[0].startswith("bound")))
        panels = [name.partition("/")[0] for name in series]
        units = {name: UNITS.get(name.partition("(")[0], "nats per row") for name in panels}
        units |= {name: "" for name in panels if name.startswith("weight of ")}
        sparse = reading.space is not None and reading.space.code.gate is not None
        gates = ", with hard gates; training gates are relaxed" if sparse else ""
        caption = f"Bound: on log p(x); validation withholds labels{gates}."
        if factors := [factor.name for factor in reading.run.pair.factors if factor.name in panels]:
            caption += f" Weighted, and no part of the bound: {listed(factors)}."
        if any(name.startswith("live(") for name in panels):
            caption += (
                " Of the gates: open above 1/2, mean of the rows; live, open on 1 to 99 % of them; between, the "
                "divergence of the mean gates of two classes."
            )
        if any(name.startswith("information(") for name in panels):
            caption += (
                " Of the labels that the guide gives: information, what they tell of which image it is; entropy, of "
                "all rows' labels together, the most that they could tell."
            )
        yield "training", "training", training_curves(series, units=units, title="Epoch by epoch"), caption
