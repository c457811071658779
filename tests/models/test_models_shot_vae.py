"""The smooth bound of SHOT-VAE against sums over classes and quadrature over the code, and what it is in the limit."""

# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# pyright: reportOptionalSubscript=false, reportIndexIssue=false

import math

import numpy as np
import pytest
import torch
from pyro import poutine
from pyro.infer import Predictive, Trace_ELBO, TraceEnum_ELBO
from torch import nn
from torch.distributions import Categorical, Normal, kl_divergence

from pellucid import Batch
from pellucid.data import DataSet
from pellucid.guides.independent import IndependentPosterior
from pellucid.inference import Captured, Interpolation
from pellucid.inference.objective import log_prob
from pellucid.inference.step import Step
from pellucid.models.annotated import AnnotatedPrior
from pellucid.networks import MLPEncoder
from pellucid.zoo.shot_vae import shot_vae
from tests.zoo_pairs import Tiny, attributed

ROWS, CLASSES, EPSILON, BETA = 12, 3, 0.04, 0.3
X = torch.rand(ROWS, 1, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 0, 0, 1] * 2)
KNOWN = torch.arange(ROWS) % 3 > 0
HOLES = torch.where(KNOWN, Y.double(), torch.nan)
BATCHES = {"no labels": (), "all labels": (Y,), "some labels": (HOLES, KNOWN)}
ANNOTATED = {"no labels": torch.zeros(ROWS, dtype=torch.bool), "all labels": torch.ones(ROWS, dtype=torch.bool)}
ANNOTATED["some labels"] = KNOWN
LABELS = pytest.mark.parametrize("labels", list(BATCHES))
NODE, WEIGHT = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(60))


def noise(y=Y, labelled=None):
    rows = Batch(X.float(), y, labelled)
    return DataSet("noise", rows, rows, rows, ("a", "b", "c"), "torch.rand")


def built(**options):
    """A pair of double precision with a code of one dimension, off the symmetry of its start; no loss factor."""
    torch.manual_seed(0)
    options = {"smoothing": EPSILON, "beta": BETA, "interpolation": 0.0} | options
    pair = shot_vae(noise(), dim=1, hidden=(6,), **options).double()
    with torch.no_grad():
        for parameter in pair.parameters():
            parameter += 0.5 * torch.randn_like(parameter)
    return pair


def certain(pair):
    """The pair with codes that hardly vary from draw to draw: its loss is then a number, whatever the draws."""
    with torch.no_grad():
        posterior_of(pair).scale.weight.zero_()
        posterior_of(pair).scale.bias.fill_(-40.0)
    return pair


def posterior_of(pair):
    return getattr(pair.guide, "guide", pair.guide).posterior


def log_belief(pair):
    """log q(y | x), ``[N, K]``."""
    return posterior_of(pair).classifier(X).log_softmax(1)


def densities(pair, z):
    """log p(x | z, y = k) for codes ``[nodes, N]``: ``[K, nodes, N]``, one class after the other."""
    found = []
    for vector in torch.eye(CLASSES, dtype=torch.float64):
        means = pair.model.decoder(torch.cat([vector.expand(*z.shape, -1), z[..., None]], -1)).sigmoid()
        found.append(Normal(means, BETA**0.5).log_prob(X).flatten(2).sum(2))
    return torch.stack(found)


def class_bounds(pair):
    """Bounds on log p(x, y = k), ``[N, K]``: the integral over the code by quadrature."""
    q = posterior_of(pair).encode(X).base_dist
    loc, scale = q.loc[:, 0], q.scale[:, 0]
    expected = torch.einsum("n,knb->bk", WEIGHT / WEIGHT.sum(), densities(pair, loc + scale * NODE[:, None]))
    kl = -scale.log() + (scale.square() + loc.square() - 1) / 2
    return expected - kl[:, None] - math.log(CLASSES)


def smoothed(y=Y, epsilon=EPSILON):
    """One-hot labels smoothed, ``[N, K]``."""
    wrong = epsilon / (CLASSES - 1)
    return nn.functional.one_hot(y, CLASSES).double() * (1 - epsilon - wrong) + wrong


