"""The bound of characteristic latents against dense quadrature: its value, its gradients in every mode, its limits."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false

import math
from itertools import product

import pyro
import pyro.distributions as dist
import pytest
import torch

from pellucid import zoo
from pellucid.data import smiley
from pellucid.guides import Features
from pellucid.inference import ELBO, CharacteristicBound, DomainBound, Pair, Supervision
from pellucid.inference.characteristic.marginal import log_marginal
from pellucid.models import Normal
from tests.characteristic_toys import (
    SHAPE,
    Gaussian,
    bound,
    density,
    encoded,
    evidence,
    log_classified,
    log_conditional,
    log_label,
    nodes,
    toy,
)

ROWS = 2000
X = torch.tensor([0.8, -1.1, 0.4], dtype=torch.float64).reshape(SHAPE)
BINARY = [([1, 0], [True, True]), ([0, 1], [False, False]), ([1, 1], [True, False])]
CLASSES = [([2], [True]), ([0], [False])]
MODES = ["exact", "tilted", "official", "detached"]


def batch(y, known, rows=ROWS):
    """One row many times over."""
    return X.expand(rows, *SHAPE), torch.tensor(y).expand(rows, -1), torch.tensor(known).expand(rows, -1)


def called(pair, y, known, rows=ROWS):
    x, y, known = batch(y, known, rows)
    return pair(x, y[:, 0], known[:, 0]) if pair.model.prior.categorical else pair(x, y, known)


def estimates(pair, y, known, draws, read):
    """Values of ``read(terms)`` over independent batches: mean and standard error."""
    torch.manual_seed(1)
    found = torch.stack([read(called(pair, y, known)) for _ in range(draws)])
    return found.mean(0), found.std(0) / draws**0.5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("y", "known"), BINARY)
def test_the_bound_of_two_labels_is_that_of_dense_quadrature_in_every_mode(mode, y, known):
    pair = toy(gradients=mode)
    mean, error = estimates(pair, y, known, 20, lambda terms: terms.bound.mean().detach())
    expected = bound(pair, X, y, known)
    assert abs(mean - expected) < 4.5 * error
    assert error < 0.02


@pytest.mark.parametrize("mode", ["exact", "official", "detached"])
@pytest.mark.parametrize(("y", "known"), CLASSES)
def test_the_bound_of_three_classes_is_that_of_dense_quadrature_in_every_mode(mode, y, known):
    pair = toy(categorical=True, gradients=mode)
    mean, error = estimates(pair, y, known, 20, lambda terms: terms.bound.mean().detach())
    assert abs(mean - bound(pair, X, y, known)) < 4.5 * error
    assert error < 0.02


def slopes(pair, value):
    parameters = [p for p in pair.parameters() if p.requires_grad]
    found = torch.autograd.grad(value, parameters, allow_unused=True)
    return torch.cat(
        [(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(parameters, found, strict=True)]
    )


def agrees(pair, y, known, mode, draws=30):
    mean, error = estimates(pair, y, known, draws, lambda terms: slopes(pair, terms.loss))
    expected = -slopes(pair, bound(pair, X, y, known, mode))
    z = (mean - expected) / error.clamp(min=1e-6 + 1e-6 * expected.abs().max())
    assert z.abs().max() < 5.0  # of some sixty parameters
    assert (mean - expected).norm() < 0.1 * expected.norm()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("y", "known"), BINARY)
def test_the_expected_gradient_of_two_labels_is_the_quadratures_in_every_mode(mode, y, known):
    agrees(toy(gradients=mode), y, known, mode)


@pytest.mark.parametrize("mode", ["exact", "official", "detached"])
@pytest.mark.parametrize(("y", "known"), CLASSES)
def test_the_expected_gradient_of_three_classes_is_the_quadratures_in_every_mode(mode, y, known):
    agrees(toy(categorical=True, gradients=mode), y, known, mode)


def test_only_the_official_gradient_differs_from_that_of_the_bound_by_the_classifiers():
    pair, (y, known) = toy(), BINARY[0]
    true = slopes(pair, bound(pair, X, y, known))
    for mode, same in (("exact", True), ("tilted", True), ("official", False), ("detached", False)):
        found = slopes(pair, bound(pair, X, y, known, mode))
        assert torch.allclose(found, true, atol=1e-8) == same


@pytest.mark.parametrize(("categorical", "y"), [(False, [1, 0]), (False, [0, 0]), (True, [1])])
def test_the_weights_have_mean_one(categorical, y):
    pair = toy(categorical=categorical)
    loc, scale, *_ = encoded(pair, X)
    noise, weight = nodes(len(loc))
    log_q = log_classified(pair, loc + scale * noise)
    terms_w = sum(log_q[v, :, g] for g, v in enumerate(y))
    classifier = pair.guide.posterior.classifier
    q = torch.distributions.Normal(loc[None], scale[None])
    marginal = log_marginal(classifier, q, torch.tensor([y]), None, classes=categorical).sum()
    assert abs((weight * (terms_w - marginal).exp()).sum() - 1) < 1e-5


@pytest.mark.parametrize("seed", range(4))
def test_no_bound_is_above_the_log_evidence(seed):
    pair = toy(seed=seed)
    for y, known in [*BINARY, *(([a, b], [True, True]) for a, b in product((0, 1), repeat=2))]:
        assert bound(pair, X, y, known) < evidence(pair, X, y, known)
    pair = toy(seed=seed, categorical=True)
    for y, known in CLASSES:
        assert bound(pair, X, y, known) < evidence(pair, X, y, known)


def test_divas_bound_is_below_the_log_evidence():
    pair, (y, known) = toy(objective=DomainBound), BINARY[0]
    mean, error = estimates(pair, y, known, 20, lambda terms: terms.bound.mean().detach())
    assert mean + 4 * error < evidence(pair, X, y, known)


class Shifted(Normal):
    """A likelihood with a constant added to its logarithm."""

    def __init__(self, constant):
        super().__init__(scale=0.7, link="identity")
        self.constant = constant

    def forward(self, output):
        base = super().forward(output)
        constant = self.constant

        class Moved(type(base)):
            def log_prob(self, value):
                return super().log_prob(value) + constant

        return Moved(base.base_dist, base.reinterpreted_batch_ndims)


@pytest.mark.parametrize("mode", MODES)
def test_a_constant_in_the_likelihood_moves_no_gradient_but_the_official_one(mode):
    found = []
    for constant in (0.0, -8517.0):
        pair = toy(gradients=mode, likelihood=Shifted(constant))
        torch.manual_seed(3)
        found.append(slopes(pair, called(pair, [1, 0], [True, True]).loss))
    moved = (found[1] - found[0]).norm() / found[0].norm()
    assert (moved < 1e-8) == (mode != "official")


def test_the_baseline_takes_the_constants_noise_away():
    noise = {}
    for shift in (0.0, -8517.0):
        pair = toy(likelihood=Shifted(shift))
        error = estimates(pair, [1, 0], [True, True], 10, lambda terms, p=pair: slopes(p, terms.loss))[1]
        noise[shift] = float(error.norm())
    assert noise[-8517.0] == pytest.approx(noise[0.0], rel=1e-6)


class Fixed(CharacteristicBound):
    """A baseline that does not look at the batch."""

    def baseline(self, density):
        return torch.full_like(density, -3.0)


@pytest.mark.parametrize("mode", ["exact", "official", "detached"])
def test_a_mixed_batch_is_its_two_halves_when_the_baseline_is_fixed(mode, monkeypatch):
    pair = toy(objective=Fixed, gradients=mode)
    torch.manual_seed(5)
    x = torch.randn(6, *SHAPE, dtype=torch.float64)
    y = torch.tensor([[1, 0], [0, 0], [1, 1], [0, 1], [1, 0], [0, 0]])
    known = torch.tensor([[True, True]] * 3 + [[False, False], [True, False], [False, False]])
    # The draw of a row is a function of its own location, so that it is the same in any batch.
    monkeypatch.setattr(dist.Normal, "rsample", lambda q, shape=(): q.loc + q.scale * torch.sin(37 * q.loc.detach()))
    whole, halves = pair(x, y, known), [pair(x[part], y[part], known[part]) for part in (slice(0, 3), slice(3, 6))]
    assert torch.allclose(whole.bound, torch.cat([half.bound for half in halves]), atol=1e-10)
    joined = sum(slopes(pair, half.loss) for half in halves) / 2
    assert torch.allclose(slopes(pair, whole.loss), joined, atol=1e-10)


@pytest.mark.parametrize("mode", MODES)
def test_nan_in_the_slots_of_unknown_labels_reaches_no_gradient(mode):
    pair = toy(gradients=mode)
    x = X.expand(8, *SHAPE)
    known = torch.tensor([[True, False], [False, False]] * 4)
    y = torch.tensor([[1.0, 0.0], [0.0, 0.0]] * 4, dtype=torch.float64)
    found = []
    for filler in (0.0, math.nan):
        torch.manual_seed(0)
        found.append(slopes(pair, pair(x, torch.where(known, y, filler), known).loss))
    assert found[1].isfinite().all()
    assert torch.equal(found[0], found[1])


def test_the_three_forms_of_the_loss_agree_under_one_seed():
    pair = toy()
    x, y, known = batch([1, 0], [True, False], rows=16)
    values = []
    for form in ("loss", "differentiable_loss", "loss_and_grads"):
        torch.manual_seed(0)
        value = getattr(pair.objective, form)(pair.model, pair.guide, x, y, known)
        values.append(value.item() if isinstance(value, torch.Tensor) else value)
    torch.manual_seed(0)
    slope = slopes(pair, pair(x, y, known).loss)
    kept = torch.cat([p.grad.flatten() if p.grad is not None else torch.zeros(p.numel()) for p in pair.parameters()])
    assert values[0] == values[1] == values[2]
    assert torch.allclose(slope, kept)


def test_all_rows_labelled_without_a_mask_is_a_mask_of_true():
    pair = toy()
    x, y, known = batch([1, 0], [True, True], rows=16)
    found = []
    for mask in (None, known, known[:, 0]):
        torch.manual_seed(0)
        found.append(pair(x, y, mask).loss)
    assert found[0] == found[1] == found[2]


def test_draws_of_the_marginal_are_lower_on_average_and_tend_to_the_quadrature():
    pair, (y, known) = toy(), BINARY[0]
    exact = bound(pair, X, y, known)
    few, few_error = estimates(toy(draws=1), y, known, 20, lambda terms: terms.bound.mean().detach())
    many, error = estimates(toy(draws=300), y, known, 20, lambda terms: terms.bound.mean().detach())
    assert abs(many - exact) < 4.5 * error + 0.02
    assert abs(few - exact) > 4 * few_error


@pytest.mark.parametrize(("y", "known"), BINARY)
def test_divas_bound_is_its_definition_by_quadrature(y, known):
    pair = toy(objective=DomainBound)
    loc, scale, style_loc, style_scale = encoded(pair, X)
    noise, weight = nodes(3)
    c, s = loc + scale * noise[:, :2], style_loc + style_scale * noise[:, 2:]
    log_q, log_pc, log_py = log_classified(pair, c), log_conditional(pair, c), log_label(pair)
    log_qc = Gaussian(loc, scale).log_prob(c)
    term = density(pair, X, torch.cat([c, s], -1)) + (-0.5 * s**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
    term = term - Gaussian(style_loc, style_scale).log_prob(s).sum(-1)
    for g in range(2):
        if known[g]:
            term = term + log_pc[y[g], :, g] + log_py[y[g], 0, g] - log_qc[:, g]
        else:
            belief = log_q[:, :, g].exp()
            term = term + (belief * (log_pc[:, :, g] + log_py[:, :, g] - log_q[:, :, g])).sum(0) - log_qc[:, g]
    mean, error = estimates(pair, y, known, 20, lambda terms: terms.bound.mean().detach())
    assert abs(mean - (weight * term).sum()) < 4.5 * error


def test_a_prior_whose_decoder_sees_the_label_is_refused_by_name():
    pair = toy()

    class Leaky(type(pair.model.prior)):
        def forward(self, y=None, labelled=None):
            code = super().forward(y, labelled)
            return code + self.shift

    prior = pair.model.prior
    prior.__class__ = Leaky
    prior.shift = torch.zeros(2, 1, 3, dtype=torch.float64)
    with pytest.raises(ValueError, match="site 'x': its density hangs on the label"):
        called(pair, [1, 0], [True, True])


def test_a_guide_without_the_sites_is_refused_by_name():
    data = smiley(rows=40, validation=4, test=4)
    pair = zoo.vae(data, dim=3, hidden=(8,))
    classifier = toy().guide.posterior.classifier
    pair.objective = CharacteristicBound(classifier)
    with pytest.raises(ValueError, match="guide has no site 'c'"):
        pair(torch.rand(4, 1, 32, 32))


def test_a_mode_that_does_not_exist_and_tilted_classes_are_refused():
    with pytest.raises(ValueError, match="exact, tilted, official, detached"):
        toy(gradients="both")
    with pytest.raises(ValueError, match="one of 3 classes"):
        called(toy(categorical=True, gradients="tilted"), [1], [True])


def test_sixty_labels_of_which_rows_know_some_have_finite_gradients():
    class Many:
        shape, n_data, classes, attributes = (1, 4, 4), 40, tuple(f"label {i}" for i in range(60)), True

    pair = zoo.ccvae(Many, style=2, hidden=(8,))
    y = torch.randint(0, 2, (16, 60))
    pair(torch.rand(16, 1, 4, 4), y, torch.rand(16, 60) < 0.5).loss.backward()
    assert all(p.grad.isfinite().all() for p in pair.parameters() if p.grad is not None)


def test_the_plain_elbo_of_the_same_programs_is_below_the_log_evidence():
    pair, (y, known) = toy(), BINARY[0]
    pair.objective = ELBO()
    mean, error = estimates(pair, y, known, 20, lambda terms: terms.bound.mean().detach())
    assert mean + 4 * error < evidence(pair, X, y, known)


def test_loss_factors_see_the_guides_own_draw_and_not_one_tilted_by_the_label():
    values = {}
    for mode in ("exact", "tilted"):
        pair = toy(gradients=mode)
        pair = Pair(pair.model, pair.guide, [Supervision(1.0)], pair.objective)
        values[mode] = estimates(pair, [1, 0], [True, True], 20, lambda terms: terms.factors["supervision"].detach())
    (exact, first), (tilted, second) = values.values()
    assert abs(exact - tilted) < 4.5 * (first**2 + second**2) ** 0.5


class Coin(torch.nn.Module):
    """A discrete style."""

    def __init__(self, features=None):
        super().__init__()
        self.logits = None if features is None else torch.nn.Linear(features.out_features, 1).double()

    def forward(self, h=None):
        logits = torch.zeros(1, dtype=torch.float64) if h is None or self.logits is None else self.logits(h)
        return pyro.sample("z", dist.Bernoulli(logits=logits).to_event(1))


def test_a_style_without_a_pathwise_gradient_is_refused_in_training_and_evaluated_after():
    pair = toy()
    pair.model.prior.style, pair.guide.posterior.style = Coin(), Coin(Features(5))
    with pytest.raises(ValueError, match="site 'z': Bernoulli has no reparameterised draw"):
        called(pair, [1, 0], [True, True], rows=8)
    with torch.no_grad():
        assert called(pair.eval(), [1, 0], [True, True], rows=8).loss.isfinite()


def test_a_mask_by_site_serves_labels_that_come_as_one_tensor():
    pair = toy()
    x, y, known = batch([1, 0], [True, False], rows=8)
    found = []
    for labels, mask in ((y, known), (torch.where(known, y.double(), math.nan), {"y": known})):
        torch.manual_seed(0)
        found.append(pair(x, labels, mask).loss)
    assert found[0] == found[1]
