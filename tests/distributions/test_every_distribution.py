"""One loop over all distributions of the room: shapes, expansion, Pyro's plates, graph capture, and devices."""

import pyro
import pyro.distributions as dist
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributions import kl_divergence

from pellucid.distributions import (
    Clamped,
    PartlyObserved,
    RelaxedBinary,
    RelaxedSpikeAndSlab,
    SpikeAndSlab,
    WrappedCauchy,
    entropy,
    jensen_shannon,
)


def gate():
    return torch.full((4, 3), 0.3)


def known():
    return torch.ones(4, 3, dtype=torch.bool).tril()


MAKE = {
    "SpikeAndSlab": lambda: SpikeAndSlab(gate(), torch.zeros(3), 0.5),
    "RelaxedSpikeAndSlab": lambda: RelaxedSpikeAndSlab(gate(), torch.zeros(3), 0.5, 50.0),
    "RelaxedBinary": lambda: RelaxedBinary(gate().logit(), 0.5),
    "RelaxedBinary, hard": lambda: RelaxedBinary(gate().logit()),
    "WrappedCauchy": lambda: WrappedCauchy(torch.zeros(3), gate()),
    "PartlyObserved": lambda: PartlyObserved(dist.Normal(gate(), 0.5), torch.zeros(3), known()),
    "Clamped": lambda: Clamped(dist.Normal(gate(), 0.5), torch.zeros(3), known()),
    "PartlyObserved labels": lambda: PartlyObserved(dist.Bernoulli(gate()), torch.zeros(3), known()),
    "Clamped labels": lambda: Clamped(dist.Bernoulli(gate()), torch.zeros(3), known()),
}
ALL = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE.keys())


@ALL
@pytest.mark.parametrize("sample_shape", [(), (2,), (5, 2)])
def test_draws_and_densities_have_the_shapes_that_the_distribution_declares(make, sample_shape):
    d = make()
    z = d.rsample(sample_shape) if d.has_rsample else d.sample(sample_shape)
    assert z.shape == (*sample_shape, 4, 3)
    assert d.log_prob(z).shape == (*sample_shape, 4, 3)
    assert not d.log_prob(z).isnan().any()


@ALL
def test_expansion_repeats_the_distribution(make):
    d = make()
    e = d.expand([6, 4, 3])
    assert type(e) is type(d)
    assert e.batch_shape == (6, 4, 3)
    assert e.sample((2,)).shape == (2, 6, 4, 3)
    z = e.sample()
    torch.testing.assert_close(e.log_prob(z), d.log_prob(z))
    assert e.expand([2, 6, 4, 3]).batch_shape == (2, 6, 4, 3)
    for moment in ("mean", "variance"):
        if isinstance(d, SpikeAndSlab):
            torch.testing.assert_close(getattr(e, moment), getattr(d, moment).expand(6, 4, 3))


@ALL
def test_draws_of_an_expanded_distribution_are_not_copies(make):
    torch.manual_seed(0)
    d = make()
    z = d.expand([50, 4, 3]).sample()
    free = ~known() if isinstance(d, PartlyObserved) else torch.ones(4, 3, dtype=torch.bool)
    assert (z[:, free].float().std(0) > 0).all()


@ALL
def test_event_dimensions_sum_the_density(make):
    d = make()
    z = d.sample()
    torch.testing.assert_close(d.to_event(1).log_prob(z), d.log_prob(z).sum(-1))


@ALL
def test_a_site_in_a_plate_takes_the_batch_of_the_plate(make):
    with pyro.plate("outer", 2, dim=-3):
        assert pyro.sample("z", make()).shape == (2, 4, 3)
    with pyro.plate("data", 4):
        assert pyro.sample("w", make().to_event(1)).shape == (4, 3)


@ALL
def test_draws_without_reparameterisation_carry_no_gradient(make):
    assert not make().sample().requires_grad


class Objective(torch.nn.Module):
    """A draw, its density and a divergence, of a posterior whose parameters are inputs."""

    def forward(self, gate, loc, scale, sharpness, y, known):
        q, p = RelaxedSpikeAndSlab(gate, loc, scale, sharpness, validate_args=False), SpikeAndSlab(0.2, 0.0, 1.0)
        z = q.rsample()
        labels = dist.Bernoulli(gate, validate_args=False)
        q_y, p_y = Clamped(labels, y, known), PartlyObserved(labels, y, known)
        terms = q.log_prob(z), q.hard().log_prob(q.hard().sample()), kl_divergence(q, p)
        label_terms = q_y.log_prob(q_y.enumerate_support(expand=False)).exp().sum(0), kl_divergence(q_y, p_y)
        return sum(t.sum() for t in (*terms, *label_terms)) + jensen_shannon(gate, gate.flip(0)).sum()


def inputs():
    y = torch.ones(4, 3).masked_fill(~known(), float("nan"))
    return gate(), torch.zeros(4, 3), torch.ones(4, 3), torch.tensor(50.0), y, known()


def test_a_captured_graph_repeats_the_eager_computation_with_every_mask_and_sharpness():
    with pyro.settings.context(
        validate_distributions_pyro=False, validate_distributions_torch=False, validate_poutine=False
    ):
        captured = torch.export.export(Objective(), inputs(), strict=False).module()
        other = list(inputs())
        other[3], other[5] = torch.tensor(120.0), ~other[5]
        other[4] = 1 - torch.ones(4, 3).masked_fill(~other[5], float("nan"))
        for arguments in (inputs(), other):
            torch.manual_seed(0)
            eager = Objective()(*arguments)
            torch.manual_seed(0)
            assert torch.equal(captured(*arguments), eager)
            assert eager.isfinite()


@ALL
def test_nothing_stays_behind_on_the_cpu(make):
    with FakeTensorMode(), pyro.settings.context(validate_distributions_pyro=False, validate_distributions_torch=False):
        with torch.device("cuda"):
            d = make()
        results = [d.sample((2,)), d.log_prob(d.sample()), d.expand([5, 4, 3]).sample()]
        if d.has_rsample:
            results.append(d.rsample())
        if d.has_enumerate_support:
            results.append(d.log_prob(d.enumerate_support()))
        if isinstance(d, SpikeAndSlab):
            results += [d.mean, d.variance, kl_divergence(d, SpikeAndSlab(0.1, 0.0, d.scale))]
            results += [entropy(d.gate), jensen_shannon(d.gate, d.gate), d.slab.sample()]
        if isinstance(d, RelaxedSpikeAndSlab):
            results += [d.gate_mean, d.gate_second_moment, d.hard().sample()]
        if isinstance(d, Clamped):
            results.append(kl_divergence(d, d.base))
        assert all(result.device.type == "cuda" for result in results)
