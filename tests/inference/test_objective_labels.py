"""Label sites: summed out where unknown, clamped where known, against explicit sums over every labelling."""

# pyright: reportArgumentType=false, reportOptionalSubscript=false

import itertools

import numpy as np
import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from torch import nn
from torch.distributions import kl_divergence

from pellucid.guides import Guide, classify
from pellucid.inference import ELBO
from pellucid.inference.objective import sanitise
from pellucid.inference.objective.kl import separable
from pellucid.models import label

K, L, N = 3, 2, 100
X = torch.tensor([-1.0, 0.3, 0.9, 2.0, -0.2, 1.4])
B = len(X)


class Program(PyroModule):
    """A body inside the data plate, with parameters."""

    def __init__(self, body, **tensors):
        super().__init__()
        self.body = body
        for name, tensor in tensors.items():
            setattr(self, name, nn.Parameter(tensor.clone()))

    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", N, subsample=torch.arange(len(x)), dim=-1):
            return self.body(self, x, y, labelled)


# One discrete latent only: the bound has no noise, and equals the sum over classes to rounding.
def one_site_model():
    def body(m, x, y, labelled):
        k = label("y", dist.Categorical(logits=m.prior), y, labelled)
        pyro.sample("x", dist.Normal(m.loc[k], 0.7), obs=x)

    return Program(body, prior=torch.tensor([0.5, -0.2, 0.1]), loc=torch.tensor([-1.0, 0.5, 1.5]))


def one_site_guide():
    def body(g, x, y, labelled):
        classify("y", dist.Categorical(logits=x[:, None] * g.slope + g.offset), y, labelled)

    return Program(body, slope=torch.tensor([-1.0, 0.2, 0.8]), offset=torch.tensor([0.1, 0.0, -0.3]))


def one_site_bound(model, guide, x, known):
    """Bound of one row; ``known`` is its class or None."""
    log_p = model.prior.log_softmax(0) + dist.Normal(model.loc, 0.7).log_prob(x)
    if known is not None:
        return log_p[known]
    log_q = (x * guide.slope + guide.offset).log_softmax(0)
    return sum(log_q[k].exp() * (log_p[k] - log_q[k]) for k in range(K))


def one_site_truth(model, guide, y, labelled):
    return torch.stack(
        [one_site_bound(model, guide, x, int(k) if m else None) for x, k, m in zip(X, y, labelled, strict=True)]
    )


MASKS = [torch.tensor(m, dtype=torch.bool) for m in itertools.product([0, 1], repeat=3)]


@pytest.mark.parametrize("mask", MASKS, ids=str)
def test_every_mask_is_the_sum_over_its_unknown_labels_and_so_is_its_gradient(mask):
    y, labelled = torch.tensor([0, 2, 1, 1, 0, 2]), mask.repeat(2)
    model, guide = one_site_model(), one_site_guide()
    terms = ELBO().terms(model, guide, X, y, labelled)
    truth = one_site_truth(model, guide, y, labelled)
    torch.testing.assert_close(terms.bound, truth)
    parameters = [*model.parameters(), *guide.parameters()]
    ours = torch.autograd.grad(terms.loss, parameters, allow_unused=True, materialize_grads=True)
    theirs = torch.autograd.grad(-truth.mean(), parameters, allow_unused=True, materialize_grads=True)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_no_labels_and_all_labels_are_the_extremes_of_the_mask():
    model, guide, y = one_site_model(), one_site_guide(), torch.tensor([0, 2, 1, 1, 0, 2])
    none, every = torch.zeros(B, dtype=torch.bool), torch.ones(B, dtype=torch.bool)
    terms = ELBO().terms
    torch.testing.assert_close(terms(model, guide, X).bound, terms(model, guide, X, y, none).bound)
    torch.testing.assert_close(terms(model, guide, X, y).bound, terms(model, guide, X, y, every).bound)
    # log p(x, y) < log p(x) pointwise, and the unlabelled bound lies below log p(x)
    log_joint = model.prior.log_softmax(0) + dist.Normal(model.loc, 0.7).log_prob(X[:, None])
    assert (terms(model, guide, X).bound <= log_joint.logsumexp(1)).all()


def test_unlabelled_bound_is_the_evidence_at_the_exact_classifier():
    model = one_site_model()

    def body(g, x, y, labelled):
        classify(
            "y",
            dist.Categorical(logits=model.prior.log_softmax(0) + dist.Normal(model.loc, 0.7).log_prob(x[:, None])),
            y,
            labelled,
        )

    log_joint = model.prior.log_softmax(0) + dist.Normal(model.loc, 0.7).log_prob(X[:, None])
    torch.testing.assert_close(ELBO().terms(model, Program(body), X).bound, log_joint.logsumexp(1))


