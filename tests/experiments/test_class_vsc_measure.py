"""The figures of a run: against the report's, against loops, and at their extremes."""

import json
import math
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyro.distributions as dist
import pytest
import torch
from sklearn.metrics import mutual_info_score

from pellucid import data, fit, zoo
from pellucid.data import Batch, DataSet, draw_faces
from pellucid.diagnostics import clamp_cost
from pellucid.distributions import SpikeAndSlab
from pellucid.experiments.class_vsc.factors import activities, attribute_regions
from pellucid.experiments.class_vsc.few_labels import measure_few_labels
from pellucid.experiments.class_vsc.gates import gate_information
from pellucid.experiments.class_vsc.generation import measure_generation
from pellucid.experiments.class_vsc.labelled import label_counts, labelled_rows
from pellucid.experiments.class_vsc.measure import measure
from pellucid.experiments.report.code import Code
from pellucid.experiments.report.cost import dimension_cost
from pellucid.experiments.report.partition import partitions
from pellucid.experiments.report.reading import read_run
from pellucid.experiments.rows import Rows
from pellucid.inference import Run


def trained(pair, rows: DataSet, folder: Path, epochs: int = 12) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so small a run may begin with all gates shut
        return fit(pair, rows, epochs=epochs, lr=1e-2, batch_size=50, folder=folder / "run", progress=False)


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return data.digits(labels=200, rows=600, validation=100, test=150)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory, digits) -> Run:
    torch.manual_seed(0)
    pair = zoo.vsc(digits, dim=8, alpha=0.5, hidden=(64,))
    return trained(pair, digits, tmp_path_factory.mktemp("sparse"))


@pytest.fixture(scope="module")
def dense(tmp_path_factory, digits) -> Run:
    torch.manual_seed(0)
    pair = zoo.vae(digits, dim=8, hidden=(64,))
    return trained(pair, digits, tmp_path_factory.mktemp("dense"))


@pytest.fixture(scope="module")
def sparse_figures(sparse) -> dict[str, Any]:
    return measure(sparse)


@pytest.fixture(scope="module")
def dense_figures(dense) -> dict[str, Any]:
    return measure(dense)


def rows_of(gate: torch.Tensor, y: torch.Tensor, x: torch.Tensor | None = None) -> Rows:
    """Rows whose slabs hold nothing: all there is lies in the gates."""
    batch = Batch(torch.zeros(len(y), 1, 2, 2) if x is None else x, y)
    marginal = SpikeAndSlab(gate, torch.zeros_like(gate), torch.ones_like(gate))
    code = Code("z", "SpikeAndSlab", marginal, gate, torch.zeros_like(gate))
    return Rows(batch, {part.name: part for part in partitions(batch, [str(c) for c in range(10)])}, code)


class TestAgainstTheReport:
    def test_the_figures_of_a_sparse_run_on_test_rows_are_those_of_its_report(self, sparse, sparse_figures):
        reading, test = read_run(sparse), sparse_figures["test"]
        space = reading.space
        assert space is not None
        assert space.agreement is not None
        assert test["used"] == int(space.used.sum()) > 0
        assert test["used_mask"] == space.used.tolist()
        assert test["information"] == space.information.tolist()
        assert test["ratio"] == space.agreement.ratio
        assert test["jaccard_within"] == space.agreement.jaccard_within
        assert test["-bound"] == -reading.bounds.bound
        assert test["class_gate"] == space.meaning.mean.tolist()

    def test_the_figures_of_a_dense_run_are_those_of_its_report_and_have_no_gates(self, dense, dense_figures):
        reading, test = read_run(dense), dense_figures["test"]
        assert reading.space is not None
        assert test["used"] == int(reading.space.used.sum()) > 0
        assert test["-bound"] == -reading.bounds.bound
        absent = {"open", "within", "ratio", "I(Y;Gamma)", "class_gate", "roles", "accuracy"}
        assert not absent & test.keys()
        assert test["few_labels"].keys() == {"mu", "pixels"}
        assert dense_figures["generation"].keys() == {"reconstructed", "real"}

    def test_the_validation_figures_are_of_other_rows(self, sparse, sparse_figures):
        validation, test = sparse_figures["validation"], sparse_figures["test"]
        assert (validation["rows"], test["rows"]) == (100, 150)
        assert validation["-bound"] != test["-bound"]
        assert validation.keys() == test.keys()

    def test_the_bound_is_the_sum_of_its_parts_and_agrees_with_importance_weights(self, sparse, sparse_figures):
        test = sparse_figures["test"]
        assert test["-bound"] == pytest.approx(test["reconstruction"] + test["kl"], rel=1e-6)
        torch.manual_seed(1)
        x = sparse.split("test").x
        weight = torch.stack([sparse.log_weight(x) for _ in range(20)]).mean(0)  # E log w is the bound, row by row
        assert abs(test["-bound"] + weight.mean().item()) < 0.5


