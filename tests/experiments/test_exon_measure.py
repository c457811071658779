"""The figures of a run of a mixture and of its rivals: against closed forms and loops, and at their extremes."""

# A split may be in memory or not, a label a tensor or a dict: these tests know which.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalSubscript=false

import inspect
import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import cross_entropy, one_hot

from pellucid import data, fit, zoo
from pellucid.data import Batch, DataSet
from pellucid.diagnostics.subspace import generation_diversity
from pellucid.experiments.configuration import make_job
from pellucid.experiments.exon.classifier import classifier
from pellucid.experiments.exon.measure import information, measure
from pellucid.experiments.exon.mixture import diversity, reach, separation
from pellucid.experiments.exon.overlap import aggregate, overlap
from pellucid.experiments.exon.reconstruction import redrawn, squared_error
from pellucid.experiments.exon.variants import ABLATIONS, METHODS
from pellucid.experiments.fit_help import OWN
from pellucid.experiments.preset import read_preset
from pellucid.inference import Run
from pellucid.inference.training import named
from pellucid.inference.training.build import arguments, build


@pytest.fixture(scope="module")
def rows() -> DataSet:
    return data.digits(rows=300, validation=50, test=120, labels=50)


def made(zoo_function: Any, rows: DataSet, **more: Any) -> Any:
    torch.manual_seed(0)
    return zoo_function(rows, **more)


def trained(pair: Any, rows: DataSet, folder: Path, epochs: int = 2) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # runs so small may collapse
        return fit(
            pair, rows, epochs=epochs, batch_size=60, labelled_rows=20, lr=5e-3, folder=folder / "run", progress=False
        )


@pytest.fixture(scope="module")
def run(rows, tmp_path_factory) -> Run:
    pair = made(zoo.exon, rows, hidden=(32,), interpolation=100.0, augmentation="digits")
    return trained(pair, rows, tmp_path_factory.mktemp("exon"), 12)


@pytest.fixture(scope="module")
def figures(run) -> dict[str, Any]:
    return measure(run)


class TestClassifier:
    known = torch.arange(40) % 3 == 0

    @pytest.mark.parametrize("weight", [1.0, 6000.0])
    def test_the_loss_is_the_cross_entropy_of_the_labelled_rows(self, rows, weight):
        pair = made(classifier, rows, supervision=weight, classifier="network").eval()
        x, y = rows.test.x[:40].float() / 255, rows.test.y[:40]
        logits = pair.guide.guide.posterior.classifier(x)
        terms = pair(x, y, self.known)
        assert terms.loss.item() == pytest.approx(
            weight * cross_entropy(logits[self.known], y[self.known]).item(), rel=1e-5
        )
        expected = (logits.softmax(-1) * (logits.log_softmax(-1) + math.log(10))).sum(-1)
        torch.testing.assert_close(terms.kl["y"][~self.known], expected[~self.known], atol=1e-5, rtol=0)

    def test_rows_without_a_label_and_what_stands_in_their_slots_teach_nothing(self, rows):
        pair = made(classifier, rows, classifier="network").eval()
        x, y = rows.test.x[:40].float() / 255, rows.test.y[:40]
        other = torch.where(self.known, y, (y + 1) % 10)
        torch.testing.assert_close(pair(x, y, self.known).loss, pair(x, other, self.known).loss)
        assert pair(x).loss == 0

    def test_augmentation_alone_hears_no_teacher(self, rows):
        def gradient(taught: float, x: torch.Tensor) -> torch.Tensor:
            pair = made(classifier, rows, supervision=0.0, interpolation=1.0, taught=taught, classifier="network")
            torch.manual_seed(1)
            pair(x, rows.test.y[:40], self.known).loss.backward()
            return torch.cat([each.grad.flatten() for each in pair.parameters()])

        x = rows.test.x[:40].float() / 255
        other = torch.where(self.known[:, None, None, None], x, 1 - x)
        assert gradient(0.0, x).equal(gradient(0.0, other))
        assert not gradient(1.0, x).equal(gradient(1.0, other))

    def test_a_configuration_names_it_and_trains_it(self, tmp_path):
        given = {"supervision": 1.0, "interpolation": 1.0, "augmentation": "digits", "classifier": "network"}
        path = "pellucid.experiments.exon.classifier.classifier"
        digits = {"class_path": "pellucid.data.digits", "init_args": {"rows": 600, "labels": 200, "test": 200}}
        groups = {"classifier": {"weight_decay": 5e-4}}
        told = {"epochs": 8, "batch_size": 60, "labelled_rows": 20, "lr": 5e-3, "groups": groups}
        job = make_job({"pair": {"class_path": path, "init_args": given}, "data": digits, "fit": told})
        found = measure(fit(job.pair, job.data, folder=tmp_path / "run", progress=False, **job.settings))
        assert found["error"] < 0.25
        assert found.keys() == {"classes", "counts", "rows", "seconds", "error", "information", "kl"}

    def test_attributes_and_a_class_without_a_label_are_refused(self):
        with pytest.raises(ValueError, match="expected classes"):
            classifier(data.smiley(rows=30, validation=5, test=5))
        full = data.digits(rows=300)
        lone = DataSet("lone", full.train._replace(labelled=full.train.y != 3), full.test, full.test, full.classes, "")
        with pytest.raises(ValueError, match="no training row is labelled as 3"):
            classifier(lone)


