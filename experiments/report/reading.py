"""Everything that the page says of one run, measured once on test rows."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...data import Batch
from ...diagnostics import drawn_by, used_dimensions
from ...inference import Run
from .agreement import Agreement, measure_agreement
from .blocks import label_blocks
from .bounds import Bounds, measure_bounds
from .classified import label_sites
from .code import Code
from .cost import dimension_cost
from .drawn_code import read_code
from .meaning import Meaning, read_meaning
from .partition import Partition, partitions
from .sites import SiteLine, read_sites
from .told import Told, read_told

__all__ = ["Reading", "Space", "read_run"]

ROWS = 2000
PRICED = 1000  # rows on which holding a dimension at its mean is priced: D + 1 decodings each


@dataclass(frozen=True)
class Space:
    """The D dimensions of the code.

    Attributes:
        code: their posterior over the rows.
        told: what each tells of the image and of its class.
        cost: ``[D]``, what holding a dimension at its mean costs, in nats per row.
        used: ``[D]`` booleans.
        share: ``[D]``, share of the rows on which the gate is above 1/2; None for a dense code.
        meaning: class by class.
        drawn: ``[D, C, H, W]``, what each used dimension adds to an image; zero for the others.
        blocks: label -> its dimensions; none where the model does not draw labels through blocks.
        agreement: of the gates within and between classes, where there are both.
    """

    code: Code
    told: Told
    cost: np.ndarray
    used: np.ndarray
    share: np.ndarray | None
    meaning: Meaning
    drawn: np.ndarray
    agreement: Agreement | None
    blocks: dict[str, list[int]] = field(default_factory=dict)

    @property
    def owner(self) -> list[str]:
        """D names: the label whose block a dimension is in, or nothing."""
        own = {j: label for label, block in self.blocks.items() for j in block}
        return [own.get(j, "") for j in range(len(self.used))]

    @property
    def information(self) -> np.ndarray:
        """``[D]``, I(x; z_j) in nats."""
        return self.told.image.value

    @property
    def order(self) -> list[int]:
        """Used dimensions in the order of reading: by role, dense ones first, or else by their information."""
        roles, dense = self.meaning.roles, ~self.code.gated
        if roles is None:
            return [int(j) for j in np.argsort(-self.information, kind="stable") if self.used[j]]
        return [int(j) for j in (*np.flatnonzero(dense), *roles.order[~dense[roles.order]]) if self.used[j]]

    def role(self, j: int) -> str:
        """Of dimension j: "dense" beside gates but without one, else one of the roles; empty where there are none."""
        roles = self.meaning.roles
        return "" if roles is None else str(roles.role[j]) if self.code.gated[j] else "dense"


@dataclass(frozen=True)
class Reading:
    """A run on N test rows.

    Attributes:
        run: the run.
        batch: the rows.
        parts: how their labels part them.
        posterior: site -> q(site | x), batch ``[N]``; labels withheld.
        label_sites: those of the guide's sites that take labels.
        history: one dict an epoch; none for a run that ended before its first.
        site_lines: the prior's latent sites.
        bounds: what the run explains.
        space: the code's dimensions; None if no site can be decoded.
    """

    run: Run
    batch: Batch
    parts: list[Partition]
    posterior: dict[str, Any]
    label_sites: set[str]
    history: list[dict[str, float]]
    site_lines: list[SiteLine]
    bounds: Bounds
    space: Space | None

    @property
    def undecoded(self) -> list[str]:
        """Sites of vectors, other than of labels, that the decoder does not take by themselves."""
        own = self.label_sites | ({part.site for part in self.space.code.each} if self.space else set())
        return [site for site, q in self.posterior.items() if len(q.event_shape) >= 1 and site not in own]


def read_run(run: Run) -> Reading:
    """Measure a run on its first 2000 test rows; the same draws each time."""
    devices = [run.pair.device] if run.pair.device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.no_grad():
        torch.manual_seed(0)
        batch = run.split("test", ROWS)
        parts = partitions(batch, run.data.classes)
        posterior = run.posterior("test", ROWS)
        code = read_code(run, posterior, batch.x)
        space = None if code is None else read_space(run, code, batch.x, parts)
        history = run.history if (run.folder / "metrics.csv").is_file() else []
        sites = label_sites(run, batch)
        lines = read_sites(run, sites, history)
        return Reading(run, batch, parts, posterior, sites, history, lines, measure_bounds(run, batch.x), space)


def read_space(run: Run, code: Code, x: Tensor, parts: list[Partition]) -> Space:
    """The dimensions of a code."""
    told = read_told(run, code, parts)
    cost = dimension_cost(run, code.z[:PRICED], x[:PRICED])
    used = used_dimensions(code.gate, cost, told.image.value)
    chosen = np.flatnonzero(used).tolist()
    drawn = np.zeros((len(used), *run.data.shape), dtype=np.float32)
    if chosen:
        drawn[chosen] = drawn_by(run.decode, code.z, chosen)
    return Space(
        code=code,
        told=told,
        cost=cost,
        used=used,
        share=None if code.gate is None else (code.gate > 0.5).double().mean(0).numpy(),
        meaning=read_meaning(code, parts, used),
        drawn=drawn,
        agreement=None if code.gates is None else measure_agreement(code.gates, parts),
        blocks=label_blocks(run),
    )
