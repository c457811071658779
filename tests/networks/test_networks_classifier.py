"""Trunks of classifiers: sizes against published counts and a formula, leading dimensions, gradients, determinism."""

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from pellucid.networks.classifier import ClassifierEncoder
from pellucid.networks.deep_classifier import DeepClassifierEncoder
from pellucid.networks.wide_residual import WideResidualEncoder

IMAGES = [(1, 28, 28), (3, 28, 28), (1, 32, 32), (3, 32, 32), (1, 64, 64), (3, 64, 64)]
TRUNKS = {
    "classifier": lambda shape: ClassifierEncoder(shape, channels=(4, 5, 6), hidden=7),
    "deep": lambda shape: DeepClassifierEncoder(shape, width=2),
    "wide residual": lambda shape: WideResidualEncoder(shape, depth=10, width=1),
}


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("kind", TRUNKS)
@pytest.mark.parametrize("rows", [(), (2,), (2, 1, 3), (0,)])
def test_leading_dimensions_equal_the_flat_computation(kind, shape, rows):
    torch.manual_seed(0)
    trunk = TRUNKS[kind](shape).eval()
    x = torch.rand(*rows, *shape)
    features = trunk(x)
    assert features.shape == (*rows, trunk.out_features)
    torch.testing.assert_close(features, trunk(x.reshape(-1, *shape)).reshape(features.shape))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
@pytest.mark.parametrize("kind", TRUNKS)
def test_statistics_of_a_training_batch_are_taken_over_all_leading_dimensions(kind, shape):
    torch.manual_seed(0)
    trunk = TRUNKS[kind](shape)
    for module in trunk.modules():
        if isinstance(module, nn.Dropout2d | nn.Dropout):
            module.p = 0.0
    x = torch.rand(2, 3, *shape)
    torch.testing.assert_close(trunk(x), trunk(x.flatten(0, 1)).reshape(2, 3, -1))


@pytest.mark.parametrize("kind", TRUNKS)
def test_in_evaluation_a_row_does_not_depend_on_its_neighbours_and_twice_is_the_same(kind):
    torch.manual_seed(0)
    trunk = TRUNKS[kind]((1, 28, 28))
    trunk(torch.rand(8, 1, 28, 28))
    trunk.eval()
    x = torch.rand(4, 1, 28, 28)
    assert torch.equal(trunk(x), trunk(x))
    torch.testing.assert_close(trunk(x)[2], trunk(x[2]))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64)])
@pytest.mark.parametrize("kind", TRUNKS)
def test_every_parameter_gets_a_gradient(kind, shape):
    torch.manual_seed(0)
    trunk = TRUNKS[kind](shape)
    trunk(torch.rand(8, *shape)).square().sum().backward()
    for name, parameter in trunk.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("kind", TRUNKS)
def test_nothing_stays_behind_on_the_cpu(kind):
    with FakeTensorMode():
        with torch.device("cuda"):
            trunk, x = TRUNKS[kind]((3, 32, 32)), torch.empty(3, 2, 3, 32, 32)
        assert trunk(x).device.type == "cuda"


@pytest.mark.parametrize("kind", TRUNKS)
def test_an_input_of_another_shape_is_refused_with_both_shapes(kind):
    with pytest.raises(ValueError, match=r"(?s)\[1, 28, 28\].*\[3, 7\].*Try one of"):
        TRUNKS[kind]((1, 28, 28))(torch.rand(3, 7))