class TestARun:
    def test_the_error_is_that_of_the_most_probable_class(self, run, figures):
        told = run.posterior("test")["y"].probs.argmax(-1)
        assert figures["error"] == pytest.approx((told != run.data.test.y).double().mean().item())
        assert figures["error"] < 0.5
        assert figures["counts"] == [5] * 10

    def test_the_divergences_are_those_of_the_formulas(self, run, figures):
        x = run.split("test").x
        posterior, prior = run.pair.guide.guide.posterior, run.pair.model.prior.components()
        with torch.no_grad():
            q, pi = posterior.components(x).base_dist, posterior.label(x, posterior.encoder(x)).probs.double()
            each = kl_divergence(q, Normal(prior.mean, prior.stddev)).sum(-1)
        first = (pi * (pi.log() + math.log(10))).nansum(-1).mean().item()
        second = (pi * each).sum(-1).mean().item()
        assert figures["kl"] == pytest.approx({"y": first, "z": second, "total": first + second}, rel=1e-4)
        assert figures["information"] <= math.log(10)

    def test_the_reconstruction_is_in_the_sources_units_at_the_mean_of_the_most_probable_component(self, run, figures):
        x = run.split("test").x
        posterior = run.pair.guide.guide.posterior
        with torch.no_grad():
            told = posterior.label(x, posterior.encoder(x)).probs.argmax(-1)
            code = posterior.components(x).mean[torch.arange(len(x)), told]
        errors = ((2 * run.decode(code) - 1) - (2 * x - 1)).square().flatten(1).sum(1) / 2
        assert figures["reconstruction"] == pytest.approx(errors.mean().item(), rel=1e-5)

    def test_v_nat_and_the_activated_dimensions_are_those_of_a_loop(self, run, figures):
        x, y = run.split("test").x, run.data.test.y
        with torch.no_grad():
            variance = run.pair.guide.guide.posterior.components(x).variance.double()
        value = [[math.log((4.0 / variance[y == k, k, j]).mean()) for j in range(2)] for k in range(10)]
        np.testing.assert_allclose(figures["v-nat"], value, rtol=1e-5)
        assert figures["activated"] == pytest.approx((np.array(value) > 1).sum(1).mean())
        assert figures["union"] == (np.array(value) > 1).any(0).sum()
        assert figures["dimensions"] == 2

    def test_measuring_again_gives_the_same_and_json_holds_it(self, run, figures):
        torch.manual_seed(3)
        before = torch.random.get_rng_state()
        again = measure(run)
        assert torch.equal(before, torch.random.get_rng_state())
        assert again == figures == json.loads(json.dumps(figures, allow_nan=False))

    def test_two_classes_have_an_overlap_and_many_dimensions_no_diversity(self, tmp_path):
        two = data.digits(classes=[0, 1], validation=30, test=60, labels=10)
        apart = [[-6.0, 0, 0], [6.0, 0, 0]]
        pair = made(zoo.exon, two, dim=3, centres=apart, hidden=(16,), interpolation=100.0)
        found = measure(trained(pair, two, tmp_path, 6))
        assert 0 <= found["overlap"] < 0.5
        assert "diversity" not in found
        assert len(found["change"]["dimension"]) == 3

    def test_test_rows_without_labels_are_refused(self, run):
        blind = run.data.test._replace(y=None)
        rows = DataSet("blind", run.data.train, run.data.test, blind, run.data.classes, "")
        with pytest.raises(ValueError, match="expected test rows of blind with classes"):
            measure(Run(run.folder, run.pair, rows))


