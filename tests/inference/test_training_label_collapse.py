"""Labels that a guide says alike of every image: the figures against brute force, the rule, and what a run says."""

import math
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from pyro import poutine

from pellucid import data, fit, zoo
from pellucid.data import Batches, DataSet
from pellucid.experiments.report.collapse import collapse_lines
from pellucid.inference.training import CollapseWarning
from pellucid.inference.training.collapse import find_collapse
from pellucid.inference.training.label_sums import LabelSums
from pellucid.inference.training.validate import validate


def by_hand(p: np.ndarray) -> tuple[float, float]:
    """Information and entropy of ``[N, V]``, one row and one value at a time."""

    def entropy(q: np.ndarray) -> float:
        return -sum(float(each) * math.log(each) for each in q if each > 0)

    return entropy(p.mean(0)) - sum(map(entropy, p)) / len(p), entropy(p.mean(0))


def figures(p: torch.Tensor) -> tuple[float, float]:
    """In batches of seven rows, each from another process."""
    parts = []
    for some in p.split(7):
        parts.append(LabelSums())
        parts[-1].add(some)
    found = LabelSums.joined(pickle.loads(pickle.dumps(part)) for part in [*parts, LabelSums()]).figures("y")
    return found["information(y)"], found["entropy(y)"]


class TestLabelSums:
    def test_batches_of_all_processes_have_the_information_of_all_rows_at_once(self):
        torch.manual_seed(0)
        p = torch.softmax(3 * torch.randn(60, 4), -1)
        assert figures(p) == pytest.approx(by_hand(p.double().numpy()), rel=1e-6)

    def test_of_several_labels_a_row_the_one_that_tells_most_counts(self):
        torch.manual_seed(0)
        p = torch.sigmoid(torch.tensor([0.1, 4.0, 1.0]) * torch.randn(50, 3))
        p = torch.stack([1 - p, p], -1)
        each = [by_hand(p[:, i].double().numpy()) for i in range(3)]
        assert max(each) == each[1]
        assert figures(p) == pytest.approx(each[1], rel=1e-5)

    def test_uniform_and_certain_of_one_class_tell_nothing_and_certain_of_all_classes_alike_log_k(self):
        assert figures(torch.full((20, 5), 0.2)) == pytest.approx((0, math.log(5)), abs=1e-6)
        assert figures(torch.eye(5)[:1].repeat(20, 1)) == pytest.approx((0, 0), abs=1e-9)
        assert figures(torch.eye(5).repeat(4, 1)) == pytest.approx((math.log(5), math.log(5)))

    def test_without_a_row_there_are_no_figures(self):
        assert LabelSums().figures("y") == {}


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return data.digits(rows=600, labels=100)


def test_validation_tells_the_information_of_the_guides_own_label_site(digits):
    torch.manual_seed(0)
    pair = zoo.exon(digits, hidden=(16,))
    with torch.no_grad():
        trace: Any = poutine.trace(pair.guide).get_trace(next(Batches(digits.validation, 10_000).epoch(0)).x)
    found = validate(pair, Batches(digits.validation, 50), seed=0)
    expected = by_hand(trace.nodes["y"]["fn"].probs.double().numpy())
    assert (found["information(y)"], found["entropy(y)"]) == pytest.approx(expected, rel=1e-4)


def test_a_pair_without_label_sites_has_no_such_figures(digits):
    found = validate(zoo.vae(digits, dim=2, hidden=(8,)), Batches(digits.validation, 500), seed=0)
    assert not [name for name in found if name.startswith(("information", "entropy"))]


def history(information: list[float], entropy: float = 2.3, **more: float) -> list[dict[str, float]]:
    return [
        {"epoch": n, "validation/information(y)": each, "validation/entropy(y)": entropy, "validation/bound": -27.0}
        | {name.replace("_", "/"): value for name, value in more.items()}
        for n, each in enumerate(information, 1)
    ]


