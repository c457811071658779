"""The names of axes and positions in arrays of draws: rows, plates, dimensions, classes, attributes."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
from torch import Tensor

from ...data import Batch
from ..objective import Site, data_frame

__all__ = ["Axes", "Names", "rows_first"]

IMAGE = ("channel", "height", "width")


class Names(TypedDict):
    """Names of positions by axis, and of axes by array."""

    coords: dict[str, Any]
    dims: dict[str, list[str]]


class Axes:
    """Names of the axes of sites, after the draws.

    Args:
        sites: of a program and its guide.
        told: those of them that take labels.
        classes: names of the classes, or of the attributes, of the labels.

    Example:
        >>> import pyro, torch, pyro.distributions as dist
        >>> from pyro import poutine
        >>> def program():
        ...     with pyro.plate("data", 5), pyro.plate("parts", 3):
        ...         pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1))
        >>> sites = poutine.trace(program).get_trace().nodes
        >>> Axes(sites, set(), ()).of("z")
        ['row', 'parts', 'z_dimension']
    """

    def __init__(self, sites: Mapping[str, Site], told: set[str], classes: Sequence[str]):
        self.sites, self.told, self.classes = sites, told, list(classes)

    def of(self, name: str) -> list[str]:
        """The names of a site's axes, rows first."""
        site = self.sites[name]
        event, own = site["fn"].event_shape, data_frame(site)
        plates = {frame.dim: frame.name for frame in site["cond_indep_stack"] if frame.vectorized and frame is not own}
        depth = len(site["fn"].batch_shape)
        inner = [plates.get(d, f"{name}_plate{-d}") for d in range(-depth, 0) if own is None or d != own.dim]
        return [*(["row"] if own else []), *inner, *self.of_event(name, event, observed=site["is_observed"])]

    def of_event(self, name: str, event: Sequence[int], *, observed: bool = False) -> list[str]:
        """The names of the axes of one value."""
        if len(event) == 1:
            by_label = name in self.told and event[0] == len(self.classes)
            return ["attribute" if by_label else f"{name}_dimension"]
        if observed and len(event) == len(IMAGE):
            return list(IMAGE)
        return [f"{name}_axis{i}" for i in range(len(event))]

    def of_labels(self, name: str, array: Tensor) -> list[str]:
        """The names of the axes of labels, or of their mask."""
        by_name = array.ndim == 2 and array.shape[1] == len(self.classes)
        return ["row", *(["attribute"] if by_name else [f"{name}_axis{i}" for i in range(array.ndim - 1)])]

    def named(self, groups: Mapping[str, Mapping[str, Tensor]], code: str | None, batch: Batch) -> Names:
        """All names.

        Args:
            groups: arrays that begin with the draws, those of data with the rows.
            code: the site that is decoded as it is, if one is; its axis is then ``dimension``, as that of ``code`` is.
            batch: the rows.
        """
        dims = {name: self.of_labels(name, array) for name, array in groups["constant_data"].items()}
        dims |= {name: self.of(name) for name in self.sites}
        if "code" in groups["posterior"]:
            dims.setdefault("code", ["row", *self.of_event("code", groups["posterior"]["code"].shape[2:])])
        decoded = code or "code"
        dims |= {
            name: ["dimension" if axis == f"{decoded}_dimension" else axis for axis in dims[name]] for name in dims
        }
        coords: dict[str, Any] = {"row": np.arange(batch.rows)}
        for name, array in groups["posterior"].items():
            if dims[name][-1:] in ([f"{name}_dimension"], ["dimension"]):
                coords[dims[name][-1]] = [called(name, j) for j in range(array.shape[-1])]

        dims["log_weight"] = ["row"]
        for name in self.sites:
            chance = groups["sample_stats"].get(f"probability_{name}")
            own = [axis for axis in dims[name] if axis == "row"]
            dims |= {f"log_p_{name}": own, f"log_ratio_{name}": own, f"open_gates_{name}": own}
            if chance is not None:
                by_class = name in self.told and chance.shape[-1] == len(self.classes)
                values = ["class" if by_class else f"{name}_value"] * (chance.ndim - 1 - len(dims[name]))
                dims[f"probability_{name}"] = [*dims[name], *values]
        used = {axis for axes in dims.values() for axis in axes}
        coords |= {axis: self.classes for axis in ("class", "attribute") if axis in used}
        if isinstance(batch.y, Tensor) and batch.y.ndim == 1 and self.classes:
            coords["row_class"] = ("row", classes_of(batch, self.classes))
        return Names(coords=coords, dims=dims)


def rows_first(value: Tensor, site: Site) -> Tensor:
    """A value with the axis of the rows in front; as it is for a site of the whole data set."""
    frame = data_frame(site)
    return value if frame is None else value.movedim(len(site["fn"].batch_shape) + frame.dim, 0)


def called(site: str, j: int) -> str:
    """Dimension j of a site: "z3"; "style[3]" where the site has a longer name.

    Example:
        >>> called("z", 3), called("style", 3)
        ('z3', 'style[3]')
    """
    return f"{site}{j}" if len(site) == 1 else f"{site}[{j}]"


def classes_of(batch: Batch, classes: Sequence[str]) -> list[str]:
    """The name of each row's class, empty where its label is not known."""
    y, known = batch.y, batch.labelled
    mask = [True] * batch.rows if known is None else known.tolist()  # pyright: ignore[reportAttributeAccessIssue]
    return [classes[int(k)] if there else "" for k, there in zip(y.tolist(), mask, strict=True)]  # pyright: ignore
