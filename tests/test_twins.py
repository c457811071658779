"""The hand-written twins of the benchmarks compute what they are timed for."""

from functools import partial

import pytest
import torch

from benchmarks.twins import (
    HandCCVAE,
    HandClassVSC,
    HandDIVA,
    HandM2,
    HandMixture,
    HandMVAE,
    HandPseudoInputVSC,
    HandSHOT,
    HandVAE,
    HandVSC,
    consistency,
    room_for,
    shortfall,
    stock,
)
from pellucid import data, zoo
from pellucid.data import Batch, DataSet
from pellucid.inference import class_consistency, class_information

PARTS = (
    "encoder",
    "decoder",
    "selector",
    "gate",
    "loc",
    "scale",
    "classifier",
    "table",
    "pixels",
    "image",
    "word",
    "precision",
    "spread",
)
SMALL, LARGE = (1, 8, 8), (1, 28, 28)
ROWS = 32


def parts(module):
    """Parameters by the part of the model they belong to, in their order there."""
    table = {}
    for name, parameter in module.named_parameters():
        (part,) = (part for part in PARTS if part in name.split("."))
        table.setdefault(part, []).append(parameter)
    return table


def parameters_of_both(pair, hand):
    """Each parameter of the pair with its counterpart."""
    ours, theirs = parts(pair), parts(hand)
    assert ours.keys() == theirs.keys()
    for part, parameters in ours.items():
        yield from zip(parameters, theirs[part], strict=True)


