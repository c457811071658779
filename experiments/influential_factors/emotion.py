"""Do the most informative dimensions of a code of brain waves tell what a person felt? By window, and by vote."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...data import Batch, Factors
from ...diagnostics import label_information, mutual_information
from ...diagnostics.information.bounds import taken
from ...inference import Run
from ..plain import plain
from ..rows import Rows, encoded
from .keeping import kept_dimensions

__all__ = ["Read", "measure_emotion", "measure_feelings", "read_trials", "trials_of"]

ROWS = 10_000  # training rows over which information is taken
SHUFFLES = 5
Read = dict[str, float]


def measure_emotion(run: Run) -> dict[str, Any]:
    """The figures of a run on DEAP: informations, and what keeping the top dimensions leaves of the ratings.

    Args:
        run: of a code that can be decoded, on :func:`pellucid.data.deap`.

    Returns:
        As :func:`measure_feelings`, as JSON has it; None for what is not finite.

    Raises:
        ValueError: if the rows do not say whose they are and of which clip, or the run has no code.
    """
    train, test = ([encoded(run, known(run, split)), causes(run, split)] for split in ("train", "test"))
    with torch.no_grad():
        return plain(measure_feelings(train[0], test[0], trials_of(train[1]), trials_of(test[1])))


def known(run: Run, split: str) -> Batch:
    """The rows of a split, all labels known, whether training saw them or not."""
    batch = run.split(split)
    return Batch(batch.x, batch.y)


def causes(run: Run, split: str) -> Factors:
    """Whose the rows of a split are, and of which clip."""
    factors = (run.data.factors or {}).get(split)
    if factors is None or not {"person", "clip"} <= set(factors.names):
        raise ValueError(
            f"measure_emotion: the rows of {run.data.name} do not say of which person and clip they are.\n"
            "Try one of:\n- a run on pellucid.data.deap()"
        )
    return factors


def trials_of(factors: Factors) -> Tensor:
    """Which rows are of one trial: one person's watching of one clip.

    Args:
        factors: of N rows, "person" and "clip" among them.

    Returns:
        ``[N]``, the trials numbered from 0.

    Example:
        >>> values = torch.tensor([[1.0, 7.0], [1.0, 7.0], [2.0, 7.0]])
        >>> trials_of(Factors(values, values > 0, ("person", "clip")))
        tensor([0, 0, 1])
    """
    columns = [factors.names.index(name) for name in ("person", "clip")]
    return factors.values[:, columns].unique(dim=0, return_inverse=True)[1]


def measure_feelings(train: Rows, test: Rows, trials: Tensor, test_trials: Tensor) -> dict[str, Any]:
    """Accuracy of logistic regression on the posterior means of the dimensions kept, for each binary label.

    Dimensions are ranked by I(x; z_j) over training rows, without labels.

    Args:
        train: N rows to learn from.
        test: M rows that are looked at once.
        trials: ``[N]``, which trial a training row is of.
        test_trials: ``[M]``.

    Returns:
        "information" I(x; z_j) and its "standard_error", ``[D]`` nats; "order", all dimensions, most informative first;
        "ks", the numbers kept; "trials", how many are tested; and for each of "labels"

        - "majority", the share of the larger class of the test rows: what a constant guess reaches; "trial majority"
          alike;
        - "label" I(y; z_j), ``[D]`` nats, beside "shuffled", the mean over labels dealt anew to whole trials: seconds
          of one trial are alike, so that chance alone gives more than the number of rows would suggest;
        - "accuracy": for the "top", "bottom" and "random" dimensions and each number kept, a list of what
          :func:`read_trials` says of each choice. All are kept in the last.
    """
    marginal = train.code.marginal
    first = taken(marginal, torch.arange(min(ROWS, len(marginal.mean))))
    information = mutual_information(first)
    order = np.argsort(-information.value, kind="stable")
    ks = numbers(len(order))
    choices = kept_dimensions({"top": order}, ks)
    z, z_test = marginal.mean, test.code.marginal.mean

    labels = {}
    for name in [name for name in train.parts if name in test.parts]:
        y, y_test = train.parts[name].y, test.parts[name].y
        read = {
            kept: read_trials(z[:, kept], y, z_test[:, kept], y_test, test_trials)
            for kept in {each for way in choices.values() for by_number in way for each in by_number}
        }
        by_trial = torch.stack([y_test[test_trials == trial][0] for trial in test_trials.unique()])
        labels[name] = {
            "classes": train.parts[name].classes,
            "majority": largest(y_test),
            "trial majority": largest(by_trial),
            "label": label_information(first, y[:ROWS]).value,
            "shuffled": shuffled_information(first, y[:ROWS], trials[:ROWS]),
            "accuracy": {
                way: [[read[kept] for kept in by_number] for by_number in numbered] for way, numbered in choices.items()
            },
        }
    return {
        "information": information.value,
        "standard_error": information.standard_error,
        "order": order,
        "ks": ks,
        "trials": len(test_trials.unique()),
        "labels": labels,
    }


def read_trials(z: Tensor, y: Tensor, z_test: Tensor, y_test: Tensor, trials: Tensor) -> Read:
    """Logistic regression of a binary label, window by window, and trial by trial by the vote of its windows.

    Features are taken as they are: under a prior of unit variance a dimension that hardly moves tells hardly anything,
    and is not to be magnified.

    Args:
        z: ``[N, K]``, to learn from.
        y: ``[N]``, 0 and 1.
        z_test: ``[M, K]``.
        y_test: ``[M]``.
        trials: ``[M]``, integers; the rows of a trial have one label.

    Returns:
        "window", the share of test rows told rightly, and "trial", of trials told rightly by most of their rows, by
        their mean probability where both classes have as many. "window error" and "trial error" are standard errors
        over trials, which are taken as independent of each other; their windows are not.

    Example:
        >>> z, y = torch.tensor([[-1.0], [-2.0], [1.0], [2.0]]), torch.tensor([0, 0, 1, 1])
        >>> read_trials(z, y, z, y, torch.tensor([5, 5, 6, 6]))["trial"]
        1.0
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=1000).fit(z.numpy(), y.numpy())
    probability = torch.from_numpy(model.predict_proba(z_test.numpy())[:, 1]).double()
    _, trial = trials.unique(return_inverse=True)
    size = trial.bincount().double()

    def over_trials(values: Tensor) -> Tensor:
        return trial.bincount(values.double()) / size

    guess = probability > 0.5
    share = over_trials(guess)
    vote = torch.where(share == 0.5, over_trials(probability), share) > 0.5
    right = (vote == (over_trials(y_test) > 0.5)).double()
    windows = over_trials(guess == y_test.bool())
    return {
        "window": float((guess == y_test.bool()).double().mean()),
        "window error": standard_error(windows),
        "trial": float(right.mean()),
        "trial error": standard_error(right),
    }


