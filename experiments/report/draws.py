"""Posterior draws of test rows, for ArviZ."""

from collections import defaultdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pyro import poutine
from torch import Tensor

from ...diagnostics import to_arviz
from ...inference import Run
from ...inference.objective import data_frame, log_prob, random_sites
from .headline import spoken_of
from .reading import Reading, Space

__all__ = ["save_draws"]

DRAWS, ROWS, PIXELS = 50, 200, 2**23  # at most so many values in all predicted images together


def save_draws(reading: Reading, path: Path) -> None:
    """Write ``posterior.nc``: joint draws of all latent sites of the first rows, gates hard and labels withheld.

    Groups: posterior (the sites), posterior_predictive (the mean image of each draw), log_likelihood (log p(x | z) in
    nats), sample_stats (log p(x, z) - log q(z | x) in nats; for a sparse code, how many gates are open) and
    observed_data (images, labels).

    Args:
        reading: of the run.
        path: the file.
    """
    rows = min(ROWS, reading.batch.rows, max(4, PIXELS // (DRAWS * int(np.prod(reading.run.data.shape)))))
    batch = reading.batch.take(slice(0, rows))
    groups = draw(reading.run, batch.x)
    space, y = reading.space, batch.y
    if space is not None and space.code.gate is not None:
        opened = [groups["posterior"][part.site] != 0 for part in space.code.each if part.gate is not None]
        groups["sample_stats"]["open_gates"] = torch.cat(opened, -1).sum(-1)
    observed: dict[str, Any] = {"x": batch.x}
    if isinstance(y, dict):
        observed |= {f"label_{site}": values for site, values in y.items()}
    elif y is not None:
        observed["label"] = y

    dims = {"x": ["row", "channel", "height", "width"], "log_weight": ["row"], "open_gates": ["row"], "label": ["row"]}
    coords: dict[str, Any] = {"row": np.arange(rows)}
    if isinstance(y, Tensor) and y.ndim == 2:
        dims["label"], coords["attribute"] = ["row", "attribute"], list(reading.run.data.classes)
    for site, value in groups["posterior"].items():
        dims[site] = ["row", *(f"{site}_axis{i}" for i in range(value.ndim - 2))]
    if space is not None:
        names = iter(dimension_names(space))
        for part in space.code.each:
            axis = f"{part.site}_dimension" if space.code.parts else "dimension"
            dims[part.site], coords[axis] = ["row", axis], list(islice(names, part.z.shape[1]))
    data = to_arviz(**groups, observed_data=observed, coords=coords, dims=dims)
    data.to_netcdf(str(path))


@torch.no_grad()
def draw(run: Run, x: Tensor) -> dict[str, Any]:
    """Groups of draws ``[draw, row, ...]``, by running the guide and replaying the model."""
    found: dict[str, dict[str, list[Tensor]]] = defaultdict(lambda: defaultdict(list))
    x = x.to(run.pair.device)
    for _ in range(DRAWS):
        guide = poutine.trace(run.pair.guide).get_trace(x)
        model = poutine.trace(poutine.replay(run.pair.model, trace=guide)).get_trace(x)
        latent = {name: site for name, site in random_sites(model) if not site["is_observed"] and data_frame(site)}
        observed: Any = model.nodes["x"]
        weight = log_prob(observed)
        for name, site in latent.items():
            found["posterior"][name].append(site["value"].cpu())
            weight = weight + log_prob(site) - log_prob(guide.nodes[name])
        found["posterior_predictive"]["x"].append(observed["fn"].mean.cpu())
        found["log_likelihood"]["x"].append(log_prob(observed).cpu())
        found["sample_stats"]["log_weight"].append(weight.cpu())
    return {group: {name: torch.stack(parts) for name, parts in sites.items()} for group, sites in found.items()}


def dimension_names(space: Space) -> list[str]:
    """A name for each dimension: "z3 specific: 0, 6", or "c0: hat" in the block of a label."""

    def name(j: int) -> str:
        role = space.role(j)
        own = spoken_of(space, j) if role in ("shared", "specific") else [space.owner[j]] if space.owner[j] else []
        return f"{space.code.name(j)} {role}".rstrip() + (f": {', '.join(own)}" if own else "")

    return [name(j) for j in range(len(space.used))]
