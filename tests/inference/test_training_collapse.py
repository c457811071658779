"""Collapse: the gates' figures against brute force, the rule on trajectories, and what a run says of itself."""

import itertools
import math
import signal
import warnings
from typing import Any

import numpy as np
import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from torch import nn

from pellucid import data, fit, zoo
from pellucid.data import Batch, Batches, DataSet
from pellucid.distributions import RelaxedSpikeAndSlab, SpikeAndSlab
from pellucid.inference import Factor, Pair
from pellucid.inference.training import CollapseWarning
from pellucid.inference.training.collapse import find_collapse
from pellucid.inference.training.gate_sums import GateSums
from pellucid.inference.training.validate import validate


def entropy(p: float) -> float:
    p = float(np.clip(p, 1e-6, 1 - 1e-6))
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def between(gate: torch.Tensor, y: torch.Tensor) -> float:
    """Every pair of classes, one dimension at a time."""
    means = [gate[y == c].double().mean(0).numpy() for c in y.unique()]
    total, pairs = 0.0, list(itertools.combinations(means, 2))
    for first, second in pairs:
        for p, q in zip(first, second, strict=True):
            total += entropy((p + q) / 2) - entropy(p) / 2 - entropy(q) / 2
    return total / len(pairs)


def figures(gate: torch.Tensor, y: Any = None, labelled: Any = None) -> dict[str, float]:
    """In batches of seven rows."""
    sums, rows = GateSums(), Batch(gate, y, labelled)
    for start in range(0, len(gate), 7):
        part = rows.take(slice(start, start + 7))
        sums.add(part.x, part.y, part.labelled)
    return sums.figures("z")


@pytest.fixture
def gate() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(60, 5) ** torch.tensor([0.2, 0.5, 1.0, 3.0, 9.0])


def test_figures_of_batches_are_those_of_all_rows_at_once(gate):
    y = torch.randint(4, (60,))
    opened = (gate > 0.5).double()
    live = ((opened.mean(0) >= 0.01) & (opened.mean(0) <= 0.99)).sum()
    assert figures(gate, y) == pytest.approx(
        {"open(z)": float(opened.sum(1).mean()), "live(z)": float(live), "between(z)": between(gate, y)}
    )


def test_classes_count_alike_whatever_their_sizes(gate):
    y = torch.tensor([0] * 50 + [1] * 6 + [2] * 4)
    assert figures(gate, y)["between(z)"] == pytest.approx(between(gate, y))


def test_rows_without_a_label_are_counted_as_open_but_in_no_class(gate):
    y, known = torch.randint(3, (60,)).float(), torch.rand(60) < 0.5
    found = figures(gate, torch.where(known, y, torch.nan), known)
    assert found["between(z)"] == pytest.approx(between(gate[known], y[known]))
    assert found["open(z)"] == figures(gate)["open(z)"]


def test_of_several_attributes_the_one_told_best_counts(gate):
    y = torch.stack([torch.randint(2, (60,)), (gate[:, 2] > 0.5).long()], 1)
    best = between(gate, y[:, 1])
    assert best > 2 * between(gate, y[:, 0])
    assert figures(gate, y)["between(z)"] == pytest.approx(best)
    assert figures(gate, {"a": y[:, 0], "b": y[:, 1]})["between(z)"] == pytest.approx(best)


def test_there_is_no_distance_without_two_classes_or_between_rows_that_have_one_each(gate):
    for y in (None, torch.zeros(60).long(), torch.arange(60), {"row": torch.arange(60)}):
        assert figures(gate, y).keys() == {"open(z)", "live(z)"}


def test_a_dimension_is_live_from_one_to_ninety_nine_percent_of_the_rows():
    share = torch.tensor([0, 1, 2, 198, 199, 200])  # of 200 rows
    gate = (torch.arange(200)[:, None] < share).float()
    assert figures(gate)["live(z)"] == 2


