"""The Normal approximations, the bounds from draws, the identity of the KL, active units and Fano's bound."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Independent, Laplace, MixtureSameFamily, Normal, kl_divergence

from pellucid.diagnostics import (
    active_units,
    fano_bound,
    information_bounds,
    keep_only,
    label_information,
    mutual_information,
    sparsity_identity,
)
from pellucid.distributions import SpikeAndSlab


def normals(rows=500, seed=0):
    g = torch.Generator().manual_seed(seed)
    spread = torch.tensor([0.0, 0.5, 1.0, 2.0], dtype=torch.float64)
    loc = 0.7 + spread * torch.randn(rows, 4, generator=g, dtype=torch.float64)
    return loc, 0.2 + torch.rand(rows, 4, generator=g, dtype=torch.float64)


def test_the_papers_closed_form_is_its_definition_a_divergence_from_the_best_zero_mean_normal():
    """mean_n KL(q(z|x_n) || N(0, s^2)), least over s: by search over s, with torch's own divergence."""
    loc, scale = normals()
    s = torch.linspace(0.3, 4, 40_001, dtype=torch.float64)
    for j in range(4):
        first, second = (loc[:, j] ** 2).mean(), (scale[:, j] ** 2).mean()
        divergence = s.log() - scale[:, j].log().mean() + (first + second) / (2 * s**2) - 0.5
        best = s[divergence.argmin()]
        least = kl_divergence(Normal(loc[:, j], scale[:, j]), Normal(torch.zeros(()), best)).mean()
        assert mutual_information(loc, scale, method="gaussian").value[j] == pytest.approx(least.item(), abs=1e-7)


def test_the_papers_estimate_moves_when_the_code_is_shifted_and_can_exceed_the_logarithm_of_the_rows():
    loc, scale = torch.zeros(4, 1), torch.ones(4, 1)
    estimates = [mutual_information(loc + shift, scale, method="gaussian").value[0] for shift in (0.0, 100.0)]
    assert estimates[0] == pytest.approx(0)
    assert estimates[1] > math.log(4)
    matched = [mutual_information(loc + shift, scale, method="matched").value[0] for shift in (0.0, 100.0)]
    assert matched == pytest.approx([0, 0], abs=1e-9)


def test_every_estimate_is_the_exact_value_for_a_zero_mean_normal_aggregate():
    """Posteriors of one scale whose means follow a Normal: here all three are right."""
    from scipy.stats import norm

    loc = torch.from_numpy(norm.ppf((np.arange(5000) + 0.5) / 5000))[:, None]
    for method in ("exact", "matched", "gaussian"):
        found = mutual_information(loc, torch.full_like(loc, 0.5), method=method).value[0]
        assert found == pytest.approx(0.5 * math.log(5), abs=2e-3)


def test_the_estimate_about_the_mean_does_not_lose_its_digits_far_from_zero():
    loc, scale = normals()
    expected = mutual_information(loc, scale, method="matched")
    for shift in (2.0**20, 2.0**30):
        found = mutual_information(loc + shift, scale, method="matched")
        np.testing.assert_allclose(found.value, expected.value, rtol=0, atol=1e-6)
        np.testing.assert_allclose(found.standard_error, expected.standard_error, rtol=1e-4)


@pytest.mark.parametrize("method", ["gaussian", "matched"])
def test_errors_of_the_normal_approximations_are_their_spread_over_fresh_rows(method):
    found = [mutual_information(*normals(seed=seed), method=method) for seed in range(300)]
    spread = np.std([each.value for each in found], axis=0)
    np.testing.assert_allclose(np.mean([each.standard_error for each in found], axis=0), spread, rtol=0.15)


def test_errors_of_the_exact_method_are_its_spread_over_fresh_rows():
    found = [mutual_information(*normals(rows=200, seed=seed)) for seed in range(150)]
    spread = np.std([each.value for each in found], axis=0)
    np.testing.assert_allclose(np.mean([each.standard_error for each in found], axis=0)[1:], spread[1:], rtol=0.2)