def truth(pair, annotated):
    """The bound of every row: expected image and code, less a divergence of the class."""
    log_q = log_belief(pair)
    image_and_code = (log_q.exp() * (class_bounds(pair) + math.log(CLASSES))).sum(1)
    q, uniform = Categorical(logits=log_q), Categorical(torch.ones(CLASSES).double())
    from_label = kl_divergence(q, Categorical(smoothed())) + math.log(CLASSES)
    return image_and_code - torch.where(annotated, from_label, kl_divergence(q, uniform))


# The bound.
@LABELS
@pytest.mark.parametrize("classifier", ["network", "head"])
def test_the_bound_and_its_gradient_are_the_divergence_from_a_smoothed_label(labels, classifier):
    pair = certain(built(classifier=classifier))
    if classifier == "head":
        posterior = posterior_of(pair)
        posterior.classifier = nn.Sequential(posterior.encoder, posterior.classifier)
        posterior.on_features = False
    terms, expected = pair(X, *BATCHES[labels]), truth(pair, ANNOTATED[labels])
    torch.testing.assert_close(terms.bound, expected, rtol=1e-5, atol=1e-4)
    parameters = [p for n, p in pair.named_parameters() if "scale" not in n]
    found, by_hand = (torch.autograd.grad(loss, parameters) for loss in (terms.loss, -expected.mean()))
    for a, b in zip(found, by_hand, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


@LABELS
def test_the_mean_over_draws_is_the_integral_and_lies_below_the_evidence_of_image_and_annotation(labels):
    pair, count = built(), 2000
    torch.manual_seed(1)
    with torch.no_grad():
        repeated = (each.repeat(count) for each in BATCHES[labels])
        bound = pair(X.repeat(count, 1, 1, 1), *repeated).bound.reshape(count, ROWS)
        expected = truth(pair, ANNOTATED[labels])
    assert ((bound.mean(0) - expected).abs() < 4.5 * bound.std(0) / count**0.5).all()
    assert (expected < log_evidence(pair, ANNOTATED[labels])).all()


def log_evidence(pair, annotated):
    """log p(x, a) where annotated, log p(x) elsewhere: a sum over classes, and the code's prior on a grid."""
    z = torch.linspace(-9, 9, 2001, dtype=torch.float64)
    log_z = Normal(0.0, 1.0).log_prob(z) + math.log(18 / 2000)
    with torch.no_grad():
        joint = (densities(pair, z[:, None].expand(-1, ROWS)) + log_z[:, None]).logsumexp(1).T - math.log(CLASSES)
    return torch.where(annotated, (joint + smoothed().log()).logsumexp(1), joint.logsumexp(1))


@LABELS
def test_importance_weights_under_its_guide_give_that_evidence(labels):
    pair, count = built(), 4000
    given = (X.repeat(count, 1, 1, 1), *(each.repeat(count) for each in BATCHES[labels]))
    torch.manual_seed(1)
    with torch.no_grad():
        drawn = poutine.trace(pair.guide).get_trace(*given)
        joint = poutine.trace(poutine.replay(pair.model, trace=drawn)).get_trace(*given)
    names = [each for each in ("y", "annotation", "z", "x") if each in joint.nodes]
    log_p = sum(log_prob(joint.nodes[each]) for each in names)
    log_q = sum(log_prob(drawn.nodes[each]) for each in ("y", "z"))
    weight = (log_p - log_q).reshape(count, ROWS).exp()
    expected = log_evidence(pair, ANNOTATED[labels]).exp()
    assert ((weight.mean(0) - expected).abs() < 4.5 * weight.std(0) / count**0.5).all()
    assert (weight.std(0) / count**0.5 < 0.2 * expected).all()


def test_what_an_annotation_tells_is_linear_in_the_belief():
    pair = built()
    told = pair(X, HOLES, KNOWN).likelihood["annotation"]
    own = log_belief(pair).exp().gather(1, Y[:, None])[:, 0]
    expected = math.log(1 - EPSILON) - (1 - own) * math.log((1 - EPSILON) * (CLASSES - 1) / EPSILON)
    torch.testing.assert_close(told, torch.where(KNOWN, expected, 0.0))


# The limit.
class Table(nn.Module):
    """Logits that are what one likes, a row for each image of the batch."""

    def __init__(self):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(ROWS, CLASSES))

    def forward(self, x):
        return self.logits + 0 * x.sum()


