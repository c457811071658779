"""Factors found: against brute-force assignment, beside chance, and on sparse codes of known causes."""

from itertools import permutations

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from pellucid.diagnostics.disentanglement import factor_information, match_factors, mig

ROWS = 1000
RANDOM = np.random.default_rng(0)
VALUES = RANDOM.random((ROWS, 4))
NOISE = RANDOM.normal(size=(ROWS, 4))
WIDE = np.hstack([NOISE, RANDOM.normal(size=(ROWS, 60))])
NAMES = ("width", "height", "shade", "tilt")


@pytest.fixture
def random():
    return np.random.default_rng(1)


def test_every_factor_that_has_a_dimension_is_found_there_in_any_order_direction_and_scale():
    result = match_factors(torch.tensor(-np.exp(5 * VALUES))[:, [3, 1, 0, 2]], VALUES, NAMES)
    assert result.dimension.tolist() == [2, 1, 3, 0]
    assert result.found.all()
    np.testing.assert_allclose(result.share, 1)
    np.testing.assert_array_equal(result.entropy, mig(VALUES, VALUES).entropy)


def test_the_assignment_is_the_best_of_all_one_to_one_assignments(random):
    code = VALUES @ random.normal(size=(4, 4)) + 0.3 * NOISE
    result = match_factors(code, VALUES, NAMES, permutations=1)
    share = factor_information(code, VALUES) / result.entropy
    best = max(permutations(range(4)), key=lambda order: share[list(order), range(4)].sum())
    assert result.dimension.tolist() == list(best)
    np.testing.assert_allclose(result.share, share[list(best), range(4)])


def test_a_dimension_of_two_factors_goes_to_the_one_that_it_tells_more_of():
    code = np.column_stack([VALUES[:, 0] + 0.3 * VALUES[:, 1], NOISE[:, 0]])
    result = match_factors(code, VALUES[:, :2], NAMES[:2])
    assert result.dimension.tolist() == [0, 1]
    assert result.found.tolist() == [True, False]


def test_with_fewer_dimensions_than_factors_those_told_least_go_without():
    result = match_factors(VALUES[:, [2, 0]], VALUES, NAMES)
    assert result.dimension.tolist() == [1, -1, 0, -1]
    assert result.found.tolist() == [True, False, True, False]
    assert np.isnan(result.share).tolist() == np.isnan(result.information).tolist() == [False, True, False, True]


def test_noise_finds_a_factor_no_more_often_than_one_in_permutations_plus_one(random):
    found = [
        match_factors(random.normal(size=(100, 5)), VALUES[:100], NAMES, least=0.0, permutations=9).found.mean()
        for _ in range(60)
    ]
    assert np.mean(found) <= 0.1 + 4 * np.std(found) / np.sqrt(60)
    assert np.mean(found) > 0.02  # and neither does chance look greater than it is


def test_chance_is_the_most_that_any_dimension_tells_of_rows_in_another_order():
    few, again, wide = (match_factors(code, VALUES, NAMES, permutations=5) for code in (NOISE, NOISE, WIDE))
    np.testing.assert_array_equal(few.chance, again.chance)  # one seed
    assert (wide.chance >= few.chance).all()
    assert wide.chance.mean() > few.chance.mean()


def test_a_factor_told_too_little_is_not_found_however_far_above_chance():
    code = VALUES + 0.5 * NOISE
    share = match_factors(code, VALUES, NAMES).share
    assert not match_factors(code, VALUES, NAMES, least=share.max() + 0.01).found.any()
    assert match_factors(code, VALUES, NAMES, least=share.min() - 0.01).found.all()


def test_of_a_sparse_code_each_factor_is_found_on_the_rows_where_it_is_active(random):
    present = random.random((ROWS, 2)) < 0.5
    active = present[:, [0, 0, 1, 1]]
    code = np.where(active, VALUES, 0.0)[:, ::-1]
    result = match_factors(code, np.where(active, VALUES, np.nan), NAMES, active=active)
    assert result.dimension.tolist() == [3, 2, 1, 0]
    assert result.found.all()
    assert result.rows.tolist() == active.sum(0).tolist()


def test_a_factor_of_one_value_is_neither_assigned_nor_found():
    values = np.column_stack([VALUES[:, 0], np.ones(ROWS)])
    result = match_factors(VALUES[:, :2], values, NAMES[:2])
    assert result.dimension.tolist() == [0, -1]
    assert result.found.tolist() == [True, False]
    assert np.isnan(result.chance).tolist() == np.isnan(result.share).tolist() == [False, True]


def test_a_posterior_is_matched_by_its_exact_information():
    side = torch.arange(200) % 2
    other = torch.arange(200) // 100
    loc = torch.stack([3.0 * other, torch.zeros(200), 3.0 * side], 1)
    factors = torch.stack([side, other], 1)
    q = Normal(loc, 1.0)
    result = match_factors(q, factors, ["side", "other"], permutations=1)
    assert result.dimension.tolist() == [2, 0]
    assert result.found.all()
    np.testing.assert_array_equal(result.information, factor_information(q, factors)[[2, 0], [0, 1]])


def test_the_table_has_a_line_for_each_factor_the_best_told_first_and_a_count():
    result = match_factors(VALUES[:, [2]], VALUES[:, :3], NAMES[:3])
    head, *lines, count = str(result).splitlines()
    assert head.split() == ["factor", "dimension", "nats", "of", "entropy", "by", "chance", "rows", "found"]
    assert [line.split()[0] for line in lines] == ["shade", "width", "height"]
    assert lines[0].split()[1:] == [
        "0",
        f"{result.information[2]:.2f}",
        "100.0%",
        f"{result.chance[2]:.2f}",
        "1000",
        "yes",
    ]
    assert lines[1].split()[1:4] == ["-", "-", "-"]
    assert count == "1 of 3 found"
    assert len({len(line) for line in (head, *lines)}) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: match_factors(VALUES, VALUES, NAMES[:3]), r"names: .* each of the 4 factors.* got 3 names"),
        (lambda: match_factors(VALUES, VALUES, NAMES, permutations=0), r"one permutation or more; got .* 0 perm"),
        (lambda: match_factors(VALUES, np.ones((ROWS, 4)), NAMES), r"factors: expected at least one of the 4"),
        (lambda: match_factors(VALUES * np.nan, VALUES, NAMES), r"z: expected finite"),
    ],
)
def test_bad_input_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try one of:\n- " in str(error.value)
