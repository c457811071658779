"""The figures of a run of labelled codes: against closed forms, loops and constructed models, and at their extremes."""

import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyro.distributions as dist
import pytest
import torch
from pyro import poutine
from sklearn import metrics
from torch import Tensor, nn

from pellucid import data, fit, zoo
from pellucid.data import Batch, DataSet
from pellucid.diagnostics import calibration_error, mutual_information
from pellucid.experiments.ccvae.accuracy import label_log_probabilities, majority, measure_accuracy, of_logits
from pellucid.experiments.ccvae.bounds import measure_bounds
from pellucid.experiments.ccvae.gradients import MODES, WithoutBaseline, compare, read
from pellucid.experiments.ccvae.handles import Handle, handle
from pellucid.experiments.ccvae.interventions import (
    information,
    measure_block_swap,
    measure_diversity,
    measure_information,
    measure_selectivity,
    measure_style_swap,
    shown_by,
)
from pellucid.experiments.ccvae.measure import measure
from pellucid.experiments.ccvae.oracle import Oracle, oracle_of, train_oracle
from pellucid.experiments.ccvae.plain_classifier import labelled_rows, plain_classifier
from pellucid.experiments.ccvae.variants import EXTRAS, GRADIENTS, METHODS, at, compares_gradients, is_exact
from pellucid.experiments.preset import read_preset
from pellucid.inference import Run
from pellucid.inference.factor import without_factors

LABELS = ("left", "top", "bright")


def squares(rows: int, seed: int = 0) -> Batch:
    """A patch of light that is left or right, at the top or the bottom, bright or dim."""
    random = torch.Generator().manual_seed(seed)
    y = torch.randint(2, (rows, 3), generator=random)
    x = 0.1 * torch.rand(rows, 1, 8, 8, generator=random)
    for image, (left, top, bright) in zip(x, y.tolist(), strict=True):
        image[0, 4 - 3 * top : 7 - 3 * top, 4 - 3 * left : 7 - 3 * left] += 0.4 + 0.4 * bright
    return Batch(x, y)


@data.recorded
def patches(labels: int | None = 60, seed: int = 0) -> DataSet:
    known = torch.arange(300) < (300 if labels is None else labels)
    train = squares(300, seed)._replace(labelled=known)
    return DataSet("patches", train, squares(40, seed + 1), squares(150, seed + 2), LABELS, "drawn here")


def trained(pair, rows: DataSet, folder: Path, epochs: int = 6) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so small a run may begin collapsed
        return fit(pair, rows, epochs=epochs, lr=5e-3, batch_size=30, folder=folder / "run", progress=False)


def untrained(made: Any, rows: DataSet, **arguments: Any) -> Any:
    torch.manual_seed(0)
    return Run(Path("nowhere"), made(rows, hidden=(16,), **arguments), rows)


@pytest.fixture(scope="module")
def rows() -> DataSet:
    return patches()


@pytest.fixture(scope="module")
def run(rows, tmp_path_factory) -> Run:
    torch.manual_seed(0)
    pair = zoo.ccvae(rows, style=4, hidden=(32,), gradients="exact", alpha=0.0)
    return trained(pair, rows, tmp_path_factory.mktemp("exact"))


@pytest.fixture(scope="module")
def figures(run) -> dict[str, Any]:
    return measure(run)


