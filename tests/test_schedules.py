"""Scheduled quantities: their values, their buffers, and what is refused."""

# pyright: reportArgumentType=false

import copy
import importlib
import itertools
import math

import pytest
import torch
from torch import nn

from pellucid.schedules import Cosine, Exponential, Gaussian, Ramp, Schedule, advance, scheduled

EXACT = [Ramp, Cosine, Exponential]
KINDS = [*EXACT, Gaussian]


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize(("start", "stop"), [(0.1, 0.7), (1e-3, 1e-5), (50.0, 200.0), (3.0, 3.0)])
def test_ends_are_met_exactly_and_held(kind, start, stop):
    schedule = kind(start, stop, begin=0.2, end=0.6)
    assert [schedule(t) for t in (-1.0, 0.0, 0.2)] == [start] * 3
    assert [schedule(t) for t in (0.6, 0.9, 7.0)] == [stop] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_values_move_one_way_only(kind):
    values = [kind(2.0, 0.5)(t / 100) for t in range(101)]
    assert all(a >= b for a, b in itertools.pairwise(values))
    values = [kind(0.5, 2.0)(t / 100) for t in range(101)]
    assert all(a <= b for a, b in itertools.pairwise(values))


@pytest.mark.parametrize(("low", "high"), [(0.0, 6000.0), (0.1, 0.7), (-2.0, 3.0), (1.0, 1.0)])
def test_a_gaussian_is_the_ramp_up_of_the_papers_and_its_mirror_image_on_the_way_down(low, high):
    """lambda2(e) = lambda1 exp(-5 (1 - min(1, e / E))^2), of 100 epochs E of 10, and the decay exp(-5 (e / E)^2)."""
    rising, falling = Gaussian(low, high, end=0.1), Gaussian(high, low, begin=0.2, end=0.3)
    for epoch in range(101):
        up = math.exp(-5 * (1 - min(1, epoch / 10)) ** 2)
        assert math.isclose(rising(epoch / 100), low + (high - low) * up, abs_tol=1e-12)
        down = math.exp(-5 * min(max(epoch - 20, 0) / 10, 1) ** 2)
        assert math.isclose(falling(epoch / 100), low + (high - low) * down, abs_tol=1e-12)
    assert rising(0.1) == rising(1) == falling(0) == falling(0.2) == high


def test_midway_values_are_the_arithmetic_and_the_geometric_mean():
    assert Ramp(2, 8, begin=0.5)(0.75) == 5
    assert math.isclose(Cosine(2, 8)(0.5), 5)
    assert math.isclose(Exponential(2, 8)(0.5), 4)
    assert math.isclose(Cosine(0, 1)(0.25), (1 - math.sqrt(0.5)) / 2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_schedule_is_made_again_from_its_recipe(kind):
    schedule = kind(2.0, 0.5, begin=0.1, end=0.8)
    module, _, name = schedule.recipe["class_path"].rpartition(".")
    again = getattr(importlib.import_module(module), name)(**schedule.recipe["init_args"])
    assert type(again) is kind
    assert repr(again) == repr(schedule)
    assert [again(t / 10) for t in range(11)] == [schedule(t / 10) for t in range(11)]


class Late(Ramp):
    """A user's own schedule."""


def test_a_users_schedule_is_named_by_the_module_it_stands_in():
    assert Late(0, 1).recipe["class_path"] == f"{__name__}.Late"


@pytest.mark.parametrize(
    ("begin", "end"), [(0.5, 0.5), (0.6, 0.5), (-0.1, 1.0), (0.0, 1.1), (math.nan, 1.0), (0.0, math.nan)]
)
def test_fractions_outside_training_are_refused(begin, end):
    with pytest.raises(ValueError, match=rf"0 <= begin < end <= 1; given begin={begin}, end={end}"):
        Ramp(0, 1, begin, end)


@pytest.mark.parametrize(("start", "stop"), [(math.nan, 1.0), (0.0, math.inf)])
def test_values_that_are_not_finite_are_refused(start, stop):
    with pytest.raises(ValueError, match="start and stop must be finite"):
        Cosine(start, stop)


@pytest.mark.parametrize(("start", "stop"), [(0.0, 1.0), (1.0, -1.0)])
def test_an_exponential_through_zero_is_refused_and_ramp_is_named_instead(start, stop):
    with pytest.raises(ValueError, match=r"must be positive(.|\n)*Try Ramp"):
        Exponential(start, stop)


class Owner(nn.Module):
    def __init__(self, value):
        super().__init__()
        scheduled(self, "weight", value)


def test_advance_writes_the_very_buffer_of_every_module_below():
    root = nn.Sequential(Owner(Ramp(0, 4)), nn.ModuleDict({"inner": Owner(Cosine(1, 3))}), Owner(7.0))
    buffers = dict(root.named_buffers())
    where = {name: b.data_ptr() for name, b in buffers.items()}
    advance(root, 0.5)
    assert [float(b) for b in root.buffers()] == [2.0, 2.0, 7.0]
    assert all(b is buffers[name] and b.data_ptr() == where[name] for name, b in root.named_buffers())


def test_a_scheduled_quantity_travels_in_the_state_and_with_a_copy():
    owner, other = Owner(Ramp(0, 4)), Owner(Ramp(0, 4))
    advance(owner, 0.25)
    other.load_state_dict(owner.state_dict())
    assert other.weight == 1
    twin = copy.deepcopy(owner)
    advance(twin, 1.0)
    assert (float(twin.weight), float(owner.weight)) == (4.0, 1.0)


def test_the_last_value_given_is_the_one_that_counts():
    owner = Owner(Ramp(0, 4))
    scheduled(owner, "weight", 9.0)
    advance(owner, 0.5)
    assert owner.weight == 9
    scheduled(owner, "weight", Ramp(0, 2))
    advance(owner, 0.5)
    assert owner.weight == 1


def test_a_buffer_stands_where_its_module_was_built():
    with torch.device("meta"):
        assert Owner(Ramp(0, 1)).weight.device.type == "meta"


class Stairs(Schedule):
    """Levels, with a table of its own making."""

    def __init__(self, start: float, stop: float, levels: int, end: float = 1.0):
        super().__init__(start, stop, end=end)
        self.levels, self.table = levels, torch.linspace(start, stop, levels).tolist()

    def between(self, t):
        return self.table[min(int(self.levels * t), self.levels - 1)]


class Forgetful(Stairs):
    def __init__(self, levels: int, name: str):
        super().__init__(0.0, 1.0, levels)


def test_a_schedule_of_the_users_own_is_said_and_built_again_by_its_constructors_arguments():
    stairs = Stairs(0, 3, levels=4)
    assert repr(stairs) == "Stairs(0, 3, levels=4, end=1)"
    again = Stairs(**stairs.recipe["init_args"])
    assert [again(t / 7) for t in range(8)] == [stairs(t / 7) for t in range(8)]


def test_an_argument_that_is_not_kept_is_named_when_a_configuration_asks():
    forgetful = Forgetful(3, name="x")
    assert repr(forgetful) == "Forgetful(levels=3)"
    with pytest.raises(ValueError, match=r"keep 'name' under that name"):
        _ = forgetful.recipe