def shuffled_information(marginal: Any, y: Tensor, trials: Tensor) -> np.ndarray:
    """I(y; z_j), ``[D]``, the mean over labels dealt anew to whole trials: what chance alone would show.

    Args:
        marginal: batch ``[N, D]``.
        y: ``[N]``, one label for all rows of a trial.
        trials: ``[N]`` integers.
    """
    members, trial = trials.unique(return_inverse=True)
    label = torch.stack([y[trial == each][0] for each in range(len(members))])
    generator = torch.Generator().manual_seed(0)
    dealt = [label[torch.randperm(len(label), generator=generator)][trial] for _ in range(SHUFFLES)]
    return np.mean([label_information(marginal, each).value for each in dealt], 0)


def numbers(dim: int) -> list[int]:
    """How many dimensions are kept: 1, doubled until all are.

    Example:
        >>> numbers(10)
        [1, 2, 4, 8, 10]
    """
    return [*(2**power for power in range(math.ceil(math.log2(dim)))), dim]


def largest(y: Tensor) -> float:
    """Share of the largest class."""
    return float(y.bincount().max()) / len(y)


def standard_error(values: Tensor) -> float:
    """Of the mean of ``[T]`` values; NaN of a single one."""
    return float(values.std() / math.sqrt(len(values))) if len(values) > 1 else math.nan
