"""Partly known sites against brute force: draws, densities, divergences, enumeration in a plate, and NaN labels."""

import math

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.infer import TraceEnum_ELBO, TraceMeanField_ELBO
from torch.distributions import kl_divergence

from pellucid.distributions import Clamped, PartlyObserved, SpikeAndSlab

KNOWN = torch.tensor([True, False, True, False])
BASES = {
    "Bernoulli": (lambda: dist.Bernoulli(torch.tensor([0.2, 0.4, 0.6, 0.8])), torch.tensor([1, 0, 0, 1])),
    "Categorical": (lambda: dist.Categorical(torch.rand(4, 3)), torch.tensor([2, 0, 1, 1])),
    "OneHotCategorical": (lambda: dist.OneHotCategorical(torch.rand(4, 3)), torch.eye(3)[torch.tensor([2, 0, 1, 1])]),
    "Poisson": (lambda: dist.Poisson(torch.rand(4) + 1), torch.tensor([2.0, 0.0, 5.0, 1.0])),
    "Normal": (lambda: dist.Normal(torch.randn(4), 0.5), torch.randn(4)),
    "LogNormal": (lambda: dist.LogNormal(torch.randn(4), 0.5), torch.rand(4) + 0.1),
    "Beta": (lambda: dist.Beta(torch.rand(4) + 1, 2.0), torch.rand(4)),
    "Dirichlet": (lambda: dist.Dirichlet(torch.rand(4, 3) + 1), torch.full((4, 3), 1 / 3)),
    "Bernoulli vector": (lambda: dist.Bernoulli(torch.rand(4, 3)).to_event(1), torch.ones(4, 3)),
    "SpikeAndSlab": (lambda: SpikeAndSlab(torch.rand(4), 1.0, 0.5), torch.tensor([0.0, 1.0, 2.0, 0.0])),
}


def nan_where_unknown(value: torch.Tensor) -> torch.Tensor:
    known = KNOWN.reshape(4, *[1] * (value.dim() - 1))
    return torch.where(known, value, math.nan)


@pytest.mark.parametrize("kind", [PartlyObserved, Clamped])
@pytest.mark.parametrize("name", BASES)
def test_draws_are_the_known_values_where_known_and_the_base_elsewhere(kind, name):
    torch.manual_seed(0)
    base, value = BASES[name][0](), BASES[name][1]
    draws = kind(base, nan_where_unknown(value), KNOWN).sample((2000,))
    assert draws.shape == (2000, *base.batch_shape, *base.event_shape)
    assert (draws[:, KNOWN] == value[KNOWN]).all()
    assert draws[:, ~KNOWN].isfinite().all()
    reference = base.sample((2000,))[:, ~KNOWN].float()
    error = (reference.var(0) / 1000).sqrt()
    assert ((draws[:, ~KNOWN].float().mean(0) - reference.mean(0)).abs() <= 5 * error + 1e-6).all()
    assert draws.dtype == base.sample().dtype


@pytest.mark.parametrize("name", BASES)
def test_a_generative_site_has_the_density_of_its_base_on_every_row(name):
    base, value = BASES[name][0](), BASES[name][1]
    site = PartlyObserved(base, nan_where_unknown(value), KNOWN)
    draw = site.sample()
    assert torch.equal(site.log_prob(draw), base.log_prob(draw))


@pytest.mark.parametrize("name", BASES)
def test_a_clamped_posterior_is_a_point_mass_on_known_rows(name):
    torch.manual_seed(0)
    base, value = BASES[name][0](), BASES[name][1]
    posterior = Clamped(base, nan_where_unknown(value), KNOWN)
    draw = posterior.sample()
    log_prob = posterior.log_prob(draw)
    assert torch.equal(log_prob[KNOWN], torch.zeros(2))
    assert torch.equal(log_prob[~KNOWN], base.log_prob(draw)[~KNOWN])


@pytest.mark.parametrize("name", ["Bernoulli", "Categorical", "OneHotCategorical", "Normal", "Dirichlet"])
def test_a_clamped_posterior_excludes_every_other_value_on_known_rows(name):
    base, value = BASES[name][0](), BASES[name][1]
    posterior = Clamped(base, nan_where_unknown(value), KNOWN)
    other = {
        "Bernoulli": 1 - value.float(),
        "Categorical": (value + 1) % 3,
        "OneHotCategorical": value.roll(1, -1),
        "Normal": value + 1e-3,
        "Dirichlet": torch.tensor([0.2, 0.3, 0.5]).expand(4, 3),
    }
    log_prob = posterior.log_prob(other[name])
    assert (log_prob[KNOWN] == -math.inf).all()
    assert log_prob[~KNOWN].isfinite().all()


