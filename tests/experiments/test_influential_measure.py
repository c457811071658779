"""The figures of a run: against the diagnostics themselves, against loops and closed forms, and at their extremes."""

import json
import math
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from pellucid import data, fit, zoo
from pellucid.data import Batch, DataSet, Factors
from pellucid.diagnostics import keep_only, mutual_information
from pellucid.experiments.influential_factors.classifier import classifier
from pellucid.experiments.influential_factors.consequences import class_told, row_told
from pellucid.experiments.influential_factors.estimators import CODINGS, Coding, by_rows, side_by_side
from pellucid.experiments.influential_factors.inversions import inversions
from pellucid.experiments.influential_factors.keeping import kept_dimensions, numbers_kept
from pellucid.experiments.influential_factors.measure import measure, require_kind
from pellucid.experiments.influential_factors.truth import all_factors, measure_truth
from pellucid.experiments.report.code import Code
from pellucid.experiments.rows import Rows
from pellucid.inference import Run

Normal = torch.distributions.Normal


def trained(pair, rows: DataSet, folder: Path, epochs: int = 12) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so small a run may begin with most dimensions collapsed
        return fit(pair, rows, epochs=epochs, lr=1e-2, batch_size=50, folder=folder / "run", progress=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    digits = data.digits(rows=600, validation=100, test=150)
    torch.manual_seed(0)
    return trained(zoo.vae(digits, dim=4, hidden=(64,)), digits, tmp_path_factory.mktemp("dense"))


@pytest.fixture(scope="module")
def figures(run) -> dict[str, Any]:
    return measure(run)


class TestARun:
    def test_informations_are_those_of_the_posterior_of_its_training_rows(self, run, figures):
        posterior = run.posterior("train")["z"]
        for method in ("exact", "gaussian", "matched"):
            key = "information" if method == "exact" else method
            assert figures[key] == pytest.approx(mutual_information(posterior, method=method).value.tolist(), abs=1e-12)
        assert figures["rows"] == 600
        assert figures["informative"] == sum(nats > 0.05 for nats in figures["information"]) > 1

    def test_the_four_figures_are_in_their_order(self, figures):
        ordered = np.array([figures[key] for key in ("information", "matched", "gaussian", "kl")])
        assert (np.diff(ordered, axis=0) > -1e-6).all()

    def test_the_bound_is_its_parts_and_the_kl_that_of_test_rows(self, run, figures):
        assert figures["-bound"] == pytest.approx(figures["reconstruction"] + figures["kl of rows"], rel=1e-6)
        q = run.posterior("test")["z"].base_dist
        expected = torch.distributions.kl_divergence(Normal(q.loc, q.scale), Normal(0.0, 1.0)).sum(-1).mean()
        assert figures["kl of rows"] == pytest.approx(expected.item(), rel=1e-4)

    def test_errors_are_those_of_decoding_what_is_kept(self, run, figures):
        x, z = run.split("test", 150).x, run.posterior("test")["z"].mean
        order = np.argsort(-np.array(figures["information"]), kind="stable")
        for i, k in enumerate(figures["ks"]):
            with torch.no_grad():
                rest = run.pair.model.decode(keep_only(z, order[:k])).mean - x
            assert figures["error"]["top"][i] == [pytest.approx(rest.square().mean().sqrt().item(), rel=1e-5)]
        whole = {way: each[-1][0] for way, each in figures["error"].items()}
        assert len(set(whole.values())) == 1  # all are kept in the last, whatever the way

    def test_zeroed_accuracy_is_that_of_one_classifier_of_all_means(self, run, figures):
        train, test = run.posterior("train")["z"].mean, run.posterior("test")["z"].mean
        y, y_test = run.data.train.y, run.data.test.y
        order = np.argsort(-np.array(figures["information"]), kind="stable").tolist()
        predict = classifier(train, y)
        for i, k in enumerate(figures["ks"]):
            seen = test.clone()
            seen[:, order[k:]] = 0
            assert figures["accuracy"]["zeroed"]["top"][i] == [(predict(seen) == y_test).double().mean().item()]

    def test_refit_accuracy_is_that_of_a_classifier_of_the_kept_means_alone(self, run, figures):
        train, test = run.posterior("train")["z"].mean, run.posterior("test")["z"].mean
        two = sorted(np.argsort(-np.array(figures["information"]), kind="stable")[:2].tolist())
        predict = classifier(train[:, two], run.data.train.y)
        expected = (predict(test[:, two]) == run.data.test.y).double().mean().item()
        assert figures["accuracy"]["refit"]["top"][figures["ks"].index(2)] == [expected]

    def test_without_a_dimension_there_is_a_constant_guess_and_with_all_digits_are_told(self, figures):
        accuracy = figures["accuracy"]
        for kind in ("zeroed", "refit", "drawn"):
            for way in accuracy[kind].values():
                assert max(way[0]) <= accuracy["majority"] + 1e-9
                assert min(way[-1]) > 2 * accuracy["majority"]

    def test_fanos_ceiling_is_the_formula_with_the_sum_of_what_is_kept_and_no_draw_beats_it(self, run, figures):
        nats = sorted(figures["information"], reverse=True)
        share = run.data.test.y.bincount().double() / len(run.data.test.y)
        entropy = -(share * share.log()).sum().item()
        for k, ceiling in zip(figures["ks"], figures["accuracy"]["ceiling"], strict=True):
            error = (entropy - sum(nats[:k]) - math.log(2)) / math.log(10)
            assert ceiling == pytest.approx(1 - max(0.0, error))
        drawn = [each[0] for each in figures["accuracy"]["drawn"]["top"]]
        assert all(found <= ceiling for found, ceiling in zip(drawn, figures["accuracy"]["ceiling"], strict=True))

    def test_what_a_dimension_is_good_for_is_told_of_informative_ones_alone(self, figures):
        told = [value is not None for value in figures["row"]]
        assert told == [nats > 0.05 for nats in figures["information"]]
        assert told == [value is not None for value in figures["class"]]
        assert all(0.01 < value < 1 for value in figures["row"] if value is not None)
        assert figures["label entropy"] == pytest.approx(math.log(10), abs=0.01)

    def test_measuring_again_gives_the_same_and_json_holds_it(self, run, figures):
        torch.manual_seed(3)
        before = torch.random.get_rng_state()
        again = measure(run)
        assert torch.equal(before, torch.random.get_rng_state())
        assert again == figures == json.loads(json.dumps(figures, allow_nan=False))


def test_a_sparse_run_of_faces_has_its_factors_and_no_figure_that_asks_for_a_normal_code(tmp_path):
    faces = data.smiley(rows=300, validation=50, test=150)
    torch.manual_seed(0)
    figures = measure(trained(zoo.vsc(faces, dim=6, alpha=0.5, hidden=(64,)), faces, tmp_path, 4))
    assert not {"gaussian", "matched", "kl", "accuracy", "class"} & figures.keys()
    assert len(figures["truth"]["names"]) == 22
    assert figures["error"].keys() == {"top", "bottom", "random"}


def test_of_a_surface_of_two_factors_two_dimensions_are_informative_and_both_factors_found(tmp_path):
    rows = data.manifold(dim=2, rows=1500, validation=50, test=600)
    torch.manual_seed(0)
    pair = zoo.beta_vae(rows, beta=4.0, dim=8, hidden=(64,), likelihood="normal")
    figures = measure(trained(pair, rows, tmp_path, 15))
    assert figures["informative"] == figures["used"] == 2
    assert figures["truth"]["names"] == ["factor 0", "factor 1"]
    assert figures["truth"]["informativeness"] > 0.9
    assert sorted(rank for rank in figures["truth"]["rank"] if rank) == [1, 2]
    assert "accuracy" not in figures


def test_a_posterior_of_another_family_is_refused_by_name():
    z = torch.zeros(20, 4)
    rows = Rows(Batch(z), {}, Code("style", "Laplace", torch.distributions.Laplace(z, z + 1), None, z))
    with pytest.raises(ValueError, match="Normal or a spike-and-slab posterior of site 'style'; given Laplace"):
        require_kind(rows)


class TestKeeping:
    def test_the_numbers_are_those_of_the_source_as_far_as_there_are_dimensions(self):
        assert numbers_kept(128) == [0, 1, 2, 3, 4, 6, 7, 8, 9, 12, 13, 24, 64, 128]
        assert numbers_kept(10) == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]

    def test_every_way_keeps_so_many_and_what_it_kept_of_fewer(self):
        order = np.random.default_rng(0).permutation(20)
        ks = [0, 3, 7, 20]
        chosen = kept_dimensions({"top": order}, ks)
        assert chosen["top"][1] == [tuple(sorted(order[:3].tolist()))]
        assert chosen["bottom"][1] == [tuple(sorted(order[-3:].tolist()))]
        assert len(set(chosen["random"][2])) == 3
        for way in chosen.values():
            for k, choices in zip(ks, way, strict=True):
                assert [len(set(each)) for each in choices] == [k] * len(choices)
            for fewer, more in pairwise(way):
                assert all(set(a) <= set(b) for a, b in zip(fewer, more, strict=True))


