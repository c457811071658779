"""Bad posteriors are refused by name; extreme ones have their true value."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Gamma, Laplace, MixtureSameFamily, MultivariateNormal, Normal

from pellucid.diagnostics import (
    InformationSum,
    active_units,
    fano_bound,
    influential,
    information_bounds,
    label_information,
    mutual_information,
    sparsity_identity,
)
from pellucid.distributions import SpikeAndSlab


@pytest.mark.parametrize(
    ("loc", "scale", "said"),
    [
        (
            0.0,
            0.0,
            "every scale to be positive, from 1e-40 to 1e.40; 1 of 4 are not, the first is 0 in row 1, dim",
        ),
        (0.0, -1.0, "the first is -1 in row 1"),
        (0.0, math.inf, "the first is inf in row 1"),
        (0.0, math.nan, "the first is nan in row 1"),
        (math.nan, 1.0, "every location to be finite; 1 of 4 are not"),
        (math.inf, 1.0, "every location to be finite"),
        (1.0, 1e-30, "locations that a float64 tells apart"),
        (0.0, 1e-45, "scale.clamp"),
    ],
)
def test_parameters_out_of_range_are_named_with_their_row_and_dimension(loc, scale, said):
    locs, scales = np.zeros((2, 2)), np.ones((2, 2))
    locs[1, 0], scales[1, 0] = loc, scale
    for method in ("exact", "gaussian", "dense"):
        with pytest.raises(ValueError, match=said):
            mutual_information(locs, scales, method=method)


def test_gates_out_of_range_are_refused_even_where_torch_did_not_check():
    gate = torch.tensor([[1.5], [0.5]])
    with pytest.raises(ValueError, match="every weight to be a probability"):
        mutual_information(SpikeAndSlab(gate, gate, gate, validate_args=False))


@pytest.mark.parametrize(
    ("posterior", "said"),
    [
        (Normal(torch.zeros(3), 1.0), "given Normal of batch \\[3\\] and event \\[\\]"),
        (Normal(torch.zeros(2, 3, 4), 1.0), "batch \\[2, 3, 4\\]"),
        (Normal(torch.zeros(0, 3), 1.0), "batch \\[0, 3\\]"),
        (Gamma(torch.ones(3, 2), 1.0), "given Gamma.\nTry one of:\n- information_bounds"),
        (MultivariateNormal(torch.zeros(3, 2), torch.eye(2)), "given MultivariateNormal"),
        (
            MixtureSameFamily(Categorical(torch.ones(3, 2, 2)), Laplace(torch.zeros(3, 2, 2), torch.ones(3, 2, 2))),
            "MixtureSameFamily of Laplace",
        ),
        ([], "the iterable given is empty"),
        (3, "given int"),
        ("z", "expected"),
    ],
)
def test_what_is_no_posterior_of_known_form_is_refused(posterior, said):
    with pytest.raises(ValueError, match=said):
        mutual_information(posterior)


def test_locations_without_scales_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match="scale: expected an array beside the locations"):
        mutual_information(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="the shape of loc"):
        mutual_information(np.zeros((3, 2)), np.ones((2, 3)))
    with pytest.raises(ValueError, match="the shape of loc"):
        mutual_information(np.zeros(3), np.ones(3))


def test_posteriors_without_rows_or_without_dimensions_are_refused_by_every_method():
    for shape in ((0, 3), (3, 0)):
        for method in ("exact", "gaussian", "dense"):
            with pytest.raises(ValueError, match="none of them empty"):
                mutual_information(np.zeros(shape), np.ones(shape), method=method)


def test_a_gate_that_rounding_put_above_one_is_one():
    gate = torch.tensor([[1.0 + 1.2e-7], [0.5]])
    found = mutual_information(SpikeAndSlab(gate, 0.0, 1.0, validate_args=False)).value
    expected = mutual_information(SpikeAndSlab(gate.clamp(max=1), 0.0, 1.0)).value
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_scale_for_each_dimension_serves_all_rows():
    loc = torch.randn(50, 2)
    scale = torch.tensor([0.5, 2.0])
    expected = mutual_information(loc, scale.expand(50, 2)).value
    np.testing.assert_array_equal(mutual_information(loc, scale).value, expected)


def test_batches_of_different_dimensions_or_families_are_refused():
    sums = InformationSum()
    sums.add(torch.zeros(3, 2), torch.ones(3, 2))
    with pytest.raises(ValueError, match="2 dimensions of a Normal and then 3 dimensions of a Normal"):
        sums.add(torch.zeros(3, 3), torch.ones(3, 3))
    with pytest.raises(ValueError, match="a Normal and an atom at 0"):
        sums.add(SpikeAndSlab(torch.ones(3, 2), 0.0, 1.0))
    assert sums.information().rows == 3  # what was added before is still there


def test_a_sum_of_no_rows_has_no_information():
    with pytest.raises(ValueError, match="expected rows"):
        InformationSum().information()


def test_unknown_methods_and_families_of_the_approximations_are_refused():
    with pytest.raises(ValueError, match="method: expected 'exact'"):
        mutual_information(torch.zeros(2, 2), torch.ones(2, 2), method="kraskov")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="for one Normal a dimension; the posterior has a Normal and an atom"):
        mutual_information(SpikeAndSlab(torch.ones(2, 2), 0.0, 1.0), method="gaussian")


def test_the_dense_grid_says_when_scales_differ_too_much():
    with pytest.raises(ValueError, match="scales that one grid can hold"):
        mutual_information(torch.zeros(2, 1), torch.tensor([[1.0], [1e-9]]), method="dense")


def test_labels_that_do_not_fit_are_refused():
    loc, scale = torch.zeros(3, 2), torch.ones(3, 2)
    with pytest.raises(ValueError, match="one label for each of the 3 rows"):
        label_information(loc, torch.zeros(4), scale)
    with pytest.raises(ValueError, match="whole numbers"):
        label_information(loc, torch.tensor([0.0, 0.5, math.nan]), scale)


def test_bounds_need_two_rows_and_distributions_that_can_be_taken_apart():
    with pytest.raises(ValueError, match="at least two rows"):
        information_bounds(torch.zeros(1, 2), torch.ones(1, 2))
    with pytest.raises(ValueError, match="at least two rows"):
        information_bounds(torch.zeros(5, 2), torch.ones(5, 2), batch=1)
    with pytest.raises(ValueError, match="expected one distribution"):
        information_bounds([Normal(torch.zeros(5, 2), 1.0)])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="independent of each other"):
        information_bounds(MultivariateNormal(torch.zeros(3, 2), torch.eye(2)))


def test_other_arguments_out_of_range_are_named():
    loc, scale = torch.zeros(3, 2), torch.ones(3, 2)
    for k in (3, -1, 1.5):
        with pytest.raises(ValueError, match="k: expected a number of dimensions from 0 to 2"):
            influential(loc, scale, k=k)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="finite posterior means"):
        active_units(torch.full((3, 2), math.nan))
    with pytest.raises(ValueError, match="two classes or more"):
        fano_bound(1.0, np.zeros(5))
    with pytest.raises(ValueError, match="at least 0 nats"):
        fano_bound(-1.0, np.arange(5))
    with pytest.raises(ValueError, match="prior: expected Normal or SpikeAndSlab"):
        sparsity_identity(loc, scale, prior=Laplace(0.0, 1.0))
    with pytest.raises(ValueError, match="of batch \\[\\] or \\[2\\]"):
        sparsity_identity(loc, scale, prior=Normal(torch.zeros(3), 1.0))


def test_collapsed_dimensions_tell_zero_to_the_last_digits():
    torch.manual_seed(0)
    loc, scale = 1e-6 * torch.randn(1000, 3), 1 + 1e-6 * torch.randn(1000, 3)
    assert mutual_information(loc, scale).value == pytest.approx(np.zeros(3), abs=1e-10)


def test_half_precision_posteriors_are_taken_as_they_are():
    torch.manual_seed(0)
    loc, scale = torch.randn(100, 2).bfloat16(), torch.rand(100, 2).bfloat16() + 0.5
    expected = mutual_information(loc.double(), scale.double()).value
    np.testing.assert_array_equal(mutual_information(Normal(loc, scale)).value, expected)
