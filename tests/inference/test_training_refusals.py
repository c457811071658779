"""What ``fit`` and ``load`` refuse: one clear sentence, nothing written, nothing lost."""

# Splits may be Datasets and a module's attributes anything, as far as a checker can tell.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false

import re
import shutil

import pytest
import torch

from pellucid import data, fit, load, zoo
from pellucid.data import Batch, DataSet
from pellucid.guides import MixturePosterior
from pellucid.inference import Pair
from pellucid.models import MixturePrior
from pellucid.networks import MLPEncoder
from pellucid.schedules import Cosine, Ramp


@pytest.fixture(scope="module")
def digits():
    return data.digits(rows=100)


def pair_for(digits, **changes):
    return zoo.vae(digits, **{"dim": 3, "hidden": (16,)} | changes)


def small(pair, digits, **changes):
    return fit(pair, digits, **{"epochs": 1, "batch_size": 50, "progress": False} | changes)


def replaced(digits, **splits):
    parts = digits.splits | splits
    return DataSet("mine", *parts.values(), classes=digits.classes, source="a test")


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_in_use_is_left_as_it_is(digits, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(FileExistsError, match=r"folder: .* is already in use\.\nTry one of:\n- resume=True"):
        small(pair_for(digits), digits, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_place_of_the_folder_is_left_as_it_is(digits, tmp_path):
    (tmp_path / "run").write_text("precious")
    with pytest.raises(FileExistsError, match="already in use"):
        small(pair_for(digits), digits, folder=tmp_path / "run")
    assert (tmp_path / "run").read_text() == "precious"


def test_an_empty_folder_is_taken(digits, tmp_path):
    assert small(pair_for(digits), digits, folder=tmp_path).folder == tmp_path
    assert len(load(tmp_path).history) == 1


def test_an_unwritable_folder_is_named_before_any_training(digits, tmp_path):
    (tmp_path / "file").write_text("precious")
    pair = pair_for(digits)
    before = {name: tensor.clone() for name, tensor in pair.state_dict().items()}
    with pytest.raises(OSError, match=r"folder: cannot write .*file/run.*\nTry one of"):
        small(pair, digits, folder=tmp_path / "file" / "run")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    assert all(torch.equal(tensor, before[name]) for name, tensor in pair.state_dict().items())


@pytest.mark.parametrize(
    ("argument", "given", "message"),
    [
        ("batch_size", 101, r"batch_size: expected 1 to 100.*given 101"),
        ("batch_size", 0, r"batch_size: expected 1 to 100.*given 0"),
        ("epochs", 0, r"epochs: expected a number at least 1; given 0"),
        ("patience", 0, r"patience: expected a number at least 1, or None; given 0"),
        ("clip", 0.0, r"clip: expected a number positive, or None; given 0\.0"),
        ("lr", -1e-3, r"lr: expected a number positive; given -0\.001"),
        ("lr", float("nan"), r"lr: expected a number positive; given nan"),
        ("lr", Ramp(0, -1), r"lr: expected a number positive; given Ramp"),
        ("seed", -1, r"seed: expected a number at least 0; given -1"),
    ],
)
def test_an_argument_out_of_range_is_named_with_what_was_expected(digits, tmp_path, argument, given, message):
    with pytest.raises(ValueError, match=message + r"[^\n]*\nTry one of"):
        small(pair_for(digits), digits, folder=tmp_path / "run", **{argument: given})
    assert list(tmp_path.iterdir()) == []


def test_a_pair_built_for_another_number_of_rows_is_refused(digits, tmp_path):
    other = data.digits(rows=200)
    with pytest.raises(ValueError, match=r"pair: built for 200 training rows; digits has 100\.\nTry one of"):
        small(pair_for(other), digits, folder=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_pair_built_for_images_of_another_shape_is_refused(digits, tmp_path):
    thin = replaced(digits, **{name: Batch(split.x[..., :4], split.y) for name, split in digits.splits.items()})
    with pytest.raises(ValueError, match=r"pair: the rows of mine\.train do not go through"):
        small(pair_for(digits), thin, folder=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["train", "validation", "test"])
def test_pixels_out_of_range_are_refused_wherever_they_are(digits, tmp_path, name):
    splits = {each: Batch(split.x / 255, split.y) for each, split in digits.splits.items()}
    splits[name].x[-1, 0, 0, 0] = 255.0  # the last row: the first eight alone would not show it
    mine = replaced(digits, **splits)
    with pytest.raises(
        ValueError, match=rf"mine\.{name}: .*Bernoulli.*pixels in \[0, 1\].*from 0\.00 to 255\.00(.|\n)*x / 255"
    ):
        small(pair_for(mine), mine, folder=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pixel", [float("nan"), float("inf")])
def test_pixels_that_are_no_numbers_are_refused_by_the_data_set(digits, pixel):
    x = digits.train.x / 255
    x[70, 0, 3, 3] = pixel
    with pytest.raises(ValueError, match=r"mine\.train\.x: 1 of 100 rows hold NaN or infinity, the first at index 70"):
        replaced(digits, train=Batch(x, digits.train.y))


def test_pixels_that_become_no_numbers_after_the_data_set_was_built_are_refused(digits, tmp_path):
    mine = replaced(digits, **{name: Batch(split.x / 255, split.y) for name, split in digits.splits.items()})
    mine.train.x[70, 0, 3, 3] = torch.nan
    with pytest.raises(ValueError, match=r"mine\.train: .*finite pixels; 1 of 100 rows.*the first is row 70"):
        small(pair_for(mine), mine, folder=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("label", [10, -1])
def test_labels_out_of_range_are_refused(digits, label):
    y = digits.train.y.clone()
    y[70] = label
    with pytest.raises(ValueError, match=rf"mine\.train\.y: expected integers from 0 to 9.*row 70: {label}"):
        replaced(digits, train=Batch(digits.train.x, y))


def test_a_pair_whose_loss_is_not_finite_before_training_is_refused(digits, tmp_path):
    pair = pair_for(digits)
    with torch.no_grad():
        pair.guide.posterior.loc.bias.fill_(torch.inf)
    with pytest.raises(ValueError, match=r"(?s)first rows of digits\.train.*(not finite|do not go through)"):
        small(pair, digits, folder=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def trained(digits, tmp_path_factory):
    return small(pair_for(digits), digits, folder=tmp_path_factory.mktemp("trained") / "run", lr=Cosine(1e-3, 1e-4))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"epochs": 2}, r"fit\.epochs was 1 .* is 2 now"),
        ({"seed": 3}, r"fit\.seed was 0 .* is 3 now"),
        ({"clip": 1.0}, r"fit\.clip was None .* is 1\.0 now"),
        ({"lr": Cosine(1e-3, 1e-5)}, r"fit\.lr\.init_args\.stop was 0\.0001 .* is 1e-05 now"),
        ({"optimiser": torch.optim.SGD}, r"fit\.optimiser was None .* is 'python: SGD' now"),
    ],
)
def test_resuming_with_a_changed_argument_names_it_and_touches_nothing(digits, trained, changes, named):
    before = contents(trained.folder)
    arguments = {"folder": trained.folder, "resume": True, "lr": Cosine(1e-3, 1e-4)} | changes
    with pytest.raises(ValueError, match=rf"resume: {named}"):
        small(pair_for(digits), digits, **arguments)
    assert contents(trained.folder) == before


@pytest.mark.parametrize(
    ("pair", "rows", "named"),
    [({"dim": 4}, 100, r"pair\.init_args\.dim was 3"), ({}, 90, r"data\.init_args\.rows was 100")],
)
def test_resuming_with_another_pair_or_data_set_names_the_difference(trained, pair, rows, named):
    other = data.digits(rows=rows)
    before = contents(trained.folder)
    with pytest.raises(ValueError, match=rf"resume: {named}"):
        small(pair_for(other, **pair), other, folder=trained.folder, resume=True, lr=Cosine(1e-3, 1e-4))
    assert contents(trained.folder) == before


def test_resuming_where_there_is_no_run_says_so(digits, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no config\.yaml, so it is no run folder"):
        small(pair_for(digits), digits, folder=tmp_path / "run", resume=True)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_configuration_is_named(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    (folder / "config.yaml").unlink()
    with pytest.raises(FileNotFoundError, match=rf"{re.escape(str(folder))} holds no config\.yaml"):
        load(folder)


@pytest.mark.parametrize("text", [b"pair: [", b"\xff\xfe\x00", b"", b"just a sentence", b"pair: null\ndata: null\n"])
def test_a_damaged_configuration_is_named(trained, tmp_path, text):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    (folder / "config.yaml").write_bytes(text)
    with pytest.raises(ValueError, match=r"run: .*config\.yaml (cannot be read|lacks the keys)(.|\n)*Try one of"):
        load(folder)


def by_hand(digits):
    """A pair and a data set that no configuration can name."""
    mine = replaced(digits)
    made = pair_for(mine)
    return Pair(made.model, made.guide), mine


def test_a_pair_and_data_made_by_hand_are_asked_for_and_then_loaded(digits, tmp_path):
    pair, mine = by_hand(digits)
    run = small(pair, mine, folder=tmp_path / "run")
    with pytest.raises(
        ValueError, match=r"load: the pair of .* was put together by hand(.|\n)*load\(folder, pair=\.\.\.\)"
    ):
        load(run.folder)
    fresh, _ = by_hand(digits)
    with pytest.raises(ValueError, match=r"load: the data of .* (.|\n)*load\(folder, data=\.\.\.\)"):
        load(run.folder, pair=fresh)
    again = load(run.folder, pair=fresh, data=mine)
    assert again.pair is fresh
    assert torch.equal(again.posterior()["z"].mean, run.posterior()["z"].mean)


@pytest.mark.parametrize("count", [5, 12])
def test_a_mixture_of_another_number_of_classes_is_refused_and_one_of_clusters_is_not(digits, tmp_path, count):
    def mixture(rows):
        posterior = lambda shape: MixturePosterior(MLPEncoder(shape, (16,)), count, 2)  # noqa: E731
        return zoo.compose(rows, prior=MixturePrior(count, 2), posterior=posterior)

    with pytest.raises(ValueError, match=rf"site 'y': expected 10 classes, as digits has; the pair has {count}"):
        small(mixture(digits), digits, folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    unlabelled = data.digits(rows=100, labels=0)
    if count == 5:  # validation rows still have classes
        with pytest.raises(ValueError, match="expected 10 classes"):
            small(mixture(unlabelled), unlabelled, folder=tmp_path / "clusters")
        return
    assert small(mixture(unlabelled), unlabelled, folder=tmp_path / "clusters").history
