"""Which clips of which people are trained on, chosen whole: windows of one clip are never apart."""

import torch
from torch import Tensor

from ..splits import stratified_order
from ..streams import stream

__all__ = ["split_clips"]

SPLITS = ("train", "validation", "test")


def split_clips(high: Tensor, person: Tensor, by: str, validation: float, test: float, seed: int) -> dict[str, Tensor]:
    """Divides M clips of all people into three splits, by clip or by person.

    By clip every person gives the same shares of clips to each split, stratified: each split has the person's own
    proportion of high and low ratings, to the rounding. By person all clips of somebody are in one split.

    Args:
        high: ``[M, L]`` integers 0 and 1.
        person: ``[M]`` integers; somebody's clips in a row.
        by: "trial" or "person".
        validation: share of a person's clips, or of the people; one at least.
        test: alike.
        seed: 0 or more.

    Returns:
        split -> indices into the clips, in random order.

    Raises:
        ValueError: if ``by`` is neither, or the shares leave no clip or nobody to train on.

    Example:
        >>> person = torch.arange(3).repeat_interleave(10)
        >>> splits = split_clips(torch.arange(30)[:, None] % 2, person, "person", 0.1, 0.2, seed=0)
        >>> {name: person[index].unique().numel() for name, index in splits.items()}
        {'train': 1, 'validation': 1, 'test': 1}
    """
    if by not in ("trial", "person"):
        raise ValueError(
            f"split: expected 'trial' or 'person'; {by!r} was given.\nTry one of:\n"
            "- split='trial': every person is in all splits, no clip of theirs in two\n"
            "- split='person': people are tested of whom nothing was seen"
        )
    people, shuffles = person.unique(), {name: stream(seed, "clips", name) for name in SPLITS}
    if by == "person":
        order = people[torch.randperm(len(people), generator=stream(seed, "people"))]
        splits = [torch.isin(person, part).nonzero()[:, 0] for part in _cut(order, validation, test, "people")]
    else:
        _, joint = high.unique(dim=0, return_inverse=True)
        parts = []
        for each in people.tolist():
            own = (person == each).nonzero()[:, 0]
            _, group = joint[own].unique(return_inverse=True)
            parts.append(_cut(own[stratified_order(group, seed * 100 + each)], validation, test, "clips"))
        splits = [torch.cat(part) for part in zip(*parts, strict=True)]
    return {
        name: index[torch.randperm(len(index), generator=shuffle)]
        for (name, shuffle), index in zip(shuffles.items(), splits, strict=True)
    }


def _cut(units: Tensor, validation: float, test: float, what: str) -> tuple[Tensor, Tensor, Tensor]:
    """Training units first, test units last."""
    shares = (validation, test)
    sizes = [max(1, round(share * len(units))) if 0 < share < 1 else len(units) for share in shares]
    left = len(units) - sum(sizes)
    if left < 1:
        raise ValueError(
            f"validation, test: expected shares above 0 that leave {what} to train on; {validation:g} and {test:g} of "
            f"{len(units)} {what} were given.\nTry one of:\n- validation=0.1, test=0.2, the default\n"
            "- more people=, three at least with split='person'"
        )
    return tuple(units.split([left, *sizes]))  # pyright: ignore[reportReturnType]
