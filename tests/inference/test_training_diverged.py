"""A run that diverges stops, names what was not finite, and keeps its last good checkpoint as it was."""

import math

import pytest
import torch
from torch.autograd import Function

from pellucid import data, fit, load, zoo
from pellucid.inference import Diverged, Factor, Pair

STEPS = 4  # an epoch: 200 rows in batches of 50


class Zero(Function):
    """0, with a gradient of one's choice."""

    @staticmethod
    def forward(ctx, x, slope):
        ctx.slope, ctx.shape = slope, x.shape
        return x.new_zeros(())

    @staticmethod
    def backward(ctx, *grad):
        return torch.full(ctx.shape, ctx.slope), None


class Fault(Factor):
    """Zero, but at one training step: there ``value``, and at it ``slope``."""

    def __init__(self, at: int, value: float = 0.0, slope: float = 0.0):
        super().__init__("fault")
        self.at, self.value, self.slope, self.step = at, value, slope, 0

    def forward(self, posterior, y, labelled):
        z = posterior["z"].mean
        if self.training and len(z) == 50:
            self.step += 1
        return Zero.apply(z, self.slope if self.step == self.at else 0.0) + (
            self.value if self.step == self.at else 0.0
        )


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=200)


def faulty(digits, fault):
    torch.manual_seed(0)
    made = zoo.vae(digits, dim=3, hidden=(16,))
    return Pair(made.model, made.guide, [fault])


SETTINGS = {"batch_size": 50, "progress": False, "accelerator": "cpu"}


def files(folder):
    return {path.name: path.read_bytes() for path in (folder / "checkpoint").iterdir()}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_term_that_is_not_finite_is_named_and_the_checkpoint_before_it_stays(digits, tmp_path, value):
    good = fit(faulty(digits, Fault(at=0)), digits, epochs=3, folder=tmp_path / "good", **SETTINGS)
    with pytest.raises(Diverged, match=r"epoch 3, step 2: not finite: fault\. .*checkpoint(.|\n)*Try one of") as told:
        fit(faulty(digits, Fault(at=2 * STEPS + 2, value=value)), digits, epochs=3, folder=tmp_path / "run", **SETTINGS)
    assert str(tmp_path / "run" / "checkpoint") in str(told.value)
    left = load(tmp_path / "run", pair=faulty(digits, Fault(at=0)))
    drop = {"seconds"}
    assert [{k: v for k, v in row.items() if k not in drop} for row in left.history] == [
        {k: v for k, v in row.items() if k not in drop} for row in good.history[:2]
    ]
    assert all(tensor.isfinite().all() for tensor in left.pair.state_dict().values())


@pytest.mark.parametrize("clip", [None, 1.0])
def test_a_gradient_that_is_not_finite_at_the_last_step_of_an_epoch_reaches_no_checkpoint(digits, tmp_path, clip):
    fault = Fault(at=2 * STEPS, slope=math.nan)
    with pytest.raises(Diverged, match=r"epoch 2, step 4: not finite: the parameter '"):
        fit(faulty(digits, fault), digits, epochs=3, clip=clip, folder=tmp_path / "run", **SETTINGS)
    left = load(tmp_path / "run", pair=faulty(digits, Fault(at=0)))
    assert [row["epoch"] for row in left.history] == [1]
    assert all(tensor.isfinite().all() for tensor in left.pair.state_dict().values())


def test_a_diverged_run_leaves_the_last_checkpoint_byte_for_byte_and_can_be_resumed_from_it(digits, tmp_path):
    folder = tmp_path / "run"
    unbroken = fit(faulty(digits, Fault(at=0)), digits, epochs=3, folder=tmp_path / "good", **SETTINGS)

    class Watched(Fault):
        """Reads the checkpoint before the step that diverges."""

        def forward(self, posterior, y, labelled):
            value = super().forward(posterior, y, labelled)
            if self.step == self.at:
                before.update(files(folder))
            return value

    before: dict[str, bytes] = {}
    with pytest.raises(Diverged):
        fit(faulty(digits, Watched(at=2 * STEPS + 2, value=math.nan)), digits, epochs=3, folder=folder, **SETTINGS)
    assert before == files(folder) != {}
    resumed = fit(faulty(digits, Fault(at=0)), digits, epochs=3, folder=folder, resume=True, **SETTINGS)
    there, here = unbroken.pair.state_dict(), resumed.pair.state_dict()
    assert all(torch.equal(there[name], here[name]) for name in there)


def test_an_absurd_learning_rate_diverges_with_the_sites_term_named(digits, tmp_path):
    torch.manual_seed(0)
    pair = zoo.vae(digits, dim=3, hidden=(16,), likelihood="normal")
    with pytest.raises(Diverged, match=r"epoch \d, step \d: not finite: (log p\(x\)|kl\(z\)|the parameter)"):
        fit(pair, digits, epochs=9, lr=1e6, folder=tmp_path / "run", **SETTINGS)
    left = load(tmp_path / "run")
    assert all(tensor.isfinite().all() for tensor in left.pair.state_dict().values())
