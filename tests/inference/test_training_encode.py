"""The posterior of a whole split as one distribution: the rows of the batches, in a line, whatever the family."""

# Splits may be Datasets and a module's attributes anything, as far as a checker can tell.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false

import pyro.distributions as dist
import pytest
import torch

from pellucid import data, fit, zoo
from pellucid.data import Batches
from pellucid.distributions import SpikeAndSlab
from pellucid.inference.training.encode import concatenate, encode

B, D = 4, 3


def positive(*shape):
    return torch.rand(*shape) + 0.5


FAMILIES = {
    "Normal": lambda: dist.Normal(torch.randn(B, D), positive(B, D)).to_event(1),
    "LogNormal": lambda: dist.LogNormal(torch.randn(B, D), positive(B, D)).to_event(1),
    "Beta": lambda: dist.Beta(positive(B, D), positive(B, D)).to_event(1),
    "Gamma": lambda: dist.Gamma(positive(B, D), positive(B, D)).to_event(1),
    "Uniform": lambda: dist.Uniform(torch.zeros(B, D), positive(B, D)).to_event(1),
    "Categorical by logits": lambda: dist.Categorical(logits=torch.randn(B, D)),
    "Categorical by probs": lambda: dist.Categorical(torch.rand(B, D)),
    "Bernoulli": lambda: dist.Bernoulli(torch.rand(B, D)).to_event(1),
    "Dirichlet": lambda: dist.Dirichlet(positive(B, D)),
    "VonMises": lambda: dist.VonMises(torch.randn(B, D), positive(B, D)).to_event(1),
    "SpikeAndSlab": lambda: SpikeAndSlab(torch.rand(B, D), torch.randn(B, D), positive(B, D)).to_event(1),
    "MultivariateNormal by factor": lambda: dist.MultivariateNormal(
        torch.randn(B, D), scale_tril=torch.diag_embed(positive(B, D))
    ),
    "MultivariateNormal by covariance": lambda: dist.MultivariateNormal(
        torch.randn(B, D), torch.diag_embed(positive(B, D))
    ),
    "one for all rows": lambda: dist.Normal(torch.randn(D), positive(D)).to_event(1),
    "RelaxedBernoulli": lambda: dist.RelaxedBernoulli(torch.tensor(0.5), torch.rand(B, D)).to_event(1),
    "Delta": lambda: dist.Delta(torch.randn(B, D), event_dim=1),
    "mixture": lambda: dist.MixtureSameFamily(
        dist.Categorical(torch.rand(B, 2)), dist.Normal(torch.randn(B, 2, D), positive(B, 2, D)).to_event(1)
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_joined_distribution_has_the_density_and_the_draws_of_its_parts(family):
    torch.manual_seed(0)
    parts = [FAMILIES[family]().expand((B,)) for _ in range(3)]
    joined = concatenate(parts)
    assert type(joined) is type(parts[0])
    assert (joined.batch_shape, joined.event_shape) == ((3 * B,), parts[0].event_shape)
    values = torch.cat([part.sample() for part in parts])
    expected = torch.cat([part.log_prob(value) for part, value in zip(parts, values.split(B), strict=True)])
    torch.testing.assert_close(joined.log_prob(values), expected, rtol=1e-5, atol=1e-6)
    assert joined.sample().shape == values.shape


def test_a_family_that_cannot_be_joined_is_named_with_a_way_out():
    q = dist.TransformedDistribution(dist.Normal(torch.zeros(B), 1.0), [dist.transforms.SigmoidTransform()])
    with pytest.raises(ValueError, match=r"encode: TransformedDistribution does not keep(.|\n)*Try one of"):
        concatenate([q, q])


def test_the_posterior_of_a_split_is_that_of_each_row_by_itself_with_hard_gates(tmp_path):
    digits = data.digits(rows=100)
    pair = zoo.vsc(digits, dim=3, hidden=(16,))
    run = fit(pair, digits, epochs=1, batch_size=50, folder=tmp_path / "run", progress=False, accelerator="cpu")
    pair.train()  # encode must see to evaluation mode itself
    q = encode(pair, Batches(digits.test, 77))["z"].base_dist
    assert pair.training
    pair.eval()
    assert type(q) is SpikeAndSlab
    assert q.batch_shape == (360, 3)
    with torch.no_grad():
        rows = [pair.guide.posterior.encode(row[None].float() / 255).base_dist for row in digits.test.x]
    whole = run.posterior("test")["z"].base_dist
    for name in ("gate", "loc", "scale"):
        expected = torch.cat([getattr(row, name) for row in rows])
        torch.testing.assert_close(getattr(q, name), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(getattr(whole, name), expected, rtol=1e-4, atol=1e-5)
