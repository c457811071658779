"""Likelihoods against scipy and closed forms, and what their checks say."""

# pyright: reportOptionalMemberAccess=false

import numpy as np
import pytest
import scipy.stats
import torch

from pellucid.models import Bernoulli, Laplace, Normal

SHAPE = (2, 3, 4)
OUT = torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(0))
X = torch.rand(5, *SHAPE, generator=torch.Generator().manual_seed(1))
LINKS = {"identity": lambda o: o, "sigmoid": lambda o: 1 / (1 + np.exp(-o)), "tanh": np.tanh}


def test_bernoulli_density_of_grey_pixels_is_the_cross_entropy():
    p = 1 / (1 + np.exp(-OUT.numpy()))
    x = X.numpy()
    expected = (x * np.log(p) + (1 - x) * np.log1p(-p)).sum((1, 2, 3))
    np.testing.assert_allclose(Bernoulli()(OUT).log_prob(X).numpy(), expected, rtol=1e-5)


def test_bernoulli_density_of_binary_pixels_is_scipys():
    x = X.round()
    expected = scipy.stats.bernoulli.logpmf(x.numpy(), torch.sigmoid(OUT).numpy()).sum((1, 2, 3))
    np.testing.assert_allclose(Bernoulli()(OUT).log_prob(x).numpy(), expected, rtol=1e-5)


def test_bernoulli_is_finite_with_finite_gradient_at_saturated_logits():
    out = torch.tensor([-200.0, 200.0]).reshape(2, 1, 1, 1).requires_grad_()
    value = Bernoulli()(out).log_prob(torch.tensor([1.0, 0.0]).reshape(2, 1, 1, 1))
    value.sum().backward()
    assert value.tolist() == [-200, -200]
    assert out.grad.flatten().tolist() == [1, -1]


@pytest.mark.parametrize(("family", "reference"), [(Normal, scipy.stats.norm), (Laplace, scipy.stats.laplace)])
@pytest.mark.parametrize("link", list(LINKS))
@pytest.mark.parametrize("shape", [None, SHAPE])
def test_location_scale_densities_are_scipys_for_every_link_and_scale(family, reference, link, shape):
    likelihood = family(shape, scale=0.4, link=link)
    with torch.no_grad():
        likelihood.log_scale.add_(0.1 * torch.randn_like(likelihood.log_scale))
    scale = np.broadcast_to(likelihood.log_scale.detach().exp().numpy(), SHAPE)
    expected = reference.logpdf(X.numpy(), LINKS[link](OUT.numpy()), scale).sum((1, 2, 3))
    np.testing.assert_allclose(likelihood(OUT).log_prob(X).detach().numpy(), expected, rtol=1e-4)


def test_learned_scale_converges_to_the_residuals_standard_deviation():
    likelihood = Normal((1, 1, 2), link="identity")
    x = torch.tensor([0.3, 2.0]) * torch.randn(4000, 1, 1, 2, generator=torch.Generator().manual_seed(0))
    optimiser = torch.optim.Adam(likelihood.parameters(), lr=0.05)
    for _ in range(200):
        optimiser.zero_grad()
        (-likelihood(torch.zeros_like(x)).log_prob(x).mean()).backward()
        optimiser.step()
    torch.testing.assert_close(
        likelihood.log_scale.detach().exp().flatten(), x.square().mean(0).sqrt().flatten(), rtol=1e-2, atol=0
    )


def test_a_fixed_scale_is_a_buffer_and_a_learned_one_a_parameter():
    assert not list(Laplace(learn=False).parameters())
    assert [p.shape for p in Normal((1, 2, 2)).parameters()] == [(1, 2, 2)]
    assert [p.shape for p in Normal().parameters()] == [()]


@pytest.mark.parametrize("likelihood", [Bernoulli(), Normal(), Laplace(learn=False)], ids=lambda m: type(m).__name__)
def test_leading_dimensions_are_batch_and_the_image_is_one_event(likelihood):
    d = likelihood(OUT.expand(3, 5, *SHAPE))
    assert (d.batch_shape, d.event_shape) == ((3, 5), SHAPE)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("likelihood", [Bernoulli(), Normal(), Laplace()], ids=lambda m: type(m).__name__)
def test_rows_that_are_not_finite_are_counted_and_the_first_is_named(likelihood, bad):
    x = X.clone()
    x[2, 0, 0, 0] = x[4, 1, 2, 3] = x[4, 0, 0, 0] = bad
    with pytest.raises(ValueError, match=r"site 'x'.*2 of 5 rows hold NaN or infinity, the first is row 2"):
        likelihood.check(x)


def test_bytes_as_pixels_are_refused_by_bernoulli_with_the_range_and_a_remedy():
    with pytest.raises(
        ValueError, match=r"pixels in \[0, 1\]; this batch holds values from -1\.00 to 255\.00(.|\n)*x / 255"
    ):
        Bernoulli().check(torch.tensor([-1.0, 255.0]).reshape(2, 1, 1, 1))
    Normal().check(torch.tensor([-1.0, 255.0]).reshape(2, 1, 1, 1))
    Bernoulli().check(torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1))


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_scale_that_is_not_positive_and_an_unknown_link_are_refused(scale):
    with pytest.raises(ValueError, match=f"scale: expected a positive number; given {scale}"):
        Normal(scale=scale)
    with pytest.raises(ValueError, match="link: expected one of identity, sigmoid, tanh; given 'softmax'"):
        Laplace(link="softmax")  # pyright: ignore[reportArgumentType]