class TestARun:
    def test_accuracy_and_log_loss_are_those_of_its_label_posterior(self, run, figures):
        probability, y = run.posterior("test")["y"].mean.double().numpy(), run.data.test.y.numpy()
        assert figures["label accuracy"] == pytest.approx(((probability > 0.5) == y).mean(0).tolist())
        assert figures["accuracy"] == pytest.approx(np.mean(figures["label accuracy"]))
        nats = [metrics.log_loss(y[:, i], probability[:, i]) for i in range(3)]
        assert figures["log loss"] == pytest.approx(np.mean(nats), abs=1e-5)

    def test_what_is_counted_is_what_is_labelled(self, run, figures):
        y = run.data.train.y[:60]
        assert figures["labelled"] == 60
        assert figures["counts"] == torch.stack([60 - y.sum(0), y.sum(0)], 1).tolist()
        assert figures["classes"] == list(LABELS)

    def test_the_bound_is_its_parts(self, figures):
        assert figures["-bound"] == pytest.approx(figures["reconstruction"] + figures["kl"], rel=1e-5)

    def test_a_classifier_of_the_same_labels_is_measured_beside_ccvae_as_it_comes(self, figures):
        assert figures["classifier"].keys() == {
            "accuracy", "label accuracy", "log loss", "calibration", "calibration chance",
        }  # fmt: skip
        assert figures["classifier"]["accuracy"] > 0.9 > figures["majority"] + 0.2

    def test_swaps_and_diversity_have_a_figure_for_each_label(self, figures):
        for name in ("style swap", "block swap"):
            assert len(figures[name]["label"]) == 3
        assert figures["style swap"]["total"] == pytest.approx(sum(figures["style swap"]["label"]), abs=1e-6)
        assert len(figures["diversity"]) == len(figures["block information"]) == 3
        assert figures["diversity share"] is figures["selectivity"] is None  # no true factors are known

    def test_measuring_again_gives_the_same_and_json_holds_it(self, run, figures):
        torch.manual_seed(3)
        before = torch.random.get_rng_state()
        again = measure(run)
        assert torch.equal(before, torch.random.get_rng_state())
        assert again == figures == json.loads(json.dumps(figures, allow_nan=False))


@pytest.mark.parametrize(
    ("made", "arguments"),
    [
        (zoo.diva, {"style": 3}),
        (zoo.m2, {"dim": 3}),
        (zoo.mvae, {"dim": 6}),
        (zoo.ccvae, {"style": 0, "alpha": 10.0}),
        (zoo.ccvae, {"style": 3, "block": 2, "style_prior": "spike-and-slab", "consistency": 1.0}),
    ],
)
def test_rivals_and_compositions_are_measured_alike(made, arguments, rows, figures, tmp_path):
    found = measure(trained(made(rows, hidden=(16,), **arguments), rows, tmp_path, 1))
    assert figures.keys() - found.keys() == {"classifier"}


@pytest.mark.parametrize(("made", "arguments"), [(zoo.ccvae, {}), (zoo.m2, {}), (zoo.mvae, {"dim": 14})])
def test_classes_have_no_figure_that_asks_for_single_labels(made, arguments, tmp_path):
    digits: Any = data.digits(rows=300, validation=50, test=60, labels=50)
    found = measure(trained(made(digits, hidden=(16,), **arguments), digits, tmp_path, 1))
    assert found["label accuracy"] is found["block swap"] is found["selectivity"] is None
    assert found["style swap"]["label"] is None
    assert len(found["diversity"]) == len(found["counts"]) == 10
    assert found["labelled"] == sum(found["counts"]) == 50


def test_test_rows_without_labels_are_refused(run):
    blind = DataSet("blind", run.data.train, squares(9), Batch(squares(9).x), LABELS, "drawn here")
    with pytest.raises(ValueError, match="expected test rows of blind with all their labels"):
        measure(Run(run.folder, run.pair, blind))


class TestAccuracy:
    def test_attributes_are_averaged_over_labels(self):
        logits, y = torch.randn(50, 4), torch.randint(2, (50, 4))
        found = measure_accuracy(of_logits(logits, attributes=True), y)
        p = logits.double().sigmoid()
        assert found["label accuracy"] == pytest.approx(
            [float(((p > 0.5) == y)[:, i].double().mean()) for i in range(4)]
        )
        nats = -(y * p.log() + (1 - y) * (1 - p).log())
        assert found["log loss"] == pytest.approx(float(nats.mean()), abs=1e-6)
        errors = [calibration_error(p[:, i], y[:, i]).error for i in range(4)]
        assert found["calibration"] == pytest.approx(np.mean(errors), abs=1e-5)

    def test_classes_are_one_label(self):
        logits, y = torch.randn(50, 5), torch.randint(5, (50,))
        found = measure_accuracy(label_log_probabilities(dist.Categorical(logits=logits)), y)
        p = logits.double().softmax(-1).numpy()
        assert found["accuracy"] == pytest.approx((p.argmax(1) == y.numpy()).mean())
        assert found["log loss"] == pytest.approx(metrics.log_loss(y, p, labels=range(5)), abs=1e-6)
        assert found["label accuracy"] is None

    def test_a_wrong_label_that_was_surely_told_costs_its_logit_and_no_infinity(self):
        told = label_log_probabilities(dist.Bernoulli(logits=torch.tensor([[300.0]])).to_event(1))
        assert measure_accuracy(told, torch.tensor([[0]]))["log loss"] == pytest.approx(300.0)

    def test_the_majority_is_that_of_each_label(self):
        assert majority(torch.tensor([[0, 1], [0, 1], [0, 1], [1, 0]])) == 0.75
        assert majority(torch.tensor([2, 2, 2, 0, 1])) == 0.6