class TestRivals:
    def test_m2_is_redrawn_at_the_class_itself_and_the_code_given_it(self, rows):
        pair = made(zoo.m2, rows, dim=3, hidden=(16,))
        run, x = Run(Path("none"), pair, rows), rows.test.x[:9].float() / 255
        y, posterior = torch.arange(9), pair.guide.guide.posterior
        with torch.no_grad():
            code = torch.cat([one_hot(y, 10).float(), posterior.code(posterior.encoder(x), y).mean], -1)
        torch.testing.assert_close(redrawn(run, x, y), run.decode(code))

    def test_diva_is_redrawn_at_the_means_of_both_its_codes(self, rows):
        run, x = Run(Path("none"), made(zoo.diva, rows, style=3, hidden=(16,)), rows), rows.test.x[:9].float() / 255
        q = run.posterior("test", 9)
        expected = run.decode(torch.cat([q["c"].mean, q["z"].mean], -1))
        torch.testing.assert_close(redrawn(run, x, torch.arange(9)), expected)

    def test_shot_vae_is_redrawn_at_the_class_itself_and_its_code(self, rows):
        run, x = Run(Path("none"), made(zoo.shot_vae, rows, dim=3, hidden=(16,)), rows), rows.test.x[:9].float() / 255
        y, z = torch.arange(9), run.posterior("test", 9)["z"].mean
        torch.testing.assert_close(redrawn(run, x, y), run.decode(torch.cat([one_hot(y, 10).float(), z], -1)))

    @pytest.mark.parametrize(
        ("rival", "given", "sites"),
        [
            (zoo.m2, {"dim": 3}, {"y", "z"}),
            (zoo.diva, {"style": 3}, {"y", "z", "c"}),
            (zoo.shot_vae, {"dim": 3}, {"y", "z"}),
        ],
    )
    def test_they_have_the_figures_that_ask_for_no_mixture(self, rival, given, sites, rows, figures, tmp_path):
        found = measure(trained(made(rival, rows, hidden=(16,), **given), rows, tmp_path, 1))
        mixture = {"separation", "v-nat", "activated", "union", "dimensions", "change", "diversity"}
        assert figures.keys() - found.keys() == mixture
        assert found["kl"].keys() == sites | {"total"}
        assert found["kl"]["total"] == pytest.approx(sum(found["kl"][site] for site in sites))


class TestOverlap:
    @pytest.mark.parametrize("distance", [0.5, 2.0, 5.0])
    def test_of_two_normals_it_is_the_closed_form(self, distance):
        torch.manual_seed(0)
        spread = torch.full((1, 1, 2), 3.0)
        first, second = (
            aggregate(torch.ones(1, 1), torch.tensor([[[3.0 * at, 1.0]]]), spread) for at in (0.0, distance)
        )
        expected = 2 * stats.norm.cdf(-distance / 2)
        assert overlap(first, second, 40_000) == pytest.approx(expected, abs=0.01)

    def test_the_aggregate_is_the_mean_of_the_rows_mixtures(self):
        torch.manual_seed(0)
        pi, loc, scale = torch.rand(4, 3).softmax(-1), torch.randn(4, 3, 2), torch.rand(4, 3, 2) + 0.5
        z = torch.randn(7, 2)
        density = sum(
            pi[n, k] / 4 * Normal(loc[n, k], scale[n, k]).log_prob(z).sum(-1).exp() for n in range(4) for k in range(3)
        )
        torch.testing.assert_close(aggregate(pi, loc, scale).log_prob(z).exp(), density)

    def test_far_apart_it_is_none(self):
        here, there = (aggregate(torch.ones(1, 1), torch.full((1, 1, 2), at), torch.ones(1, 1, 2)) for at in (0.0, 1e4))
        assert overlap(here, there) == 0