def test_a_partly_labelled_batch_is_its_two_halves():
    model, guide, y = one_site_model(), one_site_guide(), torch.tensor([0, 2, 1, 1, 0, 2])
    labelled = torch.tensor([True, True, False, False, False, True])
    whole = ELBO().terms(model, guide, X, y, labelled)
    known, unknown = ELBO().terms(model, guide, X[labelled], y[labelled]), ELBO().terms(model, guide, X[~labelled])
    torch.testing.assert_close(whole.loss, (3 * known.loss + 3 * unknown.loss) / 6)
    torch.testing.assert_close(whole.bound[labelled], known.bound)


@pytest.mark.parametrize("slot", [torch.nan, torch.inf, -7.0, 1e9])
def test_what_stands_in_an_unlabelled_slot_reaches_neither_loss_nor_gradient(slot):
    labelled = torch.tensor([True, False] * 3)
    clean = torch.tensor([0.0, 0.0, 1.0, 0.0, 2.0, 0.0])
    results = []
    for y in (clean, torch.where(labelled, clean, slot)):
        model, guide = one_site_model(), one_site_guide()
        loss = ELBO().terms(model, guide, X, y, labelled).loss
        loss.backward()
        results.append([loss.detach(), *(p.grad for p in (*model.parameters(), *guide.parameters()))])
    assert all(a.isfinite().all() and torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_sanitise_empties_unlabelled_slots_of_every_form_of_labels():
    y, m = torch.tensor([[1.0, torch.nan], [torch.nan, 1.0]]), torch.tensor([[True, False], [False, True]])
    assert torch.equal(sanitise(y, m), torch.eye(2))
    assert torch.equal(sanitise(y, torch.tensor([False, False])), torch.zeros(2, 2))
    both = sanitise({"a": y, "b": y[0]}, {"a": m})
    assert torch.equal(both["a"], torch.eye(2))
    assert both["b"].isnan().any()  # no mask: all are labels, and a NaN among them is the user's
    assert sanitise(None, None) is None


# Two label sites, the second below the first.
def two_site_model():
    def body(m, x, y, labelled):
        a = label("a", dist.Categorical(logits=m.table_a), y, labelled)
        b = label("b", dist.Categorical(logits=m.table_b[a]), y, labelled)
        pyro.sample("x", dist.Normal(m.loc[a, b], 0.7), obs=x)

    torch.manual_seed(0)
    return Program(body, table_a=torch.randn(L), table_b=torch.randn(L, K), loc=2 * torch.randn(L, K))


def two_site_guide(first):
    """q(a | x) q(b | a, x), or the other way round."""

    def body(g, x, y, labelled):
        if first == "a":
            a = classify("a", dist.Categorical(logits=x[:, None] * g.table_a), y, labelled)
            classify("b", dist.Categorical(logits=x[:, None] + g.table_b[a]), y, labelled)
        else:
            b = classify("b", dist.Categorical(logits=x[:, None] * g.table_b.sum(0)), y, labelled)
            classify("a", dist.Categorical(logits=x[:, None] + g.table_b.T[b]), y, labelled)

    torch.manual_seed(1)
    return Program(body, table_a=torch.randn(L), table_b=torch.randn(L, K))


def two_site_bound(model, guide, first, x, known_a, known_b):
    total = 0.0
    for a in range(L) if known_a is None else [known_a]:
        for b in range(K) if known_b is None else [known_b]:
            log_p = model.table_a.log_softmax(0)[a] + model.table_b[a].log_softmax(0)[b]
            log_p = log_p + dist.Normal(model.loc[a, b], 0.7).log_prob(x)
            if first == "a":
                log_qa, log_qb = (x * guide.table_a).log_softmax(0)[a], (x + guide.table_b[a]).log_softmax(0)[b]
            else:
                log_qb, log_qa = (
                    (x * guide.table_b.sum(0)).log_softmax(0)[b],
                    (x + guide.table_b[:, b]).log_softmax(0)[a],
                )
            log_q = (log_qa if known_a is None else 0.0) + (log_qb if known_b is None else 0.0)
            total = total + torch.as_tensor(log_q).exp() * (log_p - log_q)
    return total


@pytest.mark.parametrize("first", ["a", "b"])
def test_two_label_sites_in_either_order_are_the_sum_over_all_their_unknown_labellings(first):
    y = {"a": torch.tensor([0, 1, 0, 1, 1, 0]), "b": torch.tensor([2, 0, 1, 1, 2, 0])}
    labelled = {"a": torch.tensor([1, 1, 0, 0, 1, 0]).bool(), "b": torch.tensor([1, 0, 1, 0, 0, 1]).bool()}
    model, guide = two_site_model(), two_site_guide(first)
    terms = ELBO().terms(model, guide, X, y, labelled)
    known = [[int(k) if m else None for k, m in zip(y[s], labelled[s], strict=True)] for s in "ab"]
    truth = torch.stack([two_site_bound(model, guide, first, x, a, b) for x, a, b in zip(X, *known, strict=True)])
    torch.testing.assert_close(terms.bound, truth)
    parameters = [*model.parameters(), *guide.parameters()]
    ours = torch.autograd.grad(terms.loss, parameters, allow_unused=True, materialize_grads=True)
    theirs = torch.autograd.grad(-truth.mean(), parameters, allow_unused=True, materialize_grads=True)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_a_site_whose_labels_the_dict_leaves_out_is_latent():
    model, guide = two_site_model(), two_site_guide("a")
    a = torch.tensor([0, 1, 0, 1, 1, 0])
    bound = ELBO().terms(model, guide, X, {"a": a}).bound
    truth = torch.stack([two_site_bound(model, guide, "a", x, int(k), None) for x, k in zip(X, a, strict=True)])
    torch.testing.assert_close(bound, truth)


# A vector of attributes, integer labels, observed with and without a mask.
def attribute_model():
    def body(m, x, y, labelled):
        bits = label("y", dist.Bernoulli(logits=m.logits).to_event(1), y, labelled)
        pyro.sample("x", dist.Normal(bits.to(x.dtype) @ m.weight, 0.7), obs=x)

    return Program(body, logits=torch.tensor([0.3, -0.6]), weight=torch.tensor([1.0, -0.5]))


def attribute_guide():
    def body(g, x, y, labelled):
        classify("y", dist.Bernoulli(logits=x[:, None] * g.slope).to_event(1), y, labelled)

    return Program(body, slope=torch.tensor([1.0, -0.4]))


def test_integer_attributes_of_every_row_are_observed_with_their_joint_density():
    y = torch.tensor([[0, 1], [1, 1], [1, 0], [0, 0], [1, 1], [0, 1]])
    model = attribute_model()
    bound = ELBO().terms(model, attribute_guide(), X, y).bound
    p = model.logits.sigmoid()
    by_hand = torch.where(y.bool(), p, 1 - p).log().sum(1) + dist.Normal(y.float() @ model.weight, 0.7).log_prob(X)
    torch.testing.assert_close(bound, by_hand)


# With a continuous latent, the two factorisations of the posterior.
def mixture_model():
    def body(m, x, y, labelled):
        k = label("y", dist.Categorical(logits=m.prior), y, labelled)
        z = pyro.sample("z", dist.Normal(m.loc[k], 1.0))
        pyro.sample("x", dist.Normal(z, 0.5), obs=x)

    return Program(body, prior=torch.tensor([0.5, -0.2, 0.1]), loc=torch.tensor([-1.5, 0.0, 2.0]))


def label_first():
    def body(g, x, y, labelled):
        k = classify("y", dist.Categorical(logits=x[:, None] * g.slope), y, labelled)
        pyro.sample("z", dist.Normal(0.8 * x + g.offset[k], 0.4))

    return Program(body, slope=torch.tensor([-1.0, 0.2, 0.8]), offset=torch.tensor([-0.2, 0.0, 0.3]))


def latent_first():
    def body(g, x, y, labelled):
        z = pyro.sample("z", dist.Normal(0.8 * x, 0.6))
        classify("y", dist.Categorical(logits=z.unsqueeze(-1) * g.slope), y, labelled)

    return Program(body, slope=torch.tensor([-1.0, 0.2, 0.8]))


def label_first_bound(model, guide, x, known):
    log_q, total = (x * guide.slope).log_softmax(0), 0.0
    for k in range(K) if known is None else [known]:
        q, p = dist.Normal(0.8 * x + guide.offset[k], 0.4), dist.Normal(model.loc[k], 1.0)
        expected = dist.Normal(x, 0.5).log_prob(q.loc) - 0.4**2 / (2 * 0.5**2)
        value = model.prior.log_softmax(0)[k] - kl_divergence(q, p) + expected
        total = total + (log_q[k].exp() * (value - log_q[k]) if known is None else value)
    return total


def latent_first_bound(model, guide, x, known):
    """Gauss-Hermite quadrature over z, sum over the label."""
    node, weight = (torch.tensor(a, dtype=torch.float32) for a in np.polynomial.hermite_e.hermegauss(60))
    q = dist.Normal(0.8 * x, 0.6)
    z = q.loc + q.scale * node
    log_qy = (z[:, None] * guide.slope).log_softmax(1)
    log_p = model.prior.log_softmax(0) + dist.Normal(model.loc, 1.0).log_prob(z[:, None])
    log_p = log_p + (dist.Normal(z, 0.5).log_prob(x) - q.log_prob(z))[:, None]
    inner = (log_qy.exp() * (log_p - log_qy)).sum(1) if known is None else log_p[:, known]
    return (weight * inner).sum() / weight.sum()


@pytest.mark.parametrize(("guide", "truth"), [(label_first, label_first_bound), (latent_first, latent_first_bound)])
@pytest.mark.parametrize("known", [None, 2])
def test_both_orders_of_label_and_latent_are_exact_in_the_label(guide, truth, known):
    torch.manual_seed(0)
    count, x = 20_000, torch.tensor(0.9)
    model, guide = mixture_model(), guide()
    y, labelled = torch.full((count,), 2), torch.full((count,), known is not None)
    bound = ELBO().terms(model, guide, x.expand(count), y, labelled).bound.detach()
    assert abs(bound.mean() - truth(model, guide, x, known)) < 4 * bound.std() / count**0.5


def test_the_site_wise_kl_would_be_wrong_where_the_label_descends_from_the_latent():
    # what the objective must not do, and how far off it would be
    torch.manual_seed(0)
    count, x = 20_000, torch.tensor(0.9)
    model, guide = mixture_model(), latent_first()
    terms = ELBO().terms(model, guide, x.expand(count))
    q = dist.Normal(0.8 * x, 0.6)
    z = q.sample((count,))
    qy = (z[:, None] * guide.slope).softmax(1)
    site_wise = (qy * kl_divergence(q, dist.Normal(model.loc, 1.0))).sum(1).mean()
    log_ratio = q.log_prob(z)[:, None] - dist.Normal(model.loc, 1.0).log_prob(z[:, None])
    sampled = (qy * log_ratio).sum(1).detach()
    error = sampled.std() / count**0.5
    assert abs(terms.kl["z"].mean() - sampled.mean()) < 6 * error
    assert abs(site_wise - sampled.mean()) > 20 * error


@pytest.mark.parametrize(
    ("model", "guide", "exact"),
    [
        (["z"], ["z"], {"z"}),
        (["y", "z"], ["y", "z"], {"y", "z"}),
        (["y", "z"], ["z", "y"], {"y"}),
        (["a", "b", "c"], ["b", "a", "c"], {"a", "c"}),
        (["a", "b", "c"], ["c", "b", "a"], {"a"}),
        ([], [], set()),
    ],
)
def test_a_site_has_its_own_kl_only_when_all_before_it_in_the_model_are_before_it_in_the_guide(model, guide, exact):
    assert separable(model, guide) == exact


def test_an_enumerated_site_in_two_plates_is_an_error():
    class Twice(PyroModule):
        def forward(self, x, y=None, labelled=None):
            with pyro.plate("data", len(x), dim=-1), pyro.plate("parts", 2, dim=-2):
                pyro.sample("y", dist.Categorical(torch.ones(3)), infer={"enumerate": "parallel"})

    with pytest.raises(ValueError, match="site 'y': a site can be summed out inside one plate"):
        ELBO(max_plate_nesting=2).terms(Twice(), Twice(), X)


def test_a_guide_that_draws_known_labels_is_refused():
    class Prior(PyroModule):
        def forward(self, y=None, labelled=None):
            return label("y", dist.Categorical(torch.ones(3)), y, labelled)

    class Posterior(PyroModule):
        def forward(self, x, y=None, labelled=None):
            return pyro.sample("y", dist.Categorical(torch.ones(len(x), 3)))

    class Model(PyroModule):
        def __init__(self):
            super().__init__()
            self.prior = Prior()

        def forward(self, x, y=None, labelled=None):
            with pyro.plate("data", len(x)):
                return self.prior(y, labelled)

    y, known = torch.tensor([0, 1]), torch.tensor([True, False])
    with pytest.raises(ValueError, match=r"(?s)site 'y': known for some rows.*classify\('y'"):
        ELBO().terms(Model(), Guide(Posterior(), 2), torch.zeros(2, 1), y, known)