def test_classes_wholly_apart_are_log_2_a_dimension_apart_and_equal_ones_nothing():
    gate = torch.eye(2).repeat(10, 1)
    assert figures(gate, torch.arange(20) % 2)["between(z)"] == pytest.approx(2 * math.log(2), abs=1e-4)
    assert figures(gate, torch.arange(20) // 10)["between(z)"] == pytest.approx(0, abs=1e-9)


def history(between: list[float], live: list[int], opened: float = 2.0, weight: float = 30.0) -> list[dict[str, float]]:
    rows = enumerate(zip(between, live, strict=True), 1)
    return [
        {"epoch": n, "validation/between(z)": b, "validation/live(z)": each, "validation/open(z)": opened,
         "weight/consistency": weight, "weight/kl": 1.0}
        for n, (b, each) in rows
    ]  # fmt: skip


MEASURED: dict[
    str, Any
] = {  # validation figures of zoo.vsc at its defaults: nats between classes, live dimensions, gates open, weight; when
    "fashion at 30": ([0.517, 0.373, 0.206, 0.062, 0.049, 0.036], [2, 2, 1, 0, 1, 0], 2.0, 30, 6),
    "fashion at 30, lr .0025": ([0.23, 0.28, 0.23, 0.28, 0.28, 0.30, 0.31, 0.31], [2, 2, 1, 1, 1, 1, 1, 1], 2.7, 30, 7),
    "mnist5k at 30, lr .002": ([0.06, 0.05, 0.07, 0.10, 0.12, 0.13, 0.11, 0.12], [0, 0, 1, 2, 4, 4, 3, 3], 2.0, 30, 7),
    "mnist5k at 1, lr .002": ([0.13, 0.19, 0.23, 0.22, 0.33, 0.43, 0.54], [0, 0, 1, 1, 3, 5, 5], 2.0, 1, None),
    "mnist5k at 30": ([0.045, 0.046, 0.036, 0.050, 0.068, 0.078], [1, 1, 0, 1, 1, 1], 2.0, 30, 4),
    "mnist5k at 100": ([0.020, 0.014, 0.016, 0.017, 0.013], [0, 0, 0, 0, 0], 0.0, 100, 4),
    "smiley at 30": ([0.0004, 0.0009, 0.0005, 0.0006, 0.0010], [0, 0, 0, 0, 0], 2.0, 30, 4),
    "digits at 0": ([0.0076, 0.0103, 0.0081, 0.0080, 0.0088], [0, 0, 0, 0, 0], 0.0, 0, 5),
    "fashion at 3": ([0.711, 0.636, 0.615, 0.671, 0.844], [4, 4, 4, 4, 5], 2.0, 3, None),
    "mnist5k at 3": ([0.086, 0.080, 0.113, 0.196, 0.174, 0.172], [2, 2, 0, 1, 1, 2], 2.0, 3, None),
    "smiley at 3": ([0.004, 0.012, 0.064, 0.090, 0.135, 0.159], [0, 0, 1, 1, 2, 2], 2.0, 3, None),
    "smiley at 0": ([0.006, 0.040, 0.111, 0.227, 0.294], [0, 1, 1, 2, 2], 2.0, 0, None),
    "1000 rows at 0": ([0.106, 0.131, 0.129, 0.098, 0.082, 0.083], [0, 0, 0, 2, 2, 3], 2.0, 0, None),
    "600 rows at 0": ([0.016, 0.024, 0.033, 0.032, 0.027, 0.025], [2, 1, 0, 0, 1, 0], 2.0, 0, None),
}


@pytest.mark.parametrize("name", MEASURED)
def test_collapsed_runs_are_found_in_their_first_epochs_and_healthy_ones_never(name):
    apart, live, opened, weight, epoch = MEASURED[name]
    assert [each.epoch for each in find_collapse(history(apart, live, opened, weight))] == (
        [] if epoch is None else [epoch]
    )


def test_a_code_that_collapses_late_is_found_then_and_once():
    (found,) = find_collapse(history([1.0] * 9 + [0.05] * 9, [6] * 9 + [1] * 9))
    state: Any = found.state
    assert (found.site, found.epoch, state.between) == ("z", 12, 0.05)


def test_gates_that_are_the_same_for_every_row_have_collapsed_though_nothing_is_below_zero():
    assert [each.epoch for each in find_collapse(history([0.0] * 6, [0] * 6))] == [4]


def test_shut_gates_are_not_dead_while_the_bound_climbs():
    rows = history([0.1] * 8, [0] * 8, opened=0.0, weight=0.0)
    climbing = [row | {"validation/bound": 150.0 * row["epoch"] - 900} for row in rows]  # through 0, as densities may
    assert not find_collapse(climbing)
    still = [row | {"validation/bound": -200 + 0.1 * row["epoch"]} for row in rows]
    assert [each.epoch for each in find_collapse(still)] == [5]


@pytest.mark.parametrize("name", ["all_sample", "shuffled_consistency"])
def test_what_presses_classes_together_is_known_by_its_name_and_what_does_not_is_no_collapse(name):
    def under(name: str) -> list[dict[str, float]]:
        rows = history([0.01] * 6, [0] * 6, opened=9.0, weight=0.0)
        return [row | {f"weight/{name}": 10.0} for row in rows]

    (found,) = find_collapse(under(name))
    assert "Ramp(0, 10, end=0.5)" in str(found)
    assert not find_collapse(under("supervision"))
    assert not find_collapse(under("strength"))  # of a prior that opens gates late


def test_without_labels_dead_dimensions_alone_are_a_collapse():
    def unlabelled(live: list[int], opened: float) -> list[dict[str, float]]:
        rows = history([0.0] * len(live), live, opened)
        return [{name: value for name, value in row.items() if "between" not in name} for row in rows]

    assert not find_collapse(unlabelled([0, 0, 1, 1, 1, 1, 1], 0.1))
    assert not find_collapse(unlabelled([0] * 9, 1.0))  # one gate always open: a dense dimension
    (found,) = find_collapse(unlabelled([3, 2, 1, 0, 0, 0, 0, 0, 0], 0.1))
    assert found.epoch == 8
    assert "the gates of 'z' stay shut (0 dimensions whose gate varies, 0.1 open a row)" in str(found)


def test_each_of_two_sites_is_judged_by_itself():
    rows = [
        row | {f"validation/{name}(w)": 4.0 for name in ("between", "live", "open")}
        for row in history([0.05] * 5, [1] * 5)
    ]
    assert [each.site for each in find_collapse(rows)] == ["z"]


def test_labels_that_have_nothing_to_do_with_live_gates_are_no_collapse():
    assert not find_collapse(history([0.001] * 8, [9] * 8))


def test_runs_of_dense_codes_and_of_few_epochs_are_not_judged():
    assert not find_collapse([{"epoch": n, "validation/bound": -90.0} for n in range(1, 9)])
    assert not find_collapse(history([0.0] * 3, [0] * 3))
    assert not find_collapse([])


def test_the_sentence_names_site_epoch_figures_and_a_remedy_for_the_weight_that_was_on():
    (found,) = find_collapse(history(*MEASURED["fashion at 30"][:4]))
    assert str(found) == (
        "Collapse at epoch 6: the gates of 'z' do not tell classes apart (0.036 nats between two classes, 0 dimensions "
        "whose gate varies, 2.0 open a row). Try a warm-up of the weight that presses classes together, "
        "Ramp(0, 30, end=0.5), a smaller weight, or ClassSeparation beside it, which keeps classes apart."
    )
    (plain,) = find_collapse(history(*MEASURED["digits at 0"][:4]))
    assert "stay shut (0.0088 nats" in str(plain)
    assert str(plain).endswith("Try more epochs or a larger alpha.")


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return data.digits(rows=600)


SETTINGS: dict[str, Any] = {"epochs": 6, "lr": 1e-2, "batch_size": 20, "accelerator": "cpu"}


def pair_for(digits: DataSet, weight: float) -> Pair:
    torch.manual_seed(0)
    return zoo.vsc(digits, dim=6, alpha=0.5, hidden=(32,), consistency=weight)


def test_a_huge_weight_is_warned_of_once_and_no_weight_is_not(digits, tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = fit(pair_for(digits, 3000.0), digits, folder=tmp_path / "huge", progress=False, **SETTINGS)
        fit(pair_for(digits, 0.0), digits, folder=tmp_path / "none", progress=False, **SETTINGS)
    (one,) = [each for each in caught if issubclass(each.category, CollapseWarning)]
    assert one.filename == __file__
    assert [str(one.message)] == [str(each) for each in find_collapse(run.history)]


def test_a_run_that_shows_its_progress_says_it_in_one_line_instead(digits, tmp_path, capfd):
    run = fit(pair_for(digits, 3000.0), digits, folder=tmp_path / "run", **SETTINGS)  # a warning would be an error
    said = [line for line in capfd.readouterr().err.splitlines() if "ollapse" in line]
    assert said == [str(each) for each in find_collapse(run.history)]


class Interruption(Factor):
    """Stops the run in its sixth epoch, once."""

    steps = 0

    def forward(self, posterior, y, labelled):
        self.steps += self.training
        if self.training and self.steps == 5 * 30 + 3:
            signal.raise_signal(signal.SIGINT)
        return 0.0 * posterior["z"].mean.sum()


def test_a_resumed_run_does_not_say_it_again(digits, tmp_path):
    pair = pair_for(digits, 3000.0)
    pair = Pair(pair.model, pair.guide.guide, [*pair.factors, Interruption("interruption", 0.0)])  # pyright: ignore
    where: dict[str, Any] = {"folder": tmp_path / "run", "progress": False}
    with pytest.warns(CollapseWarning, match="Collapse at epoch"):
        assert fit(pair, digits, **where, **SETTINGS).stopped == signal.SIGINT
    run = fit(pair, digits, resume=True, **where, **SETTINGS)  # a warning would be an error
    assert len(run.history) == 6
    assert find_collapse(run.history)[0].epoch < 6


def test_the_figures_of_a_run_are_those_of_its_posterior(digits, tmp_path):
    settings: dict[str, Any] = SETTINGS | {"epochs": 1, "progress": False}
    run = fit(pair_for(digits, 1.0), digits, folder=tmp_path / "run", **settings)
    q: Any = run.posterior("validation")["z"]
    y = run.split("validation").y
    assert isinstance(y, torch.Tensor)
    row = run.history[-1]
    assert row["validation/between(z)"] == pytest.approx(between(q.base_dist.gate, y), rel=1e-4)
    assert row["validation/open(z)"] == pytest.approx(float((q.base_dist.gate > 0.5).sum(1).double().mean()))


class Telltale(PyroModule):
    """Opens the gates of rows whose label it is given, and a gate of the whole data set."""

    def __init__(self):
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(2))

    def forward(self, x, y=None, labelled=None):
        pyro.sample("w", RelaxedSpikeAndSlab(torch.tensor(0.9), self.loc[0], 1.0, 50.0))
        gate = torch.full((len(x), 2), 0.1 if y is None else 0.9)
        with pyro.plate("data", 600, subsample=x):
            pyro.sample("z", RelaxedSpikeAndSlab(gate, self.loc, 1.0, 50.0).to_event(1))


class Opened(PyroModule):
    n_data = 600

    def __init__(self):
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(2))

    def forward(self, x, y=None, labelled=None):
        pyro.sample("w", SpikeAndSlab(torch.tensor(0.5), 0.0, 1.0))
        with pyro.plate("data", 600, subsample=x):
            z = pyro.sample("z", SpikeAndSlab(torch.tensor([0.5, 0.5]), self.loc, 1.0).to_event(1))
            pyro.sample("x", dist.Normal(z.sum(-1)[:, None, None, None], 1.0).to_event(3), obs=x)


def test_labels_are_withheld_from_gates_and_sites_of_the_whole_data_set_have_none(digits):
    found = validate(Pair(Opened(), Telltale()), Batches(digits.validation, 500), seed=0)
    assert found["open(z)"] == 0
    assert found["between(z)"] == pytest.approx(0, abs=1e-9)
    assert "open(w)" not in found


def test_a_dense_code_has_no_gates(digits):
    found = validate(zoo.vae(digits, dim=3, hidden=(8,)), Batches(digits.validation, 500), seed=0)
    assert not [name for name in found if name.startswith(("open", "live", "between"))]
