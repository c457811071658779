"""Encoders and decoders: leading dimensions, mirrored sizes, gradients, devices, and shapes that do not fit."""

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from pellucid.networks import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder

IMAGES = [(1, 28, 28), (3, 28, 28), (1, 32, 32), (3, 32, 32), (1, 64, 64), (3, 64, 64)]
ENCODERS = {
    "mlp": lambda shape: MLPEncoder(shape, (30, 20)),
    "conv": lambda shape: ConvEncoder(shape, hidden=20),
    "conv with batch norm": lambda shape: ConvEncoder(shape, hidden=20, batch_norm=True),
}
DECODERS = {
    "mlp": lambda shape: MLPDecoder(5, shape, (20, 30)),
    "conv": lambda shape: ConvDecoder(5, shape, hidden=20),
    "conv with batch norm": lambda shape: ConvDecoder(5, shape, hidden=20, batch_norm=True),
}


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("rows", [(), (2,), (3, 2), (2, 1, 3), (0,)])
def test_leading_dimensions_of_an_encoder_equal_the_flat_computation(kind, shape, rows):
    torch.manual_seed(0)
    encoder = ENCODERS[kind](shape).eval()
    x = torch.rand(*rows, *shape)
    features = encoder(x)
    assert features.shape == (*rows, encoder.out_features)
    flat = encoder(x.reshape(-1, *shape))
    torch.testing.assert_close(features, flat.reshape(features.shape))


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("rows", [(), (2,), (3, 2), (2, 1, 3), (0,)])
def test_leading_dimensions_of_a_decoder_equal_the_flat_computation(kind, shape, rows):
    torch.manual_seed(0)
    decoder = DECODERS[kind](shape).eval()
    z = torch.randn(*rows, 5)
    image = decoder(z)
    assert image.shape == (*rows, *shape)
    torch.testing.assert_close(image, decoder(z.reshape(-1, 5)).reshape(image.shape))


@pytest.mark.parametrize("kind", ["mlp", "conv"])
def test_a_row_does_not_depend_on_its_neighbours(kind):
    torch.manual_seed(0)
    encoder, decoder = ENCODERS[kind]((1, 28, 28)), DECODERS[kind]((1, 28, 28))
    x, z = torch.rand(4, 1, 28, 28), torch.randn(4, 5)
    torch.testing.assert_close(encoder(x)[2], encoder(x[2]))
    torch.testing.assert_close(decoder(z)[2], decoder(z[2]))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64)])
@pytest.mark.parametrize("network", [*ENCODERS.items(), *DECODERS.items()], ids=lambda n: n[0])
def test_every_parameter_gets_a_gradient(network, shape):
    torch.manual_seed(0)
    network = network[1](shape)
    x = torch.randn(8, network.dim) if hasattr(network, "dim") else torch.rand(8, *shape)
    network(x).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("channels", [None, (4, 6)])
def test_the_decoder_mirrors_the_sizes_of_the_encoder(shape, channels):
    def sizes(network: nn.Module, x: torch.Tensor, kind: type) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        seen = []
        for layer in network.modules():
            if isinstance(layer, kind):
                layer.register_forward_hook(lambda _, i, o: seen.append((tuple(i[0].shape), tuple(o.shape))))
        network(x)
        return seen

    down = sizes(ConvEncoder(shape, channels), torch.rand(1, *shape), nn.Conv2d)
    up = sizes(ConvDecoder(5, shape, channels), torch.randn(1, 5), nn.ConvTranspose2d)
    assert [(b, a) for a, b in reversed(down)] == up


def test_the_reference_network_of_the_mutual_information_paper_is_the_default_for_28_pixels():
    encoder = ConvEncoder((1, 28, 28))
    sizes = [tuple(parameter.shape) for parameter in encoder.parameters() if parameter.dim() > 1]
    assert sizes == [(32, 1, 4, 4), (32, 32, 4, 4), (256, 32 * 7 * 7)]


def test_a_linear_decoder_is_an_affine_map():
    decoder = MLPDecoder(5, (1, 4, 4), hidden=())
    a, b = torch.randn(2, 3, 5)
    torch.testing.assert_close(decoder((a + b) / 2), (decoder(a) + decoder(b)) / 2)


@pytest.mark.parametrize("network", [*ENCODERS.items(), *DECODERS.items()], ids=lambda n: n[0])
def test_nothing_stays_behind_on_the_cpu(network):
    shape = (3, 32, 32)
    with FakeTensorMode():
        with torch.device("cuda"):
            network = network[1](shape)
            x = torch.empty(3, 2, 5) if hasattr(network, "dim") else torch.empty(3, 2, *shape)
        assert network(x).device.type == "cuda"


@pytest.mark.parametrize("network", [*ENCODERS.items(), *DECODERS.items()], ids=lambda n: n[0])
def test_an_input_of_another_shape_is_refused_with_both_shapes(network):
    with pytest.raises(ValueError, match=r"(?s)\[3, 7\].*Try one of"):
        network[1]((1, 28, 28))(torch.rand(3, 7))


@pytest.mark.parametrize("shape", [(1, 30, 30), (1, 28, 32), (28, 28), (3, 218, 178)])
@pytest.mark.parametrize("build", [ConvEncoder, lambda shape: ConvDecoder(5, shape)], ids=["encoder", "decoder"])
def test_an_image_of_an_unsupported_size_names_the_supported_ones(build, shape):
    with pytest.raises(ValueError, match=r"(?s)28, 32 or 64.*Try one of"):
        build(shape)


@pytest.mark.parametrize("channels", [(), (8, 8, 8)])
def test_more_layers_than_an_image_can_be_halved_are_refused(channels):
    with pytest.raises(ValueError, match="28 pixels cannot be halved"):
        ConvEncoder((1, 28, 28), channels)


@pytest.mark.parametrize(
    ("argument", "build"),
    [
        ("hidden", lambda: MLPEncoder((1, 8, 8), (0,))),
        ("hidden", lambda: MLPEncoder((1, 8, 8), ())),
        ("shape", lambda: MLPEncoder((1, -8, 8))),
        ("dim", lambda: MLPDecoder(0, (1, 8, 8))),
        ("dim", lambda: ConvDecoder(-1, (1, 28, 28))),
        ("channels", lambda: ConvEncoder((1, 28, 28), (8, 0))),
        ("shape", lambda: ConvEncoder((0, 28, 28))),
        ("hidden", lambda: ConvEncoder((1, 28, 28), hidden=0)),
    ],
)
def test_a_size_that_is_not_positive_is_named(argument, build):
    with pytest.raises(ValueError, match=rf"^{argument}:"):
        build()
