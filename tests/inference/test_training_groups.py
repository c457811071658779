"""Parts of a pair with options of their own for the optimiser, against optimisers of their own."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportIndexIssue=false, reportOperatorIssue=false

from functools import partial

import pytest
import torch
import yaml
from torch import nn

from pellucid import data, fit, zoo
from pellucid.data import Batches
from pellucid.experiments.configuration import make_job, parse
from pellucid.inference.training.folder import plain
from pellucid.inference.training.groups import own_rates, parameter_groups
from pellucid.schedules import Cosine, Gaussian, Ramp
from tests.bit_equal import same

SETTINGS = {"epochs": 2, "batch_size": 50, "progress": False, "accelerator": "cpu"}
STEPS = 4


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=200, labels=50)


def fresh(digits):
    torch.manual_seed(0)
    return zoo.m2(digits, dim=3, hidden=(16,))


class Shared(nn.Module):
    """Two owners of one module."""

    def __init__(self):
        super().__init__()
        self.trunk, self.class_head, self.head = nn.Linear(2, 3), nn.Linear(3, 1), nn.Linear(3, 1)
        self.owner = nn.ModuleDict({"reader": self.head})


@pytest.mark.parametrize(
    ("keys", "counts"),
    [
        (["trunk"], [4, 2]),
        (["head"], [4, 2]),  # and not the parameters of class_head
        (["owner.reader", "trunk"], [2, 2, 2]),
        (["weight", "bias"], [0, 3, 3]),
        (["trunk.bias"], [5, 1]),
        ([], [6]),
    ],
)
def test_every_parameter_is_in_one_group_found_by_whole_words_of_any_of_its_names(keys, counts):
    module = Shared()
    groups = parameter_groups(module, {key: {} for key in keys})
    assert [len(group["params"]) for group in groups] == counts
    together = [parameter for group in groups for parameter in group["params"]]
    assert {id(p) for p in together} == {id(p) for p in module.parameters()}
    assert len(together) == 6


def test_a_group_brings_its_options_and_the_first_value_of_a_schedule():
    given = {"head": {"lr": Ramp(1e-3, 1e-2)}, "trunk": {"weight_decay": 0.1}}
    rest, head, trunk = parameter_groups(Shared(), given)
    assert (head["lr"], trunk["weight_decay"]) == (1e-3, 0.1)
    assert (rest.keys(), head.keys(), trunk.keys()) == ({"params"}, {"params", "lr"}, {"params", "weight_decay"})
    assert own_rates(0.5, given) == [0.5, given["head"]["lr"], 0.5]


@pytest.mark.parametrize("groups", [None, {}, {"decoder": {}}, {"weight": {"weight_decay": 0.0}, "bias": {}}])
def test_without_decay_the_optimiser_is_torchs_adam_bit_for_bit(digits, tmp_path, groups):
    run = fit(fresh(digits), digits, lr=Cosine(1e-2, 1e-3), groups=groups, folder=tmp_path / "run", **SETTINGS)
    adam = partial(torch.optim.Adam, fused=True)
    expected = fit(fresh(digits), digits, lr=Cosine(1e-2, 1e-3), optimiser=adam, folder=tmp_path / "adam", **SETTINGS)
    assert same(run.pair.state_dict(), expected.pair.state_dict())


@pytest.mark.parametrize("rate", [3e-3, Gaussian(3e-3, 0.0)])
def test_two_groups_are_two_optimisers_with_rates_of_their_own(digits, tmp_path, rate):
    """By hand: Adam for the rest; for the classifier Adam too, its weights multiplied by 1 - lr decay before a step."""
    groups = {"classifier": {"weight_decay": 0.5, "lr": rate}}
    run = fit(fresh(digits), digits, lr=Ramp(1e-2, 0), groups=groups, folder=tmp_path / "run", **SETTINGS)
    pair = fresh(digits)
    mine = [p for name, p in pair.named_parameters() if ".classifier." in name]
    others = [p for name, p in pair.named_parameters() if ".classifier." not in name]
    assert len(mine) == 2
    first, second = torch.optim.Adam(others), torch.optim.Adam(mine)
    batches, step = Batches(digits.train, 50, shuffle=True, drop_last=True), 0
    torch.manual_seed(0)
    for epoch in range(2):
        for batch in batches.epoch(epoch):
            done = step / (2 * STEPS)
            first.param_groups[0]["lr"] = 1e-2 * (1 - done)
            second.param_groups[0]["lr"] = slow = rate(done) if callable(rate) else rate
            pair.zero_grad()
            pair(*batch).loss.backward()
            with torch.no_grad():
                for parameter in mine:
                    parameter *= 1 - slow * 0.5
            first.step()
            second.step()
            step += 1
    there = pair.state_dict()
    for name, found in run.pair.state_dict().items():
        torch.testing.assert_close(found, there[name], rtol=1e-5, atol=1e-6, msg=lambda text, name=name: name + text)
    last = (2 * STEPS - 1) / (2 * STEPS)
    assert run.history[-1]["lr"] == pytest.approx(1e-2 * (1 - last))
    assert run.history[-1]["lr/classifier"] == (rate(last) if callable(rate) else rate)


def test_an_optimiser_of_ones_own_is_given_the_groups_and_only_own_rates_are_shown(digits, tmp_path):
    made = []

    def mine(parameters):
        made.append(torch.optim.SGD(parameters, lr=0.02))
        return made[-1]

    groups = {"classifier": {"weight_decay": 0.1}, "decoder": {"lr": 1e-4}}
    run = fit(fresh(digits), digits, optimiser=mine, groups=groups, folder=tmp_path / "run", **SETTINGS)
    assert [group["lr"] for group in made[0].param_groups] == [0.02, 0.02, 1e-4]
    assert [group["weight_decay"] for group in made[0].param_groups] == [0, 0.1, 0]
    rates = {name: value for name, value in run.history[-1].items() if name.startswith("lr")}
    assert rates == {"lr": 0.02, "lr/decoder": 1e-4}


GROUPS = {"posterior.classifier": {"weight_decay": 5e-4, "lr": Gaussian(3e-3, 0.0)}, "decoder": {"lr": 1e-4}}


def test_groups_are_recorded_and_made_again_from_the_configuration(digits, tmp_path):
    run = fit(fresh(digits), digits, groups=GROUPS, folder=tmp_path / "run", **SETTINGS)
    config = yaml.safe_load((run.folder / "config.yaml").read_text())
    assert config["fit"]["groups"]["posterior.classifier"]["lr"] == GROUPS["posterior.classifier"]["lr"].recipe
    for again in (config, parse(["--config", str(run.folder / "config.yaml")])):
        groups = make_job(again).settings["groups"]
        assert plain(groups) == plain(GROUPS)
        assert all(isinstance(groups[key]["lr"], type(GROUPS[key]["lr"])) for key in GROUPS)
    changed = GROUPS | {"decoder": {"lr": 1e-5}}
    with pytest.raises(ValueError, match=r"resume: fit\.groups\.decoder\.lr was 0\.0001 .* is 1e-05 now"):
        fit(fresh(digits), digits, groups=changed, folder=run.folder, resume=True, **SETTINGS)


def test_groups_can_be_given_in_the_shell():
    words = ["--pair", "m2", "--data", "digits", "--groups.classifier"]
    assert parse([*words, '{"weight_decay": 5e-4}'])["fit"]["groups"] == {"classifier": {"weight_decay": 5e-4}}
    two = '{"lr": {"class_path": "Ramp", "init_args": {"start": 0, "stop": 1e-3}}}'
    groups = make_job(parse([*words, '{"weight_decay": 5e-4}', "--groups.decoder", two])).settings["groups"]
    assert groups["classifier"] == {"weight_decay": 5e-4}
    assert repr(groups["decoder"]["lr"]) == "Ramp(0, 0.001, begin=0, end=1)"


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"classifer": {}}, r"no name holds 'classifer'\.\nTry one of:\n- one of model, decoder, "),
        ({"class": {}}, r"no name holds 'class'"),
        (
            {"classifier": {}, "guide": {}},
            r"under one key; 'guide.*weight' is under 'classifier' and 'guide'",
        ),
        ({"decoder": {"betas": 0.5}}, r"decoder: expected the options weight_decay and lr; given 'betas'"),
        ({"decoder": {"lr": 0.0}}, r"decoder: lr: expected a positive number or a schedule; given 0\.0"),
        ({"decoder": {"lr": Ramp(0, -1)}}, r"decoder: lr: expected a positive number or a schedule; given Ramp"),
        ({"decoder": {"weight_decay": -0.1}}, r"decoder: weight_decay: expected a number of 0 or more; given -0\.1"),
        ({"decoder": {"weight_decay": Ramp(0, 1)}}, r"decoder: weight_decay: expected a number of 0 or more"),
    ],
)
def test_groups_that_are_none_are_refused_before_anything_is_written(digits, tmp_path, groups, message):
    with pytest.raises(ValueError, match=rf"(?s)groups: .*{message}"):
        fit(fresh(digits), digits, groups=groups, folder=tmp_path / "run", **SETTINGS)
    assert list(tmp_path.iterdir()) == []