class TestBounds:
    def test_the_bound_with_labels_is_the_same_whatever_estimated_its_gradient(self, rows):
        found = {}
        for mode in ("exact", "official"):
            run = untrained(zoo.ccvae, rows, style=3, gradients=mode, alpha=0.0)
            torch.manual_seed(1)
            found[mode] = measure_bounds(run, rows.test.x, rows.test.y)
        assert found["exact"] == found["official"]

    def test_the_bound_of_diva_with_labels_is_its_terms_in_closed_form(self, rows):
        run = untrained(zoo.diva, rows, style=3)
        x, y = rows.test.x, rows.test.y
        found = measure_bounds(run, x, y)
        prior, q = run.pair.model.prior, run.posterior("test")
        with torch.no_grad():
            latent = torch.distributions.kl_divergence(q["c"].base_dist, prior.conditional(y).base_dist).sum(-1)
            style = torch.distributions.kl_divergence(q["z"].base_dist, torch.distributions.Normal(0.0, 1.0)).sum(-1)
        draws = torch.cat([q["c"].sample((200,)), q["z"].sample((200,))], -1)
        reconstruction = torch.stack([run.reconstruction(each, x) for each in draws]).mean(0)
        expected = reconstruction + latent + style - prior.label().log_prob(y.float())
        assert found["-joint bound"] == pytest.approx(float(expected.mean()), abs=0.1)


class TestHandles:
    def test_codes_of_ccvae_are_posterior_means_block_by_block(self, run):
        x = run.data.test.x
        held, q = handle(run, x), run.posterior("test")
        assert held.blocks == [[0], [1], [2]]
        assert held.style == [3, 4, 5, 6]
        assert held.z.equal(torch.cat([q["c"].mean, q["z"].mean], -1))
        assert torch.allclose(held.decode(held.z), run.decode(held.z))
        assert held.told.loc.equal(q["c"].mean)
        assert held.style_told.scale.equal(q["z"].base_dist.scale)

    def test_blocks_of_ccvae_are_drawn_from_their_labels_priors(self, run):
        y = run.data.test.y[:4]
        drawn = handle(run, run.data.test.x[:4]).draw(20_000, y)
        expected = run.pair.model.prior.conditional(y).base_dist
        assert torch.allclose(drawn.mean(0), expected.loc, atol=0.06)
        assert torch.allclose(drawn.std(0), expected.scale, atol=0.06)

    def test_of_m2_the_labels_are_probabilities_and_the_code_that_of_the_likeliest(self, rows):
        run = untrained(zoo.m2, rows, dim=3)
        held, posterior = handle(run, rows.test.x[:20]), run.pair.guide.guide.posterior
        assert held.z.shape == (20, 6)
        for n in range(20):
            with torch.no_grad():
                h = posterior.encoder(rows.test.x[n : n + 1])
                p = posterior.label(h).base_dist.probs
                z = posterior.code(h, (p > 0.5).float()).mean
            assert torch.allclose(held.z[n : n + 1], torch.cat([p, z], -1), atol=1e-6)
        y = rows.test.y[:20]
        assert held.draw(3, y).equal(y.float().expand(3, 20, 3))

    def test_of_mvae_a_labels_coordinate_moves_its_logit_and_no_other(self, rows):
        run = untrained(zoo.mvae, rows, dim=6)
        x = rows.test.x[:10]
        classifier, mean = run.pair.model.prior.classifier, run.posterior("test", 10)["z"].mean
        assert torch.allclose(handle(run, x).decode(handle(run, x).z), run.decode(mean), atol=1e-5)
        run.decode = lambda z: z  # the coordinates of the code itself
        held = handle(run, x)
        with torch.no_grad():
            for label in range(3):
                moved = held.z.clone()
                moved[:, label] += 1.5
                change = classifier(held.decode(moved)) - classifier(held.decode(held.z))
                assert torch.allclose(change, 1.5 * torch.eye(3)[label].expand(10, 3), atol=1e-5)
            other = held.z.clone()
            other[:, held.style] = held.z[:, held.style].flip(0)
            assert torch.allclose(classifier(held.decode(other)), classifier(mean), atol=1e-5)

    def test_of_mvae_labels_draw_coordinates_as_their_experts_have_them(self, rows):
        run = untrained(zoo.mvae, rows, dim=6)
        y = rows.test.y[:2]
        drawn = handle(run, rows.test.x[:2]).draw(20_000, y)
        q, weight = run.pair.guide.posterior.given(None, y), run.pair.model.prior.classifier.weight
        with torch.no_grad():
            expected = q.sample((20_000,)) @ weight.T
        assert torch.allclose(drawn.mean(0), expected.mean(0), atol=0.03)
        assert torch.allclose(drawn.std(0), expected.std(0), atol=0.03)

    def test_a_pair_without_a_part_for_each_label_is_refused(self, rows):
        with pytest.raises(ValueError, match="NormalPosterior keeps no part of its code for each label"):
            handle(untrained(zoo.vae, rows, dim=3), rows.test.x)


