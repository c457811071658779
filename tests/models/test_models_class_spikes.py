"""Class-conditional spikes: the identity that makes them class consistency, and labels summed out exactly."""

# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportTypedDictNotRequiredAccess=false

import itertools
import math

import pyro
import pytest
import torch
from torch.distributions import kl_divergence

from pellucid import Batch, Pair, zoo
from pellucid.data import DataSet
from pellucid.distributions import BinaryVector, SpikeAndSlab, entropy
from pellucid.inference import PatternSparsity, SpikeStrength
from pellucid.inference.evaluation import evaluating
from pellucid.models import AttributeSpikePrior, ClassSpikePrior


def bernoulli_kl(p, q):
    return p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()


def noise(y):
    x = torch.rand(len(y), 1, 4, 4, generator=torch.Generator().manual_seed(0))
    rows = Batch(x, y)
    names = ("a", "b", "c") if y.ndim == 1 else ("hat", "eyes")
    return DataSet("noise", rows, rows, rows, names, "torch.rand")


CLASSES = torch.arange(12) % 3
ATTRIBUTES = torch.tensor(list(itertools.product((0, 1), repeat=2)) * 3)


def spread(pair: Pair) -> Pair:
    """The pair with spikes that differ between labels, and rows that differ in their gates."""
    with torch.no_grad():
        for parameter in (*pair.model.prior.parameters(), *pair.guide.guide.posterior.gate.parameters()):
            parameter += torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3))
    return pair


@pytest.fixture(params=["classes", "attributes"])
def pair_and_data(request):
    data = noise(CLASSES if request.param == "classes" else ATTRIBUTES)
    torch.manual_seed(0)
    return spread(zoo.class_vsc(data, dim=5, hidden=(8,), strength=3.0)), data


def values_of(data):
    if data.attributes:
        return [torch.tensor(v).float() for v in itertools.product((0, 1), repeat=2)]
    return [torch.tensor(c) for c in range(3)]


def belief(pair, data, x):
    """q(y | x) ``[N, K]`` from the classifier's logits, by hand."""
    posterior = pair.guide.guide.posterior
    logits = posterior.classifier(posterior.encoder(x))
    if not data.attributes:
        return logits.softmax(-1)
    on = logits.sigmoid()
    return torch.stack([(on * v + (1 - on) * (1 - v)).prod(-1) for v in values_of(data)], 1)


def test_spikes_at_the_class_means_make_the_kl_the_consistency_of_all_samples():
    gate = torch.rand(50, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    mean, alpha = gate.mean(0), torch.tensor(0.05, dtype=torch.float64)
    consistency = entropy(mean) - entropy(gate).mean(0)
    torch.testing.assert_close(bernoulli_kl(gate, mean).mean(0), consistency)
    torch.testing.assert_close(bernoulli_kl(gate, alpha).mean(0), consistency + bernoulli_kl(mean, alpha))


def test_the_bound_without_labels_is_the_sum_over_all_their_values(pair_and_data):
    pair, data = pair_and_data
    x = data.train.x
    with evaluating(pair):
        torch.manual_seed(1)
        terms = pair(x)
        q = pair.guide.guide.posterior.encode(x)
        weights = belief(pair, data, x)
        prior = pair.model.prior
        expected = torch.zeros(len(x))
        for k, value in enumerate(values_of(data)):
            spikes = SpikeAndSlab(prior.spikes(value), prior.loc, prior.scale).to_event(1)
            log_prior = -len(data.classes) * math.log(2) if data.attributes else -math.log(3)
            expected += weights[:, k] * (kl_divergence(q, spikes) + weights[:, k].log() - log_prior)
    torch.testing.assert_close(terms.kl["y"] + terms.kl["z"], expected, rtol=1e-4, atol=1e-4)


def test_a_labelled_row_has_the_bound_of_its_own_label(pair_and_data):
    pair, data = pair_and_data
    with evaluating(pair):
        q = pair.guide.guide.posterior.encode(data.train.x)
        prior = pair.model.prior
        spikes = SpikeAndSlab(prior.spikes(data.train.y), prior.loc, prior.scale).to_event(1)
        for mask in (None, torch.ones(12, dtype=torch.bool)):
            torch.testing.assert_close(pair(data.train.x, data.train.y, mask).kl["z"], kl_divergence(q, spikes))


def test_a_mixed_batch_is_its_two_halves_and_nan_in_an_empty_slot_is_harmless(pair_and_data):
    pair, data = pair_and_data
    x, y, known = data.train.x, data.train.y, torch.arange(12) < 6
    holes = torch.where(known.reshape(-1, *[1] * (y.ndim - 1)), y.float(), torch.nan)
    with evaluating(pair):
        mixed = pair(x, holes, known).kl
        halves = [pair(x[:6], y[:6]).kl, pair(x[6:]).kl]
    torch.testing.assert_close(mixed["z"], torch.cat([half["z"] for half in halves]))
    pair(x, holes, known).loss.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in pair.parameters())


