"""Augmented images: the moves and turns are those of other libraries, evenly drawn, and a digit stays what it is."""

# pyright: reportArgumentType=false

import math

import pytest
import torch
from scipy import stats
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional
from torchvision.transforms.functional import InterpolationMode, rotate

from pellucid import data
from pellucid.data import Augmentation, Batch, augmentation_named
from pellucid.data.augmentation import moved, turned
from pellucid.inference.training.build import arguments

LIKELY = 1e-3
"""The p-value from which a fixed seed passes."""


def augmented(augmentation: Augmentation, x: Tensor, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return augmentation(x)


def numbered(rows: int, height: int, width: int) -> Tensor:
    """Rows all alike, whose pixels count from 1."""
    return torch.arange(1.0, height * width + 1).reshape(1, 1, height, width).repeat(rows, 1, 1, 1)


@pytest.mark.parametrize("down", [-3, 0, 2])
@pytest.mark.parametrize("right", [-1, 0, 3])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_move_is_a_slice_of_the_padded_image_bit_by_bit(down, right, mirror):
    x = torch.rand(2, 3, 9, 7)
    found = moved(x, torch.tensor([[down], [0]]), torch.tensor([[right], [0]]), torch.tensor([[mirror], [False]]), 3)
    padded = functional.pad(x.flip(-1) if mirror else x, (3, 3, 3, 3))
    assert found[0].equal(padded[0, :, 3 - down : 12 - down, 3 - right : 10 - right])
    assert found[1].equal(x[1])


@pytest.mark.parametrize("flip", [False, True])
def test_all_moves_are_equally_frequent_and_half_of_the_rows_are_mirrored(flip):
    x = numbered(20_000, 9, 11)
    centre = augmented(Augmentation(rotation=0, shift=2, flip=flip), x)[:, 0, 4, 4:7]
    mirrored = centre[:, 0] > centre[:, 2]
    counts = [int(((centre[:, 1] == value) & ~mirrored).sum()) for value in x[0, 0, 2:7, 3:8].flatten()]
    assert sum(counts) == int((~mirrored).sum())
    assert stats.chisquare(counts).pvalue > LIKELY
    share = 0.5 if flip else 1.0
    assert abs(sum(counts) / len(x) - share) <= 4 * math.sqrt(share * (1 - share) / len(x))


@pytest.mark.parametrize("shape", [(2, 3, 28, 28), (2, 1, 16, 23), (2, 1, 8, 8)])
@pytest.mark.parametrize("degrees", [-25.0, 10.0, 90.0, 180.0])
def test_a_turn_is_that_of_torchvision_in_every_pixel(shape, degrees):
    x, still = torch.rand(shape, generator=torch.Generator().manual_seed(0)), torch.zeros(shape[0], 1)
    for mirror in (False, True):
        angle = still + math.radians(degrees)
        found = turned(x, angle, still.long(), still.long(), torch.full_like(still, mirror, dtype=torch.bool))
        expected = rotate(x.flip(-1) if mirror else x, degrees, InterpolationMode.BILINEAR)
        if degrees % 90:  # right angles fall between pixels by a rounding, which torchvision's own zeros show too
            torch.testing.assert_close(found, expected, rtol=0, atol=2e-5)
        else:
            torch.testing.assert_close(found[..., 2:-2, 2:-2], expected[..., 2:-2, 2:-2], rtol=0, atol=2e-5)


def test_a_turn_by_nothing_is_the_exact_move():
    x, still = torch.rand(4, 2, 9, 12), torch.zeros(4, 1)
    down, right, mirror = torch.tensor([[-2], [0], [1], [2]]), torch.tensor([[1], [2], [-2], [0]]), still > 0
    mirror[2] = True
    torch.testing.assert_close(turned(x, still, down, right, mirror), moved(x, down, right, mirror, 2))


def test_angles_are_uniform_between_the_two_bounds():
    """On a slope the turned image says its angle: it rises by the cosine across and by minus the sine downwards."""
    slope = torch.arange(15.0).expand(4000, 1, 15, 15)
    seen = augmented(Augmentation(rotation=40, shift=0), slope)[:, 0]
    across, down = seen[:, 7, 8] - seen[:, 7, 6], seen[:, 8, 7] - seen[:, 6, 7]
    angles = torch.atan2(-down, across).rad2deg()
    assert angles.abs().max() <= 40.01
    assert stats.kstest(angles.numpy(), stats.uniform(-40, 80).cdf).pvalue > LIKELY


@pytest.mark.parametrize("augmentation", [Augmentation(30, 3, True), Augmentation(0, 3, True)])
def test_the_seed_and_nothing_else_fixes_the_draw_and_every_row_has_its_own(augmentation):
    x = torch.rand(1, 1, 12, 12).repeat(40, 1, 1, 1)
    first = augmented(augmentation, x, 3)
    assert first.equal(augmented(augmentation, x, 3))
    assert not first.equal(augmented(augmentation, x, 4))
    different = {tuple(row.tolist()) for row in first.flatten(1)}
    assert len(different) > 25


@pytest.mark.parametrize("level", [0.3, 0.7, 1.0, -1.0])
def test_pixels_stay_in_the_range_of_the_row_and_zero(level):
    seen = augmented(Augmentation(180, 3, True), torch.full((500, 1, 10, 10), level))
    assert min(level, 0) == seen.min()
    assert max(level, 0) == seen.max()


def test_what_comes_from_beyond_the_border_is_zero_and_nothing_is_lost_that_stays_within():
    dot = torch.zeros(200, 1, 15, 15)
    dot[:, :, 6:9, 6:9] = 1
    for rotation, error in [(0, 0.0), (30, 0.2)]:
        mass = augmented(Augmentation(rotation, 4, True), dot).sum((1, 2, 3))
        torch.testing.assert_close(mass, torch.full_like(mass, 9.0), rtol=0, atol=error)


def test_no_gradient_passes_and_precision_and_memory_are_the_images_own():
    x = torch.rand(3, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    for augmentation in (Augmentation(0, 2), Augmentation(20, 2)):
        seen = augmentation(x)
        assert not seen.requires_grad
        assert seen.dtype == torch.float64


def accuracy(augmentation: Augmentation | None, copies: int = 20) -> float:
    """Of the nearest neighbour, among augmented copies of 1000 digits, of 500 digits left as they are."""
    digits = data.mnist5k()
    assert isinstance(digits.train, Batch)
    assert isinstance(digits.test, Batch)
    rows, new = digits.train.take(slice(1000)), digits.test.take(slice(500))
    assert isinstance(rows.y, Tensor)
    assert isinstance(new.y, Tensor)
    x = rows.x.float() / 255
    torch.manual_seed(0)
    shown = torch.cat([augmentation(x) for _ in range(copies)]) if augmentation else x
    code, known = (functional.avg_pool2d(images, 2).flatten(1) for images in (new.x.float() / 255, shown))
    nearest = torch.cdist(code, known).argmin(1) % len(x)
    return float((rows.y[nearest] == new.y).float().mean())


def test_a_digit_stays_the_digit_it_is_and_mirrored_or_upside_down_it_does_not():
    clean = accuracy(None)
    digits = augmentation_named("digits", (1, 28, 28))
    assert digits is not None
    kept = accuracy(digits)
    assert kept > clean - 0.04
    assert accuracy(Augmentation(digits.rotation, digits.shift, flip=True)) < kept - 0.03
    assert accuracy(Augmentation(180, digits.shift)) < kept - 0.15


class Seen(nn.Module):
    """What a graph is made of."""

    def __init__(self, augmentation: Augmentation):
        super().__init__()
        self.augmentation = augmentation

    def forward(self, x: Tensor) -> Tensor:
        """Images augmented."""
        return self.augmentation(x)


@pytest.mark.parametrize("augmentation", [Augmentation(25, 2, True), Augmentation(0, 2, True)])
def test_a_graph_draws_what_the_call_draws(augmentation):
    x = torch.rand(6, 3, 10, 10)
    exported = torch.export.export(Seen(augmentation), (torch.zeros_like(x),), strict=False).module()
    compiled = torch.compile(Seen(augmentation), backend="aot_eager", fullgraph=True)
    expected = augmented(augmentation, x, 5)
    for graph in (exported, compiled):
        torch.manual_seed(5)
        torch.testing.assert_close(graph(x), expected)


@pytest.mark.parametrize("augmentation", [Augmentation(25, 2, True), Augmentation(0, 2, True)])
def test_every_tensor_is_made_on_the_device_of_the_images(augmentation):
    with FakeTensorMode():
        seen = augmentation(torch.empty(6, 3, 10, 10, device="cuda"))
    assert seen.device.type == "cuda"
    assert seen.shape == (6, 3, 10, 10)


def test_names_stand_for_what_a_kind_of_images_bears():
    assert augmentation_named("none", (784,)) is None
    for name, shape, expected in [
        ("digits", (1, 28, 28), (25.0, 4, False)),
        ("digits", (1, 8, 8), (25.0, 1, False)),
        ("photos", (3, 32, 32), (0.0, 4, True)),
        ("photos", (3, 96, 64), (0.0, 8, True)),
    ]:
        found = augmentation_named(name, shape)
        assert found is not None
        assert (found.rotation, found.shift, found.flip) == expected


def wanting(augmentation: Augmentation | None = None) -> None:
    """Takes an augmentation."""


def test_an_augmentation_is_made_again_from_its_recipe():
    first = Augmentation(30, 2, True)
    again = arguments(wanting, {"augmentation": first.recipe})["augmentation"]
    assert isinstance(again, Augmentation)
    assert vars(again) == vars(first)
    assert again.recipe == first.recipe


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rotation": -1}, "rotation: expected degrees from 0 to 180.*; -1 was given"),
        ({"rotation": 181}, "rotation: expected degrees"),
        ({"rotation": math.nan}, "rotation: expected degrees"),
        ({"shift": -1}, "shift: expected a whole number of pixels, 0 or more; -1 was given"),
        ({"shift": 1.5}, "shift: expected a whole number of pixels"),
        ({"shift": True}, "shift: expected a whole number of pixels"),
    ],
)
def test_arguments_out_of_range_are_refused(given, message):
    with pytest.raises(ValueError, match=f"(?s){message}.*Try one of"):
        Augmentation(**given)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(5, 784), r"x: expected float images \[B, C, H, W\].*float32 \[5, 784\] was given"),
        (torch.zeros(5, 1, 28, 28, dtype=torch.uint8), "x: expected float images .* torch.uint8"),
        (torch.zeros(5, 1, 28, 4), "shift: expected fewer pixels than the sides of the images, 28 x 4; 4 was given"),
    ],
)
def test_what_is_no_batch_of_images_large_enough_is_refused(x, message):
    with pytest.raises(ValueError, match=f"(?s){message}.*Try one of"):
        Augmentation()(x)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        (
            "letters",
            (1, 28, 28),
            "augmentation: expected one of 'none', 'digits', 'photos', 'moves'; 'letters' was given",
        ),
        ("photos", (784,), r"augmentation: 'photos' is for rows that are images.*\(784,\)"),
    ],
)
def test_an_unknown_name_and_rows_that_are_no_images_are_refused(name, shape, message):
    with pytest.raises(ValueError, match=f"(?s){message}.*Try one of"):
        augmentation_named(name, shape)
