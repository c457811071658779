"""M2: its bound against sums over every label and quadrature over the code, with labels, without, and in one batch."""

# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportIndexIssue=false

import itertools
import math

import numpy as np
import pytest
import torch
from pyro.infer import Trace_ELBO, TraceMeanField_ELBO
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn.functional import softplus

from pellucid import Batch, zoo
from pellucid.data import DataSet, label_frequencies
from pellucid.inference.evaluation import evaluating
from pellucid.models import M2Prior

ROWS = 12
CLASSES = torch.tensor([0, 1, 2, 0, 0, 1] * 2)
ATTRIBUTES = torch.tensor([(0, 0), (0, 1), (1, 0), (1, 1), (1, 1), (1, 0)] * 2)
KNOWN = torch.arange(ROWS) % 3 > 0


def noise(y, names):
    x = torch.rand(len(y), 1, 2, 4, generator=torch.Generator().manual_seed(0))
    rows = Batch(x, y)
    return DataSet("noise", rows, rows, rows, names, "torch.rand")


DATA = {"classes": noise(CLASSES, ("a", "b", "c")), "attributes": noise(ATTRIBUTES, ("hat", "eyes"))}
VALUES = {
    "classes": (torch.arange(3), torch.eye(3, dtype=torch.float64)),
    "attributes": 2 * (torch.tensor(list(itertools.product((0.0, 1.0), repeat=2)), dtype=torch.float64),),
}


def built(kind, **options):
    """A pair of double precision with a code of one dimension, off the symmetry of its start."""
    torch.manual_seed(0)
    pair = zoo.m2(DATA[kind], dim=1, hidden=(6,), **options).double()
    with torch.no_grad():
        for parameter in pair.parameters():
            parameter += 0.5 * torch.randn_like(parameter)
    return pair


def certain(pair):
    """The pair with codes that hardly vary from draw to draw: its loss is then a number, whatever the draws."""
    with torch.no_grad():
        pair.guide.guide.posterior.scale.weight.zero_()
        pair.guide.guide.posterior.scale.bias.fill_(-40.0)
    return pair


NODE, WEIGHT = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(60))


def label_bounds(pair, x, kind):
    """Bound on log p(x, y) for every label, and log q(y | x), both ``[N, K]``: the sum and the integral by hand."""
    posterior, model = pair.guide.guide.posterior, pair.model
    values, vectors = VALUES[kind]
    h = posterior.encoder(x)
    logits, prior = posterior.classifier(h), model.prior.logits
    if kind == "classes":
        log_q, log_p = logits.log_softmax(1), prior.log_softmax(0)
    else:
        on, often = logits.sigmoid(), prior.sigmoid()
        log_q = torch.stack([(on * v + (1 - on) * (1 - v)).log().sum(1) for v in vectors], 1)
        log_p = torch.stack([(often * v + (1 - often) * (1 - v)).log().sum() for v in vectors])
    bounds = []
    for k in range(len(values)):
        v = vectors[k].expand(len(x), -1)
        weight = torch.cat([posterior.word.weight, posterior.image.weight], 1)
        g = (torch.cat([v, h], 1) @ weight.T + posterior.image.bias).relu()
        q = Normal(posterior.loc(g)[:, 0], softplus(posterior.scale(g))[:, 0] + 1e-6)
        z = q.loc + q.scale * NODE[:, None]  # [nodes, N]
        pixels = model.decoder(torch.cat([v.expand(len(NODE), -1, -1), z[..., None]], -1))
        log_x = Bernoulli(logits=pixels, validate_args=False).log_prob(x).flatten(2).sum(2)
        expected = (WEIGHT @ log_x) / WEIGHT.sum()
        kl = -q.scale.log() + (q.scale.square() + q.loc.square() - 1) / 2
        bounds.append(log_p[k] + expected - kl)
    return torch.stack(bounds, 1), log_q


def index(kind, y):
    return y if kind == "classes" else (2 * y[:, 0] + y[:, 1])


def truth(pair, x, kind, y=None, labelled=None):
    """The bound of every row."""
    bounds, log_q = label_bounds(pair, x, kind)
    unknown = (log_q.exp() * (bounds - log_q)).sum(1)
    if y is None:
        return unknown
    own = bounds.gather(1, index(kind, y)[:, None])[:, 0]
    return own if labelled is None else torch.where(labelled, own, unknown)


def batches(kind):
    y = DATA[kind].train.y
    mask = KNOWN if kind == "classes" else KNOWN[:, None]
    return {
        "no labels": (),
        "all labels": (y,),
        "some labels": (torch.where(mask, y.double(), torch.nan), KNOWN),
    }


def clean(kind, labels):
    return () if not labels else (DATA[kind].train.y, *labels[1:])


KINDS = pytest.mark.parametrize("kind", ["classes", "attributes"])
LABELS = pytest.mark.parametrize("labels", ["no labels", "all labels", "some labels"])


