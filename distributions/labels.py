"""Labels as programs receive them: one tensor, or one per label site."""

from torch import Tensor

__all__ = ["Labels", "at_site", "whole_rows"]

Labels = Tensor | dict[str, Tensor] | None


def at_site(name: str, labels: Labels) -> Tensor | None:
    """The labels (or the mask) of the label site ``name``.

    Args:
        name: the site.
        labels: one tensor that serves every label site, a dict from site to tensor, or None.

    Example:
        >>> at_site("hat", {"bow_tie": Tensor([1])}) is None
        True
    """
    return labels.get(name) if isinstance(labels, dict) else labels


def whole_rows(labelled: Labels) -> Labels:
    """The rows ``[B]`` all of whose attributes are known, for a site that takes them as one vector.

    Args:
        labelled: boolean ``[B]``, ``[B, L]``, a dict of such, or None.

    Example:
        >>> whole_rows(torch.tensor([[True, True], [True, False]]))
        tensor([ True, False])
    """
    if isinstance(labelled, dict):
        return {site: mask if mask.dim() == 1 else mask.all(1) for site, mask in labelled.items()}
    return labelled if labelled is None or labelled.dim() == 1 else labelled.all(1)