def test_measuring_again_gives_the_same_and_json_holds_it(sparse, sparse_figures):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    again = measure(sparse)
    assert torch.equal(before, torch.random.get_rng_state())
    assert again == sparse_figures == json.loads(json.dumps(sparse_figures, allow_nan=False))


def test_a_dimension_that_is_the_same_in_all_rows_costs_nothing_and_the_others_what_clamping_costs(dense):
    x = dense.split("test", 40).x
    z = dense.posterior("test", 40)["z"].mean.clone()
    z[:, 3] = 0.0
    whole = clamp_cost(lambda code: dense.reconstruction(code, x), z)
    np.testing.assert_allclose(dimension_cost(dense, z, x), whole, atol=1e-5)
    assert dimension_cost(dense, z, x)[3] == 0
    assert (dimension_cost(dense, z[:1].expand(40, -1), x) == 0).all()


def test_seconds_are_those_of_all_epochs(sparse, sparse_figures):
    assert sparse_figures["seconds"] == pytest.approx(sum(row["seconds"] for row in sparse.history))
    assert len(sparse.history) == 12


class TestGateInformation:
    gate, y = torch.rand(60, 4, generator=torch.Generator().manual_seed(0)), torch.arange(60) % 3

    def test_it_is_the_mutual_information_of_counted_spikes(self):
        """Each gate a multiple of 1/20, so that 20 copies of each row with so many spikes on count it exactly."""
        gate = (self.gate * 18).round() / 20 + 0.05
        (part,) = partitions(Batch(torch.zeros(60, 1), self.y), "abc")
        of_class, within = gate_information(gate, [part])
        row, copy = np.divmod(np.arange(60 * 20), 20)
        for j in range(4):
            spike = copy < (gate[row, j].numpy() * 20).round()
            assert of_class[j].item() == pytest.approx(mutual_info_score(self.y.numpy()[row], spike), abs=1e-5)
            assert (of_class + within)[j].item() == pytest.approx(mutual_info_score(row, spike), abs=1e-5)

    def test_classes_weigh_by_their_rows(self):
        y = torch.tensor([0] * 9 + [1])
        gate = (y[:, None] == 1).double()
        (part,) = partitions(Batch(torch.zeros(10, 1), y), "ab")
        of_class, within = gate_information(gate, [part])
        assert of_class.item() == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1), abs=1e-4)
        assert within.item() == pytest.approx(0, abs=1e-4)

    def test_gates_that_ignore_the_row_tell_nothing_and_several_attributes_are_averaged(self):
        y = torch.stack([torch.arange(40) % 2, torch.arange(40) // 20], 1)
        parts = partitions(Batch(torch.zeros(40, 1), y), ("a", "b"))
        gate = torch.stack([torch.full((40,), 0.3), y[:, 0].float()], 1)
        of_class, within = gate_information(gate, parts)
        assert of_class.tolist() == pytest.approx([0, math.log(2) / 2], abs=1e-3)
        assert within.tolist() == pytest.approx([0, math.log(2) / 2], abs=1e-3)


MASKS = {50: torch.arange(200) < 50, 200: torch.ones(200, dtype=torch.bool)}


class TestFewLabels:
    y = torch.arange(200) % 10

    def test_gates_that_are_the_label_classify_every_row_and_slabs_without_content_none(self):
        rows = rows_of(torch.nn.functional.one_hot(self.y, 10).float(), self.y)
        accuracy = measure_few_labels(rows, MASKS, rows, rows)
        assert accuracy["test"]["gate"] == {"50": 1.0, "200": 1.0}
        assert accuracy["test"]["mu"]["200"] == pytest.approx(0.1)

    def test_gates_that_differ_but_are_all_shut_are_read_by_a_classifier_and_not_by_which_are_open(self):
        rows = rows_of(0.1 + 0.1 * torch.nn.functional.one_hot(self.y, 10), self.y)
        accuracy = measure_few_labels(rows, MASKS, rows, rows)["test"]
        assert (accuracy["gate"]["200"], accuracy["open"]["200"]) == (1.0, pytest.approx(0.1))

    def test_gates_of_noise_classify_by_chance(self):
        torch.manual_seed(0)
        noise = [rows_of(torch.rand(len(y), 6), y) for y in (self.y, self.y, torch.arange(2000) % 10)]
        accuracy = measure_few_labels(noise[0], MASKS, noise[1], noise[2])
        assert abs(accuracy["test"]["gate"]["200"] - 0.1) < 4 * math.sqrt(0.09 / 2000)

    def test_only_the_rows_of_the_mask_are_learned_from(self):
        y = self.y.clone()
        y[50:] = (y[50:] + 1) % 10  # labels beyond the mask are wrong
        gate = torch.nn.functional.one_hot(self.y, 10).float()
        accuracy = measure_few_labels(rows_of(gate, y), {50: MASKS[50]}, *[rows_of(gate, self.y)] * 2)
        assert accuracy["test"]["gate"]["50"] == 1.0

    def test_labels_that_training_saw_are_looked_at_again_and_other_numbers_are_drawn_by_the_seed(self, digits):
        train = digits.train
        assert torch.equal(labelled_rows(train, 200, 5, 10), train.labelled)
        few, other = (labelled_rows(train, 100, seed, 10) for seed in (5, 6))
        assert few.sum() == other.sum() == 100
        assert not torch.equal(few, other)
        assert train.y[few].bincount().tolist() == [10] * 10

    def test_counts_beyond_the_rows_or_beyond_balance_are_cut(self):
        assert label_counts(torch.arange(4000) % 10, (100, 500, 5000)) == [100, 500, 4000]
        assert label_counts(torch.tensor([0] * 900 + [1] * 300), (100, 1000, 5000)) == [100, 600, 1200]
        assert label_counts(torch.zeros(700, 4).long(), (100, 500, 5000)) == [100, 500, 700]

    def test_a_run_is_keyed_by_the_numbers_it_had(self, sparse_figures):
        test = sparse_figures["test"]
        assert list(test["few_labels"]["gate"]) == ["100", "500", "600"]
        assert test["accuracy"] == test["few_labels"]["gate"]["600"] > 2 * test["majority"]


class TestGeneration:
    """A decoder whose image is the code, and images that are the class: nothing is left to chance."""

    y = torch.arange(400) % 4
    x = 5 * torch.nn.functional.one_hot(y, 4).float().reshape(400, 1, 2, 2)
    run: Any = SimpleNamespace(decode=lambda z: 5 * (z != 0).float().reshape(len(z), 1, 2, 2))

    def figures(self, gate: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
        monkeypatch.setattr("pellucid.experiments.class_vsc.generation.draw_from_prior", lambda *_: None)
        torch.manual_seed(0)
        rows = rows_of(gate, self.y, self.x)
        return measure_generation(self.run, rows, rows)

    def test_patterns_that_are_the_class_draw_the_class(self, monkeypatch):
        found = self.figures(torch.nn.functional.one_hot(self.y, 4).float() * 0.8 + 0.1, monkeypatch)
        assert (found["row"], found["mean"], found["real"]) == (1.0, 1.0, 1.0)

    def test_patterns_of_another_class_draw_the_other(self, monkeypatch):
        found = self.figures(torch.nn.functional.one_hot((self.y + 1) % 4, 4).float(), monkeypatch)
        assert (found["row"], found["mean"]) == (0.0, 0.0)

    def test_a_pattern_that_half_of_the_class_lacks_is_in_some_rows_and_not_in_the_mean(self, monkeypatch):
        half = (torch.arange(400) % 8 < 4)[:, None]
        found = self.figures(torch.nn.functional.one_hot(self.y, 4).float() * half, monkeypatch)
        assert 0.3 < found["row"] < 0.9
        assert found["mean"] == pytest.approx(0.25)  # no gate is open, and the same image is drawn for all four


class TestFaces:
    def test_a_model_with_attributes_is_measured_whole(self, tmp_path):
        faces = data.smiley(rows=300, validation=100, test=100)
        torch.manual_seed(0)
        figures = measure(
            trained(zoo.class_vsc(faces, dim=10, alpha=0.5, strength=0.0, hidden=(64,)), faces, tmp_path, 3)
        )
        test = figures["test"]
        assert test["classes"] == [f"{no}{name}" for name in faces.classes for no in ("", "no ")]
        assert np.shape(test["class_gate"]) == (8, 10)
        assert figures["generation"].keys() == {"row", "mean", "prior", "reconstructed", "real"}
        assert list(test["few_labels"]["gate*mu"]) == ["100", "300"]
        assert 0.5 <= test["majority"] < 0.7
        assert -1 <= test["factors"]["active"] <= 1
        assert len(test["factors"]["active_each"]) == 4
        assert math.isfinite(test["-bound"])

    def test_an_attribute_lies_where_its_pixels_change(self):
        y, values = torch.ones(1, 4), torch.tensor([[5.0, 2, 1, 0.5, 5, 5, 2, 0, 0, 0.3, 4, 1.2, 3, 4, 1, -5, 0.8, 1]])
        for at in range(4):
            without = y.clone()
            without[0, at] = 0
            expected = (draw_faces(y, values) - draw_faces(without, values)).abs()[0]
            np.testing.assert_array_equal(attribute_regions(y, values)[at], expected.numpy())

    def test_the_activities_of_a_dense_code_are_nothing_where_the_posterior_is_the_prior(self):
        loc, scale = torch.tensor([[0.0, 2.0], [0.0, -2.0]]), torch.tensor([[1.0, 0.5], [1.0, 0.5]])
        code = Code("z", "Normal", dist.Normal(loc, scale), None, loc)
        found = activities(code)
        assert found.keys() == {"kl", "narrowness", "distance"}
        assert found["kl"][:, 0].tolist() == [0, 0]
        assert found["kl"][0, 1].item() == pytest.approx(0.5 * (4 + 0.25 - 1) - math.log(0.5))
        assert found["distance"][:, 1].tolist() == [2, 2]


def test_a_data_set_whose_labels_are_no_classes_is_refused(tmp_path):
    x = torch.rand(30, 1, 4, 4)
    rows = data.DataSet("bare", Batch(x), Batch(x), Batch(x), classes=(), source="torch.rand")
    run = fit(zoo.vsc(rows, dim=2, hidden=(8,)), rows, epochs=1, batch_size=10, folder=tmp_path / "run", progress=False)
    with pytest.raises(ValueError, match=r"measure: expected labels \[N\] or \[N, L\] in bare"):
        measure(run)