class Pixels(nn.Module):
    """Says of an image what its pixels are, ten times."""

    def forward(self, x: Tensor) -> Tensor:
        return 10 * x.flatten(1)


def made(mixing: Tensor, rows: int = 40, labels: int = 2) -> Handle:
    """Codes whose images are their linear mixtures, the first dimensions belonging to labels."""
    z = torch.randn(rows, len(mixing), generator=torch.Generator().manual_seed(0))
    return Handle(
        z=z,
        decode=lambda z: (z @ mixing)[:, None, None],
        blocks=[[i] for i in range(labels)],
        style=list(range(labels, len(mixing))),
        told=torch.distributions.Normal(z[:, :labels], 0.5),
        style_told=torch.distributions.Normal(z[:, labels:], 0.5),
        draw=lambda samples, y: 0.5 * torch.randn(samples, len(y), labels) + 4 * y,
    )


class TestSwaps:
    oracle = Oracle(Pixels(), ("a", "b"))
    apart = torch.eye(3)[:, :2]  # images of two pixels, one for each label; the style does not show
    mixed = torch.tensor([[1.0, 0.3], [0.0, 1.0], [0.5, -0.2]])
    partner = torch.randperm(40, generator=torch.Generator().manual_seed(1))

    def labels(self, held: Handle) -> Tensor:
        return (held.z[:, :2] > 0).long()

    def test_labels_that_hang_on_their_blocks_alone_survive_every_swap(self):
        held = made(self.apart)
        y = self.labels(held)
        assert measure_style_swap(held, self.oracle, y, self.partner)["total"] == 0
        found = measure_block_swap(held, self.oracle, y, self.partner)
        assert found is not None
        assert found["total"] == found["taken"].abs().max() == found["kept"].abs().max() == 0

    def test_the_costs_are_those_of_a_loop_over_rows(self):
        held = made(self.mixed)
        y = self.labels(held)

        def nats(z: Tensor, label: int, value: int) -> float:
            logit = 10 * float((z @ self.mixed)[label])
            return -math.log1p(math.exp(-logit if value else logit))

        style, taken, kept = np.zeros(2), np.zeros(2), np.zeros(2)
        for n, other in enumerate(self.partner.tolist()):
            own, lent = held.z[n], held.z[other]
            for label in range(2):
                value = int(y[n, label])
                style[label] += nats(own, label, value) - nats(torch.cat([own[:2], lent[2:]]), label, value)
                moved = own.clone()
                moved[label] = lent[label]
                theirs, rest = int(y[other, label]), 1 - label
                taken[label] += nats(lent, label, theirs) - nats(moved, label, theirs)
                kept[label] += nats(own, rest, int(y[n, rest])) - nats(moved, rest, int(y[n, rest]))
        found = measure_style_swap(held, self.oracle, y, self.partner)
        assert found["label"] == pytest.approx(style / 40, abs=1e-5)
        assert found["total"] == pytest.approx(style.sum() / 40, abs=1e-5)
        blocks = measure_block_swap(held, self.oracle, y, self.partner)
        assert blocks is not None
        assert blocks["taken"].numpy() == pytest.approx(taken / 40, abs=1e-5)
        assert blocks["kept"].numpy() == pytest.approx(kept / 40, abs=1e-5)
        assert float(blocks["total"]) == pytest.approx((taken + kept).sum() / 80, abs=1e-5)

    def test_a_row_that_is_its_own_partner_pays_nothing(self):
        held = made(self.mixed)
        y, itself = self.labels(held), torch.arange(40)
        assert measure_style_swap(held, self.oracle, y, itself)["total"] == 0
        blocks = measure_block_swap(held, self.oracle, y, itself)
        assert blocks is not None
        assert float(blocks["error"]) == 0

    def test_classes_are_swapped_whole(self):
        held, judge = made(self.mixed), Oracle(Pixels(), ())
        y = held.z[:, :2].argmax(1)
        assert measure_style_swap(held, judge, y, self.partner)["label"] is None
        assert measure_block_swap(held, judge, y, self.partner) is None


