"""The blocks of a code through which a model draws its labels."""

from typing import Any

from ...inference import Run

__all__ = ["label_blocks"]


def label_blocks(run: Run) -> dict[str, list[int]]:
    """Label -> its dimensions of the code; none for a model whose prior has no ``blocks`` and ``conditional(y)``.

    Args:
        run: its data name the labels, in the order of the blocks.
    """
    prior: Any = getattr(run.pair.model, "prior", None)
    blocks = getattr(prior, "blocks", None)
    if blocks is None or not hasattr(prior, "conditional") or len(blocks) != len(run.data.classes):
        return {}
    return dict(zip(run.data.classes, blocks, strict=True))
