"""Mutual information against quadrature done independently, closed forms, Monte Carlo and the bootstrap."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import norm
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from pellucid.diagnostics import influential, label_information, mutual_information
from pellucid.diagnostics.information.aggregate import Aggregate
from pellucid.diagnostics.information.boxes import deposit
from pellucid.diagnostics.information.components import batches
from pellucid.diagnostics.information.panels import integrate
from pellucid.diagnostics.information.row_entropy import row_entropy
from pellucid.distributions import RelaxedSpikeAndSlab, SpikeAndSlab


def adaptive_entropy(weight, loc, scale):
    """Entropy of a mixture of Normals by scipy's adaptive quadrature, piece by piece."""
    weight, loc, scale = (np.asarray(each, dtype=float) for each in (weight, loc, scale))
    cuts = np.unique(np.concatenate([loc + k * scale for k in range(-12, 13)]))

    def integrand(z):
        log_density = logsumexp(norm.logpdf(z, loc, scale), b=weight)
        return -np.exp(log_density) * log_density

    return sum(quad(integrand, a, b, epsabs=1e-12, epsrel=1e-10)[0] for a, b in pairwise(cuts))


def aggregate(loc, scale):
    (q,) = batches(torch.as_tensor(loc, dtype=torch.float64), torch.as_tensor(scale, dtype=torch.float64))
    return Aggregate.of(q)


def random_posterior(family: str, rows: int = 400, dimensions: int = 6, seed: int = 0) -> Any:
    """Dimensions of very different information, one collapsed among them, and scales of every size."""
    g = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    spread = torch.tensor([0.0, 0.1, 0.5, 1.0, 3.0, 30.0], dtype=torch.float64)[:dimensions]
    loc, scale = spread * normal(rows, dimensions), (0.5 * normal(rows, dimensions) - 1).exp()
    if family == "normal":
        return Independent(Normal(loc, scale), 1)
    if family == "spike-and-slab":
        return Independent(SpikeAndSlab(normal(rows, dimensions).mul(3).sigmoid(), loc, scale), 1)
    centre = 4 * normal(3, dimensions)
    choice = Categorical(logits=4 * normal(rows, 3))
    parts = Normal(centre + loc[:, None], scale[:, None] * (normal(rows, 3, dimensions)).exp())
    return MixtureSameFamily(choice, Independent(parts, 1))


FAMILIES = ("normal", "spike-and-slab", "mixture")


