"""MVAE: the product of experts in closed form, its three bounds by quadrature, and labels that are not known."""

# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportIndexIssue=false

import math

import numpy as np
import pytest
import torch
from pyro.infer import Trace_ELBO
from torch import nn
from torch.distributions import Bernoulli, Normal
from torch.nn.functional import softplus

from pellucid import Batch, zoo
from pellucid.data import DataSet
from pellucid.guides import MVAEPosterior
from pellucid.inference import Factor, MultimodalBound
from pellucid.inference.capture import Captured
from pellucid.inference.evaluation import evaluating
from pellucid.inference.step import Step
from pellucid.schedules import Ramp

ROWS = 12
CLASSES = torch.tensor([0, 1, 2, 0, 0, 1] * 2)
ATTRIBUTES = torch.tensor([(0, 0), (0, 1), (1, 0), (1, 1), (1, 1), (1, 0)] * 2)
KNOWN = torch.arange(ROWS) % 3 > 0
SOME = torch.stack([KNOWN, torch.arange(ROWS) % 2 > 0], 1)


def noise(y, names):
    x = torch.rand(len(y), 1, 2, 4, generator=torch.Generator().manual_seed(0))
    rows = Batch(x, y)
    return DataSet("noise", rows, rows, rows, names, "torch.rand")


DATA = {"classes": noise(CLASSES, ("a", "b", "c")), "attributes": noise(ATTRIBUTES, ("hat", "eyes"))}
KINDS = pytest.mark.parametrize("kind", ["classes", "attributes"])


def built(kind, dim=1, **options):
    """A pair of double precision, off the symmetry of its start."""
    torch.manual_seed(0)
    pair = zoo.mvae(DATA[kind], dim=dim, hidden=(6,), **options).double()
    with torch.no_grad():
        for parameter in pair.parameters():
            parameter += 0.7 * torch.randn_like(parameter)
    return pair


def certain(pair):
    """The pair with codes that hardly vary from draw to draw, whatever is known of a row."""
    posterior = pair.guide.posterior
    with torch.no_grad():
        posterior.precision.weight.zero_()
        posterior.precision.bias.fill_(1e13)
        posterior.table[1] = 1e13
    return pair


def inverse_softplus(y):
    return torch.as_tensor(y, dtype=torch.float64).expm1().log()


# The product of experts.
def linear_gaussian():
    """Views of a code through noise: x of all dimensions, and one for each value of each of two labels."""
    torch.manual_seed(0)
    encoder = nn.Flatten()
    encoder.out_features = 3
    posterior = MVAEPosterior(encoder, labels=2, dim=3, classifier=nn.Linear(3, 2)).double()
    noise_x, noise_y = 0.5 + torch.rand(3, dtype=torch.float64), 0.5 + torch.rand(4, 3, dtype=torch.float64)
    with torch.no_grad():
        posterior.loc.weight.copy_(torch.eye(3))
        posterior.loc.bias.zero_()
        posterior.precision.weight.zero_()
        posterior.precision.bias.copy_(inverse_softplus(1 / noise_x))
        posterior.table[0].normal_()
        posterior.table[1].copy_(inverse_softplus(1 / noise_y))
    return posterior, noise_x, noise_y


def conditioned(views, noises):
    """Mean and covariance of z ~ N(0, I) given views z + noise, by the joint covariance of code and views."""
    count = len(views)
    h = torch.cat([torch.eye(3, dtype=torch.float64)] * count)
    innovation = h @ h.T + torch.cat(noises).diag()
    gain = h.T @ innovation.inverse()
    return gain @ torch.cat(views), torch.eye(3, dtype=torch.float64) - gain @ h


@pytest.mark.parametrize("known", [(1, 1), (1, 0), (0, 1), (0, 0)])
@pytest.mark.parametrize("image", [True, False])
def test_the_product_of_experts_is_the_posterior_of_a_linear_gaussian_model(known, image):
    posterior, noise_x, noise_y = linear_gaussian()
    x, y = torch.randn(4, 1, 1, 3, dtype=torch.float64), torch.tensor([(0, 0), (0, 1), (1, 0), (1, 1)])
    q = posterior.given(x if image else None, y, torch.tensor([known]).bool().expand(4, 2))
    for row in range(4):
        entries = [2 * int(y[row, i]) + i for i in range(2) if known[i]]
        views = [x[row].flatten()] * image + [posterior.table[0, e] for e in entries]
        noises = [noise_x] * image + [noise_y[e] for e in entries]
        mean, covariance = conditioned(views, noises) if views else (torch.zeros(3), torch.eye(3))
        torch.testing.assert_close(q.mean[row].double(), mean.double())
        torch.testing.assert_close(q.variance[row].diag(), covariance.double())


