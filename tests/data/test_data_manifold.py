# A split may be in memory or not: these tests know which.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalSubscript=false

from importlib import import_module

import pytest
import torch

from pellucid.data import manifold
from pellucid.inference.training.build import build

surface = import_module("pellucid.data.manifold").surface


@pytest.fixture(scope="module")
def data():
    return manifold(dim=5, signs=2, rows=6000, validation=50, test=70)


def factors(number: int, dim: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(number, dim, dtype=torch.double, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dim", [1, 2, 4, 8, 16])
def test_no_change_of_one_factor_can_be_undone_by_the_others(dim):
    """The Jacobian of the pixels has full rank with room to spare."""
    step = 1e-4 * torch.eye(dim, dtype=torch.double)
    for at in factors(20, dim):
        rows = (surface(at + step) - surface(at - step)).flatten(1) / 2e-4
        assert torch.linalg.svdvals(rows).min() > 0.05


@pytest.mark.parametrize("dim", [1, 2, 4, 8])
def test_a_small_patch_of_the_surface_has_as_many_directions_as_there_are_factors_and_no_more(dim):
    for at in factors(5, dim):
        patch = surface(at + 1e-3 * factors(300, dim, seed=1)).flatten(1)
        spread = torch.linalg.svdvals(patch - patch.mean(0))
        assert spread[dim - 1] > 30 * spread[dim]


def test_the_surface_is_curved():
    """Over the whole range of two factors more than two directions are needed."""
    x = surface(factors(2000, 2)).flatten(1)
    share = torch.linalg.svdvals(x - x.mean(0)).square()
    assert share[2:].sum() > 0.01 * share.sum()


def test_different_factors_make_different_images():
    a, b = factors(3000, 4), factors(3000, 4, seed=1)
    apart = (surface(a) - surface(b)).flatten(1).norm(dim=1) / (a - b).norm(dim=1)
    assert apart.min() > 0.2


def test_opposite_factors_make_negative_images():
    at = factors(10, 6)
    torch.testing.assert_close(surface(-at), 1 - surface(at))


def test_neighbouring_pixels_are_alike():
    x = surface(factors(500, 4))
    change = (x[..., 1:] - x[..., :-1]).square().mean()
    assert change < 0.5 * x.var()


def test_images_are_the_surface_at_the_recorded_factors_and_noise(data):
    rest = data.train.x - surface(data.factors["train"].values)
    assert rest.std() == pytest.approx(0.05, rel=0.01)
    assert abs(rest.mean()) < 4 * 0.05 / rest.numel() ** 0.5
    still = manifold(dim=3, rows=20, noise=0.0)
    assert still.train.x.equal(surface(still.factors["train"].values))


def test_factors_are_standard_and_independent_and_the_first_have_two_values(data):
    values = data.factors["train"].values
    N = len(values)
    assert values[:, :2].abs().unique().tolist() == [1.0]
    assert (values.mean(0).abs() < 4 / N**0.5).all()
    levels = torch.special.ndtr(values[:, 2:].double()).sort(0).values
    assert (levels - torch.linspace(0, 1, N)[:, None]).abs().max() < 1.95 / N**0.5  # Kolmogorov-Smirnov
    assert (torch.corrcoef(values.T) - torch.eye(5)).abs().max() < 4.5 / N**0.5
    assert data.factors["train"].active.all()


def test_splits_have_their_sizes_and_share_no_row_and_no_labels(data):
    assert [rows.rows for rows in data.splits.values()] == [6000, 50, 70]
    assert data.train.y is None
    assert data.classes == ()
    every = torch.cat([factors.values for factors in data.factors.values()])
    assert len(every.unique(dim=0)) == 6120


def test_images_follow_the_seed_and_can_be_made_again_from_their_record():
    one, other = (manifold(dim=3, rows=20, validation=5, test=5, seed=seed) for seed in (1, 2))
    again = build(one.recipe)
    assert again.train.x.equal(one.train.x)
    assert again.factors["test"].values.equal(one.factors["test"].values)
    assert not one.train.x.equal(other.train.x)
    assert not one.validation.x.equal(one.test.x)
    assert not surface(factors(2, 3), 1).equal(surface(factors(2, 3), 2))


def test_more_rows_begin_with_the_same_map():
    """The map is that of the seed and the number of factors, whatever else is drawn."""
    few, many = manifold(dim=3, rows=10, noise=0), manifold(dim=3, rows=40, noise=0)
    assert surface(many.factors["train"].values).equal(many.train.x)
    assert surface(few.factors["train"].values).equal(few.train.x)


def test_global_generator_is_neither_read_nor_moved():
    state = torch.get_rng_state()
    manifold(rows=20, validation=5, test=5)
    assert torch.get_rng_state().equal(state)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": 0}, "rows: expected 1 image or more"),
        ({"test": -1}, "test: expected 1 image or more"),
        ({"dim": 0}, "dim, signs, noise: expected 1 to 64 factors"),
        ({"dim": 65}, "dim, signs, noise"),
        ({"dim": 2, "signs": 3}, "dim, signs, noise"),
        ({"noise": -0.1}, "dim, signs, noise"),
        ({"noise": float("nan")}, "dim, signs, noise"),
    ],
)
def test_arguments_out_of_range_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        manifold(**{"rows": 5, "validation": 5, "test": 5, **arguments})