class TestClassifier:
    def test_it_learns_what_no_straight_line_tells(self):
        z = torch.randn(2000, 2, generator=torch.Generator().manual_seed(0))
        y = (z.prod(1) > 0).long()
        assert (classifier(z[:1000], y[:1000])(z[1000:]) == y[1000:]).double().mean() > 0.93

    def test_without_features_it_says_the_largest_class(self):
        y = torch.tensor([2] * 60 + [0] * 40)
        assert classifier(torch.zeros(100, 0), y)(torch.zeros(5, 0)).tolist() == [2] * 5

    def test_it_repeats_itself_and_leaves_the_global_generator_alone(self):
        z, y = torch.randn(50, 3), torch.arange(50) % 2
        before = torch.random.get_rng_state()
        assert classifier(z, y)(z).equal(classifier(z, y)(z))
        assert torch.random.get_rng_state().equal(before)


class TestConsequences:
    def test_a_row_is_told_by_chance_by_kind_or_surely(self):
        torch.manual_seed(0)
        each = torch.arange(500.0)
        loc = torch.stack([torch.zeros(500), 100 * (each % 2), 100 * (each % 10), 100 * each], 1)
        told = row_told(Normal(loc, torch.ones(500, 4)), draws=20)
        assert told[0] == pytest.approx(0.01)  # all alike: the first is picked, and it is the right one once
        assert told[1:3] == pytest.approx([0.02, 0.1], rel=0.15)
        assert told[3] == 1

    def test_fewer_rows_than_candidates_are_not_measured(self):
        assert np.isnan(row_told(Normal(torch.zeros(99, 2), 1.0))).all()

    @pytest.mark.parametrize("distance", [0.0, 0.5, 2.0])
    def test_two_classes_are_told_at_the_rate_of_two_normals(self, distance):
        loc = torch.tensor([[-distance], [distance]])
        told = class_told(loc, torch.ones(2, 1), torch.tensor([0, 1]))
        assert told[0] == pytest.approx(stats.norm.cdf(distance), abs=1e-6)

    def test_classes_weigh_by_their_rows(self):
        told = class_told(torch.zeros(10, 1), torch.ones(10, 1), torch.tensor([0] * 7 + [1] * 3))
        assert told[0] == pytest.approx(0.7, abs=1e-6)


