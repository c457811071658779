"""Information of true factors: against enumeration, closed forms, scikit-learn and draws; without bias by chance."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import entr, exp1
from scipy.stats import multinomial
from sklearn.metrics import mutual_info_score
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from pellucid.diagnostics.disentanglement import factor_information, mig, modularity
from pellucid.distributions import SpikeAndSlab

columns = st.integers(2, 40).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 3), min_size=n, max_size=n).map(np.array)] * 2)
)


def information(z, v, **settings):
    return factor_information(z[:, None], v[:, None], **settings)[0, 0]


def plug_in(table):
    p = table / table.sum()
    return entr(p.sum(0)).sum() + entr(p.sum(1)).sum() - entr(p).sum()


@pytest.fixture
def random():
    return np.random.default_rng(0)


class TestPoints:
    def test_its_mean_over_every_sample_of_20_rows_is_the_information_of_the_joint_table_and_the_bias_it_states(self):
        rows = 20
        tables = [(*some, rows - sum(some)) for some in product(range(rows + 1), repeat=3) if sum(some) <= rows]
        cells = [np.repeat(np.arange(4), table) for table in tables]
        value = np.array([information(cell // 2, cell % 2) for cell in cells])
        rough = np.array([plug_in(np.reshape(table, (2, 2))) for table in tables])
        for joint in ([0.25, 0.25, 0.25, 0.25], [0.2, 0.3, 0.3, 0.2], [0.4, 0.1, 0.1, 0.4], [0.3, 0.1, 0.45, 0.15]):
            p = np.array(joint)
            chance, truth = multinomial(rows, p).pmf(tables), plug_in(p.reshape(2, 2))
            assert chance.sum() == pytest.approx(1)
            assert chance @ value == pytest.approx(truth + p @ exp1(rows * p), abs=2e-3)
            assert chance @ rough > truth + 0.02  # (cells) / 2N, which the correction takes away

    def test_of_many_rows_it_is_the_closed_form_of_the_joint_table(self, random):
        table = random.integers(500, 3000, (4, 6))
        cell = np.repeat(np.arange(24), table.ravel())
        assert information(cell // 6, cell % 6) == pytest.approx(plug_in(table), abs=24 / table.sum())

    @pytest.mark.parametrize("rows", [500, 2000, 5000])
    @pytest.mark.parametrize("levels", [2, 7, None])
    def test_independent_columns_tell_nothing_in_the_mean_where_the_plug_in_value_is_above(self, rows, levels, random):
        draws = 60
        v = random.random((draws, rows)) if levels is None else random.integers(0, levels, (draws, rows))
        value = [information(random.normal(size=rows), each) for each in v]
        assert abs(np.mean(value)) < 4 * np.std(value) / np.sqrt(draws)
        bins = min(20, int(np.sqrt(rows / 5)))
        bias = (bins - 1) * ((levels or bins) - 1) / 2 / rows
        assert bias > 4 * np.std(value) / np.sqrt(draws)

    @pytest.mark.parametrize("correlation", [0.3, -0.6, 0.9])
    def test_of_a_gaussian_pair_it_rises_with_the_levels_from_quadrants_to_the_closed_form(self, correlation, random):
        rows = 200_000
        x, noise = random.normal(size=(2, rows))
        y = correlation * x + np.sqrt(1 - correlation**2) * noise
        value = [information(x, y, bins=bins) for bins in (2, 5, 20, 100)]
        same = 0.5 + np.arcsin(correlation) / np.pi  # probability of equal signs
        error = 4 * abs(correlation) / np.sqrt(rows) + 1e-4  # the standard deviation of the log density ratio is |rho|
        assert value[0] == pytest.approx(np.log(2) - entr([same, 1 - same]).sum(), abs=error)
        assert value == sorted(value)
        assert value[-1] == pytest.approx(-0.5 * np.log(1 - correlation**2), abs=error + 0.01)

    @given(columns)
    @settings(max_examples=40, deadline=None)
    def test_it_is_symmetric_and_differs_from_sklearns_plug_in_by_no_more_than_cells_over_n(self, pair):
        z, v = pair
        value, rows = information(z, v, bins=40), len(z)
        if len(np.unique(z)) * 5 <= rows:  # else z is cut
            assert value == pytest.approx(information(v, z, bins=40), abs=1e-12) or len(np.unique(v)) * 5 > rows
            assert abs(value - mutual_info_score(z, v)) <= len(set(zip(z, v, strict=True))) / rows + 1e-12

    @given(st.integers(0, 2**32 - 1), st.sampled_from([np.exp, np.cbrt, lambda x: 1e6 + 3 * x]))
    @settings(max_examples=20, deadline=None)
    def test_it_is_the_same_for_any_order_of_rows_and_any_strictly_increasing_change_of_either_side(self, seed, change):
        draw = np.random.default_rng(seed)
        v = np.round(draw.normal(size=(300, 2)), 2)
        z = v @ draw.normal(size=(2, 3)) + np.round(draw.normal(size=(300, 3)), 1)
        value = factor_information(z, v + 0.001)
        order = draw.permutation(300)
        np.testing.assert_allclose(factor_information(change(z)[order], change(v + 0.001)[order]), value, atol=1e-12)

    def test_turning_a_dimension_round_moves_rows_on_a_cut_at_most(self, random):
        v = random.random((1000, 1))
        z = v + 0.2 * random.normal(size=(1000, 1))
        assert factor_information(-z, v) == pytest.approx(factor_information(z, v), abs=0.01)

    def test_a_gate_that_is_shut_at_zero_on_most_rows_is_a_level_of_its_own(self, random):
        v = random.random(5000) < 0.1
        z = np.where(v, random.normal(size=5000), 0.0)
        assert information(z, v) == pytest.approx(entr([v.mean(), 1 - v.mean()]).sum(), abs=1e-3)
        size = np.where(v, np.abs(z), 0.0)
        assert information(z, np.where(size > 0.7, 2, v)) > information(z, v) + 0.05  # and the open rows are told apart

    def test_integers_keep_their_levels_however_many_and_floats_are_cut(self, random):
        v = random.integers(0, 40, 20_000)[:, None]
        assert mig(v, v, bins=4).entropy[0] == pytest.approx(np.log(40), abs=0.01)
        assert mig(v, v + 0.5, bins=4).entropy[0] == pytest.approx(np.log(4), abs=0.01)

    def test_a_factor_is_measured_on_its_active_rows_and_may_be_anything_elsewhere(self, random):
        active = random.random((900, 3)) < [0.5, 0.2, 1.0]
        active[:, 1] = active[:, 0]  # a group of two
        values, z = random.random((900, 3)), random.normal(size=(900, 4))
        z[:, 0] = np.where(active[:, 0], values[:, 0], z[:, 0])
        value = factor_information(torch.tensor(z), np.where(active, values, np.nan), active=torch.tensor(active))
        for f in range(3):
            rows = active[:, f]
            np.testing.assert_array_equal(value[:, f], factor_information(z[rows], values[rows, f, None])[:, 0])

    def test_constants_tell_nothing_and_a_factor_of_one_active_row_has_no_value(self, random):
        v = np.column_stack([random.integers(0, 3, 50), np.ones(50), random.random(50)])
        active = np.ones((50, 3), dtype=bool)
        active[1:, 2] = False
        value = factor_information(np.column_stack([np.full(50, 7.0), v[:, 0]]), v, active=active)
        assert value[0, 0] == pytest.approx(0, abs=1e-12)
        assert value[:, 1] == pytest.approx([0, 0], abs=1e-12)
        assert np.isnan(value).tolist() == [[False, False, True]] * 2


def posteriors(rows=300):
    """Three families of [rows, 2], the first dimension saying something of a label of three classes, and the label."""
    g = torch.Generator().manual_seed(0)
    y = torch.arange(rows) % 3
    loc = torch.randn(rows, 2, generator=g)
    loc[:, 0] += 1.5 * y
    scale = 0.3 + torch.rand(rows, 2, generator=g)
    gate = torch.stack([0.2 + 0.3 * y, torch.full((rows,), 0.5)], 1)
    parts = Independent(Normal(torch.stack([loc, -loc], 1), torch.stack([scale, scale], 1)), 1)
    return y, {
        "normal": Independent(Normal(loc, scale), 1),
        "normal over a batch of dimensions": Normal(loc, scale),
        "spike-and-slab": SpikeAndSlab(gate, loc, scale).to_event(1),
        "mixture": MixtureSameFamily(Categorical(probs=torch.tensor([0.8, 0.2]).expand(rows, 2)), parts),
    }


class TestPosteriors:
    @pytest.mark.parametrize("family", posteriors()[1])
    def test_the_exact_value_is_that_of_many_points_drawn_from_the_posterior_and_counted(self, family):
        torch.manual_seed(0)
        y, families = posteriors()
        q, draws = families[family], 1000
        exact = factor_information(q, y[:, None])
        points = q.sample((draws,)).flatten(0, 1)
        counted = factor_information(points, y.repeat(draws)[:, None], bins=200)
        np.testing.assert_allclose(counted, exact, atol=0.006)
        assert exact[0, 0] > 0.2

    @pytest.mark.parametrize("family", ["normal", "spike-and-slab"])
    def test_a_factor_active_on_some_rows_has_the_value_of_the_posterior_of_those_rows(self, family):
        y, families = posteriors()
        q = families[family]
        active = torch.rand(300, 1, generator=torch.Generator().manual_seed(1)) < 0.4
        rows = active[:, 0]
        given_rows = {name: getattr(q.base_dist, name)[rows] for name in q.base_dist.arg_constraints}
        of_rows = type(q.base_dist)(**given_rows)
        values = torch.where(active, y[:, None].double(), torch.nan)
        np.testing.assert_allclose(
            factor_information(q, values, active=active), factor_information(of_rows, y[rows, None]), atol=1e-6
        )

    def test_a_posterior_that_ignores_the_row_tells_nothing_and_a_narrow_one_tells_the_label(self):
        y = torch.arange(300) % 3
        loc = torch.stack([torch.zeros(300), y.float()], 1)
        value = factor_information(Normal(loc, torch.tensor([1.0, 1e-3])), torch.stack([y, torch.ones(300)], 1))
        np.testing.assert_allclose(value, [[0, 0], [np.log(3), 0]], atol=1e-9)

    def test_the_gap_and_the_modularity_of_a_posterior_are_those_of_its_exact_information(self):
        y, families = posteriors()
        factors = torch.stack([y, torch.arange(300) // 150], 1)
        q = families["normal"]
        gap, told = mig(q, factors), modularity(q, factors).information
        entropy = np.log([3, 2])
        np.testing.assert_array_equal(gap.information, told)
        np.testing.assert_allclose(gap.entropy, entropy, atol=1e-12)
        np.testing.assert_allclose(gap.gap, np.abs(told[0] - told[1]) / entropy, atol=1e-12)

    def test_a_posterior_of_another_shape_or_family_is_refused(self):
        with pytest.raises(ValueError, match=r"z: expected a posterior of batch .* got batch \[4\], event \[\]"):
            factor_information(Normal(torch.zeros(4), 1.0), np.zeros((4, 1)))
        with pytest.raises(ValueError, match=r"factors: .* shape \[4, factors\].* got shape \[5, 1\]"):
            factor_information(Normal(torch.zeros(4, 2), 1.0), np.zeros((5, 1)))