def assert_same(pair, hand, batch, times=1.0):
    """Loss and gradients agree, from the same weights and draws; weights are moved off the symmetry of their start."""
    torch.manual_seed(0)
    with torch.no_grad():
        for mine, theirs in parameters_of_both(pair, hand):
            assert mine.shape == theirs.shape
            theirs.copy_(mine.add_(0.05 * torch.randn_like(mine)))
    torch.manual_seed(1)
    loss = pair(*batch).loss
    loss.backward()
    torch.manual_seed(1)
    value = hand(*batch) * times
    value.backward()
    torch.testing.assert_close(value, loss, rtol=1e-5, atol=1e-5)
    for mine, theirs in parameters_of_both(pair, hand):
        torch.testing.assert_close(theirs.grad, mine.grad, rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def digits():
    return data.digits()


@pytest.fixture(scope="module")
def some_labels():
    return data.digits(labels=0.5)


@pytest.fixture(scope="module")
def smileys():
    return data.smiley(rows=60, labels=30, validation=10, test=10)


@pytest.fixture(scope="module")
def images():
    rows = Batch(torch.rand(8, *LARGE), torch.arange(8))
    return DataSet("noise", rows, rows, rows, classes=tuple("abcdefgh"), source="torch.rand")


def batch_of(digits, known=None, seed=2):
    """Random images with every class among the labels; where a label is not known, a number that is no class."""
    torch.manual_seed(seed)
    y = torch.randint(0, 2, (ROWS, 4)) if digits.attributes else torch.randint(0, 10, (ROWS,))
    labelled = None if known is None else torch.rand(ROWS) < known
    x = torch.rand(ROWS, *digits.shape)
    return Batch(x, y if labelled is None else y.where(labelled.reshape(-1, *[1] * (y.dim() - 1)), -7), labelled)


def test_the_hand_written_vae_has_the_pairs_loss_and_gradients(digits):
    assert_same(zoo.vae(digits, dim=5), HandVAE(SMALL, 5), batch_of(digits))


def test_the_hand_written_beta_vae_has_the_pairs_loss_and_gradients(digits):
    assert_same(zoo.beta_vae(digits, dim=5), HandVAE(SMALL, 5, beta=4.0), batch_of(digits))


def test_the_tutorials_pyro_program_has_the_pairs_loss_and_gradients_once_divided_by_the_rows(digits):
    assert_same(zoo.vae(digits, dim=5), stock(SMALL, 5), batch_of(digits), times=1 / ROWS)


def test_the_hand_written_sparse_coder_has_the_pairs_loss_and_gradients(digits):
    assert_same(zoo.vsc(digits, dim=5), HandVSC(SMALL, 5), batch_of(digits))


@pytest.mark.parametrize("known", [None, 0.6, 0.0])
def test_the_hand_written_consistent_coder_has_the_pairs_loss_and_gradients(digits, known):
    hand = HandVSC(SMALL, 5, weight=3.0, room=ROWS)
    assert_same(zoo.vsc(digits, dim=5, consistency=3.0), hand, batch_of(digits, known))


@pytest.mark.parametrize("selector", ["source", "variational"])
def test_the_hand_written_pseudo_inputs_have_the_pairs_loss_and_gradients(digits, selector):
    pair = zoo.vsc(digits, dim=5, prior="pseudo-inputs", pseudo_inputs=4, selector=selector)
    hand = HandPseudoInputVSC(SMALL, 5, count=4, charged=selector == "variational")
    assert_same(pair, hand, batch_of(digits))


@pytest.mark.parametrize("separation", [0.0, 1.5])
@pytest.mark.parametrize("known", [0.6, 1.0, 0.0])
def test_the_hand_written_class_spikes_have_the_pairs_loss_and_gradients(some_labels, separation, known):
    hand = HandClassVSC(SMALL, 5, separation=separation)
    assert_same(zoo.class_vsc(some_labels, dim=5, separation=separation), hand, batch_of(some_labels, known))


@pytest.mark.parametrize("known", [0.6, 1.0, 0.0])
def test_the_hand_written_rivals_have_the_pairs_loss_and_gradients(some_labels, known):
    often = data.label_frequencies(some_labels)
    assert_same(zoo.m2(some_labels, dim=5), HandM2(SMALL, 5, frequency=often), batch_of(some_labels, known))
    assert_same(zoo.mvae(some_labels, dim=5), HandMVAE(SMALL, 5), batch_of(some_labels, known))


@pytest.mark.parametrize("known", [0.6, 1.0, 0.0])
@pytest.mark.parametrize(
    ("draw", "clamp"), [("straight-through", False), ("straight-through", True), ("enumerated", True)]
)
@pytest.mark.parametrize("interpolation", [0.0, 50.0])
def test_the_hand_written_mixture_has_the_pairs_loss_and_gradients(some_labels, known, draw, clamp, interpolation):
    pair = zoo.exon(some_labels, draw=draw, clamp=clamp, supervision=20.0, interpolation=interpolation, taught=1.0)
    options = {"enumerated": draw == "enumerated", "clamp": clamp, "supervision": 20.0, "interpolation": interpolation}
    assert_same(pair, HandMixture(SMALL, **options), batch_of(some_labels, known))


@pytest.mark.parametrize("known", [0.6, 1.0, 0.0])
def test_the_hand_written_shot_vae_has_the_pairs_loss_and_gradients(some_labels, known):
    pair = zoo.shot_vae(some_labels, dim=5, taught=1.0)
    assert_same(pair, HandSHOT(SMALL, 5), batch_of(some_labels, known))


@pytest.mark.parametrize("block", [1, 2])
@pytest.mark.parametrize("known", [0.6, 1.0, 0.0])
@pytest.mark.parametrize(("make", "twin"), [(partial(zoo.ccvae, gradients="exact"), HandCCVAE), (zoo.diva, HandDIVA)])
def test_the_hand_written_characteristics_have_the_pairs_loss_and_gradients(
    some_labels, smileys, make, twin, known, block
):
    for rows, count in ((some_labels, 10), (smileys, 4)):
        often = data.label_frequencies(rows)
        hand = twin(rows.shape, count, 5, classes=not rows.attributes, frequency=often, block=block)
        assert_same(make(rows, style=5, block=block), hand, batch_of(rows, known))


@pytest.mark.parametrize(("make", "twin"), [(zoo.vae, HandVAE), (zoo.vsc, HandVSC)])
def test_the_hand_written_convolutions_have_the_pairs_loss_and_gradients(images, make, twin):
    assert_same(make(images, dim=5, network="conv"), twin(LARGE, 5, kind="conv"), batch_of(images))


@pytest.mark.parametrize(
    "labels",
    [
        torch.zeros(7, dtype=torch.long),
        torch.zeros(8, dtype=torch.long),
        torch.arange(8),
        torch.tensor([0, 0, 3, 3, 3, 5, 5, 5, 5]),
    ],
    ids=["one odd class", "one even class", "no two alike", "several"],
)
def test_a_circle_of_rows_meets_every_pair_of_its_class_once(labels):
    gate = torch.rand(len(labels), 4, dtype=torch.float64).clamp(1e-6, 1 - 1e-6).requires_grad_()
    expected = class_consistency(gate, labels)
    value = consistency(gate, labels, None, 10, room_for(labels))
    torch.testing.assert_close(value, expected)
    slopes = (torch.autograd.grad(each, gate)[0] for each in (value, expected))
    torch.testing.assert_close(*slopes)


def test_the_room_for_a_class_holds_the_largest():
    assert room_for(torch.tensor([0, 1, 1])) == 16
    assert room_for(torch.zeros(17, dtype=torch.long)) == 32


def test_the_shortfall_ends_where_the_gates_tell_the_classes_apart():
    gate, labels = torch.rand(40, 3, dtype=torch.float64), torch.arange(40) % 4
    known = torch.arange(40) < 30
    told = class_information(gate, labels, known).sum()
    torch.testing.assert_close(shortfall(gate, labels, known, 10), (5 - told) * 0.75)
    assert shortfall(gate, labels, known, 10, nats=0.5 * float(told)) == 0
    assert shortfall(gate, labels, known & False, 10) == 0


def test_a_twin_compiles_into_one_graph_whatever_its_labels(some_labels):
    for hand in (
        HandVSC(SMALL, 5, weight=3.0, room=ROWS),
        HandClassVSC(SMALL, 5, separation=1.0),
        HandM2(SMALL, 5),
        HandMVAE(SMALL, 5),
        HandMixture(SMALL, interpolation=5.0),
        HandSHOT(SMALL, 5),
        HandMixture(SMALL, enumerated=True, clamp=True),
        HandCCVAE(SMALL, 10, 5, classes=True, frequency=torch.full((10,), 0.1)),
        HandDIVA(SMALL, 10, 5, classes=True, frequency=torch.full((10,), 0.1)),
    ):
        graph = torch.compile(hand, backend="eager", fullgraph=True, dynamic=False)
        for seed in range(2):
            batch = batch_of(some_labels, 0.6, seed)
            losses = [(torch.manual_seed(seed), each(*batch))[1] for each in (hand, graph)]
            torch.testing.assert_close(*losses)
