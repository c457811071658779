"""What mutual information must obey whatever the posteriors are: invariances, bounds, and order."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Categorical, MixtureSameFamily, Normal

from pellucid.diagnostics import label_information, mutual_information
from pellucid.distributions import SpikeAndSlab

FAMILIES = ("normal", "spike-and-slab", "mixture")


@st.composite
def posteriors(draw):
    """The parameters of 1 to 12 rows of 1 to 3 dimensions: family, gates or weights, locations, scales."""
    family = draw(st.sampled_from(FAMILIES))
    rows, dimensions = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    g = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (rows, dimensions, 3) if family == "mixture" else (rows, dimensions)
    loc = draw(st.sampled_from([0.0, 0.3, 5.0, 1e3])) * g.standard_normal(shape)
    scale = np.exp(draw(st.sampled_from([0.0, 0.5, 4.0])) * g.standard_normal(shape))
    weight = g.random(shape) ** draw(st.sampled_from([0.1, 1.0, 20.0]))
    return family, *(torch.from_numpy(each) for each in (weight, loc, scale))


def made(family, weight, loc, scale):
    if family == "normal":
        return Normal(loc, scale)
    if family == "spike-and-slab":
        return SpikeAndSlab(weight, loc, scale)
    return MixtureSameFamily(Categorical(weight + 1e-6), Normal(loc, scale))


def value(*parameters):
    return mutual_information(made(*parameters)).value


@settings(deadline=None, max_examples=30)
@given(posteriors(), st.floats(-50, 50), st.floats(0.01, 100), st.booleans())
def test_information_does_not_change_when_a_dimension_is_shifted_scaled_or_mirrored(q, shift, factor, mirrored):
    family, weight, loc, scale = q
    shift = 0.0 if family == "spike-and-slab" else shift  # its atom stays at 0
    moved = (-1 if mirrored else 1) * factor * loc + shift
    np.testing.assert_allclose(value(family, weight, moved, factor * scale), value(*q), rtol=0, atol=1e-9)


@settings(deadline=None, max_examples=30)
@given(posteriors(), st.randoms(use_true_random=False))
def test_information_does_not_depend_on_the_order_of_rows_and_follows_that_of_dimensions(q, random):
    family, *parameters = q
    rows, dimensions = (random.sample(range(n), n) for n in parameters[0].shape[:2])
    found = value(family, *(each[rows][:, dimensions] for each in parameters))
    np.testing.assert_allclose(found, value(*q)[dimensions], rtol=0, atol=1e-10)


@settings(deadline=None, max_examples=30)
@given(posteriors(), st.integers(2, 4))
def test_rows_given_several_times_tell_as_much_as_once_and_their_number_tells_nothing(q, times):
    family, *parameters = q
    repeated = [each.repeat(times, *[1] * (each.ndim - 1)) for each in parameters]
    np.testing.assert_allclose(value(family, *repeated), value(*q), rtol=0, atol=1e-10)
    copies = torch.arange(times).repeat_interleave(len(parameters[0]))
    assert label_information(made(family, *repeated), copies).value == pytest.approx(0, abs=1e-10)


@settings(deadline=None, max_examples=30)
@given(posteriors())
def test_information_lies_between_zero_and_the_logarithm_of_the_rows(q):
    found = mutual_information(made(*q))
    assert (found.value >= 0).all()
    assert (found.value <= math.log(found.rows)).all()
    assert np.isfinite(found.standard_error).all()


@settings(deadline=None, max_examples=30)
@given(posteriors(), st.integers(0, 2**32))
def test_a_label_is_told_of_no_more_than_the_row_and_no_more_than_it_holds(q, seed):
    posterior = made(*q)
    whole = mutual_information(posterior).value
    y = torch.randint(3, (len(q[1]),), generator=torch.Generator().manual_seed(seed))
    of_label = label_information(posterior, y)
    assert (of_label.value <= whole + 1e-10).all()
    assert (of_label.value <= of_label.entropy + 1e-12).all()
    every_row = label_information(posterior, torch.arange(len(y)))
    np.testing.assert_allclose(every_row.value, whole, rtol=0, atol=1e-10)


@settings(deadline=None, max_examples=30)
@given(posteriors())
def test_whether_a_dimension_is_on_tells_no_more_of_a_label_than_the_dimension(q):
    _, weight, loc, scale = q
    if loc.ndim == 2:
        found = label_information(SpikeAndSlab(weight, loc, scale), torch.arange(len(loc)).remainder(2))
        assert found.spike is not None
        assert (found.spike <= found.value + 1e-10).all()


@settings(deadline=None, max_examples=30)
@given(posteriors())
def test_exact_matched_and_gaussian_informations_and_the_kl_come_in_this_order(q):
    _, _, loc, scale = q
    if loc.ndim == 2:
        exact, matched, gaussian = (
            mutual_information(loc, scale, method=method).value for method in ("exact", "matched", "gaussian")
        )
        kl = (0.5 * (loc**2 + scale**2 - 1) - scale.log()).mean(0).numpy()
        assert (exact <= matched + 1e-9).all()
        assert (matched <= gaussian + 1e-9).all()
        assert (gaussian <= kl + 1e-9 * (1 + kl)).all()