def test_a_row_with_some_attributes_unknown_counts_as_unlabelled_even_in_a_batch_as_wide_as_it_is_long():
    torch.manual_seed(0)
    pair = spread(zoo.class_vsc(noise(ATTRIBUTES), dim=5, hidden=(8,)))
    x, y = torch.rand(2, 1, 4, 4), torch.tensor([[1, 0], [1, 1]])
    with evaluating(pair):
        mixed = pair(x, y, torch.tensor([[True, True], [True, False]])).kl["z"]
        torch.testing.assert_close(mixed, torch.cat([pair(x[:1], y[:1]).kl["z"], pair(x[1:]).kl["z"]]))


def test_the_factors_are_the_double_sum_over_rows_and_labels(pair_and_data):
    pair, data = pair_and_data
    x = data.train.x
    strength, sparsity = pair.factors[:2]
    with evaluating(pair):
        with pyro.poutine.trace() as seen:
            pair.guide.guide(x)
        q = {name: site["fn"] for name, site in seen.trace.nodes.items() if name in ("y", "z")}
        gate, weights = q["z"].base_dist.gate, belief(pair, data, x)
        spikes = [pair.model.prior.spikes(value) for value in values_of(data)]
        follow = sum(weights[:, k] * bernoulli_kl(gate, a).sum(1) for k, a in enumerate(spikes)).mean()
        sparse = sum(weights[:, k] * bernoulli_kl(a, torch.tensor(0.05)).sum() for k, a in enumerate(spikes)).mean()
        torch.testing.assert_close(strength(q, None, None), follow, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(sparsity(q, None, None), sparse, rtol=1e-4, atol=1e-4)


def test_the_strength_joins_the_bound_to_give_the_spike_kl_the_weight_one_plus_lambda(pair_and_data):
    pair, data = pair_and_data
    x, y = data.train.x, data.train.y
    with evaluating(pair):
        torch.manual_seed(0)
        terms = pair(x, y)
        q = pair.guide.guide.posterior.encode(x).base_dist
        spike = bernoulli_kl(q.gate, pair.model.prior.spikes(y)).sum(1).mean()
    torch.testing.assert_close(terms.factors["strength"], 3 * spike, rtol=1e-4, atol=1e-4)


def test_the_parameters_of_the_prior_are_trained_once_though_the_factors_know_them(pair_and_data):
    pair, _ = pair_and_data
    parameters = list(pair.parameters())
    assert len({id(p) for p in parameters}) == len(parameters)


def test_generation_draws_a_label_first_and_opens_the_dimensions_of_that_label():
    prior = ClassSpikePrior(2, 3)
    with torch.no_grad():
        prior.table.copy_(torch.tensor([[2.0, -2.0, -2.0], [-2.0, -2.0, 2.0]]))
    with pyro.plate("data", 500):
        site = pyro.poutine.trace(prior).get_trace().nodes
    opened = site["z"]["value"] != 0
    assert (opened[:, 0] == (site["y"]["value"] == 0)).all()
    assert (opened[:, 2] == (site["y"]["value"] == 1)).all()


def test_an_attribute_shifts_the_log_odds_of_the_spikes():
    prior = AttributeSpikePrior(2, 3, alpha=0.2)
    with torch.no_grad():
        prior.shift[1, 2] = 0.4
    spikes = prior.spikes(torch.tensor([[0, 0], [0, 1], [1, 1]]))
    odds = torch.logit(spikes) - math.log(0.25)
    torch.testing.assert_close(odds, torch.tensor([[0.0, 0, 0], [0, 0, 4], [0, 0, 4]]), rtol=0, atol=1e-4)


def test_joint_values_of_attributes_are_listed_in_binary_order_and_weigh_one_together():
    d = BinaryVector(torch.randn(6, 3, generator=torch.Generator().manual_seed(0)))
    values = d.enumerate_support()
    assert values.shape == (8, 6, 3)
    assert values[:, 0].tolist() == [list(map(float, v)) for v in itertools.product((0, 1), repeat=3)]
    torch.testing.assert_close(d.log_prob(values).logsumexp(0), torch.zeros(6))
    assert d.enumerate_support(expand=False).shape == (8, 1, 3)


def test_too_many_attributes_to_sum_out_are_refused():
    with pytest.raises(ValueError, match=r"13 binary attributes have 8192 joint values"):
        BinaryVector(torch.zeros(13))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1])
def test_a_rate_that_is_no_probability_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha: expected a probability"):
        ClassSpikePrior(3, 4, alpha)
    with pytest.raises(ValueError, match="alpha: expected a probability"):
        PatternSparsity(1.0, ClassSpikePrior(3, 4), alpha)


def test_a_guide_without_the_label_site_is_named():
    gate = torch.full((2, 4), 0.5)
    q = {"z": SpikeAndSlab(gate, gate, gate).to_event(1)}
    with pytest.raises(ValueError, match=r"factor 'strength': expected a label site 'y'"):
        SpikeStrength(1.0, ClassSpikePrior(3, 4))(q, None, None)
