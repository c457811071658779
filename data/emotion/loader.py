"""DEAP as a data set: log band power of 32 electrodes, second by second, under ratings of what a person felt."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ..archive import CACHE
from ..batch import Batch
from ..dataset import DataSet, Factors
from ..labels import label_mask
from ..recipe import recorded
from .band_power import band_power
from .clips import split_clips
from .person import PEOPLE, RATE, RATINGS, find_people, read_person

__all__ = ["deap"]

BASELINE, SECONDS = 3, 60  # before a clip begins, and of it
STILL = 1e-4  # a logarithm that varies less is of an electrode that was off
CAUSES = ("person", "clip", "second")


@recorded
def deap(
    root: str | PathLike[str] = CACHE,
    label: str | Sequence[str] = "valence",
    split: Literal["trial", "person"] = "trial",
    steps: int = 1,
    people: Sequence[int] | None = None,
    labels: int | float | None = None,
    seed: int = 0,
    baseline: bool = False,
    validation: float = 0.1,
    test: float = 0.2,
) -> DataSet:
    """DEAP: brain waves of 32 people during 40 music videos each; ``x`` floats ``[N, steps, 32, 4]``.

    A row is ``steps`` consecutive seconds of one clip, none in two rows: the log power (`band_power`) of 32 electrodes
    in the bands theta 4-8, alpha 8-12, beta 12-30 and gamma 30-45 Hz of each second. The 3 s before a clip begins are
    left out. Every feature is centred and divided by its standard deviation, both of the training rows alone. A label
    is 1 where the person's rating of the clip, from 1 to 9, is above 5.

    **Rows are split by clip or by person, never by second.** All rows of a trial (one person's watching of one clip)
    are in one split: its seconds are so alike that a classifier tested on seconds of a clip it was trained on
    recognises the clip, and seems to read the mind. With ``split="trial"`` every person is in all splits, in the same
    shares and stratified by label; with ``split="person"`` nobody is in two. The trials of a split stand in random
    order, the rows of a trial side by side in that of time.

    ``data.factors[split]`` has the "person", "clip" (1 to 40, the same video for everybody) and first "second" of each
    row, as ``values [N, 3]``: person and clip together tell which rows are of one trial, which may vote.

    The files come from people who signed their agreement with DEAP's authors, and cannot be downloaded here:
    ``s01.dat`` to ``s32.dat`` or ``s01.mat`` to ``s32.mat`` of the preprocessed data, looked for in ``root`` and in
    its subfolders ``deap``, ``data_preprocessed_python`` and ``data_preprocessed_matlab``. A ``.dat`` file is a pickle,
    and is read without running anything of it. One person is in memory at a time, in 0.3 GB.

    Args:
        root: a folder; ``~`` is the home folder.
        label: "valence", "arousal", "dominance" or "liking" for ``y [N]``; a list of L of them for attributes
            ``y [N, L]``.
        split: by "trial" or by "person".
        steps: seconds in a row, 1 to 60; what is left over at the end of a clip is dropped.
        people: numbers from 1 to 32; None for all.
        labels: how many training rows keep their labels: a count, a fraction, or None for all; see `label_mask`.
        seed: of the splits and of the labels.
        baseline: subtract from each trial its mean features over the 3 s before the clip, as is often done with DEAP
            to lessen what differs between people.
        validation: share of each person's clips, or of the people, 1 at least.
        test: alike.

    Raises:
        FileNotFoundError: if files are missing; it says where the agreement is that one signs for them.
        ValueError: if a file is not as DEAP's are or asks to import anything, an argument is out of range, the sizes
            leave nothing to train on, or the labels cannot be served.

    References:
        Koelstra et al., "DEAP: A Database for Emotion Analysis using Physiological Signals", IEEE Transactions on
        Affective Computing 3(1), 2012. As an experiment on influential factors: Liu et al., arXiv 1809.01804.

    Example:
        >>> deap("~/deap", steps=10)  # doctest: +SKIP
        DataSet(deap: rows of (10, 32, 4); train 5376, validation 768, test 1536; 2 classes; read from ...)
    """
    wanted = [label] if isinstance(label, str) else list(label)
    numbers = list(range(1, PEOPLE + 1)) if people is None else list(people)
    _check(wanted, numbers, steps)
    paths, source = find_people(Path(root).expanduser(), numbers)

    power, rating = [], []
    for number in numbers:
        one = read_person(paths[number])
        power.append(_rows(band_power(one.signal, RATE), steps, baseline))
        rating.append(one.ratings)
    x, ratings = torch.cat(power), torch.cat(rating)  # [M, S, steps, 32, 4] and [M, 4] of M trials with S rows each
    high = (ratings[:, [RATINGS.index(name) for name in wanted]] > 5).long()
    clips = len(ratings) // len(numbers)
    person = torch.tensor(numbers).repeat_interleave(clips)
    clip = torch.arange(1, clips + 1).repeat(len(numbers))

    chosen = split_clips(high, person, split, validation, test, seed)
    seen = x[chosen["train"]].flatten(0, 2)
    scale, centre = torch.std_mean(seen, 0, correction=0)
    scale = torch.where(scale > STILL, scale, 1.0)

    splits, factors = {}, {}
    for name, index in chosen.items():
        y = high[index].repeat_interleave(x.shape[1], 0)
        splits[name] = Batch(((x[index] - centre) / scale).flatten(0, 1), y[:, 0] if isinstance(label, str) else y)
        factors[name] = _causes(person[index], clip[index], x.shape[1], steps)
    classes = (f"low {label}", f"high {label}") if isinstance(label, str) else tuple(wanted)
    if labels is not None:
        mask = label_mask(splits["train"].y, labels, seed, len(classes))
        splits["train"] = splits["train"]._replace(labelled=mask)
    return DataSet("deap", **splits, classes=classes, source=source, factors=factors)


def _rows(power: Tensor, steps: int, baseline: bool) -> Tensor:
    """``[40, 32, 63, 4]`` as ``[40, S, steps, 32, 4]``, S rows of a clip."""
    power = power.transpose(1, 2)
    before, during = power.split([BASELINE, SECONDS], 1)
    if baseline:
        during = during - before.mean(1, keepdim=True)
    rows = SECONDS // steps
    return during[:, : rows * steps].unflatten(1, (rows, steps))


def _causes(person: Tensor, clip: Tensor, rows: int, steps: int) -> Factors:
    """Who, which clip and when, of the rows of trials."""
    second = torch.arange(rows).mul(steps).repeat(len(person))
    values = torch.stack([person.repeat_interleave(rows), clip.repeat_interleave(rows), second], -1).float()
    return Factors(values, torch.ones_like(values, dtype=torch.bool), CAUSES)


def _check(wanted: list[str], people: list[int], steps: int) -> None:
    if not wanted or len(set(wanted)) < len(wanted) or not set(wanted) <= set(RATINGS):
        raise ValueError(
            f"label: expected one of {', '.join(RATINGS)}, or a list of them; {', '.join(map(repr, wanted)) or '[]'} "
            "was given.\nTry one of:\n- label='valence'\n- label=['valence', 'arousal'] for two attributes a row"
        )
    if not people or len(set(people)) < len(people) or not set(people) <= set(range(1, PEOPLE + 1)):
        raise ValueError(
            f"people: expected different numbers from 1 to {PEOPLE}; {people} was given.\nTry one of:\n"
            "- people=None for all\n- people=[1, 2, 3]"
        )
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= SECONDS:
        raise ValueError(
            f"steps: expected 1 to {SECONDS} seconds in a row; {steps!r} was given.\nTry one of:\n"
            "- steps=1 with a dense network\n- steps=10 with network='recurrent'"
        )