class TestSelectivity:
    rows: Any = data.smiley(rows=30, validation=5, test=40)
    judge = Oracle(Pixels(), ("a", "b"), ("a long", "b wide"), (0, 1))
    partner = torch.randperm(40, generator=torch.Generator().manual_seed(1))

    def found(self, mixing: Tensor) -> dict[str, Any]:
        held = made(mixing)
        real = torch.randn(200, 1, 1, 4, generator=torch.Generator().manual_seed(2))
        figures = measure_selectivity(held, self.judge, self.rows, real, self.partner)
        assert figures is not None
        return figures

    def test_blocks_that_move_their_own_quantities_only_have_all_of_the_change(self):
        figures = self.found(torch.tensor([[1.0, 0.0, 0.2, 0.0], [0.0, 1.0, 0.0, 0.2]]))
        assert figures["score"] == pytest.approx(1)
        assert figures["own"] == [0, 1, 0, 1]
        assert figures["quantities"] == ("a", "b", "a long", "b wide")

    def test_blocks_that_move_everything_alike_are_at_chance(self):
        mixing = torch.ones(2, 4)
        figures = self.found(mixing)
        assert figures["chance"].tolist() == [0.5, 0.5]
        assert figures["score"] == pytest.approx(0.5, abs=0.05)

    def test_a_factor_counts_as_far_as_its_attribute_is_there(self):
        read = self.judge.read(torch.tensor([[[[5.0, -5.0, 0.3, 0.3]]]]))
        assert read[0].tolist() == pytest.approx([1, 0, 3, 0], abs=1e-4)

    def test_shapes_are_measured_from_the_pixels(self):
        shapes: Any = data.measured("mnist5k", ["thick", "tall"], rows=200)
        x = shapes.test.x[:30].float() / 255
        held = Handle(
            z=torch.stack([torch.ones(30), torch.arange(30.0)], 1),
            decode=lambda z: x[z[:, 1].long()] * z[:, :1, None, None],  # darker or brighter, or another image
            blocks=[[0], [1]],
            style=[],
            told=None,
            style_told=None,
            draw=lambda samples, y: y,
        )
        judge = Oracle(Pixels(), shapes.classes)
        figures = measure_selectivity(held, judge, shapes, x, torch.arange(30).flip(0))
        assert figures is not None
        assert figures["change"][0].tolist() == [0, 0]
        assert (figures["change"][1] > 0.3).all()