class TestInversions:
    def test_pairs_are_counted_as_a_loop_counts_them(self):
        random = np.random.default_rng(0)
        exact, error, rival = random.uniform(0, 2, 12), random.uniform(0, 0.1, 12), random.uniform(0, 2, 12)
        pairs = [
            (i, j)
            for i in range(12)
            for j in range(12)
            if exact[i] - exact[j] > 3 * math.hypot(error[i], error[j]) and min(exact[i], exact[j]) > 0.05
        ]
        wrong = [(i, j) for i, j in pairs if rival[i] < rival[j]]
        found = inversions({"information": exact, "standard_error": error, "gaussian": rival})
        assert (found.pairs, found.wrong) == (len(pairs), len(wrong))
        assert found.worst == max(wrong, key=lambda pair: exact[pair[0]] - exact[pair[1]])

    def test_an_order_that_agrees_has_none(self):
        figures = {"information": [2.0, 1.0], "standard_error": [0.1, 0.1], "gaussian": [2.5, 1.5]}
        assert inversions(figures).worst is None


class TestEstimators:
    @pytest.mark.parametrize("name", CODINGS)
    def test_the_truth_is_that_of_adaptive_quadrature(self, name):
        coding = CODINGS[name]
        across = math.hypot(coding.width, coding.scale)

        def surprise(h: float) -> float:
            q = float(np.mean(stats.norm.pdf(h, coding.centres, across)))
            return -q * math.log(q) if q > 0 else 0.0

        edges = sorted({c + s * across for c in coding.centres for s in (-9, -3, 0, 3, 9)})
        entropy = sum(integrate.quad(surprise, a, b, limit=200)[0] for a, b in pairwise(edges))
        assert coding.truth == pytest.approx(entropy - stats.norm.entropy(0, coding.scale), abs=1e-7)

    def test_means_follow_the_density(self):
        for coding in CODINGS.values():
            generator = np.random.default_rng(0)
            h = coding.means(generator.standard_normal(100_000), generator)
            h = h + coding.scale * generator.standard_normal(h.shape)
            grid = np.linspace(-6, 6, 120_001)
            cdf = np.cumsum(coding.density(grid)) * 1e-4
            met = np.sort(np.interp(h, grid, cdf))
            assert np.abs(met - np.linspace(0, 1, len(h))).max() < 2.2 / len(h) ** 0.5  # Kolmogorov-Smirnov

    def test_the_papers_estimator_ranks_wrongly_what_the_exact_one_and_a_reader_rank_rightly(self):
        found = side_by_side()
        for name in ("two clusters", "shifted"):
            less, more = found[name], found["unimodal"]
            assert less["gaussian"] > more["gaussian"] + 1  # the paper's
            for right in ("truth", "exact", "class", "row"):
                assert less[right] < more[right], right

    def test_estimates_from_ten_thousand_rows_are_the_truth_or_what_a_normal_in_its_place_would_be(self):
        for of in side_by_side().values():
            assert of["exact"] == pytest.approx(of["truth"], abs=0.02)
            assert of["exact"] <= of["matched"] + 1e-9 <= of["gaussian"] + 2e-9 <= of["kl"] + 3e-9

    def test_more_rows_bring_the_exact_estimate_and_the_bounds_to_the_truth_and_the_papers_elsewhere(self):
        coding = Coding((-1.0, 1.0), width=0.1, scale=0.1)
        found = by_rows(coding, (10, 100, 2000))
        exact = [abs(each.mean - coding.truth) for each in found["exact"]]
        assert exact[0] > exact[2]
        assert exact[2] < 0.01
        assert found["gaussian"][2].mean > coding.truth + 1
        assert found["lower"][2].mean - 0.02 < coding.truth < found["upper"][2].mean + 0.02


