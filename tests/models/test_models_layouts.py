"""Centres laid out by name have the geometry that the name promises."""

import math

import pytest
import torch

from pellucid.models.layouts import circle, grid, laid_out, one_hot, simplex

COUNTS = pytest.mark.parametrize("classes", [2, 3, 7, 10, 26])


def distances(centres):
    """``[K, K]``, by coordinates and not by a matrix product."""
    return (centres[:, None] - centres).square().sum(-1).sqrt()


def test_ten_digits_of_variance_4_lie_where_the_source_has_them():
    radius = 2 * math.sqrt(4) / math.sin(math.pi / 10)
    by_hand = [[radius * math.cos((2 * k + 1) * math.pi / 10), radius * math.sin((2 * k + 1) * math.pi / 10)]
               for k in range(10)]  # fmt: skip
    assert round(radius, 3) == 12.944
    torch.testing.assert_close(circle(10, apart=4 * 2.0), torch.tensor(by_hand))
    torch.testing.assert_close(laid_out("circle", 10, 2, scale=2.0), torch.tensor(by_hand))


@COUNTS
def test_neighbours_on_a_circle_are_equally_far_apart_and_nobody_is_nearer(classes):
    centres = circle(classes, 4, apart=3.0)
    torch.testing.assert_close(distances(centres).roll(1, 0).diagonal(), torch.full((classes,), 3.0))
    assert torch.pdist(centres).min() > 3 - 1e-5
    torch.testing.assert_close(centres.norm(dim=1), centres[0].norm().expand(classes))
    assert torch.equal(centres[:, 2:], torch.zeros(classes, 2))


def test_a_circle_may_be_given_by_its_radius():
    torch.testing.assert_close(circle(7, radius=5.0).norm(dim=1), torch.full((7,), 5.0))


@COUNTS
def test_every_two_corners_of_a_simplex_are_equally_far_apart_around_0(classes):
    centres = simplex(classes, classes + 2, apart=2.5)
    torch.testing.assert_close(torch.pdist(centres), torch.full((classes * (classes - 1) // 2,), 2.5))
    torch.testing.assert_close(centres.mean(0), torch.zeros(classes + 2))
    assert torch.equal(centres[:, classes - 1 :], torch.zeros(classes, 3))
    assert torch.equal(simplex(classes, classes - 1, apart=2.5), centres[:, : classes - 1])


@COUNTS
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_every_cell_of_a_grid_has_a_neighbour_at_the_distance_and_none_nearer(classes, dim):
    centres = grid(classes, dim, apart=1.5)
    nearest = (distances(centres) + 99 * torch.eye(classes)).amin(1)
    torch.testing.assert_close(nearest, torch.full((classes,), 1.5))
    torch.testing.assert_close(centres.amax(0), -centres.amin(0))  # centred
    side = classes - 1 if dim == 1 else math.ceil(math.sqrt(classes)) - 1
    torch.testing.assert_close(centres[:, 0].max() - centres[:, 0].min(), torch.tensor(1.5 * side))


def test_one_hot_centres_are_the_unit_vectors_whatever_the_scale():
    assert torch.equal(laid_out("one-hot", 10, 256, scale=0.1**0.5), torch.eye(10, 256))
    torch.testing.assert_close(torch.pdist(one_hot(4, 6, length=3.0)), torch.full((6,), 3 * 2**0.5))


@pytest.mark.parametrize("name", ["circle", "simplex", "grid"])
def test_a_layout_by_name_has_its_neighbours_four_standard_deviations_apart(name):
    torch.testing.assert_close(torch.pdist(laid_out(name, 5, 4, scale=0.7)).min(), torch.tensor(2.8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: laid_out("spiral", 10, 2), r"centres: expected one of circle, .*or numbers \[10, 2\]; given 'spiral'"),
        (
            lambda: laid_out("simplex", 10, 8),
            r"dim: 10 classes in the layout 'simplex' need 9 dimensions or more; given 8",
        ),
        (lambda: laid_out("one-hot", 10, 9), "dim: 10 classes in the layout 'one-hot' need 10 dimensions"),
        (lambda: laid_out("circle", 3, 1), "dim: 3 classes in the layout 'circle' need 2 dimensions"),
        (lambda: grid(3, 0), "dim: 3 classes in the layout 'grid' need 1 dimensions"),
        (lambda: circle(1), "classes: a mixture has 2 or more; given 1"),
        (lambda: circle(3, apart=0.0), "apart: expected a positive distance; given 0.0"),
        (lambda: circle(3, radius=-1.0), "radius: expected a positive distance; given -1.0"),
        (lambda: simplex(3, 2, apart=math.nan), "apart: expected a positive distance; given nan"),
        (lambda: grid(3, apart=math.inf), "apart: expected a positive distance; given inf"),
        (lambda: one_hot(3, 3, length=-2.0), "length: expected a positive distance; given -2.0"),
    ],
)
def test_what_cannot_be_laid_out_is_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()