class TestDiversity:
    y = torch.tensor([[1, 0], [0, 1]] * 20)

    def test_it_is_the_variance_of_the_draws_times_the_squares_of_the_decoder(self):
        mixing = torch.tensor([[1.0, 0.3, 0.0], [0.0, 2.0, -1.0], [5.0, 5.0, 5.0]])
        torch.manual_seed(0)
        found = measure_diversity(made(mixing), patches(), self.y)
        expected = 0.25 * mixing[:2].square().sum(1)
        assert found["diversity"] == pytest.approx(expected.tolist(), rel=0.15)
        assert found["diversity share"] is None

    def test_a_label_that_no_row_has_has_none(self):
        found = measure_diversity(made(torch.eye(3)), patches(), torch.tensor([[1, 0]] * 40))
        assert math.isnan(found["diversity"][1])
        assert found["diversity"][0] > 0

    def test_on_faces_it_is_asked_where_it_lies(self):
        faces: Any = data.smiley(rows=30, validation=5, test=40)
        inside = torch.from_numpy(shown_by(faces.classes)[:, 0]).float()  # [4, 32, 32]
        mixing = torch.stack([*inside.flatten(1)[:2], (1 - inside[2]).flatten(), torch.ones(32 * 32)])
        held = made(mixing, labels=4)
        held = Handle(**{**vars(held), "decode": lambda z: (z @ mixing).reshape(-1, 1, 32, 32)})
        found = measure_diversity(held, faces, torch.ones(40, 4))
        assert found["diversity share"] == pytest.approx([1, 1, 0, found["diversity chance"][3]], abs=1e-6)

    def test_pixels_of_an_attribute_are_those_in_which_faces_that_differ_in_it_differ(self):
        known = shown_by(("bow tie", "hat", "eyes", "mouth"))[:, 0]
        rows = np.array([np.flatnonzero(each.any(1)).mean() for each in known])  # mean height: tie, hat, eyes, mouth
        assert rows[1] < rows[2] < rows[3] < rows[0]
        faces: Any = data.smiley(rows=400, validation=1, test=1, seed=5)
        for label in range(4):
            alone = (faces.train.y == torch.eye(4, dtype=torch.long)[label]).all(1)
            seen = faces.train.x[alone][:, 0].float() / 255
            differ = (seen.amax(0) - seen.amin(0)).numpy() > 0.05
            assert differ.sum() > 10
            assert (differ & ~known[label]).sum() <= 0.03 * differ.sum()


class TestInformation:
    def test_it_is_summed_over_the_dimensions_of_a_block(self):
        z = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
        q = torch.distributions.Normal(z[:, :4], 0.3)
        held = Handle(
            z, lambda z: z, [[0, 1], [2, 3]], [4], q, torch.distributions.Normal(z[:, 4:], 0.3), lambda s, y: y
        )
        each = mutual_information(z, torch.full_like(z, 0.3)).value
        found = measure_information(held)
        assert found["block information"] == pytest.approx([each[:2].sum(), each[2:4].sum()])
        assert found["style information"] == pytest.approx(each[4])

    def test_of_a_probability_it_is_what_the_label_tells_of_the_row(self):
        p = torch.tensor([[0.0, 0.5, 0.9], [1.0, 0.5, 0.2]])
        surprise = [-(v * math.log(v) + (1 - v) * math.log(1 - v)) for v in (0.55, 0.9, 0.2)]
        expected = [math.log(2), 0.0, surprise[0] - (surprise[1] + surprise[2]) / 2]
        assert information(torch.distributions.Bernoulli(p)) == pytest.approx(expected, abs=1e-5)