FAMILIES = {
    "normal": lambda loc, scale: Normal(loc, scale),
    "spike-and-slab": lambda loc, scale: Independent(SpikeAndSlab(loc.sigmoid(), loc, scale), 1),
    "mixture": lambda loc, scale: MixtureSameFamily(
        Categorical(logits=loc[:, :2]), Independent(Normal(torch.stack([loc, 4 - loc], 1), scale[:, None] * 0.7), 1)
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_bounds_from_draws_enclose_the_information_in_the_mean(family):
    posterior = FAMILIES[family](*normals(600))
    exact = mutual_information(posterior).value
    found = information_bounds(posterior, batch=60)
    assert (found.lower <= exact + 4 * found.lower_error).all()
    assert (found.upper >= exact - 4 * found.upper_error).all()
    assert (found.lower <= found.upper).all()
    whole = information_bounds(posterior, batch=600)
    np.testing.assert_array_less(np.abs(whole.lower - exact), 4 * whole.lower_error + 1e-12)


def test_bounds_take_families_without_a_closed_form():
    """Two Laplace clouds far apart: log 2 each way; and a distribution that all rows share: nothing."""
    loc = torch.tensor([[-40.0, 0.0], [40.0, 0.0]]).repeat(200, 1)
    found = information_bounds(Independent(Laplace(loc, torch.ones_like(loc)), 1), batch=100)
    assert found.lower == pytest.approx([math.log(2), 0], abs=0.03)
    assert found.upper == pytest.approx([math.log(2), 0], abs=0.03)
    assert found.batch == 100


@pytest.mark.parametrize(("rows", "batch"), [(3, 2), (5, 2), (1025, 1024), (7, 7)])
def test_no_row_is_left_to_be_compared_with_itself(rows, batch):
    loc, scale = torch.arange(float(rows))[:, None] * 50, torch.ones(rows, 1)
    found = information_bounds(loc, scale, batch=batch)
    assert found.batch >= batch
    assert found.lower[0] == pytest.approx(math.log(found.batch), abs=0.3)


def test_bounds_repeat_themselves_and_leave_the_users_draws_alone():
    torch.manual_seed(0)
    first = information_bounds(*normals())
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(1))
    np.testing.assert_array_equal(first.lower, information_bounds(*normals()).lower)


def priors():
    sparse = torch.tensor([0.1, 0.3, 1.2], dtype=torch.float64).unbind()
    return {
        "normal": (Normal(*normals()), Normal(torch.tensor(0.2), torch.tensor(1.3))),
        "spike-and-slab": (
            FAMILIES["spike-and-slab"](*normals()).base_dist,
            SpikeAndSlab(*sparse),
        ),
        "standard": (Normal(*normals()), None),
    }


@pytest.mark.parametrize("name", priors())
def test_the_mean_kl_is_information_and_the_aggregates_kl_added_up(name):
    posterior, prior = priors()[name]
    found = sparsity_identity(posterior, prior=prior)
    prior = Normal(torch.zeros(()), torch.ones(())) if prior is None else prior
    shape = posterior.batch_shape
    np.testing.assert_allclose(found.kl, kl_divergence(posterior, prior.expand(shape)).mean(0), rtol=1e-10)
    assert np.abs(found.gap).max() < 1e-10  # the quadrature's mass, mean and variance are the rows'
    np.testing.assert_allclose(found.information, mutual_information(posterior).value, rtol=0, atol=1e-12)
    assert (found.marginal_kl >= -1e-10).all()
    assert "all" in str(found)


def test_the_aggregates_kl_is_that_of_a_sum_over_a_grid():
    loc, scale = normals()
    z = torch.arange(-14, 14, 0.01, dtype=torch.float64)
    prior = Normal(0.0, 1.0).log_prob(z)
    for j in range(4):
        density = Normal(loc[:, j, None], scale[:, j, None]).log_prob(z).exp().mean(0)
        kl = (torch.xlogy(density, density) - density * prior).sum() * 0.01
        assert sparsity_identity(loc, scale).marginal_kl[j] == pytest.approx(kl.item(), abs=1e-9)


def test_a_posterior_with_an_atom_needs_a_prior_with_one():
    posterior = FAMILIES["spike-and-slab"](*normals())
    with pytest.raises(ValueError, match="prior: expected SpikeAndSlab"):
        sparsity_identity(posterior)


def test_active_units_miss_what_a_dimension_says_by_its_scale_alone():
    loc, scale = torch.zeros(100, 1), torch.tensor([[0.01], [1.0]]).repeat(50, 1)
    assert active_units(Normal(loc, scale)).count == 0
    assert mutual_information(loc, scale).value[0] > 0.5
    assert active_units(torch.tensor([[-1.0], [1.0]])).variance == pytest.approx([1.0])


def test_information_on_a_label_is_that_of_a_table_where_places_do_not_overlap():
    """Rows at three far places: the plug-in information of the 3 x 2 table of place and label."""
    from sklearn.metrics import mutual_info_score

    rng = np.random.default_rng(0)
    place, y = rng.integers(3, size=200), rng.integers(2, size=200)
    y[place == 2] = 1
    found = label_information(torch.tensor(50.0 * place)[:, None], torch.tensor(y), torch.ones(200, 1))
    assert found.value[0] == pytest.approx(mutual_info_score(place, y), abs=1e-10)
    assert found.spike is None
    shares = np.bincount(y) / 200
    assert found.entropy == pytest.approx(-(shares * np.log(shares)).sum())


def test_spikes_tell_of_a_label_what_the_table_of_their_mean_gates_tells():
    g = torch.Generator().manual_seed(0)
    gate, y = torch.rand(80, 3, generator=g, dtype=torch.float64), torch.arange(80).remainder(4)
    posterior = SpikeAndSlab(gate, torch.zeros_like(gate), torch.ones_like(gate))
    found = label_information(posterior, y)
    joint = torch.stack([torch.stack([1 - gate[y == c], gate[y == c]], 1).sum(0) for c in range(4)]) / 80  # [C, 2, D]
    product = joint.sum(0) * joint.sum(1, keepdim=True)
    expected = (joint * (joint / product).log()).sum((0, 1))
    assert found.spike is not None
    np.testing.assert_allclose(found.spike, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.value, expected, rtol=0, atol=1e-10)  # the slabs are all alike


def test_labels_of_one_class_are_told_nothing_of():
    found = label_information(*[normals()[0], torch.ones(500), normals()[1]])
    assert found.value == pytest.approx(np.zeros(4))
    assert found.entropy == 0


def test_the_error_of_a_labels_information_is_its_spread_over_fresh_rows():
    def drawn(seed):
        g = torch.Generator().manual_seed(seed)
        y = torch.randint(3, (400,), generator=g)
        loc = torch.stack([y + torch.randn(400, generator=g), 3.0 * (y == 1) + torch.randn(400, generator=g)], 1)
        return label_information(loc, y, torch.full((400, 2), 0.3))

    found = [drawn(seed) for seed in range(100)]
    spread = np.std([each.value for each in found], axis=0)
    np.testing.assert_allclose(np.mean([each.standard_error for each in found], axis=0), spread, rtol=0.25)


def test_no_classifier_of_a_noisy_label_beats_fanos_bound():
    """A label seen through a channel that changes it to any other with equal chance: its best guess is known."""
    classes = 10
    for kept in (0.1, 0.5, 0.9):
        channel = np.full((classes, classes), (1 - kept) / (classes - 1))
        np.fill_diagonal(channel, kept)
        information = (channel / classes * np.log(channel * classes)).sum()
        assert fano_bound(information, np.arange(classes)) <= 1 - kept
    assert fano_bound(100.0, np.arange(classes)) == 0


def test_codes_of_which_some_dimensions_are_kept_are_zero_elsewhere():
    z = torch.arange(12.0).view(2, 2, 3)
    assert torch.equal(keep_only(z, np.array([0, 2])), z * torch.tensor([1.0, 0.0, 1.0]))
    assert torch.equal(keep_only(z, []), torch.zeros_like(z))
    assert torch.equal(keep_only(z, active_units(z.flatten(0, 1)).active), z)
    assert torch.equal(keep_only(z, np.array([True, False, True])), keep_only(z, [0, 2]))
    for wrong in ([3], [-1], [0.9], [True, False]):
        with pytest.raises(ValueError, match="indices from 0 to 2"):
            keep_only(z, wrong)
