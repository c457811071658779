"""The numbers of a page, against what arrays of gates and codes give."""

import math

import numpy as np
import pytest
import torch
import xarray

from pellucid import data, zoo
from pellucid.experiments.report import write_report
from pellucid.inference import Run


def entropy(p: np.ndarray) -> np.ndarray:
    p = p.clip(1e-6, 1 - 1e-6)
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def test_divergences_and_overlaps_are_those_of_all_pairs_of_test_rows(sparse, page, read_code):
    for column, run in enumerate(sparse):
        gate, _, y = read_code(run)
        first, second = np.triu_indices(len(y), 1)
        jsd = (entropy((gate[first] + gate[second]) / 2) - entropy(gate[first]) / 2 - entropy(gate[second]) / 2).sum(1)
        both, either = (
            ((gate[first] > 0.5) & (gate[second] > 0.5)).sum(1),
            ((gate[first] > 0.5) | (gate[second] > 0.5)).sum(1),
        )
        jaccard = np.where(either > 0, both / np.maximum(either, 1), 1.0)
        same = y[first] == y[second]
        expected = {
            "Within-class JSD": jsd[same].mean(),
            "Between-class JSD": jsd[~same].mean(),
            "Between / within": jsd[~same].mean() / jsd[same].mean(),
            "Jaccard within": jaccard[same].mean(),
            "Jaccard between": jaccard[~same].mean(),
            "Gates on": (gate > 0.5).sum(1).mean(),
        }
        for name, value in expected.items():
            assert page.numbers[f"quantity {name}"][column] == pytest.approx(value, rel=1e-4), name


def bernoulli_loss(run: Run, z: torch.Tensor) -> torch.Tensor:
    x, mean = run.split("test").x.double(), run.decode(z).double().clamp(1e-12, 1 - 1e-12)
    return -(x * mean.log() + (1 - x) * (-mean).log1p()).flatten(1).sum(1)


def test_costs_and_shares_of_dimensions_follow_from_gates_and_decoder(sparse, page, read_code):
    gate, z, _ = read_code(sparse[0])
    rows = {int(name.split()[1]): values for name, values in page.numbers.items() if name.startswith("dimension ")}
    assert rows
    for j in range(z.shape[1]):
        held = z.clone()
        held[:, j] = z[:, j].mean()
        cost = float((bernoulli_loss(sparse[0], held) - bernoulli_loss(sparse[0], z)).mean())
        share = (gate[:, j] > 0.5).mean()
        if j in rows:
            assert rows[j][:2] == pytest.approx([share, cost], rel=1e-3, abs=1e-3)
            assert cost > 0.1
        else:  # unused: it costs nothing, or is open always or never (and then carries little)
            assert cost < 0.1 + 1e-3 or not 0.01 <= share <= 0.99
    assert page.numbers["quantity Used dimensions"][0] == len(rows)
    assert f"{len(rows)} of {z.shape[1]} dimensions are used" in page.text


def test_the_bound_is_the_mean_log_weight_and_the_sum_of_its_parts(sparse, page):
    torch.manual_seed(3)
    for column, run in enumerate(sparse):
        x = run.split("test").x
        weight = torch.stack([run.log_weight(x) for _ in range(300)]).double()
        bound = page.numbers["quantity Bound"][column]
        error = math.sqrt(float(weight.var(0).mean()) / len(x) * (1 / 300 + 1 / 10))
        assert abs(bound - float(weight.mean())) < 4 * error
        parts = [page.numbers[f"quantity {name}"][column] for name in ("Reconstruction", "KL")]
        assert bound == pytest.approx(-sum(parts), abs=1e-3)
        tighter = page.numbers["quantity Log evidence"][column]
        assert bound < tighter < float((weight.logsumexp(0) - math.log(300)).mean()) + 0.1


def test_posterior_draws_open_in_xarray_with_named_coordinates(sparse, read_code):
    path = sparse[0].folder / "posterior.nc"
    gate, _, y = read_code(sparse[0])
    with xarray.open_dataset(path, group="posterior") as posterior:
        assert posterior["z"].dims == ("chain", "draw", "row", "dimension")
        assert posterior["z"].shape == (1, 50, 120, 9)
        names = posterior["dimension"].values.tolist()
        assert [name.split()[0] for name in names] == [f"z{j}" for j in range(9)]
        opened = (posterior["z"].values[0] != 0).mean(0)
        z_score = (opened - gate) / np.sqrt(gate * (1 - gate) / 50 + 1e-3)
        assert np.abs(z_score).max() < 6
        counted = (posterior["z"].values != 0).sum(-1)
    with xarray.open_dataset(path, group="observed_data") as observed:
        assert np.allclose(observed["x"].values, sparse[0].split("test").x.numpy())
    with xarray.open_dataset(path, group="constant_data") as constant:
        assert (constant["label"].values == y).all()
    with xarray.open_dataset(path, group="sample_stats") as stats:
        assert (stats["open_gates_z"].values == counted).all()
    with xarray.open_dataset(path, group="posterior") as posterior:
        z = torch.from_numpy(posterior["z"].values[0])
        assert [name.split()[1].rstrip(":") for name in names] == posterior["role"].values.tolist()
    p = sparse[0].decode(z).double().clamp(1e-7, 1 - 1e-7).numpy()
    with xarray.open_dataset(path, group="log_likelihood") as likelihood:
        x = sparse[0].split("test").x.numpy()
        expected = (x * np.log(p) + (1 - x) * np.log1p(-p)).sum((-3, -2, -1))
        assert np.allclose(likelihood["x"].values[0], expected, rtol=1e-3, atol=1e-2)
        assert "Not for arviz.loo" in likelihood.attrs["note"]
    with xarray.open_dataset(path, group="posterior_predictive") as drawn:
        assert drawn["x"].dims == ("chain", "draw", "row", "channel", "height", "width")
        assert set(np.unique(drawn["x"].values)) == {0.0, 1.0}  # images, and not their means
        z_score = (drawn["x"].values[0] - p).sum(0) / np.sqrt((p * (1 - p)).sum(0) + 1)
        assert np.abs(z_score).max() < 6


@pytest.mark.filterwarnings("ignore::pellucid.inference.training.CollapseWarning")  # a run too short to judge
def test_attributes_are_rows_present_and_absent(tmp_path, train, read_page, read_code):
    rows = data.smiley(rows=400, validation=40, test=150)
    torch.manual_seed(0)
    run = train(
        tmp_path / "run", rows, zoo.vsc(rows, dim=6, alpha=0.3, consistency=1.0, hidden=(32,)), epochs=6, lr=5e-3
    )
    page = read_page(write_report(run))
    gate, _, y = read_code(run)
    first, second = np.triu_indices(len(y), 1)
    jsd = (entropy((gate[first] + gate[second]) / 2) - entropy(gate[first]) / 2 - entropy(gate[second]) / 2).sum(1)
    within = np.mean([jsd[y[first, i] == y[second, i]].mean() for i in range(4)])
    assert page.numbers["quantity Within-class JSD"] == pytest.approx([within], rel=1e-4)
    assert "Mean over the attributes" in page.text
    with xarray.open_dataset(run.folder / "posterior.nc", group="constant_data") as constant:
        assert constant["attribute"].values.tolist() == list(rows.classes)