@pytest.mark.parametrize("apart", [4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
def test_the_aggregate_of_two_rows_four_to_ten_deviations_apart_has_the_entropy_of_adaptive_quadrature(apart):
    found = aggregate([[0.3], [0.3 + apart]], [[1.0], [1.0]]).entropy()
    assert found.item() == pytest.approx(adaptive_entropy([0.5, 0.5], [0.3, 0.3 + apart], [1, 1]), abs=2e-11)


@pytest.mark.parametrize("seed", range(4))
def test_the_entropy_of_rows_of_any_scales_is_that_of_adaptive_quadrature(seed):
    rng = np.random.default_rng(seed)
    loc, scale = rng.normal(size=5) * 3, np.exp(2 * rng.normal(size=5))
    found = aggregate(loc[:, None], scale[:, None]).entropy()
    assert found.item() == pytest.approx(adaptive_entropy(np.full(5, 0.2), loc, scale), abs=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mass_of_the_aggregate_is_one(family):
    (q,) = batches(random_posterior(family))
    mass = integrate(deposit(q.weight / len(q), q.loc, q.scale), q.dimensions).moments[:, 0]
    on = 1.0 if q.atom is None else 1 - q.atom.mean(0)
    assert (mass - on).abs().max() < 1e-11


@pytest.mark.parametrize("family", FAMILIES)
def test_boxes_and_the_dense_grid_agree(family):
    posterior = random_posterior(family, rows=150, dimensions=5)
    exact, dense = (mutual_information(posterior, method=method) for method in ("exact", "dense"))
    np.testing.assert_allclose(exact.value, dense.value, rtol=0, atol=1e-10)
    np.testing.assert_allclose(exact.standard_error, dense.standard_error, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_information_is_the_mean_log_ratio_of_density_and_aggregate_under_draws(family):
    posterior = random_posterior(family, rows=60)
    (q,) = batches(posterior)
    torch.manual_seed(0)
    draws = 1000
    part = Categorical(q.weight / q.weight.sum(-1, keepdim=True)).sample((draws,))[..., None]
    loc, scale = (each.expand(draws, *each.shape).gather(-1, part)[..., 0] for each in (q.loc, q.scale))
    z = Normal(loc, scale).sample()
    off = torch.zeros_like(z) if q.atom is None else torch.rand_like(z) < q.atom
    off = off.bool()

    def log_density(z):  # of every row at [S, M, D] draws: [S, M, N, D]
        each = Normal(q.loc, q.scale).log_prob(z[:, :, None, :, None]) + q.weight.log()
        return each.logsumexp(-1)

    gains = []
    for some, gone in zip(z.split(100), off.split(100), strict=True):
        density = log_density(some)
        rows = torch.arange(len(q))
        gain = density[:, rows, rows] - density.logsumexp(2) + math.log(len(q))
        if q.atom is not None:
            gain = torch.where(gone, q.atom.log() - q.atom.mean(0).log(), gain)
        gains.append(gain)
    gain = torch.cat(gains)
    error = gain.mean(1).std(0) / math.sqrt(draws)
    found = mutual_information(posterior).value
    assert (np.abs(found - gain.mean((0, 1)).numpy()) < 4.5 * error.numpy() + 1e-9).all()


def test_two_places_far_apart_tell_log_two():
    loc = torch.tensor([[-20.0], [20.0], [-20.0], [20.0]])
    assert mutual_information(loc, torch.ones(4, 1)).value == pytest.approx([math.log(2)], abs=1e-10)


def test_a_ten_cluster_aggregate_has_the_information_of_quadrature_done_independently():
    rng = np.random.default_rng(0)
    centre, scale = 6.0 * np.arange(10), 0.5 + rng.random(10)
    found = mutual_information(torch.tensor(centre)[:, None], torch.tensor(scale)[:, None]).value[0]
    own = np.mean(0.5 * np.log(2 * np.pi * np.e * scale**2))
    assert found == pytest.approx(adaptive_entropy(np.full(10, 0.1), centre, scale) - own, abs=1e-10)


def test_a_gaussian_aggregate_has_half_the_logarithm_of_its_signal_to_noise():
    """Rows at the quantiles of a Normal: the information of the continuum, with an error that falls with the rows."""
    loc = torch.from_numpy(norm.ppf((np.arange(20_000) + 0.5) / 20_000))[:, None]
    found = mutual_information(loc, torch.full_like(loc, 0.5)).value[0]
    assert found == pytest.approx(0.5 * math.log(1 + 1 / 0.25), abs=1e-4)


def test_spikes_half_on_and_half_off_tell_log_two_and_half_of_what_the_slab_tells():
    torch.manual_seed(0)
    loc, scale = torch.randn(500, 1, dtype=torch.float64), torch.full((500, 1), 0.2, dtype=torch.float64)
    gate = torch.arange(500)[:, None].remainder(2).double()
    whole = mutual_information(SpikeAndSlab(gate, loc, scale)).value[0]
    slab = mutual_information(loc[1::2], scale[1::2]).value[0]
    assert whole == pytest.approx(math.log(2) + slab / 2, abs=1e-11)


def test_spike_and_slab_obeys_the_chain_rule_with_rows_weighted_by_their_gates():
    posterior = random_posterior("spike-and-slab", dimensions=4)
    q = posterior.base_dist
    mean = q.gate.mean(0)

    def binary(p):
        return -(p * p.log() + (1 - p) * (1 - p).log())

    for j in range(4):
        weight = (q.gate[:, j] / mean[j] / len(q.gate)).numpy()
        own = (weight * 0.5 * np.log(2 * np.pi * np.e * q.scale[:, j].numpy() ** 2)).sum()
        z = np.arange(-12, 12, 1e-3)
        density = (weight[:, None] * norm.pdf(z, q.loc[:, j, None].numpy(), q.scale[:, j, None].numpy())).sum(0)
        slab = -(density * np.log(np.maximum(density, 1e-300))).sum() * 1e-3 - own
        expected = binary(mean)[j] - binary(q.gate[:, j]).mean() + mean[j] * slab
        assert mutual_information(posterior).value[j] == pytest.approx(float(expected), abs=1e-8)


def test_a_relaxed_spike_and_slab_counts_as_its_hard_form():
    hard = random_posterior("spike-and-slab").base_dist
    relaxed = RelaxedSpikeAndSlab(hard.gate, hard.loc, hard.scale, torch.tensor(50.0))
    np.testing.assert_array_equal(mutual_information(relaxed).value, mutual_information(hard).value)


def test_gates_of_exactly_zero_and_one_are_an_absent_and_a_plain_dimension():
    normal = random_posterior("normal").base_dist
    gate = torch.ones_like(normal.loc)
    gate[:, 2] = 0
    found = mutual_information(SpikeAndSlab(gate, normal.loc, normal.scale)).value
    plain = mutual_information(normal).value
    plain[2] = 0
    np.testing.assert_allclose(found, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_row_entropies_are_those_of_adaptive_quadrature(family):
    (q,) = batches(random_posterior(family, rows=3, dimensions=3))
    for n, j in np.ndindex(3, 3):
        atom = 0.0 if q.atom is None else float(q.atom[n, j])
        continuous = adaptive_entropy(q.weight[n, j], q.loc[n, j], q.scale[n, j])
        expected = continuous - (atom * math.log(atom) if atom else 0.0)
        assert row_entropy(q)[n, j].item() == pytest.approx(expected, abs=1e-10)


def test_a_mixture_with_one_sure_component_is_that_normal():
    normal = random_posterior("normal").base_dist
    loc = torch.stack([normal.loc, normal.loc + 5, normal.loc - 3], -1)
    choice = Categorical(torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64).expand(loc.shape))
    found = mutual_information(MixtureSameFamily(choice, Normal(loc, normal.scale[..., None].expand(loc.shape))))
    np.testing.assert_allclose(found.value, mutual_information(normal).value, rtol=0, atol=1e-11)


def test_a_mixture_over_vectors_and_one_of_every_dimension_are_the_same():
    whole = random_posterior("mixture")
    parts = whole.component_distribution.base_dist
    choice = Categorical(whole.mixture_distribution.probs[:, None].expand(-1, 6, -1))
    own = MixtureSameFamily(choice, Normal(parts.loc.mT, parts.scale.mT))
    np.testing.assert_allclose(mutual_information(own).value, mutual_information(whole).value, rtol=0, atol=1e-12)


def test_scales_over_twelve_orders_of_magnitude_are_told_apart():
    scale = 10.0 ** -torch.arange(0.0, 13.0, dtype=torch.float64)
    loc = torch.linspace(-120, 120, 13, dtype=torch.float64)
    assert mutual_information(loc[:, None], scale[:, None]).value == pytest.approx([math.log(13)], abs=1e-10)


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_nested_scales_at_one_place_are_resolved(shift):
    scale = np.array([1.0, 1e-3, 1e-6])
    loc = np.full(3, shift)
    found = mutual_information(torch.tensor(loc)[:, None], torch.tensor(scale)[:, None]).value[0]
    own = np.mean(0.5 * np.log(2 * np.pi * np.e * scale**2))
    assert found == pytest.approx(adaptive_entropy(np.full(3, 1 / 3), np.zeros(3), scale) - own, abs=1e-9)


def test_one_row_tells_nothing_and_has_no_error():
    found = mutual_information(torch.tensor([[3.0, -1.0]]), torch.tensor([[0.1, 5.0]]))
    assert found.value == pytest.approx([0, 0], abs=1e-12)
    assert (found.standard_error, found.rows) == (pytest.approx([0, 0], abs=1e-11), 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_posteriors_that_ignore_the_row_tell_nothing(family):
    row = random_posterior(family, rows=1)
    found = mutual_information(row.expand((50,)) if family != "mixture" else repeated(row, 50))
    assert found.value == pytest.approx(np.zeros(6), abs=1e-10)
    assert found.standard_error == pytest.approx(np.zeros(6), abs=1e-9)


def repeated(q, rows):
    parts = q.component_distribution.base_dist
    choice = Categorical(q.mixture_distribution.probs.repeat(rows, 1))
    return MixtureSameFamily(
        choice, Independent(Normal(parts.loc.repeat(rows, 1, 1), parts.scale.repeat(rows, 1, 1)), 1)
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_the_standard_error_is_that_of_a_bootstrap_over_rows(family):
    posterior = random_posterior(family, rows=300, dimensions=4)
    (q,) = batches(posterior)
    rng = torch.Generator().manual_seed(0)
    own, value = row_entropy(q), []
    for _ in range(200):  # the Bayesian bootstrap: rows weighted by draws from an exponential
        weight = torch.empty(len(q), dtype=torch.float64).exponential_(generator=rng)
        weight /= weight.mean()
        some = type(q)(
            q.weight * weight[:, None, None], q.loc, q.scale, None if q.atom is None else q.atom * weight[:, None]
        )
        value.append(Aggregate.of(some).entropy() - (weight[:, None] * own).mean(0))
    bootstrap = torch.stack(value).std(0).numpy()
    found = mutual_information(posterior).standard_error
    informative = found > 0.005  # where it is all but 0 the second order rules
    assert informative.sum() >= 2
    np.testing.assert_allclose(found[informative], bootstrap[informative], rtol=0.2)


def test_the_standard_error_from_some_rows_is_that_from_all():
    torch.manual_seed(0)
    loc, scale = torch.randn(20_000, 2), torch.rand(20_000, 2) + 0.1
    some = mutual_information(loc, scale).standard_error
    (q,) = batches(loc, scale)
    cross = Aggregate.of(q).entropies(q)[1]
    every = (cross - row_entropy(q)).std(0).numpy() / math.sqrt(20_000)
    np.testing.assert_allclose(some, every, rtol=0.15)


def test_the_standard_error_does_not_mistake_rows_in_a_regular_order():
    """Rows whose scales alternate, as on a grid of factors: every other row would all be of one kind."""
    row = torch.arange(16_384)
    scale = torch.where(row[:, None] % torch.tensor([2, 4]) == 1, 0.01, 1.0).double()
    loc = torch.zeros_like(scale)
    found = mutual_information(loc, scale).standard_error
    (q,) = batches(loc, scale)
    every = (Aggregate.of(q).entropies(q)[1] - row_entropy(q)).std(0, correction=0).numpy() / 128
    np.testing.assert_allclose(found, every, rtol=0.1)
    y = row % 2
    assert label_information(loc, y, scale).standard_error[0] == pytest.approx(
        label_information(loc[:4000], y[:4000], scale[:4000]).standard_error[0] * (4000 / 16_384) ** 0.5, rel=0.1
    )


def test_rows_that_share_one_choice_of_components_are_as_if_each_had_its_own():
    whole = random_posterior("mixture", rows=20, dimensions=3)
    share = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)
    parts = whole.component_distribution
    shared, own = (MixtureSameFamily(Categorical(p), parts) for p in (share, share.expand(20, 3)))
    np.testing.assert_allclose(mutual_information(shared).value, mutual_information(own).value, rtol=0, atol=1e-12)


@pytest.mark.parametrize("family", ["normal", "mixture"])
def test_a_code_far_from_zero_tells_as_much_as_one_at_zero(family):
    """A shift that float64 holds exactly: locations are multiples of 2^-20."""
    posterior = random_posterior(family, rows=50, dimensions=4)
    parts = posterior.base_dist if family == "normal" else posterior.component_distribution.base_dist
    loc, scale = (parts.loc * 2**20).round() / 2**20, parts.scale * 1e-3 + 1e-5

    def value(loc):
        if family == "normal":
            return mutual_information(loc, scale).value
        return mutual_information(
            MixtureSameFamily(posterior.mixture_distribution, Independent(Normal(loc, scale), 1))
        ).value

    np.testing.assert_allclose(value(loc + 2**30), value(loc), rtol=0, atol=1e-9)


def test_inference_mode_changes_nothing():
    posterior = random_posterior("spike-and-slab")
    expected = mutual_information(posterior)
    with torch.inference_mode():
        found = mutual_information(random_posterior("spike-and-slab"))
        label_information(posterior, torch.arange(400).remainder(3))
    np.testing.assert_array_equal(found.value, expected.value)
    np.testing.assert_array_equal(found.standard_error, expected.standard_error)


def test_equal_rows_have_the_entropy_of_one_before_any_clamp():
    """Information is cut off at 0 and at log N: what is cut off is below 1e-10."""
    for scale in (1e-30, 1e-6, 0.3, 0.9999, 1.0, 1e6, 1e30):
        found = aggregate(np.full((7, 1), 5 * scale), np.full((7, 1), scale)).entropy().item()
        assert found == pytest.approx(0.5 * math.log(2 * math.pi * math.e) + math.log(scale), abs=1e-10)
    apart = aggregate(40.0 * np.arange(7)[:, None], np.ones((7, 1))).entropy().item()
    assert apart == pytest.approx(0.5 * math.log(2 * math.pi * math.e) + math.log(7), abs=1e-10)


def test_stretches_of_panels_gone_down_from_one_after_another_change_nothing(monkeypatch):
    from pellucid.diagnostics.information import panels

    g = torch.Generator().manual_seed(0)
    loc, scale = torch.randn(1500, 3, generator=g), 0.002 * torch.rand(1500, 3, generator=g) + 1e-4
    scale[:20] = 1.0
    posterior = Normal(loc, scale)
    whole = mutual_information(posterior)
    monkeypatch.setattr(panels, "PANELS", 50)
    monkeypatch.setattr(panels, "STRETCH", 256)  # of some 600 boxes an octave; more than 70 reach into a panel
    parts = mutual_information(posterior)
    np.testing.assert_allclose(parts.value, whole.value, rtol=0, atol=1e-12)
    np.testing.assert_allclose(parts.standard_error, whole.standard_error, rtol=1e-9, atol=1e-12)


def test_influential_dimensions_come_in_the_order_of_their_information():
    loc, scale = torch.randn(200, 5), torch.tensor([1.0, 0.1, 100.0, 0.5, 1e-3]).expand(200, 5)
    assert influential(loc, scale).tolist() == [4, 1, 3, 0]
    assert influential(mutual_information(loc, scale), k=2).tolist() == [4, 1]
    assert influential(loc, scale, threshold=1.0).tolist() == [4, 1]
    assert influential(loc, scale, k=0).tolist() == []
