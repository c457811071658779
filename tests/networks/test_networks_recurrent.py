"""Recurrent networks: torch's recurrence as the witness, leading dimensions, the order of steps, bad shapes."""

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from pellucid.networks import RecurrentDecoder, RecurrentEncoder
from pellucid.networks.gru import GRU

SHAPES = [(7, 3), (5, 2, 4), (1, 4), (60, 1)]
NETWORKS = {
    "encoder": lambda shape: RecurrentEncoder(shape, hidden=6),
    "decoder": lambda shape: RecurrentDecoder(3, shape, hidden=6),
}


def rows_for(network, *rows, shape):
    return torch.randn(*rows, *((3,) if isinstance(network, RecurrentDecoder) else shape))


def theirs(ours: GRU) -> nn.GRU:
    """torch's module with the same weights."""
    gru = nn.GRU(ours.inward.in_features, ours.onward.in_features, batch_first=True)
    gru.weight_ih_l0, gru.bias_ih_l0 = ours.inward.weight, ours.inward.bias
    gru.weight_hh_l0, gru.bias_hh_l0 = ours.onward.weight, ours.onward.bias
    return gru


@pytest.mark.parametrize("steps", [1, 2, 50])
def test_states_and_their_gradients_are_those_of_torch(steps):
    torch.manual_seed(0)
    ours = GRU(4, 5).double()
    x, h = torch.randn(3, steps, 4).double().requires_grad_(), torch.randn(3, 5).double().requires_grad_()
    expected, _ = theirs(ours)(x, h[None])
    found = ours(x, h)
    torch.testing.assert_close(found, expected)
    weight, inputs = torch.randn_like(expected), [x, h, *ours.parameters()]
    for one, other in zip(
        torch.autograd.grad(found, inputs, weight), torch.autograd.grad(expected, inputs, weight), strict=True
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_features_are_the_last_state_of_torchs_recurrence_from_zero(shape):
    torch.manual_seed(0)
    encoder, x = RecurrentEncoder(shape, hidden=6), torch.randn(4, *shape)
    torch.testing.assert_close(encoder(x), theirs(encoder.recurrence)(x.flatten(2))[1][0])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("rows", [(), (2,), (3, 2), (2, 1, 3), (0,)])
def test_leading_dimensions_equal_the_flat_computation(kind, shape, rows):
    torch.manual_seed(0)
    network = NETWORKS[kind](shape)
    x = rows_for(network, *rows, shape=shape)
    found, row = network(x), x.shape[len(rows) :]
    expected = shape if kind == "decoder" else (network.out_features,)
    assert found.shape == (*rows, *expected)
    torch.testing.assert_close(found, network(x.reshape(-1, *row)).reshape(found.shape))


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_row_does_not_depend_on_its_neighbours_and_vmap_agrees(kind):
    torch.manual_seed(0)
    network = NETWORKS[kind]((5, 2, 4))
    x = rows_for(network, 4, shape=(5, 2, 4))
    torch.testing.assert_close(network(x)[2], network(x[2]))
    torch.testing.assert_close(torch.vmap(network)(x), network(x))


def test_the_order_of_the_steps_counts_for_the_encoder():
    torch.manual_seed(0)
    encoder, x = RecurrentEncoder((6, 4)), torch.randn(6, 4)
    assert not torch.allclose(encoder(x), encoder(x.flip(0)), atol=1e-3)


def test_earlier_steps_of_a_decoder_do_not_depend_on_how_many_follow():
    torch.manual_seed(0)
    long, short = RecurrentDecoder(3, (9, 4)), RecurrentDecoder(3, (5, 4))
    short.load_state_dict(long.state_dict())
    z = torch.randn(2, 3)
    torch.testing.assert_close(long(z)[:, :5], short(z))
    assert not torch.allclose(long(z)[:, 4], long(z)[:, 5], atol=1e-4)


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_parameter_gets_a_gradient(kind):
    torch.manual_seed(0)
    network = NETWORKS[kind]((5, 2, 4))
    network(rows_for(network, 8, shape=(5, 2, 4))).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name


@pytest.mark.parametrize("kind", NETWORKS)
def test_inputs_of_any_size_leave_states_finite(kind):
    torch.manual_seed(0)
    network = NETWORKS[kind]((5, 2, 4))
    for scale in (0.0, 1e-30, 1e6, 1e30):
        x = (scale * rows_for(network, 8, shape=(5, 2, 4))).requires_grad_()
        y = network(x)
        y.sum().backward()
        assert y.isfinite().all()
        assert x.grad.isfinite().all()  # pyright: ignore[reportOptionalMemberAccess]


def test_an_encoder_learns_what_only_the_order_of_steps_tells():
    torch.manual_seed(0)
    x = torch.rand(256, 8, 1).round()
    y = x[:, 0, 0]  # the first of eight coins; their sum, which no order tells, leaves it open
    encoder, head = RecurrentEncoder((8, 1), hidden=16), nn.Linear(16, 1)
    optimiser = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=0.02)
    for _ in range(120):
        optimiser.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(head(encoder(x))[:, 0], y).backward()
        optimiser.step()
    assert ((head(encoder(x))[:, 0] > 0) == y.bool()).float().mean() > 0.99


@pytest.mark.parametrize("kind", NETWORKS)
def test_nothing_stays_behind_on_the_cpu(kind):
    with FakeTensorMode():
        with torch.device("cuda"):
            network = NETWORKS[kind]((5, 2, 4))
            x = rows_for(network, 3, 2, shape=(5, 2, 4))
        assert network(x).device.type == "cuda"


@pytest.mark.parametrize("kind", NETWORKS)
def test_an_input_of_another_shape_is_refused_with_both_shapes(kind):
    with pytest.raises(ValueError, match=r"(?s)\[2, 7\].*Try one of"):
        NETWORKS[kind]((5, 2, 4))(torch.rand(2, 7))


@pytest.mark.parametrize("shape", [(), (5,)])
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_row_without_an_axis_besides_time_is_refused(kind, shape):
    with pytest.raises(ValueError, match=r"(?s)shape: .*sequence of steps.*Try one of"):
        NETWORKS[kind](shape)


@pytest.mark.parametrize(
    ("argument", "build"),
    [
        ("hidden", lambda: RecurrentEncoder((5, 2), hidden=0)),
        ("shape", lambda: RecurrentEncoder((0, 2))),
        ("shape", lambda: RecurrentDecoder(3, (5, -2))),
        ("dim", lambda: RecurrentDecoder(0, (5, 2))),
        ("hidden", lambda: RecurrentDecoder(3, (5, 2), hidden=-1)),
    ],
)
def test_a_size_that_is_not_positive_is_named(argument, build):
    with pytest.raises(ValueError, match=rf"^{argument}:"):
        build()