class TestOracle:
    def test_it_tells_attributes_and_reads_the_factors_that_show(self):
        faces: Any = data.smiley(rows=1500, validation=5, test=300)
        judge = train_oracle(faces, steps=150)
        x, y, truth = faces.test.x.float() / 255, faces.test.y, faces.factors["test"]
        assert judge.log_prob(x, y).mean() > -0.1
        found = judge.read(x)
        assert found.shape == (300, 22)
        for name in ("bow tie shade", "hat tilt", "eyes separation", "mouth curvature"):
            column = judge.factors.index(name)
            there, read = truth.active[:, column], found[:, 4 + column]
            assert np.corrcoef(read[there], truth.values[there, column])[0, 1] > 0.6
            assert read[~there].abs().mean() < 0.2
            assert judge.quantities[4 + column] == name
            assert name.startswith(faces.classes[judge.own[4 + column]])

    def test_log_probabilities_of_classes_sum_to_one(self):
        judge = train_oracle(data.digits(rows=200), steps=5)
        images = torch.rand(6, 1, 8, 8)
        every = torch.stack([judge.log_prob(images, torch.full((6,), k)) for k in range(10)])
        assert torch.allclose(every.exp().sum(0), torch.ones(6), atol=1e-5)

    def test_one_judge_serves_all_runs_on_a_data_set_whatever_their_labels_and_seed(self):
        digits = [data.digits(rows=200, labels=labels, seed=seed) for labels, seed in ((20, 0), (None, 3))]
        judges = [oracle_of(untrained(zoo.vae, each, dim=2)) for each in digits]
        assert judges[0] is judges[1]
        other = oracle_of(untrained(zoo.vae, data.digits(rows=150), dim=2))
        assert other is not judges[0]

    def test_it_is_the_same_when_trained_again_and_moves_no_global_generator(self, rows):
        before, x = torch.random.get_rng_state(), rows.test.x
        assert train_oracle(rows, steps=12)(x).equal(train_oracle(rows, steps=12)(x))
        assert torch.random.get_rng_state().equal(before)


class TestPlainClassifier:
    def test_labels_that_are_not_known_play_no_part(self, run):
        y = run.data.train.y.clone()
        y[60:] = 1 - y[60:]
        other = DataSet("patches", run.data.train._replace(y=y), squares(40, 1), squares(150, 2), LABELS, "drawn here")
        x = run.data.test.x
        assert plain_classifier(run, x).equal(plain_classifier(Run(run.folder, run.pair, other), x))

    def test_it_is_a_logistic_regression_of_the_encoder_that_was_taught_as_long(self, run):
        x, y = run.data.test.x, run.data.test.y
        found = plain_classifier(run, x)
        assert torch.allclose(found.exp().sum(-1), torch.ones(150, 3))
        assert (found.argmax(-1) == y).double().mean() > 0.9

    def test_all_rows_serve_where_all_are_labelled_and_none_is_refused(self, run):
        whole = DataSet("patches", squares(300), squares(40, 1), squares(150, 2), LABELS, "drawn here")
        assert labelled_rows(Run(run.folder, run.pair, whole)) is whole.train
        assert labelled_rows(run).rows == 60
        none = DataSet("patches", patches(0).train, squares(40, 1), squares(150, 2), LABELS, "drawn here")
        with pytest.raises(ValueError, match="no training row of patches has all its labels"):
            labelled_rows(Run(run.folder, run.pair, none))


