"""What cannot be captured is said with its site and its remedy, and is never trained to another number."""

# A module's attributes may be anything, as far as a checker can tell.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportIndexIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false

import os
import random
import subprocess
import sys

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule

from pellucid import data, fit, zoo
from pellucid.data import Batch
from pellucid.guides import NormalPosterior
from pellucid.inference.capture import CannotCapture, Captured
from pellucid.inference.step import Step
from pellucid.inference.training.capturing import CaptureWarning, training_step
from pellucid.inference.training.display import Display
from pellucid.networks import MLPEncoder


class Prior(PyroModule):
    """A prior with a turn for the worse after its site."""

    def __init__(self, turn):
        super().__init__()
        self.turn, self.calls = turn, 0
        self.register_buffer("zero", torch.zeros(3))

    def forward(self, y=None, labelled=None):
        z = pyro.sample("z", dist.Normal(self.zero, 1.0).to_event(1))
        self.calls += 1
        return TURNS[self.turn](self, z)


def branch(prior, z):
    return 2 * z if z.mean() > 0 else z


def lists(prior, z):
    return z.new_tensor(z.tolist())


def chance(prior, z):
    return z * random.random()


def count(prior, z):
    return z * prior.calls


def fine(prior, z):
    return z


TURNS = {f.__name__: f for f in (branch, lists, chance, count, fine)}


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=100)


def pair_with(turn, digits):
    torch.manual_seed(0)
    return zoo.compose(digits, prior=Prior(turn), posterior=lambda shape: NormalPosterior(MLPEncoder(shape, (8,)), 3))


X = Batch(torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0)))


def test_a_branch_on_data_is_named_by_its_site_and_line_with_a_remedy(digits):
    with pytest.raises(
        CannotCapture, match=r"after site 'z', at test_capture_refusals.py:\d+: return 2 \* z if z.mean"
    ):
        Captured(pair_with("branch", digits), "eager")(X)
    with pytest.raises(CannotCapture, match=r"Try one of:\n- torch.where"):
        Captured(pair_with("branch", digits), "eager")(X)


def test_numbers_taken_out_of_a_tensor_are_named(digits):
    with pytest.raises(CannotCapture, match=r"after site 'z', at test_capture_refusals.py:\d+: return z.new_tensor"):
        Captured(pair_with("lists", digits), "eager")(X)


@pytest.mark.parametrize("turn", ["chance", "count"])
def test_what_python_changes_from_call_to_call_is_found_by_comparing(digits, turn):
    with pytest.raises(CannotCapture, match=r"'log p\(x\)' is -.*, against -.* under the same draws"):
        Captured(pair_with(turn, digits), "eager")(X)


def test_a_number_kept_as_a_python_value_while_its_schedule_moves_is_found(digits):
    pair = zoo.vsc(digits, dim=3)
    posterior = pair.guide.posterior
    relaxed = posterior.from_features

    def frozen(h):
        pair.model.prior.weight = float(posterior.sharpness) if not torch.compiler.is_exporting() else 50.0
        q = relaxed(h)
        q.base_dist.sharpness = q.base_dist.gate.new_tensor(pair.model.prior.weight)
        return q

    posterior.from_features = frozen
    with pytest.raises(CannotCapture, match="does not compute what the pair does"):
        Captured(pair, "eager")(X)


class Sometimes(PyroModule):
    """Sites that change from call to call, in model and guide alike."""

    def __init__(self, inner, every):
        super().__init__()
        self.inner, self.every, self.calls = inner, every, 0

    def forward(self, *args):
        self.calls += 1
        if self.calls % self.every == 0:
            pyro.sample("extra", dist.Normal(torch.zeros(()), 1.0))
        return self.inner(*args)


def changing(digits, every):
    pair = pair_with("fine", digits)
    pair.model.prior, pair.guide.posterior = Sometimes(pair.model.prior, every), Sometimes(pair.guide.posterior, every)
    return pair


def test_sites_that_change_from_call_to_call_are_named(digits):
    with pytest.raises(CannotCapture, match=r"the sites change from call to call: kl\(extra\)"):
        Captured(changing(digits, 3), "eager")(X)


def test_sites_that_change_while_training_eagerly_end_the_run_with_their_names(digits, tmp_path):
    with pytest.raises(ValueError, match=r"sites: expected the terms of the first step.*this step has.*kl\(extra\)"):
        fit(changing(digits, 5), digits, epochs=9, batch_size=50, folder=tmp_path / "run", progress=False)


def test_a_parameter_that_no_module_owns_is_refused_before_anything_is_written(digits, tmp_path):
    pair = pair_with("fine", digits)
    pair.model.prior.turn = "param"
    TURNS["param"] = lambda prior, z: z + pyro.param("shift", torch.zeros(3))
    with pytest.raises(ValueError, match=r"param 'shift': made by pyro.param inside a program.*\nTry one of:\n- self"):
        fit(pair, digits, epochs=1, batch_size=50, folder=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    TURNS["param"] = fine


def step_for(pair, steps, compile, shown=False):
    return training_step(pair, lambda: X, steps, compile, Display("run", 1, 1, shown=shown))


def test_auto_trains_what_cannot_be_captured_as_it_is_with_one_warning(digits):
    with pytest.warns(CaptureWarning, match="Trains without compiling: .* after site 'z'") as seen:
        step = step_for(pair_with("branch", digits), 1_000_000, "auto")
    assert type(step) is Step
    assert len(seen) == 1


def test_auto_leaves_short_runs_alone_and_says_so(digits, capsys):
    assert type(step_for(pair_with("fine", digits), 500, "auto", shown=True)) is Step
    assert "500 steps would not repay it" in capsys.readouterr().err


def test_true_refuses_what_cannot_be_captured_before_anything_is_written(digits, tmp_path):
    with pytest.raises(ValueError, match=r"compile: True was given, and the pair cannot be captured: after site 'z'"):
        fit(pair_with("branch", digits), digits, batch_size=50, compile=True, folder=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("name", "given"), [("compile", "always"), ("precision", "16-mixed")])
def test_choices_that_are_none_are_refused(digits, tmp_path, name, given):
    with pytest.raises(ValueError, match=rf"{name}: expected one of .*; given '{given}'"):
        fit(zoo.vae(digits), digits, folder=tmp_path / "run", progress=False, **{name: given})
    assert not (tmp_path / "run").exists()


WITHOUT_COMPILER = """
import torch
from pellucid import data, zoo
from pellucid.data import Batch
from pellucid.inference.step import Step
from pellucid.inference.training.capturing import training_step
from pellucid.inference.training.display import Display
batch = Batch(torch.rand(6, 1, 8, 8))
step = training_step(zoo.vae(data.digits(), dim=3), lambda: batch, 10**6, "auto", Display("", 1, 1))
print(type(step).__name__, step(batch).isfinite())
"""


def test_without_a_compiler_a_run_trains_eagerly_and_says_so_in_one_sentence(tmp_path):
    environment = os.environ | {"CXX": "/nowhere/g++", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", WITHOUT_COMPILER], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["Step", "tensor(True)"], done.stderr
    assert "Trains without compiling" in done.stderr
    assert "a C++ compiler" in done.stderr
    assert "Traceback" not in done.stderr