class TestSpace:
    def test_the_nearest_centre_is_found_in_standard_deviations(self):
        code, loc = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 0.0], [4.0, 0.0]])
        wide = torch.tensor([[10.0, 1.0], [0.1, 1.0]])
        assert separation(code, torch.tensor([1]), loc, torch.ones(2, 2)) == 1
        assert separation(code, torch.tensor([0]), loc, wide) == 1

    def test_the_square_holds_a_standard_deviation_about_the_farthest_centre(self):
        assert reach(torch.tensor([[-16.0, 0.0], [16.0, 0.0]]), torch.full((2, 2), 2.0)) == 18

    def test_diversity_over_pairs_is_that_over_all_but_for_their_noise(self):
        random = np.random.default_rng(0)
        images = np.cumsum(random.random((12, 1, 16, 16)), -1) / 16
        torch.manual_seed(0)
        assert diversity(images, 4000) == pytest.approx(generation_diversity(images), abs=0.005)
        small = images[..., ::2, ::2]  # the usual window does not fit
        assert diversity(small, 4000) == pytest.approx(generation_diversity(small, window=7), abs=0.005)

    def test_half_a_squared_error_is_four_times_that_of_pixels_in_the_unit_interval(self):
        x, other = torch.rand(3, 1, 4, 4), torch.rand(3, 1, 4, 4)
        expected = [((2 * a - 1) - (2 * b - 1)).pow(2).sum().item() / 2 for a, b in zip(x, other, strict=True)]
        assert squared_error(x, other).tolist() == pytest.approx(expected, rel=1e-5)

    def test_information_is_a_mean_divergence_from_the_mean(self):
        p = torch.rand(50, 4, dtype=torch.float64).mul(5).softmax(-1)
        expected = np.mean([stats.entropy(row, p.mean(0)) for row in p])
        assert information(p) == pytest.approx(expected)
        assert information(torch.eye(3)[[1, 1, 1]]) == 0


SHAPES = {"mnist5k": (1, 28, 28), "fashion_mnist": (1, 28, 28), "zeros_and_ones": (1, 28, 28), "mnist": (1, 28, 28)}


class TestPresets:
    @pytest.mark.parametrize("preset", ["desk", "paper"])
    def test_every_cell_builds_and_says_every_option(self, preset):
        first = {(cell.set, cell.variant): cell.config for cell in reversed(read_preset("exon", preset).cells)}
        for (name, _), config in first.items():
            number = 2 if name.startswith("zeros") else 10
            shape = SHAPES.get(name.partition(",")[0], (3, 32, 32))
            batch = Batch(torch.rand(number, *shape), torch.arange(number))
            tiny = DataSet("tiny", batch, batch, batch, tuple("abcdefghij"[:number]), "torch.rand")
            pair = build(config["pair"], data=tiny)
            assert any("classifier" in parameter.split(".") for parameter, _ in pair.named_parameters())
            told = set(inspect.signature(named(config["pair"]["class_path"])).parameters) - {"data"}
            assert config["pair"]["init_args"].keys() == told
            assert arguments(fit, config["fit"], OWN)["labelled_rows"] < config["fit"]["batch_size"]

    @pytest.mark.parametrize("preset", ["desk", "paper"])
    def test_a_weight_of_the_source_is_divided_by_its_beta_and_its_beta_by_four(self, preset):
        for cell in read_preset("exon", preset).cells:
            given, plane = cell.config["pair"]["init_args"], cell.set.startswith(("mnist", "fashion", "zeros"))
            if not cell.config["pair"]["class_path"].endswith(".exon"):
                continue
            beta = 4 * given["beta"]
            weight = (6000 if plane else 5000) / beta
            expected = {
                "unmixed": (weight + 1, 0), "bare": (1, 0), "without-labels": (0, 0),
            }.get(cell.variant, (weight + 1, weight))  # fmt: skip
            assert (given["supervision"], given["interpolation"]) == pytest.approx(expected)
            named_beta = cell.variant.rpartition("beta=")[2] if "beta=" in cell.variant else None
            if named_beta is not None:
                assert beta == pytest.approx(float(named_beta))
            assert given["dim"] == (32 if cell.variant.startswith("D=32") else 2 if plane else 256)
            assert given["kl_weight"] == (0 if cell.variant == "without-kl" else 1)
            if cell.variant.startswith("R="):
                radius = float(cell.variant[2:])
                assert given["centres"] == [[-radius, 0], [radius, 0]]
                assert beta == 5

    def test_the_desk_has_all_methods_on_three_sets_and_what_is_told_of_the_first(self):
        cells = read_preset("exon", "desk").cells
        first = list(dict.fromkeys(cell.variant for cell in cells if cell.set == "mnist5k,labels=100"))
        assert [v for v in first if v in METHODS] == list(METHODS)
        assert set(ABLATIONS) <= set(first)
        assert sum(v.startswith("D=32,") for v in first) == sum(v.startswith("beta=") for v in first) == 5
        for name in ("fashion_mnist,labels=100", "fashion_mnist,labels=1000"):
            assert list(dict.fromkeys(cell.variant for cell in cells if cell.set == name)) == [
                method for method in METHODS if method != "mixed-m2"
            ]
        for cell in cells:
            assert cell.config["data"]["init_args"]["labels"] == int(cell.set.rpartition("=")[2])
        assert len({cell.seed for cell in cells}) >= 3