@pytest.mark.parametrize("epsilon", [0.3, 1e-2, 1e-5, 1e-9])
def test_at_its_best_belief_the_smooth_bound_becomes_the_clamped_one_as_smoothing_goes_to_nought(epsilon):
    pair = certain(built(smoothing=epsilon, classifier=Table()))
    clamped = certain(built(smoothing=0.0, classifier=Table()))
    clamped.load_state_dict({n: v for n, v in pair.state_dict().items() if "log_noise" not in n})
    each, noise_of = class_bounds(pair).detach(), smoothed(epsilon=epsilon).log()
    posterior_of(pair).classifier.logits.data = each + noise_of  # q(k) = p(a | k) exp L_k, up to a constant
    terms, own = pair(X, Y), each.gather(1, Y[:, None])[:, 0]
    torch.testing.assert_close(terms.bound, (each + noise_of).logsumexp(1), rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(clamped(X, Y).bound, own, rtol=1e-5, atol=1e-4)
    others = (each - own[:, None]).exp().sum(1) - 1
    gap = math.log1p(-epsilon) + torch.log1p(epsilon / ((1 - epsilon) * (CLASSES - 1)) * others)
    torch.testing.assert_close((terms.bound - clamped(X, Y).bound), gap, rtol=1e-5, atol=2e-4)
    assert (gap.abs() < 20 * epsilon).all()
    (slope,) = torch.autograd.grad(terms.loss, posterior_of(pair).classifier.logits)
    torch.testing.assert_close(slope, torch.zeros_like(slope), rtol=0, atol=1e-5)


def test_a_belief_that_is_not_certain_falls_by_its_doubt_times_the_logarithm_of_the_smoothing():
    found = []
    for epsilon in (1e-4, 1e-8):
        pair = certain(built(smoothing=epsilon))
        found.append(pair(X, Y).bound)
        doubt = 1 - log_belief(pair).exp().gather(1, Y[:, None])[:, 0]
    torch.testing.assert_close(found[0] - found[1], doubt * math.log(1e4), rtol=1e-3, atol=1e-3)


def test_without_smoothing_labels_are_clamped_and_the_others_are_as_ever():
    smooth, clamped = certain(built()), certain(built(smoothing=0.0))
    found = clamped(X, HOLES, KNOWN)
    torch.testing.assert_close(found.bound[~KNOWN], smooth(X).bound[~KNOWN], rtol=1e-5, atol=1e-5)
    own = class_bounds(clamped).gather(1, Y[:, None])[:, 0]
    torch.testing.assert_close(found.bound[KNOWN], own[KNOWN], rtol=1e-5, atol=1e-4)


# Labels.
@pytest.mark.parametrize("interpolation", [0.0, 5.0])
def test_what_stands_in_the_slot_of_an_unlabelled_row_reaches_neither_loss_nor_gradient(interpolation):
    found = []
    for slot in (0.0, torch.nan, -7.0):
        pair = built(interpolation=interpolation, codes=0.1)
        torch.manual_seed(1)
        loss = pair(X, torch.where(KNOWN, Y.double(), slot), KNOWN).loss
        loss.backward()
        found.append([loss.detach(), *(p.grad for p in pair.parameters())])
    for others in found[1:]:
        assert all(a.isfinite().all() and torch.equal(a, b) for a, b in zip(found[0], others, strict=True))


def test_a_mask_of_ones_no_mask_and_a_dict_of_labels_are_one():
    pair = certain(built(supervision=2.0))
    losses = [
        pair(X, *labels).loss for labels in ((Y,), (Y, KNOWN | True), ({"y": Y},), ({"y": Y}, {"y": KNOWN | True}))
    ]
    torch.testing.assert_close(torch.stack(losses), losses[0].expand(4))


def test_factors_see_the_labels_that_the_bound_does_not_clamp():
    pair = built(supervision=3.0)
    own = log_belief(pair).gather(1, Y[:, None])[:, 0]
    torch.testing.assert_close(pair(X, HOLES, KNOWN).factors["supervision"], -3 * own[KNOWN].mean())


def test_images_of_a_class_are_drawn_when_its_label_is_given():
    pair = built().float()
    torch.manual_seed(0)
    drawn = Predictive(pair.model, num_samples=200, return_sites=["y", "annotation"])
    given, free = drawn(None, Y), drawn(None, rows=ROWS)
    assert (given["y"] == Y).all()
    assert (free["y"].double().mean(), "annotation" in free) == (pytest.approx(1.0, abs=0.1), False)


# Stock Pyro, and capture.
@pytest.mark.filterwarnings("ignore:(?s).*If you want to enumerate sites")
@pytest.mark.filterwarnings("ignore:(?s).*possibly")
@pytest.mark.parametrize("options", [{}, {"smoothing": 0.0}, {"supervision": 2.0}])
def test_stock_objectives_have_the_same_mean(options):
    pair, count = built(**options), 150
    torch.manual_seed(1)

    def draws(evaluate):
        with torch.no_grad():
            return torch.stack([torch.as_tensor(evaluate()).double() for _ in range(count)])

    ours = draws(lambda: pair(X, HOLES, KNOWN).loss)
    for elbo in (Trace_ELBO(), TraceEnum_ELBO(max_plate_nesting=1)):
        stock = draws(lambda elbo=elbo: elbo.loss(pair.model, pair.guide, X, HOLES, KNOWN) / ROWS)
        error = ((stock.var() + ours.var()) / count) ** 0.5
        assert abs(stock.mean() - ours.mean()) < 4.5 * error
        assert error < 0.15


@pytest.mark.parametrize("labels", list(BATCHES))
def test_it_is_captured(labels):
    torch.manual_seed(0)
    captured = Captured(built(interpolation=4.0, codes=0.1), "eager")
    found = []
    for step in (captured, Step(captured.pair)):
        torch.manual_seed(4)
        loss = step(Batch(X, *BATCHES[labels]))
        found.append((step.terms, torch.autograd.grad(loss, list(captured.pair.parameters()))))
    torch.testing.assert_close(*found)


# Options and refusals.
def test_the_pair_interpolates_as_the_source_does_unless_told_otherwise():
    (factor,) = shot_vae(noise(), hidden=(6,)).factors
    assert isinstance(factor, Interpolation)
    assert (factor.nearest, factor.codes, factor.mixing, factor.augmentation) == (True, 1e-3, (0.1, 2.0), None)
    assert (float(factor.weight), float(factor.taught)) == (1000.0, pytest.approx(math.exp(-5)))
    (other,) = shot_vae(noise(), hidden=(6,), interpolation=3.0, nearest=False, codes=0.5, taught=0.2).factors
    assert (other.nearest, other.codes, float(other.weight), float(other.taught)) == (
        False,
        0.5,
        3.0,
        pytest.approx(0.2),
    )


def test_divergences_have_their_weight():
    pair, heavy = certain(built()), certain(built(kl_weight=3.0))
    terms = pair(X)
    extra = 2 * (terms.kl["y"] + terms.kl["z"]).mean()
    torch.testing.assert_close(heavy(X).loss, terms.loss + extra, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 2 / 3, 1.0, -0.1, math.nan])
