"""Pictures of a mixture run: its plane with the classes, what is drawn over it, its dimensions, and ways through it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from ....diagnostics import Plane
from ....diagnostics.figures import latent_plane, plane_grid, v_nat_bars
from ..picture import Drawn
from ..reading import Reading
from .reading import Mixture
from .view import View
from .ways import ways

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["mixture_pictures"]


def mixture_pictures(reading: Reading, mixture: Mixture | None) -> Drawn:
    """All that applies; nothing without a mixture.

    Args:
        reading: of the run.
        mixture: of it.
    """
    if mixture is None:
        return
    section = "mixture"
    if mixture.view is not None:
        yield section, "plane", named(codes(mixture, mixture.view), mixture.view), code_caption(mixture, mixture.view)
    if mixture.view is not None and mixture.plane is not None:
        view, chosen = mixture.view, list(mixture.view.classes)
        figure = plane_grid(
            spaced(mixture.plane),
            view.coordinates(mixture.prior.loc[chosen]),
            view.variance(mixture.prior.variance[chosen]),
            title="What is drawn over the plane",
        )
        caption = (
            "Mean images at the points of a grid over the same axes: what a code draws there. Within its ellipses an "
            "image should be of the class, and change from class to class where they meet."
        )
        yield section, "plane-grid", named(figure, view), caption
    if (drawn := ways(reading, mixture)) is not None:
        kind = "class" if mixture.told else "cluster"
        caption = (
            f"Images on straight lines between codes. Within: from a test row that is taken for its {kind} to the "
            f"farthest such one, where all images should be of the {kind}. Across: from a centre to the nearest other, "
            "where one should turn into the other in the middle. In the corner what the classifier takes the image for."
        )
        yield section, "ways", drawn, caption
    figure = v_nat_bars(mixture.v_nat, None if mixture.numbered else mixture.names)
    caption = (
        "V-nat of a class in a dimension: log of the mean, over its rows, of the component's variance over the "
        "posterior's. 0 where the code says nothing of the image beyond the class; above 1 the dimension is activated."
    )
    yield section, "v-nat", figure, caption


def codes(mixture: Mixture, view: View) -> "Figure":
    """The codes of the rows whose class has its centre in the plane, in the colours of their classes."""
    chosen = torch.tensor(view.classes)
    place = (mixture.y[:, None] == chosen).int()
    here = place.any(1)
    names = [mixture.names[k] for k in view.classes]
    return latent_plane(
        view.coordinates(mixture.code[here]),
        place[here].argmax(1),
        view.coordinates(mixture.prior.loc[chosen]),
        view.variance(mixture.prior.variance[chosen]),
        classes=None if names == list(map(str, range(len(names)))) else names,
        limits=None if mixture.plane is None else mixture.plane.limits,
        title="Where the rows of each class lie" if mixture.told else "Where the rows lie",
    )


def spaced(plane: Plane) -> Plane:
    """The plane with a white margin about each image, so that neighbours do not run together."""
    high, wide = plane.images.shape[-2:]
    margin = [(0, 0)] * (plane.images.ndim - 2) + [(max(1, side // 20),) * 2 for side in (high, wide)]
    white = 0.0 if plane.images.shape[-3] == 1 else 1.0  # a single channel is ink
    return replace(plane, images=np.pad(plane.images, margin, constant_values=white))


def code_caption(mixture: Mixture, view: View) -> str:
    """What the plane shows."""
    number, dim = mixture.prior.loc.shape
    colour = "true class" if bool(mixture.known.all()) else "true class, where known" if mixture.told else "own cluster"
    text = (
        f"Codes of test rows, each the posterior mean given the class that the classifier finds most probable, in the "
        f"colour of its {colour}; centres of the prior's components with one and two standard deviations."
    )
    if len(view.classes) < number:
        names = ", ".join(mixture.names[k] for k in view.classes)
        return f"{text} The plane through the centres of {names} and the rows of these, seen at right angles to it."
    return text + (" The other dimensions are as at the centres." if dim > 2 else "")


def named(figure: "Figure", view: View) -> "Figure":
    """The figure with the names of the plane's coordinates."""
    axes = figure.axes[0]
    axes.set_xlabel(view.names[0])
    axes.set_ylabel(view.names[1])
    return figure