@pytest.mark.parametrize("name", ["Bernoulli", "Categorical", "OneHotCategorical"])
@pytest.mark.parametrize("expand", [True, False])
def test_enumerated_probabilities_are_one_hot_on_known_rows_and_sum_to_one(name, expand):
    base, value = BASES[name][0](), BASES[name][1]
    posterior = Clamped(base, nan_where_unknown(value), KNOWN)
    assert posterior.has_enumerate_support
    values = posterior.enumerate_support(expand)
    probability = posterior.log_prob(values).exp()
    torch.testing.assert_close(probability.sum(0), torch.ones(4))
    index = value if value.dim() == 1 else value.argmax(-1)
    assert torch.equal(probability[:, KNOWN], torch.eye(len(values))[:, index[KNOWN]])
    torch.testing.assert_close(probability[:, ~KNOWN], base.log_prob(values).exp()[:, ~KNOWN])


@pytest.mark.parametrize("name", BASES)
def test_unknown_slots_are_filled_with_a_point_of_the_support(name):
    torch.manual_seed(0)
    base, value = BASES[name][0](), BASES[name][1]
    posterior = Clamped(base, nan_where_unknown(value), KNOWN)
    assert posterior.value.isfinite().all()
    assert posterior.support.check(posterior.value).all()


def test_gradients_of_a_clamped_posterior_are_those_of_its_unknown_rows():
    torch.manual_seed(0)
    logits = torch.randn(4, 3, requires_grad=True)
    posterior = Clamped(dist.Categorical(logits=logits), torch.tensor([2.0, math.nan, 1.0, math.nan]), KNOWN)
    log_prob = posterior.log_prob(posterior.enumerate_support(expand=False))
    (log_prob.exp() * torch.arange(3.0)[:, None]).sum().backward()
    reference = logits.detach()[~KNOWN].requires_grad_()
    (reference.softmax(-1) * torch.arange(3.0)).sum().backward()
    assert logits.grad is not None
    assert torch.equal(logits.grad[KNOWN], torch.zeros(2, 3))
    torch.testing.assert_close(logits.grad[~KNOWN], reference.grad)


def test_divergence_is_the_sum_over_all_values_written_out():
    torch.manual_seed(0)
    q, p = torch.randn(4, 3, requires_grad=True), torch.randn(4, 3, requires_grad=True)
    value = torch.tensor([2.0, math.nan, 1.0, math.nan])
    posterior = Clamped(dist.Categorical(logits=q), value, KNOWN)
    prior = PartlyObserved(dist.Categorical(logits=p), value, KNOWN)
    divergence = kl_divergence(posterior, prior)

    for row in range(4):
        witness = 0.0
        for k in range(3):
            weight = posterior.log_prob(torch.full((4,), k))[row].exp().item()
            if weight:
                witness += weight * (math.log(weight) - p.log_softmax(-1)[row, k].item())
        assert divergence[row].item() == pytest.approx(witness, abs=1e-6)

    assert torch.equal(divergence, kl_divergence(posterior, dist.Categorical(logits=p)))
    divergence.sum().backward()
    assert q.grad is not None
    assert p.grad is not None
    assert torch.equal(q.grad[KNOWN], torch.zeros(2, 3))
    assert q.grad.isfinite().all()
    assert p.grad.isfinite().all()
    assert (p.grad[KNOWN] != 0).all()


@pytest.mark.parametrize("event_first", [True, False])
def test_divergence_of_a_vector_site_agrees_with_its_elements(event_first):
    torch.manual_seed(0)
    q, p, value = dist.Normal(torch.randn(4, 3), 0.5), dist.Normal(torch.randn(4, 3), 1.5), torch.randn(4, 3)
    if event_first:
        divergence = kl_divergence(Clamped(q.to_event(1), value, KNOWN), PartlyObserved(p.to_event(1), value, KNOWN))
    else:
        known = KNOWN[:, None].expand(4, 3)
        posterior, prior = Clamped(q, value, known), PartlyObserved(p, value, known)
        divergence = kl_divergence(posterior.to_event(1), prior.to_event(1))
    elements = torch.where(KNOWN[:, None], -p.log_prob(value), kl_divergence(q, p))
    torch.testing.assert_close(divergence, elements.sum(-1))


def test_a_mask_per_element_of_a_vector_is_exact():
    torch.manual_seed(0)
    known, value = torch.rand(5, 3) < 0.5, torch.bernoulli(torch.full((5, 3), 0.5))
    base = dist.Bernoulli(torch.rand(5, 3))
    posterior = Clamped(base, value.masked_fill(~known, math.nan), known).to_event(1)
    draw = posterior.sample()
    assert torch.equal(draw[known], value[known])
    torch.testing.assert_close(posterior.log_prob(draw), (base.log_prob(draw) * ~known).sum(-1))


