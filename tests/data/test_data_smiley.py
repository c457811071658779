# A split may be in memory or not, a label a tensor or a dict: these tests know which.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalSubscript=false

from importlib import import_module

import pytest
import torch

from pellucid.data import draw_faces, smiley

faces = import_module("pellucid.data.faces")
BOUNDS = torch.tensor([factor[1:] for factors in faces.FACTORS.values() for factor in factors], dtype=torch.double)
LOW, HIGH = BOUNDS.unbind(1)
COUNTS = [4, 6, 3, 5]
OWNER = torch.arange(4).repeat_interleave(torch.tensor(COUNTS))


def random_values(N: int, seed: int = 0) -> torch.Tensor:
    return LOW + (HIGH - LOW) * torch.rand(N, 18, dtype=torch.double, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def data():
    return smiley(rows=4000, validation=50, test=60)


def test_attributes_have_the_papers_numbers_of_factors(data):
    names = data.factors["train"].names
    assert data.classes == ("bow tie", "hat", "eyes", "mouth")
    assert [sum(name.startswith(attribute) for name in names) for attribute in data.classes] == COUNTS
    assert len(set(names)) == 18


def test_images_labels_and_factors_come_in_bytes_integers_and_floats(data):
    for split, rows in data.splits.items():
        factors = data.factors[split]
        assert rows.x.shape == (rows.rows, 1, 32, 32)
        assert rows.x.dtype == torch.uint8
        assert rows.y.shape == (rows.rows, 4)
        assert factors.values.shape == factors.active.shape == (rows.rows, 18)
    assert [rows.rows for rows in data.splits.values()] == [4000, 50, 60]


def test_a_factor_is_active_exactly_where_its_attribute_is_present(data):
    assert data.factors["train"].active.equal(data.train.y.bool()[:, OWNER])


def test_images_are_the_drawings_of_the_recorded_factors(data):
    drawn = draw_faces(data.test.y, data.factors["test"].values)
    assert data.test.x.equal((drawn * 255).round().to(torch.uint8))


def test_each_attribute_is_present_half_the_time_and_independently(data):
    y = data.train.y.double()
    error = 0.5 / 4000**0.5
    assert ((y.mean(0) - 0.5).abs() < 4 * error).all()
    joint = (y[:, :, None] * y[:, None]).mean(0)[~torch.eye(4, dtype=torch.bool)]
    assert ((joint - 0.25).abs() < 4 * (0.25 * 0.75 / 4000) ** 0.5).all()


def test_factors_are_uniform_on_their_range_and_uncorrelated(data):
    u = (data.factors["train"].values - LOW) / (HIGH - LOW)
    assert u.min() >= 0
    assert u.max() <= 1
    ranks = torch.linspace(0, 1, 4000, dtype=torch.double)[:, None]
    assert (u.sort(0).values - ranks).abs().max() < 1.95 / 4000**0.5  # Kolmogorov-Smirnov, one in a thousand
    every = torch.cat([u, data.train.y], 1)
    assert (torch.corrcoef(every.T) - torch.eye(22)).abs().max() < 4.5 / 4000**0.5


@pytest.mark.parametrize("factor", range(18), ids=faces.factor_names())
def test_an_active_factor_moves_pixels_wherever_the_others_stand(factor):
    low = random_values(200, seed=factor)
    high = low.clone()
    low[:, factor], high[:, factor] = LOW[factor], HIGH[factor]
    change = (draw_faces(torch.ones(200, 4), high) - draw_faces(torch.ones(200, 4), low)).abs().flatten(1)
    assert change.amax(1).min() > 0.2  # the whole range is plain to see in every face
    assert (change > 0.1).sum(1).min() >= 3
    step = low.clone()
    step[:, factor] += 0.1 * (HIGH - LOW)[factor]
    small = (draw_faces(torch.ones(200, 4), step) - draw_faces(torch.ones(200, 4), low)).abs().flatten(1)
    assert small.amax(1).min() > 1 / 255  # and a tenth of it still moves a byte


@pytest.mark.parametrize("factor", range(18), ids=faces.factor_names())
def test_an_inactive_factor_moves_none(factor):
    present = torch.ones(50, 4)
    present[:, OWNER[factor]] = 0
    low, high = random_values(50), random_values(50)
    low[:, factor], high[:, factor] = LOW[factor], HIGH[factor]
    assert draw_faces(present, low).equal(draw_faces(present, high))
    high[:, factor] = torch.nan
    assert draw_faces(present, low).equal(draw_faces(present, high))


def test_no_change_of_one_factor_can_be_undone_by_the_others():
    """The Jacobian of the pixels in the 18 factors, each over its range, has full rank with room to spare."""
    span, step = torch.diag(HIGH - LOW), 1e-3
    for value in random_values(20):
        up, down = (draw_faces(torch.ones(18, 4), value + sign * step * span).flatten(1) for sign in (1, -1))
        assert torch.linalg.svdvals((up - down) / (2 * step)).min() > 0.2


@pytest.mark.parametrize("attribute", range(4))
def test_an_attribute_that_is_present_shows(attribute):
    with_it, without = torch.zeros(200, 4), torch.zeros(200, 4)
    with_it[:, attribute] = 1
    values = random_values(200)
    change = (draw_faces(with_it, values) - draw_faces(without, values)).abs().flatten(1)
    assert (change > 0.1).sum(1).min() >= 6


def test_the_bare_head_is_a_disc_of_radius_ten():
    bare = draw_faces(torch.zeros(1, 4), random_values(1))[0, 0]
    assert bare.sum() / bare.max() == pytest.approx(torch.pi * 100, rel=0.005)
    inked = (bare > bare.max() / 2).nonzero()
    assert (inked.amax(0) - inked.amin(0) + 1).tolist() == [20, 20]


def test_faces_drawn_together_are_those_drawn_alone():
    present, values = (torch.rand(9, 4) < 0.5), random_values(9)
    together = draw_faces(present, values)
    alone = torch.cat([draw_faces(present[i : i + 1], values[i : i + 1]) for i in range(9)])
    assert together.equal(alone)


def test_edges_are_antialiased_and_pixels_in_range():
    drawn = draw_faces(torch.ones(500, 4), random_values(500))
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert len((drawn * 255).round().unique()) > 200


def test_faces_follow_the_seed_and_splits_differ():
    one, same, other = (smiley(rows=20, validation=20, test=20, seed=seed) for seed in (1, 1, 2))
    assert one.train.x.equal(same.train.x)
    assert not one.train.x.equal(other.train.x)
    assert not one.train.x.equal(one.test.x)
    assert not one.validation.x.equal(one.test.x)


def test_global_generator_is_neither_read_nor_moved():
    state = torch.get_rng_state()
    smiley(rows=20, validation=5, test=5, labels=10)
    assert torch.get_rng_state().equal(state)


def test_labelled_rows_show_both_values_of_every_attribute():
    data = smiley(rows=500, validation=5, test=5, labels=10)
    y = data.train.y[data.train.labelled]
    assert len(y) == 10
    assert y.amin(0).tolist() == [0] * 4
    assert y.amax(0).tolist() == [1] * 4


@pytest.mark.parametrize(("arguments", "name"), [({"rows": 0}, "rows"), ({"test": -1}, "test")])
def test_an_empty_split_is_refused_by_the_name_of_its_argument(arguments, name):
    with pytest.raises(ValueError, match=f"^{name}: expected 1 face or more"):
        smiley(**{"rows": 5, "validation": 5, "test": 5, **arguments})