MEASURED: dict[str, Any] = {  # nats in each epoch; digits with 100 labels, or 20 ("few"), and smiley with 50
    "m2": ([0.0035, 0.0101, 0.0258, 0.0576, 0.12, 0.213], 2.3, None),
    "ccvae": ([0.0026, 0.0061, 0.0152, 0.0351, 0.0706, 0.119], 2.3, None),
    "diva": ([0.0026, 0.0060, 0.0123, 0.0252, 0.0494, 0.0869], 2.3, None),
    "exon": ([0.0009, 0.0040, 0.0137, 0.0409, 0.119, 0.266], 2.3, None),
    "exon, few": ([0.00024, 0.00028, 0.00035, 0.00045, 0.00058, 0.00075, 0.00095, 0.0012], 2.3, None),
    "ccvae, smiley": ([0.0005, 0.0008, 0.0012, 0.0024, 0.005, 0.0097, 0.019, 0.036], 0.69, None),
    "mvae": ([0.00043, 0.00049, 0.00052, 0.00051, 0.0005, 0.00049], 2.3, 5),
    "exon, supervision .01": ([0.001, 0.0052, 0.0081, 0.0045, 0.0017, 0.0006], 2.2, 6),
    "one class for all": ([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0.0, 5),
    "silent from the third": ([0.8, 0.02, 0.0004, 0.0005, 0.0004, 0.0004, 0.0004], 2.3, 6),
    "a rare attribute told": ([0.03, 0.04, 0.04, 0.04, 0.04, 0.04], 0.1, None),
}


@pytest.mark.parametrize("name", MEASURED)
def test_labels_alike_are_found_once_the_bound_is_still_and_those_that_are_being_learned_never(name):
    information, entropy, epoch = MEASURED[name]
    assert [each.epoch for each in find_collapse(history(information, entropy))] == ([] if epoch is None else [epoch])


def test_the_collapse_of_the_public_logs_shows_in_training_alone_and_is_found():
    told = [row | {"validation/kl(y)": 2.1} for row in history([2.1] * 7)]
    logs = [row | {"train/kl(y)": 0.0004} for row in told]
    assert [each.epoch for each in find_collapse(logs)] == [5]
    assert "in training the classifier says the same of every clean image" in str(find_collapse(logs)[0])
    assert find_collapse([row | {"train/kl(y)": 1.9} for row in told]) == []
    assert find_collapse([row | {"train/kl(y)": 0.0, "validation/kl(y)": 0.0} for row in told]) == []  # as MVAE's is


def test_labels_that_tell_nothing_yet_wait_for_the_bound():
    rows = history([0.0005] * 9)
    climbing = [row | {"validation/bound": -200 + 10 * row["epoch"]} for row in rows]
    assert not find_collapse(climbing)
    assert [each.epoch for each in find_collapse(rows)] == [5]


def test_labels_that_nothing_teaches_are_no_collapse_and_a_warm_up_counts_from_where_it_begins():
    assert not find_collapse(history([0.0] * 9, weight_supervision=0.0))
    assert find_collapse(history([0.0] * 9, weight_supervision=0.0, weight_interpolation=1.0))
    late = [row | {"weight/supervision": float(row["epoch"] > 3)} for row in history([0.0] * 9)]
    assert [each.epoch for each in find_collapse(late)] == [8]


def test_the_page_says_it_too_and_whether_it_lasted():
    (flag, sentence), *rest = collapse_lines(history([0.0004] * 6 + [1.1]))
    assert flag
    assert not rest
    assert sentence == (
        "Collapse at epoch 5: the classifier says the same of every clean image ('y': 0.0004 of at most 2.3 nats). Try "
        "more epochs, a larger weight of the supervision, a smaller one of the divergence, or, in a classifier with "
        "batch normalisation, the same statistics for clean images and others. At epoch 7, recovered since: 1.1 of at "
        "most 2.3 nats."
    )
    assert collapse_lines(history([0.0004] * 8))[0][1].endswith("At epoch 8, still so: 0.0004 of at most 2.3 nats.")
    assert collapse_lines(history([1.0] * 8)) == []


def test_a_classifier_that_a_vast_divergence_flattens_is_warned_of_once_and_one_that_is_taught_never(digits, tmp_path):
    settings: dict[str, Any] = {"epochs": 12, "lr": 1e-2, "batch_size": 50, "progress": False}
    runs = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for supervision in (0.01, 100.0):
            torch.manual_seed(0)
            pair = zoo.exon(digits, hidden=(32,), supervision=supervision, kl_weight=1e3 if supervision < 1 else 1.0)
            runs[supervision] = fit(pair, digits, folder=tmp_path / f"{supervision}", **settings)
    (one,) = [each for each in caught if issubclass(each.category, CollapseWarning)]
    assert str(one.message) == str(find_collapse(runs[0.01].history)[0])
    assert "the classifier says the same of every clean image ('y'" in str(one.message)
    assert runs[100.0].history[-1]["validation/information(y)"] > 1.0