def test_rows_not_known_at_all_and_rows_all_known_are_the_two_ends():
    torch.manual_seed(0)
    q, p = dist.Categorical(torch.rand(4, 3)), dist.Categorical(torch.rand(4, 3))
    value = torch.tensor([0, 1, 2, 0])
    nobody, everybody = torch.zeros(4, dtype=torch.bool), torch.ones(4, dtype=torch.bool)
    torch.testing.assert_close(kl_divergence(Clamped(q, value, nobody), p), kl_divergence(q, p))
    torch.testing.assert_close(kl_divergence(Clamped(q, value, everybody), p), -p.log_prob(value))


def test_enumeration_on_the_left_of_the_batch_broadcasts():
    base = dist.Categorical(torch.rand(7, 4, 3))
    posterior = Clamped(base, torch.tensor([2, 0, 1, 1]), KNOWN)
    assert posterior.batch_shape == (7, 4)
    assert posterior.log_prob(torch.arange(3).reshape(3, 1, 1)).shape == (3, 7, 4)


def test_a_prior_without_batch_takes_the_batch_of_the_mask():
    site = PartlyObserved(dist.Categorical(torch.ones(3)), torch.tensor([2, 0, 1, 1]), KNOWN)
    assert site.batch_shape == (4,)
    assert torch.equal(site.sample()[KNOWN], torch.tensor([2, 1]))


def test_the_bound_in_a_plate_with_enumeration_is_the_sum_over_labels_written_out():
    torch.manual_seed(0)
    x, value = torch.randn(4), torch.tensor([2.0, math.nan, 1.0, math.nan])
    means, prior = torch.tensor([-1.0, 0.0, 2.0]), torch.tensor([0.5, 0.3, 0.2])
    logits = torch.randn(4, 3, requires_grad=True)

    def model():
        with pyro.plate("data", 4):
            y = pyro.sample("y", PartlyObserved(dist.Categorical(prior), value, KNOWN))
            pyro.sample("x", dist.Normal(means[y], 1.0), obs=x)

    def guide():
        with pyro.plate("data", 4):
            base = dist.Categorical(logits=logits)
            pyro.sample("y", Clamped(base, value, KNOWN), infer={"enumerate": "parallel"})

    loss = TraceEnum_ELBO(max_plate_nesting=1).differentiable_loss(model, guide)
    joint = prior.log() + dist.Normal(means, 1.0).log_prob(x[:, None])
    log_q = logits.log_softmax(-1)
    bound = torch.where(KNOWN, 0.0, (log_q.exp() * (joint - log_q)).sum(-1))
    bound = bound + torch.where(KNOWN, joint[torch.arange(4), value.nan_to_num().long()], 0.0)
    assert loss.item() == pytest.approx(-bound.sum().item(), rel=1e-5)
    (gradient,) = torch.autograd.grad(loss, logits)
    (witness,) = torch.autograd.grad(-bound.sum(), logits)
    torch.testing.assert_close(gradient, witness)


def test_a_reparameterised_site_trains_in_a_plate_with_nan_in_unknown_slots():
    torch.manual_seed(0)
    value = torch.tensor([1.0, math.nan, -1.0, math.nan])
    loc = torch.full((4,), 3.0, requires_grad=True)

    def model():
        with pyro.plate("data", 4):
            pyro.sample("z", PartlyObserved(dist.Normal(0.0, 1.0), value, KNOWN))

    def guide():
        with pyro.plate("data", 4):
            pyro.sample("z", Clamped(dist.Normal(loc, 1.0), value, KNOWN))

    elbo, optimiser = TraceMeanField_ELBO(), torch.optim.Adam([loc], lr=0.1)
    for _ in range(200):
        optimiser.zero_grad()
        elbo.differentiable_loss(model, guide).backward()
        optimiser.step()
    assert torch.equal(loc[KNOWN], torch.full((2,), 3.0))
    assert (loc[~KNOWN].abs() < 0.1).all()
    known_part = -dist.Normal(0.0, 1.0).log_prob(value[KNOWN]).sum().item()
    assert elbo.loss(model, guide) == pytest.approx(known_part, abs=0.02)


def test_a_mask_that_is_not_boolean_is_refused():
    with pytest.raises(ValueError, match=r"(?s)known: expected a boolean mask.*int64.*Try one of"):
        PartlyObserved(dist.Normal(0.0, 1.0), torch.zeros(4), KNOWN.long())


@pytest.mark.parametrize(("value", "known"), [((5, 3), (4,)), ((4, 3), (3,)), ((4, 2), (4, 2))])
def test_shapes_that_do_not_fit_are_named(value, known):
    base = dist.Normal(torch.zeros(4, 3), 1.0).to_event(1)
    with pytest.raises(ValueError, match=r"(?s)value, known: shapes.*event shape \[3\].*Try one of"):
        PartlyObserved(base, torch.zeros(value), torch.ones(known, dtype=torch.bool))