def test_a_class_has_the_expert_of_its_value_and_an_unknown_one_none():
    posterior = built("classes").guide.posterior
    y, known = torch.tensor([2.0, torch.nan, 0.0]), torch.tensor([True, False, True])
    q = posterior.given(None, y, known)
    for row, k in ((0, 2), (2, 0)):
        precision = softplus(posterior.table[1, k])
        torch.testing.assert_close(q.variance[row], 1 / (1 + precision))
        torch.testing.assert_close(q.mean[row], precision * posterior.table[0, k] / (1 + precision))
    assert q.mean[1] == 0
    assert q.variance[1] == 1


# The three bounds.
NODE, WEIGHT = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(60))


def log_label(pair, z, y, kind):
    """log p(y | z) of every label by itself: ``[..., N, 1]`` or ``[..., N, L]``."""
    logits = pair.model.prior.classifier(z)
    if kind == "classes":
        return logits.log_softmax(-1).gather(-1, y[:, None].expand(*logits.shape[:-1], 1))
    return -softplus((1 - 2 * y) * logits)


def log_pixels(pair, z, x):
    return Bernoulli(logits=pair.model.decoder(z), validate_args=False).log_prob(x).flatten(-3).sum(-1)


def by_quadrature(pair, kind, x, y, known, weight=1.0):
    """A bound of every row by hand, its parts those that are given; ``known`` ``[N, G]``."""
    posterior = pair.guide.posterior
    precision, loc = torch.ones(len(y), dtype=torch.float64), torch.zeros(len(y), dtype=torch.float64)
    if x is not None:
        h = posterior.encoder(x)
        own = softplus(posterior.precision(h))[:, 0]
        precision, loc = precision + own, loc + own * posterior.loc(h)[:, 0]
    if known is not None:
        entry = y[:, None] if kind == "classes" else torch.arange(2) + 2 * y
        own = softplus(posterior.table[1, entry, 0]) * known
        precision, loc = precision + own.sum(1), loc + (own * posterior.table[0, entry, 0]).sum(1)
    q = Normal(loc / precision, precision**-0.5)
    z = (q.loc + q.scale * NODE[:, None])[..., None]
    inside = torch.zeros(len(NODE), len(y), dtype=torch.float64)
    if x is not None:
        inside = inside + log_pixels(pair, z, x)
    if known is not None:
        inside = inside + weight * (log_label(pair, z, y, kind) * known).sum(-1)
    kl = -q.scale.log() + (q.scale.square() + q.loc.square() - 1) / 2
    return (WEIGHT @ inside) / WEIGHT.sum() - kl


def all_known(kind):
    return torch.ones(ROWS, 1 if kind == "classes" else 2, dtype=torch.float64)


def expected_loss(pair, kind, x, y, known, weight):
    """The loss of every row by hand."""
    both = by_quadrature(pair, kind, x, y, known, weight)
    image, words = by_quadrature(pair, kind, x, y, None), by_quadrature(pair, kind, None, y, known, weight)
    return -(both + torch.where(known.any(1), image + words, 0.0))


MASKS = {"all": None, "some rows": KNOWN, "some labels": SOME}
CASES = pytest.mark.parametrize(
    ("kind", "mask"), [(k, m) for k in DATA for m in MASKS if (k, m) != ("classes", "some labels")]
)


def known_of(kind, mask):
    given = MASKS[mask]
    if given is None:
        return all_known(kind)
    return (given.double() if given.dim() == 2 else given.double()[:, None]) * all_known(kind)