@KINDS
@LABELS
def test_the_loss_is_the_sum_over_all_labels_and_so_is_its_gradient(kind, labels):
    pair, x, given = certain(built(kind, supervision=0.0)), DATA[kind].train.x.double(), batches(kind)[labels]
    terms = pair(x, *given)
    expected = truth(pair, x, kind, *clean(kind, given))
    torch.testing.assert_close(terms.bound, expected, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(terms.loss, -expected.mean(), rtol=1e-5, atol=1e-4)
    parameters = [p for n, p in pair.named_parameters() if "scale" not in n]
    found, by_hand = (
        torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        for loss in (terms.loss, -expected.mean())
    )
    for a, b in zip(found, by_hand, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


@KINDS
@LABELS
def test_the_mean_over_draws_is_the_integral_over_the_code_and_lies_below_the_evidence(kind, labels):
    pair, count = built(kind), 3000
    x = DATA[kind].train.x.double()[:4]
    given = tuple(each[:4] for each in batches(kind)[labels])
    expected = truth(pair, x, kind, *(each[:4] for each in clean(kind, batches(kind)[labels])))
    torch.manual_seed(1)
    with torch.no_grad():
        draws = pair(x.repeat(count, 1, 1, 1), *(each.repeat(count, *[1] * (each.dim() - 1)) for each in given))
    bound = draws.bound.reshape(count, 4)
    assert ((bound.mean(0) - expected).abs() < 4 * bound.std(0) / count**0.5).all()
    assert (expected < log_evidence(pair, x, kind, *given)).all()


def log_evidence(pair, x, kind, y=None, labelled=None):
    """log p(x) or log p(x, y): a sum over labels, and quadrature over z under its prior."""
    values, vectors = VALUES[kind]
    logits = pair.model.prior.logits
    log_p = (
        logits.log_softmax(0)
        if kind == "classes"
        else torch.stack([-softplus((1 - 2 * v) * logits).sum() for v in vectors])
    )
    z = torch.linspace(-9, 9, 2001, dtype=torch.float64)
    log_z = Normal(0.0, 1.0).log_prob(z) + math.log(18 / 2000)
    with torch.no_grad():
        pixels = pair.model.decoder(
            torch.cat([vectors[:, None].expand(-1, len(z), -1), z[None, :, None].expand(len(values), -1, 1)], -1)
        )
        log_x = Bernoulli(logits=pixels[:, :, None], validate_args=False).log_prob(x).flatten(3).sum(3)
        joint = log_p[:, None] + (log_x + log_z[:, None]).logsumexp(1)  # [K, N]
    whole = joint.logsumexp(0)
    if y is None:
        return whole
    own = joint.gather(0, index(kind, y.nan_to_num(0.0).long())[None])[0]
    return own if labelled is None else torch.where(labelled, own, whole)


@KINDS
def test_what_stands_in_the_slot_of_an_unlabelled_row_reaches_neither_loss_nor_gradient(kind):
    x, y = DATA[kind].train.x.double(), DATA[kind].train.y
    mask = KNOWN if kind == "classes" else KNOWN[:, None]
    found = []
    for slot in (0.0, torch.nan, -7.0):
        pair = built(kind)
        torch.manual_seed(1)
        pair(x, torch.where(mask, y.double(), slot), KNOWN).loss.backward()
        found.append([p.grad for p in pair.parameters()])
    for others in found[1:]:
        assert all(a.isfinite().all() and torch.equal(a, b) for a, b in zip(found[0], others, strict=True))


@KINDS
def test_a_mixed_batch_is_its_two_halves(kind):
    pair, x, y = certain(built(kind, supervision=0.0)), DATA[kind].train.x.double(), DATA[kind].train.y
    mixed, known, unknown = pair(x, y, KNOWN), pair(x[KNOWN], y[KNOWN]), pair(x[~KNOWN])
    torch.testing.assert_close(mixed.loss, (8 * known.loss + 4 * unknown.loss) / 12, rtol=1e-6, atol=1e-4)
    torch.testing.assert_close(mixed.bound[KNOWN], known.bound, rtol=1e-6, atol=1e-4)


def test_a_row_of_which_some_attributes_are_known_counts_as_unlabelled():
    pair, x, y = certain(built("attributes", supervision=0.0)), DATA["attributes"].train.x.double(), ATTRIBUTES
    torch.testing.assert_close(pair(x, y, torch.tensor([[True, False]] * ROWS)).bound, pair(x).bound, atol=1e-4, rtol=0)


@KINDS
def test_the_classifier_is_taught_by_labelled_rows_with_the_weight_of_the_factor(kind):
    pair, x = built(kind, supervision=3.0), DATA[kind].train.x.double()
    _, log_q = label_bounds(pair, x, kind)
    own = log_q.gather(1, index(kind, DATA[kind].train.y)[:, None])[:, 0]
    terms = pair(x, *batches(kind)["some labels"])
    torch.testing.assert_close(terms.factors["supervision"], -3 * own[KNOWN].mean())


@KINDS
def test_the_prior_holds_the_frequencies_of_the_labelled_rows(kind):
    logits, expected = built(kind).model.prior.logits, label_frequencies(DATA[kind]).double()
    torch.testing.assert_close(logits.softmax(0) if kind == "classes" else logits.sigmoid(), expected)


# Draws in place of sums.
def relaxed():
    return built("attributes", labels="relaxed")


def test_hard_draws_of_labels_have_the_bound_of_the_sum_over_them():
    pair, count = relaxed(), 5000
    x = DATA["attributes"].train.x.double()[:4]
    torch.manual_seed(1)
    with evaluating(pair):
        bound = pair(x.repeat(count, 1, 1, 1)).bound.reshape(count, 4)
    expected = truth(pair, x, "attributes")
    assert ((bound.mean(0) - expected).abs() < 4 * bound.std(0) / count**0.5).all()


def test_the_divergence_of_drawn_labels_is_the_sum_over_their_values():
    pair, x = relaxed(), DATA["attributes"].train.x.double()
    posterior = pair.guide.guide.posterior
    q, p = (
        Bernoulli(logits=posterior.classifier(posterior.encoder(x))),
        Bernoulli(logits=pair.model.prior.logits.expand(ROWS, 2)),
    )
    exact = kl_divergence(q, p).sum(1)
    for training in (True, False):
        torch.testing.assert_close(pair.train(training)(x).kl["y"], exact)
    terms = pair.train()(x, *batches("attributes")["some labels"])
    own = -p.log_prob(ATTRIBUTES.double()).sum(1)
    torch.testing.assert_close(terms.kl["y"], torch.where(KNOWN, own, exact))


def test_labelled_rows_of_a_pair_that_draws_are_those_of_one_that_sums():
    x = DATA["attributes"].train.x.double()
    found = [certain(pair)(x, ATTRIBUTES) for pair in (relaxed(), built("attributes"))]
    torch.testing.assert_close(found[0].bound, found[1].bound, rtol=1e-6, atol=1e-4)
    torch.testing.assert_close(found[0].factors, found[1].factors)


def test_the_gradient_of_soft_draws_is_the_slope_of_the_loss_along_them():
    pair, x = relaxed(), DATA["attributes"].train.x.double()

    def loss():
        torch.manual_seed(1)
        return pair(x).loss

    weight = pair.guide.guide.posterior.classifier.weight
    (slope,) = torch.autograd.grad(loss(), weight)
    for place in ((0, 0), (1, 3)):
        values = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                weight[place] += step
                values.append(loss())
                weight[place] -= step
        torch.testing.assert_close(slope[place], (values[0] - values[1]) / 2e-5, rtol=1e-5, atol=1e-7)


def test_stock_pyro_takes_soft_labels_and_its_mean_field_bound_is_ours():
    pair, (y, known) = relaxed(), batches("attributes")["some labels"]
    x = DATA["attributes"].train.x.double()
    y = y.nan_to_num(0.0)
    torch.manual_seed(1)
    ours = pair(x, y, known).loss
    torch.manual_seed(1)
    stock = TraceMeanField_ELBO().differentiable_loss(pair.model, pair.guide, x, y, known) / ROWS
    torch.testing.assert_close(stock, ours)
    assert math.isfinite(Trace_ELBO().loss(pair.model, pair.guide, x, y, known))


def many(count):
    y = torch.randint(0, 2, (40, count), generator=torch.Generator().manual_seed(0))
    return noise(y, tuple(f"a{i}" for i in range(count)))


@pytest.mark.parametrize(("count", "drawn"), [(1, False), (4, False), (5, True), (20, True)])
def test_up_to_sixteen_joint_values_are_summed_and_more_are_drawn(count, drawn):
    pair = zoo.m2(many(count), dim=2, hidden=(4,))
    assert pair.guide.guide.posterior.relaxed == drawn
    x = torch.rand(3, 1, 2, 4)
    pair(x, torch.ones(3, count), torch.tensor([True, False, False])).loss.backward()
    assert all(p.grad.isfinite().all() for p in pair.parameters())


def test_convolutions_decode_below_enumerated_labels():
    rows = Batch(torch.rand(6, 1, 28, 28), torch.arange(6) % 3)
    pair = zoo.m2(
        DataSet("noise", rows, rows, rows, tuple("abc"), "torch.rand"), dim=2, network="conv", channels=(2, 2)
    )
    assert pair(rows.x).bound.shape == (6,)


@pytest.mark.parametrize(
    ("kind", "option", "message"),
    [
        ("classes", "relaxed", r"labels: classes are summed out.*Try labels='auto'"),
        ("classes", "sampled", "labels: expected 'auto', 'enumerated' or 'relaxed'; given 'sampled'"),
        (13, "enumerated", "logits: 13 binary attributes have 8192 joint values"),
    ],
)
def test_what_cannot_be_summed_or_drawn_is_refused(kind, option, message):
    data = DATA.get(kind) or many(kind)
    with pytest.raises(ValueError, match=message):
        zoo.m2(data, labels=option, hidden=(4,))(torch.rand(2, 1, 2, 4))


@pytest.mark.parametrize("frequency", [[0.5], [0.5, 0.0], [0.5, torch.nan]])
def test_frequencies_that_are_no_probabilities_of_the_labels_are_refused(frequency):
    with pytest.raises(ValueError, match="frequency: expected 2 probabilities strictly between 0 and 1"):
        M2Prior(2, 3, frequency=torch.tensor(frequency))
