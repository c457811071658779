"""The optimiser and the learning rate are the caller's."""

from functools import partial

import pytest
import torch

from pellucid import data, fit, zoo
from pellucid.schedules import Cosine, Ramp

SETTINGS = {"epochs": 2, "batch_size": 50, "progress": False, "accelerator": "cpu"}
STEPS = 4


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=200)


def fresh(digits):
    torch.manual_seed(0)
    return zoo.vae(digits, dim=3, hidden=(16,))


class Recording(torch.optim.SGD):
    """Plain gradient descent that writes down every rate and gradient norm it steps with."""

    rates: list[float]
    norms: list[float]

    def __init__(self, parameters, lr=0.01):
        super().__init__(parameters, lr=lr)
        self.rates, self.norms = [], []
        made.append(self)

    def step(self, closure=None):
        group = self.param_groups[0]
        self.rates.append(group["lr"])
        self.norms.append(float(torch.stack([p.grad.norm() for p in group["params"] if p.grad is not None]).norm()))
        return super().step(closure)


made: list[Recording] = []


def test_without_lr_an_optimiser_keeps_the_rate_it_brings(digits, tmp_path):
    run = fit(fresh(digits), digits, optimiser=partial(Recording, lr=0.02), folder=tmp_path / "run", **SETTINGS)
    assert made.pop().rates == [0.02] * 2 * STEPS
    assert [row["lr"] for row in run.history] == [0.02, 0.02]


@pytest.mark.parametrize("schedule", [Cosine(1e-2, 1e-4), Ramp(0, 1e-2, end=0.5)])
def test_a_schedule_of_the_rate_is_followed_step_by_step(digits, tmp_path, schedule):
    fit(fresh(digits), digits, optimiser=Recording, lr=schedule, folder=tmp_path / "run", **SETTINGS)
    assert made.pop().rates == [schedule(step / (2 * STEPS)) for step in range(2 * STEPS)]


def test_clip_bounds_the_norm_of_the_whole_gradient(digits, tmp_path):
    fit(fresh(digits), digits, optimiser=Recording, folder=tmp_path / "free", **SETTINGS)
    fit(fresh(digits), digits, optimiser=Recording, clip=0.5, folder=tmp_path / "clipped", **SETTINGS)
    clipped, free = made.pop().norms, made.pop().norms
    assert min(free) > 0.5
    assert clipped == pytest.approx([0.5] * len(clipped), rel=1e-3)


def test_a_run_is_the_bare_loop_that_anyone_would_write(digits, tmp_path):
    """The same steps by hand, on the rows in the order that the run is documented to take."""
    from pellucid.data import Batches

    run = fit(fresh(digits), digits, optimiser=Recording, seed=5, folder=tmp_path / "run", **SETTINGS)
    made.pop()
    pair = fresh(digits)
    optimiser = torch.optim.SGD(pair.parameters(), lr=0.01)
    batches = Batches(digits.train, 50, shuffle=True, drop_last=True, seed=5)
    torch.manual_seed(5)
    for epoch in range(2):
        for batch in batches.epoch(epoch):
            optimiser.zero_grad()
            pair(*batch).loss.backward()
            optimiser.step()
    there, here = pair.state_dict(), run.pair.state_dict()
    assert all(torch.equal(there[name], here[name]) for name in there)
