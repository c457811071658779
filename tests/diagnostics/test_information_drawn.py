"""Information from draws alone, against the exact one and closed forms."""

import math

import numpy as np
import pytest
import torch

from pellucid.diagnostics import drawn_information, mutual_information


def draws(loc, scale, count=200):
    generator = torch.Generator().manual_seed(0)
    return loc + scale * torch.randn(count, *loc.shape, generator=generator)


def test_draws_of_normals_tell_a_little_less_than_their_densities():
    generator = torch.Generator().manual_seed(1)
    loc = torch.randn(500, 5, generator=generator)
    scale = torch.tensor([0.3, 0.6, 1.0, 3.0, 30.0]).expand(500, 5)
    exact, found = mutual_information(loc, scale), drawn_information(draws(loc, scale))
    assert (found.value < exact.value + 0.02).all()
    assert np.abs(found.value - exact.value).max() < 0.07
    assert np.abs(found.standard_error - exact.standard_error).max() < 0.02


def test_a_code_that_ignores_the_row_tells_nothing():
    noise = draws(torch.zeros(300, 3), torch.ones(3))
    assert (drawn_information(noise).value < 0.01).all()


def test_a_class_drawn_for_a_row_tells_its_mutual_information():
    generator = torch.Generator().manual_seed(2)
    p = torch.distributions.Dirichlet(torch.full((3,), 0.3)).sample((400,))
    classes = torch.multinomial(p, 400, replacement=True, generator=generator).T  # [S, N]
    entries = torch.nn.functional.one_hot(classes, 3).float()
    mean = p.mean(0)
    for k in range(3):
        q = torch.stack([p[:, k], 1 - p[:, k]], -1)
        whole = torch.stack([mean[k], 1 - mean[k]])
        expected = torch.special.entr(whole).sum() - torch.special.entr(q).sum(-1).mean()
        assert drawn_information(entries).value[k] == pytest.approx(float(expected), abs=0.02)


def test_exact_zeros_have_a_bin_of_their_own():
    gate = (torch.arange(400) % 2 == 0).float()
    code = gate[:, None] * (1 + draws(torch.zeros(400, 1), torch.ones(1)))  # half of the rows are always zero
    assert drawn_information(code).value[0] == pytest.approx(math.log(2), abs=0.03)


def test_a_single_row_tells_nothing_apart_and_has_no_error():
    found = drawn_information(draws(torch.zeros(1, 2), torch.ones(2)))
    assert found.value.tolist() == [0.0, 0.0]
    assert np.isnan(found.standard_error).all()


@pytest.mark.parametrize("wrong", [torch.zeros(5, 4), torch.zeros(1, 4, 2), torch.full((3, 4, 2), torch.nan)])
def test_what_is_no_set_of_draws_is_refused(wrong):
    with pytest.raises(ValueError, match="expected finite draws"):
        drawn_information(wrong)