@CASES
@pytest.mark.parametrize("weight", [1.0, 7.0])
def test_the_loss_is_the_sum_of_three_bounds_and_so_is_its_gradient(kind, mask, weight):
    pair = certain(built(kind, label_weight=weight))
    x, y, known = DATA[kind].train.x.double(), DATA[kind].train.y, known_of(kind, mask)
    terms = pair(x, y, MASKS[mask])
    expected = expected_loss(pair, kind, x, y, known, weight).mean()
    torch.testing.assert_close(terms.loss, expected, rtol=1e-6, atol=1e-5)
    torch.testing.assert_close(terms.bound, by_quadrature(pair, kind, x, y, known), rtol=1e-6, atol=1e-5)
    # A gradient in a precision of 1e13 is one of nothing.
    parameters = [p for n, p in pair.named_parameters() if not n.endswith(("table",)) and "precision" not in n]
    found, by_hand = (torch.autograd.grad(loss, parameters) for loss in (terms.loss, expected))
    for a, b in zip(found, by_hand, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@CASES
def test_the_mean_over_draws_is_the_integral_of_each_of_the_three_bounds(kind, mask):
    pair, count, rows = built(kind, label_weight=1.0), 3000, 4
    x, y = DATA[kind].train.x.double()[:rows], DATA[kind].train.y[:rows]
    given = None if MASKS[mask] is None else MASKS[mask][:rows]
    known = known_of(kind, mask)[:rows]

    def repeated(t):
        return t.repeat(count, *[1] * (t.dim() - 1))

    torch.manual_seed(1)
    with torch.no_grad():
        both = pair(repeated(x), repeated(y), None if given is None else repeated(given))
        image = pair(repeated(x))
    torch.testing.assert_close(image.loss, -image.bound.mean())  # with labels withheld it is that of the image alone
    means = []
    for terms, expected in (
        (both, by_quadrature(pair, kind, x, y, known)),
        (image, by_quadrature(pair, kind, x, y, None)),
    ):
        bound = terms.bound.reshape(count, rows)
        means.append(bound.mean(0))
        assert ((bound.mean(0) - expected).abs() < 4 * bound.std(0) / count**0.5).all()
    words = -both.loss - torch.where(known.any(1), means[0] + means[1], means[0]).mean()
    expected = torch.where(known.any(1), by_quadrature(pair, kind, None, y, known), 0.0).mean()
    error = sum(terms.bound.std() for terms in (both, image)) / (rows * count) ** 0.5
    assert abs(words - expected) < 4 * error


@KINDS
def test_each_bound_lies_below_its_own_evidence(kind):
    pair = built(kind)
    x, y, known = DATA[kind].train.x.double(), DATA[kind].train.y, all_known(kind)
    z = torch.linspace(-9, 9, 2001, dtype=torch.float64)[:, None, None].expand(-1, ROWS, 1)
    with torch.no_grad():
        log_z = Normal(0.0, 1.0).log_prob(z[..., 0]) + math.log(18 / 2000)
        image, words = log_pixels(pair, z, x), log_label(pair, z, y, kind).sum(-1)
        for bound, inside in (
            (by_quadrature(pair, kind, x, y, known), image + words),
            (by_quadrature(pair, kind, x, y, None), image),
            (by_quadrature(pair, kind, None, y, known), words),
        ):
            assert (bound < (inside + log_z).logsumexp(0)).all()


# Labels that are not known.
@KINDS
@pytest.mark.parametrize("training", [True, False])
def test_a_label_that_is_not_known_costs_exactly_nothing(kind, training):
    pair, x, y = built(kind, dim=4).train(training), DATA[kind].train.x.double(), DATA[kind].train.y
    assert torch.equal(pair(x).kl["y"], torch.zeros(ROWS, dtype=torch.float64))
    some = pair(x, y, KNOWN)
    assert torch.equal(some.kl["y"] == 0, ~KNOWN)
    if kind == "attributes":
        one = pair(x, y, torch.tensor([[True, False]] * ROWS))
        torch.testing.assert_close(one.kl["y"] > 0, torch.ones(ROWS, dtype=torch.bool))
    classifier = pair.model.prior.classifier.weight
    (slope,) = torch.autograd.grad(pair(x).kl["y"].sum(), classifier)
    torch.testing.assert_close(slope, torch.zeros_like(slope), rtol=0, atol=1e-14)


def test_a_label_that_nobody_knows_is_as_good_as_none():
    pair, x, y = certain(built("attributes")), DATA["attributes"].train.x.double(), ATTRIBUTES
    flipped = torch.where(SOME, y, 1 - y)
    torch.testing.assert_close(pair(x, y, SOME).loss, pair(x, flipped, SOME).loss, rtol=1e-7, atol=1e-5)


@KINDS
def test_what_stands_in_the_slot_of_an_unknown_label_reaches_neither_loss_nor_gradient(kind):
    x, y = DATA[kind].train.x.double(), DATA[kind].train.y
    mask = KNOWN if kind == "classes" else SOME
    found = []
    for slot in (0.0, torch.nan, -7.0):
        pair = built(kind)
        torch.manual_seed(1)
        pair(x, torch.where(mask, y.double(), slot), mask).loss.backward()
        found.append([p.grad for p in pair.parameters()])
    for others in found[1:]:
        assert all(a.isfinite().all() and torch.equal(a, b) for a, b in zip(found[0], others, strict=True))


@KINDS
def test_a_mixed_batch_is_its_two_halves(kind):
    pair, x, y = certain(built(kind)), DATA[kind].train.x.double(), DATA[kind].train.y
    mixed, known, unknown = pair(x, y, KNOWN), pair(x[KNOWN], y[KNOWN]), pair(x[~KNOWN])
    torch.testing.assert_close(mixed.loss, (8 * known.loss + 4 * unknown.loss) / 12, rtol=1e-7, atol=1e-5)
    torch.testing.assert_close(mixed.bound[~KNOWN], unknown.bound, rtol=1e-7, atol=1e-5)


class Five(Factor):
    def forward(self, posterior, y, labelled):
        return 5.0 + 0 * posterior["z"].mean.sum()


def test_a_factor_counts_once_beside_three_bounds():
    pair = built("classes", factors=[Five("five", 2.0)])
    x, y = DATA["classes"].train.x.double(), CLASSES
    losses = []
    for weight in (2.0, 0.0):
        pair.factors[0].weight.fill_(weight)
        torch.manual_seed(1)
        losses.append(pair(x, y).loss)
    torch.testing.assert_close(losses[0] - losses[1], torch.tensor(10.0, dtype=torch.float64))


def test_image_and_labels_together_and_the_image_alone_have_draws_of_their_own():
    pair, x = built("attributes"), DATA["attributes"].train.x.double()
    seen = []
    pair.model.decoder.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    posterior = pair.guide.posterior
    with torch.no_grad():
        pair(x, ATTRIBUTES)
        both, image = posterior.given(x, ATTRIBUTES), posterior.given(x)
    noises = [(z - q.mean) / q.stddev for z, q in zip(seen, (both, image), strict=True)]
    assert not torch.isclose(*noises).any()


# What the posterior says of labels.
def test_the_marginals_of_binary_labels_are_the_means_of_many_draws():
    pair, x, count = built("attributes", dim=3), DATA["attributes"].train.x.double()[:4], 40_000
    posterior = pair.guide.posterior
    with evaluating(pair):
        q = posterior.given(x)
        marginal = posterior.label_marginals({"z": q})["y"]
        draws = posterior.classifier(q.sample((count,))).sigmoid()
    assert marginal.batch_shape == (4,)
    assert ((marginal.base_dist.probs - draws.mean(0)).abs() < 4 * draws.std(0) / count**0.5).all()


def test_the_marginals_of_classes_are_estimates_of_the_means_of_many_draws():
    pair, x, count = built("classes", dim=3), DATA["classes"].train.x.double()[:4], 40_000
    posterior = pair.guide.posterior
    with evaluating(pair):
        q = posterior.given(x)
        torch.manual_seed(1)
        marginal = posterior.label_marginals({"z": q})["y"]
        draws = posterior.classifier(q.sample((count,))).softmax(-1)
    assert ((marginal.probs - draws.mean(0)).abs() < 4 * draws.std(0) / 256**0.5).all()
    torch.testing.assert_close(marginal.probs.sum(-1), torch.ones(4, dtype=torch.float64))


def test_a_captured_pair_is_the_pair_with_a_mask_of_labels_and_a_weight_in_motion():
    pair = built("attributes", label_weight=Ramp(1, 5))
    batch = Batch(DATA["attributes"].train.x.double(), ATTRIBUTES, SOME)
    values = []
    for step in (Step(pair), Captured(pair, "eager")):
        torch.manual_seed(1)
        values.append(step(batch).detach())
    torch.testing.assert_close(*values)


def test_several_particles_are_averaged():
    pair, x = certain(built("classes")), DATA["classes"].train.x.double()
    one = pair(x, CLASSES).loss
    pair.objective = MultimodalBound(10.0, num_particles=3)
    torch.testing.assert_close(pair(x, CLASSES).loss, one, rtol=1e-6, atol=1e-5)


def test_stock_pyro_has_the_bound_of_image_and_labels_together():
    pair, x, y = certain(built("attributes")), DATA["attributes"].train.x.double(), ATTRIBUTES
    with torch.no_grad():
        stock = Trace_ELBO().loss(pair.model, pair.guide, x, y, KNOWN) / ROWS
        # the sampled log ratio of a code has noise, and no more than that: half a chi-squared variable a dimension
        assert abs(stock + pair(x, y, KNOWN).bound.mean()) < 4 / (2 * ROWS) ** 0.5


def test_eighteen_labels_cost_no_sum_over_their_joint_values():
    y = torch.randint(0, 2, (40, 18), generator=torch.Generator().manual_seed(0))
    pair = zoo.mvae(noise(y, tuple(f"a{i}" for i in range(18))), dim=3, hidden=(4,))
    pair(torch.rand(3, 1, 2, 4), torch.ones(3, 18), torch.rand(3, 18) < 0.5).loss.backward()
    assert all(p.grad.isfinite().all() for p in pair.parameters())