class TestTruth:
    values = torch.randn(800, 3, generator=torch.Generator().manual_seed(0))
    factors = Factors(values, torch.ones(800, 3, dtype=torch.bool), ("a", "b", "c"))

    def rows(self, z: torch.Tensor, y: torch.Tensor | None = None) -> Rows:
        code = Code("z", "Normal", Normal(z, torch.full_like(z, 0.1)), None, z)
        return Rows(Batch(torch.zeros(len(z), 1), y), {}, code)

    def test_a_code_that_is_the_factors_finds_them_all_and_ranks_their_dimensions(self):
        noise = torch.randn(800, 1, generator=torch.Generator().manual_seed(1))
        z = torch.cat([noise, self.values[:, [2, 0, 1]]], 1)
        found = measure_truth(self.rows(z), self.factors, (), np.array([1.0, 4.0, 3.0, 2.0]))
        assert found["rank"] == [2, 3, 1]
        assert found["found"].all()
        assert min(found["mig"], found["sap"], found["modularity"], found["disentanglement"]) > 0.85

    def test_dimensions_that_are_not_informative_find_nothing(self):
        found = measure_truth(self.rows(self.values), self.factors, (), np.zeros(3))
        assert (found["rank"], found["found"]) == ([None] * 3, [False] * 3)

    def test_attributes_are_factors_of_every_row_and_come_first(self):
        y = torch.arange(800)[:, None] % 2
        hidden = Factors(self.values, y.bool().expand(-1, 3), self.factors.names)
        joint = all_factors(y, hidden, ("hat",))
        assert joint.names == ("hat", "a", "b", "c")
        assert joint.active[:, 0].all()
        assert joint.active[:, 1:].equal(hidden.active)
        assert all_factors(None, hidden, ()) is hidden