def test_an_annotation_is_right_more_often_than_chance(smoothing):
    with pytest.raises(
        ValueError, match=r"(?s)^smoothing: expected a probability between 0 and 0\.667.*Try one of:\n- "
    ):
        AnnotatedPrior(3, 2, smoothing=smoothing)


def test_a_classifier_of_other_logits_is_refused():
    posterior = IndependentPosterior(MLPEncoder((1, 2, 4), (6,)), 3, 2, nn.Sequential(nn.Flatten(), nn.Linear(8, 4)))
    with pytest.raises(ValueError, match=r"(?s)^classifier: .* \[12, 3\].* given \[12, 4\].*Try one of:\n- "):
        posterior(X.float())


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (lambda: attributed(Tiny), {}, r"^data: expected classes.*3 attributes"),
        (lambda: noise(Y, Y != 1), {}, r"^data: no training row is labelled as b"),
        (noise, {"beta": 0.0}, r"^beta: expected a positive variance of pixels; given 0\.0"),
        (noise, {"beta": math.nan}, r"^beta: expected a positive variance"),
        (noise, {"smoothing": 0.9}, r"^smoothing: expected a probability"),
        (noise, {"classifier": "large"}, r"^classifier: expected one of 'network', .*'wide', or a module"),
        (noise, {"codes": -1.0}, r"^codes: expected 0 or more"),
    ],
)
def test_what_cannot_be_is_refused(data, options, message):
    with pytest.raises(ValueError, match=rf"(?s){message}.*Try "):
        shot_vae(data(), **options)