class TestGradients:
    def test_the_figures_are_those_of_the_formulas(self):
        random = np.random.default_rng(0)
        found, true, told = random.normal(1, 2, (30, 5)), random.normal(1, 1, (50, 5)), random.normal(size=5)
        figures = read(*(torch.from_numpy(each) for each in (found, true, told)))
        mean, aim = found.mean(0), true.mean(0)
        noise = [np.trace(np.cov(each.T)) for each in (found, true)]
        length = np.linalg.norm(aim)
        assert figures["noise"] == pytest.approx(noise[0] ** 0.5 / length)
        assert figures["cosine"] == pytest.approx(mean @ told / np.linalg.norm(mean) / np.linalg.norm(told))
        assert figures["coefficient"] == pytest.approx(np.linalg.lstsq(told[:, None], mean, rcond=None)[0][0])
        assert figures["distance"] == pytest.approx(np.linalg.norm(mean - aim) / length)
        assert figures["floor"] == pytest.approx((noise[0] / 30 + noise[1] / 50) ** 0.5 / length)

    def test_unbiased_estimators_agree_within_their_noise_and_the_official_one_teaches_the_classifier(self, rows):
        pair = untrained(zoo.ccvae, rows, style=2, alpha=0.0).pair.double()
        torch.manual_seed(0)
        batch = rows.test.take(slice(0, 12))
        found = compare(pair, batch.x.double(), batch.y, draws=60, reference=120)
        assert tuple(found) == MODES
        for mode in ("exact", "no baseline", "tilted"):
            assert found[mode]["distance"] < 2 * found[mode]["floor"], mode
        assert found["official"]["distance"] > 10 * found["official"]["floor"]
        assert found["official"]["cosine"] > 0.99
        assert max(found["tilted"]["noise"], found["exact"]["noise"]) < found["no baseline"]["noise"] / 2

    def test_the_hidden_weight_of_the_official_estimator_is_the_likelihood_of_the_image(self, rows):
        pair = untrained(zoo.ccvae, rows, style=2, alpha=0.0).pair
        torch.manual_seed(0)
        batch = rows.test.take(slice(0, 12))
        found = compare(pair, batch.x, batch.y, draws=60, reference=60)
        with torch.no_grad():
            nats = -float(pair(batch.x).likelihood["x"].mean())
        assert found["official"]["coefficient"] == pytest.approx(nats, rel=0.15)

    def test_without_a_baseline_the_likelihood_has_the_weight_of_the_labels_and_no_more(self, rows):
        pair = untrained(zoo.ccvae, rows, style=2, alpha=0.0).pair
        x, y = rows.test.x[:6], rows.test.y[:6].float()
        posterior = without_factors(pair.guide).posterior
        torch.manual_seed(4)
        known = torch.ones(6, dtype=torch.bool)
        terms = WithoutBaseline(posterior.classifier).terms(pair.model, pair.guide, x, y, known)
        torch.manual_seed(4)
        drawn = dict(poutine.trace(pair.guide).get_trace(x, y, known).nodes)
        c, z = drawn["c"]["value"], drawn["z"]["value"]
        with torch.no_grad():
            many = drawn["c"]["fn"].sample((200_000,))
            told = dist.Bernoulli(logits=posterior.classifier(many)).log_prob(y).exp().mean(0)  # [6, 3]
            own = dist.Bernoulli(logits=posterior.classifier(c)).log_prob(y).exp()
            density = pair.model.decode(torch.cat([c, z], -1)).log_prob(x)
            expected = (own / told).prod(-1) * density
        assert torch.allclose(terms.likelihood["x"], expected, rtol=0.01)

    def test_further_factors_of_the_loss_do_not_count(self, rows):
        batch = rows.test.take(slice(0, 6))
        found = []
        for alpha in (0.0, 50.0):
            pair = untrained(zoo.ccvae, rows, style=2, alpha=alpha).pair
            torch.manual_seed(0)
            found.append(compare(pair, batch.x, batch.y, draws=4, reference=4))
        assert found[0] == found[1]


class TestVariants:
    @pytest.mark.parametrize("preset", ["desk", "paper"])
    def test_the_presets_cells_are_the_methods_on_sets_named_after_their_labels(self, preset):
        cells = read_preset("ccvae", preset).cells
        for cell in cells:
            name, fraction = at(cell.set)
            assert cell.config["data"]["init_args"]["labels"] == fraction
            assert name in ("smiley", "mnist5k", "mnist5k_shapes", "fashion_mnist", "celeba")
            assert is_exact(cell.config) == (cell.variant == "exact")
            assert compares_gradients(cell.config) == (cell.variant == "exact" and cell.set in GRADIENTS)
        met = dict.fromkeys(cell.variant for cell in cells)
        assert tuple(met) == (METHODS + EXTRAS if preset == "desk" else METHODS)

    def test_a_run_as_it_is_kept_is_known_again(self, run):
        assert is_exact(run.config)
        assert not compares_gradients(run.config)

    def test_every_method_starts_from_the_same_convention_of_weights(self):
        for cell in read_preset("ccvae", "desk").cells:
            given = cell.config["pair"]["init_args"]
            weights = {given[name] for name in ("alpha", "supervision", "label_weight") if name in given}
            expected = {"alpha=1": {1.0}, "alpha=100": {100.0}}.get(cell.variant, {0.0} if plain(cell) else {10.0})
            assert weights == expected


def plain(cell) -> bool:
    """Whether a method is an estimator of the bound's gradient and nothing besides."""
    return cell.variant in ("exact", "tilted", "official", "detached")