class TestClassifierEncoder:
    @pytest.mark.parametrize("colours", [1, 3])
    def test_its_parameters_are_those_of_the_layers_of_the_paper(self, colours):
        convolutions = 25 * colours * 32 + 9 * 32 * 64 + 9 * 64 * 128
        normalised = 2 * (32 + 64 + 128)
        assert count(ClassifierEncoder((colours, 28, 28))) == convolutions + normalised + 128 * 64 + 64

    @pytest.mark.parametrize(("side", "sides"), [(28, [28, 14, 7, 3]), (32, [32, 16, 8, 4]), (64, [64, 32, 16, 8])])
    def test_each_layer_keeps_the_side_and_each_pool_halves_it(self, side, sides):
        trunk = ClassifierEncoder((1, side, side))
        convolved, pooled = [], []
        for layer in trunk.layers:
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(lambda _, i, o: convolved.append(tuple(o.shape[1:])))
            if isinstance(layer, nn.MaxPool2d):
                layer.register_forward_hook(lambda _, i, o: pooled.append(o.shape[-1]))
        trunk(torch.rand(2, 1, side, side))
        assert convolved == [(c, s, s) for c, s in zip((32, 64, 128), sides[:-1], strict=True)]
        assert pooled == sides[1:]

    @pytest.mark.parametrize("side", [28, 32, 64])
    def test_every_pixel_reaches_the_features_though_the_last_pool_of_28_drops_a_row(self, side):
        torch.manual_seed(0)
        trunk = ClassifierEncoder((1, side, side), dropout=0.0).eval()
        x = torch.rand(16, 1, side, side, requires_grad=True)
        trunk(x).square().sum().backward()
        assert x.grad is not None
        assert (x.grad.abs().sum((0, 1)) > 0).all()

    def test_dropout_leaves_out_whole_channels_in_training(self):
        torch.manual_seed(0)
        trunk = ClassifierEncoder((1, 28, 28))
        kept = []
        trunk.layers[4].register_forward_hook(lambda _, i, o: kept.append((i[0], o)))
        trunk(torch.rand(64, 1, 28, 28))
        before, after = kept[0]
        gone = (after == 0).flatten(2).all(2) & (before != 0).flatten(2).any(2)
        whole = (after == 2 * before).flatten(2).all(2)
        assert (gone | whole).all()
        share = gone.double().mean().item()
        assert abs(share - 0.5) < 4.5 * 0.5 / (64 * 32) ** 0.5

    def test_features_are_those_of_the_layers_written_out(self):
        torch.manual_seed(0)
        trunk = ClassifierEncoder((1, 8, 8), channels=(3,), kernels=(3,), hidden=2, dropout=0.0)
        x = torch.rand(5, 1, 8, 8)
        convolution, dense = trunk.layers[0], trunk.dense[0]
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(dense, nn.Linear)
        h = nn.functional.conv2d(x, convolution.weight, padding=1)
        h = (h - h.mean((0, 2, 3), keepdim=True)) / (h.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
        h = torch.maximum(h, 0.1 * h).unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2))
        out = h.mean((2, 3)) @ dense.weight.T + dense.bias
        torch.testing.assert_close(trunk(x), torch.maximum(out, 0.1 * out))

    @pytest.mark.parametrize(
        ("argument", "build"),
        [
            ("shape", lambda: ClassifierEncoder((1, 4, 8))),
            ("shape", lambda: ClassifierEncoder((28, 28))),
            ("shape", lambda: ClassifierEncoder((1, 28, 28), channels=(), kernels=())),
            ("channels", lambda: ClassifierEncoder((1, 28, 28), channels=(8, 0, 8))),
            ("kernels", lambda: ClassifierEncoder((1, 28, 28), kernels=(3, 3))),
            ("kernels", lambda: ClassifierEncoder((1, 28, 28), kernels=(4, 3, 3))),
            ("hidden", lambda: ClassifierEncoder((1, 28, 28), hidden=0)),
            ("dropout", lambda: ClassifierEncoder((1, 28, 28), dropout=1.0)),
            ("dropout", lambda: ClassifierEncoder((1, 28, 28), dropout=-0.1)),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, argument, build):
        with pytest.raises(ValueError, match=rf"(?s)^{argument}:.*Try one of:\n- "):
            build()


def wide_count(depth, width, colours):
    """Kernels and normalisations of a wide residual network, group by group."""
    n, total, inside = (depth - 4) // 6, 9 * colours * 16, 16
    for group in range(3):
        out = 16 * 2**group * width
        total += 2 * inside + 9 * inside * out + 2 * out + 9 * out * out  # the first block
        total += inside * out if inside != out else 0  # its convolution 1 x 1
        total += (n - 1) * (4 * out + 18 * out * out)
        inside = out
    return total + 2 * inside


class TestWideResidualEncoder:
    @pytest.mark.parametrize(
        ("depth", "width", "published"), [(28, 2, 1_467_610), (16, 4, 2_748_890), (40, 2, 2_243_546)]
    )
    def test_with_ten_logits_it_has_the_published_number_of_parameters(self, depth, width, published):
        trunk = WideResidualEncoder((3, 32, 32), depth, width)
        assert count(trunk) + 10 * trunk.out_features + 10 == published

    @pytest.mark.parametrize(("depth", "width", "colours"), [(10, 1, 1), (10, 3, 3), (16, 2, 1), (22, 1, 3)])
    def test_its_parameters_are_those_of_the_formula(self, depth, width, colours):
        assert count(WideResidualEncoder((colours, 28, 28), depth, width)) == wide_count(depth, width, colours)

    def test_the_default_is_wrn_28_2(self):
        assert count(WideResidualEncoder((3, 32, 32))) == wide_count(28, 2, 3)

    @pytest.mark.parametrize(("side", "sides"), [(28, [28, 14, 7]), (32, [32, 16, 8]), (64, [64, 32, 16])])
    def test_two_groups_halve_the_image_and_all_widen(self, side, sides):
        trunk = WideResidualEncoder((1, side, side), depth=16, width=2)
        seen = []
        for layer in trunk.layers[1:-2]:
            layer.register_forward_hook(lambda _, i, o: seen.append(tuple(o.shape[1:])))
        trunk(torch.rand(1, 1, side, side))
        assert seen == [(c, s, s) for c, s in zip((32, 64, 128), sides, strict=True) for _ in range(2)]

    def test_a_block_whose_convolutions_are_silent_passes_its_input(self):
        trunk = WideResidualEncoder((1, 28, 28), depth=16, width=1).eval()
        block = trunk.layers[2]  # the second of the first group: channels and side stay
        last = block.get_submodule("change.4")
        assert isinstance(last, nn.Conv2d)
        nn.init.zeros_(last.weight)
        x = torch.randn(2, 16, 28, 28)
        torch.testing.assert_close(block(x), x)

    @pytest.mark.parametrize("slope", [0.0, 0.1])
    def test_convolutions_keep_the_size_of_an_activated_standard_normal(self, slope):
        torch.manual_seed(0)
        block = WideResidualEncoder((3, 32, 32), depth=10, slope=slope).layers[2]
        convolution = block.get_submodule("change.0")
        x = nn.functional.leaky_relu(torch.randn(16, 32, 16, 16), slope)
        inner = convolution(x)[..., 1:-1, 1:-1]  # stride 2: nothing of the padding within
        assert inner.square().mean().item() == pytest.approx(1, abs=0.1)

    @pytest.mark.parametrize(
        ("argument", "build"),
        [
            ("shape", lambda: WideResidualEncoder((28, 28))),
            ("shape", lambda: WideResidualEncoder((0, 28, 28))),
            ("depth", lambda: WideResidualEncoder((1, 28, 28), depth=12)),
            ("depth", lambda: WideResidualEncoder((1, 28, 28), depth=4)),
            ("width", lambda: WideResidualEncoder((1, 28, 28), width=0)),
            ("dropout", lambda: WideResidualEncoder((1, 28, 28), dropout=1.5)),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, argument, build):
        with pytest.raises(ValueError, match=rf"(?s)^{argument}:.*Try one of:\n- "):
            build()


class TestDeepClassifierEncoder:
    @pytest.mark.parametrize("colours", [1, 3])
    def test_its_parameters_are_those_of_the_nine_layers_of_the_paper(self, colours):
        channels = [colours, 128, 128, 128, 256, 256, 256, 512, 256, 128]
        kernels = [9] * 7 + [1] * 2
        convolutions = sum(k * a * b for k, a, b in zip(kernels, channels[:-1], channels[1:], strict=True))
        assert count(DeepClassifierEncoder((colours, 32, 32))) == convolutions + 2 * sum(channels[1:])

    @pytest.mark.parametrize(("side", "last"), [(12, 1), (28, 5), (32, 6), (64, 14)])
    def test_two_pools_and_a_convolution_without_padding_leave_so_many_places(self, side, last):
        trunk = DeepClassifierEncoder((1, side, side), width=2)
        seen = []
        for layer in trunk.layers:
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(lambda _, i, o: seen.append(tuple(o.shape[1:])))
        trunk(torch.rand(2, 1, side, side))
        sides = [side] * 3 + [side // 2] * 3 + [last] * 3
        assert seen == [(c, s, s) for c, s in zip([2, 2, 2, 4, 4, 4, 8, 4, 2], sides, strict=True)]

    def test_features_are_those_of_the_layers_written_out(self):
        torch.manual_seed(0)
        trunk, x = DeepClassifierEncoder((1, 12, 12), width=1, dropout=0.0), torch.rand(5, 1, 12, 12)
        h = x
        for place, layer in enumerate(layer for layer in trunk.layers if isinstance(layer, nn.Conv2d)):
            h = nn.functional.conv2d(h, layer.weight, padding=1 if place < 6 else 0)
            h = (h - h.mean((0, 2, 3), keepdim=True)) / (h.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
            h = torch.maximum(h, 0.1 * h)
            if place in (2, 5):
                h = h.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2))
        torch.testing.assert_close(trunk(x), h.mean((2, 3)), rtol=1e-4, atol=1e-4)

    def test_dropout_leaves_out_single_values_in_training(self):
        torch.manual_seed(0)
        trunk = DeepClassifierEncoder((1, 28, 28), width=4, dropout=0.3)
        (first, _) = (layer for layer in trunk.layers if isinstance(layer, nn.Dropout))
        kept = first(torch.ones(64, 4, 14, 14)) != 0
        share = kept.double().mean().item()
        assert abs(share - 0.7) < 4.5 * (0.21 / kept.numel()) ** 0.5
        assert kept.flatten(2).any(2).all()
        assert not kept.flatten(2).all(2).any()

    @pytest.mark.parametrize(
        ("argument", "build"),
        [
            ("shape", lambda: DeepClassifierEncoder((1, 11, 32))),
            ("shape", lambda: DeepClassifierEncoder((28, 28))),
            ("width", lambda: DeepClassifierEncoder((1, 28, 28), width=0)),
            ("dropout", lambda: DeepClassifierEncoder((1, 28, 28), dropout=1.0)),
        ],
    )
    def test_bad_input_is_named_with_a_remedy(self, argument, build):
        with pytest.raises(ValueError, match=rf"(?s)^{argument}:.*Try one of:\n- "):
            build()
