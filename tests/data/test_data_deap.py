"""DEAP from files of its true shape in both formats, with an effect planted: features, splits, and what is refused."""

# A split may be in memory or not, a label a tensor or a dict: these tests know which.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false

import os
import pickle
import shutil

import numpy as np
import pytest
import torch
from scipy.io import savemat
from scipy.signal import periodogram, welch

from pellucid.data import Batches, deap
from pellucid.data.emotion import BANDS, band_power
from pellucid.data.emotion.clips import split_clips
from pellucid.data.emotion.person import read_person
from tests.deap_files import CHANNEL, balanced_ratings, write_person, write_python2

ALPHA = list(BANDS).index("alpha")
PEOPLE = (1, 2, 7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three people: a pickle of Python 2 and a .mat file, both float64 as DEAP's are, and a pickle of float32."""
    home = tmp_path_factory.mktemp("deap")
    (home / "data_preprocessed_python").mkdir()
    for number, suffix, dtype in zip(PEOPLE, ("dat", "mat", "dat"), (np.float64, np.float64, np.float32), strict=True):
        write_person(home / "data_preprocessed_python", number, suffix, dtype)
    yield home
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def by_trial(folder):
    return deap(folder, people=PEOPLE)


@pytest.fixture(scope="module")
def by_person(folder):
    return deap(folder, people=PEOPLE, split="person", steps=7, label=["valence", "liking"], baseline=True, labels=50)


def trials(data) -> dict[str, set[tuple[float, ...]]]:
    return {name: set(map(tuple, factors.values[:, :2].tolist())) for name, factors in data.factors.items()}


# Features


def signal(seconds=6, seed=0, scale=20.0):
    rng = np.random.default_rng(seed)
    return (scale * rng.standard_normal((2, 3, 128 * seconds)).cumsum(-1) / 10).astype(np.float32)


def test_band_power_is_scipys_periodogram_summed_over_the_band():
    x = signal()
    f, density = periodogram(x.reshape(2, 3, -1, 128), 128, window="hann", detrend=False)
    expected = np.stack([density[..., (f >= low) & (f < high)].sum(-1) for low, high in BANDS.values()], -1)
    np.testing.assert_allclose(band_power(torch.from_numpy(x)).numpy(), np.log(expected), rtol=1e-4, atol=1e-4)


def test_the_mean_power_of_seconds_is_scipys_welch_without_overlap():
    x = signal().astype(np.float64)
    f, density = welch(x, 128, window="hann", nperseg=128, noverlap=0, detrend=False)
    expected = np.stack([density[..., (f >= low) & (f < high)].sum(-1) for low, high in BANDS.values()], -1)
    np.testing.assert_allclose(band_power(torch.from_numpy(x)).exp().mean(-2).numpy(), expected, rtol=1e-9)


def test_power_over_all_bands_is_the_mean_square_under_the_window():
    x = torch.from_numpy(signal()).double()
    x = x - x.mean(-1, keepdim=True)
    window = torch.hann_window(128, dtype=torch.float64)
    seconds = x.unflatten(-1, (-1, 128))
    seconds = seconds - (seconds * window).sum(-1, keepdim=True) / window.sum()  # nothing left in the bin of 0 Hz
    alternating = (seconds * window * (-1.0) ** torch.arange(128)).sum(-1)  # the bin of 64 Hz, which no band holds
    expected = (seconds * window).square().sum(-1) - alternating.square() / 128
    found = band_power(seconds.flatten(-2), bands={"all": (0.5, 64.0)}).exp()[..., 0]
    torch.testing.assert_close(found, expected / window.square().sum())


@pytest.mark.parametrize("hertz", [5, 6, 9.5, 10, 14, 20, 27.3, 32, 43])
@pytest.mark.parametrize("amplitude", [0.1, 30.0])
def test_a_sine_puts_its_mean_square_into_its_own_band(hertz, amplitude):
    t = torch.arange(2 * 128) / 128
    power = band_power(amplitude * torch.sin(2 * torch.pi * hertz * t + 0.3)).exp()
    band = next(i for i, (low, high) in enumerate(BANDS.values()) if low <= hertz < high)
    torch.testing.assert_close(power[:, band], torch.full((2,), amplitude**2 / 2), rtol=0.02, atol=0.0)
    others = [i for i in range(4) if i != band]
    assert (power[:, others] < 0.02 * amplitude**2).all()


@pytest.mark.parametrize("hertz", [1, 2, 47, 60])
def test_a_sine_outside_all_bands_and_a_constant_leave_no_power(hertz):
    t = torch.arange(128) / 128
    assert (band_power(torch.sin(2 * torch.pi * hertz * t) + 5).exp() < 1e-5).all()


def test_silence_has_the_floor_and_a_gain_adds_its_logarithm():
    assert band_power(torch.zeros(128)).exp().allclose(torch.tensor(1e-6))
    x = torch.from_numpy(signal())
    torch.testing.assert_close(band_power(10 * x), band_power(x) + np.log(100.0), rtol=1e-4, atol=1e-4)


def test_a_signal_of_broken_seconds_and_empty_bands_are_refused():
    with pytest.raises(ValueError, match=r"(?s)signal: expected whole seconds of 128.*130.*Try one of"):
        band_power(torch.zeros(130))
    with pytest.raises(ValueError, match="signal: expected whole seconds"):
        band_power(torch.zeros(3, 0))
    for edges in ((4.2, 4.8), (0.0, 4.0), (60.0, 65.0)):
        with pytest.raises(ValueError, match=r"(?s)bands: .*Try one of"):
            band_power(torch.zeros(128), bands={"odd": edges})


# The data set


@pytest.mark.parametrize(("number", "suffix"), [(1, "dat"), (2, "mat"), (7, "dat")])
def test_both_formats_give_the_electrodes_and_ratings_that_were_written(folder, number, suffix, tmp_path):
    person = read_person(folder / "data_preprocessed_python" / f"s{number:02d}.{suffix}")
    assert person.signal.shape == (40, 32, 8064)
    assert person.signal.dtype == torch.float32
    np.testing.assert_allclose(person.ratings.numpy(), balanced_ratings(number), rtol=1e-6)


def test_rows_are_the_standardised_log_power_of_their_own_second(folder, by_trial):
    person = read_person(folder / "data_preprocessed_python" / "s02.mat")
    raw, found = [], []
    for name, factors in by_trial.factors.items():
        of_two = factors.values[:, 0] == 2
        for (_, clip, second), x in zip(
            factors.values[of_two][::17].long(), by_trial.splits[name].x[of_two][::17], strict=True
        ):
            start = 128 * (3 + second)
            raw.append(band_power(person.signal[clip - 1, :, start : start + 128])[:, 0])
            found.append(x[0])
    raw, found = torch.stack(raw), torch.stack(found)
    # One affine map a feature takes all raw values to those of the data set.
    slope = found.std(0) / raw.std(0)
    torch.testing.assert_close(found, (raw - raw.mean(0)) * slope + found.mean(0), rtol=1e-3, atol=1e-3)


def test_only_training_rows_are_centred_and_scaled_to_one(by_trial, by_person):
    for data in (by_trial, by_person):
        rows = data.train.x.flatten(0, 1).double()
        assert rows.mean(0).abs().max() < 1e-4
        assert (rows.std(0, correction=0) - 1).abs().max() < 1e-4
        assert data.test.x.flatten(0, 1).mean(0).abs().max() > 1e-3  # by their own mean they would be 0


def test_shapes_and_sizes_are_those_of_whole_trials(by_trial, by_person):
    assert {name: rows.x.shape for name, rows in by_trial.splits.items()} == {
        "train": (3 * 28 * 60, 1, 32, 4),
        "validation": (3 * 4 * 60, 1, 32, 4),
        "test": (3 * 8 * 60, 1, 32, 4),
    }
    assert {name: rows.x.shape for name, rows in by_person.splits.items()} == dict.fromkeys(
        ("train", "validation", "test"), (40 * 8, 7, 32, 4)
    )
    assert by_trial.classes == ("low valence", "high valence")
    assert by_person.classes == ("valence", "liking")
    assert by_person.attributes
    assert by_person.train.y.shape == (320, 2)
    assert by_person.train.labelled.sum() == 50
    assert by_person.recipe["class_path"] == "pellucid.data.deap"


def test_no_trial_is_in_two_splits_and_each_is_there_whole(by_trial):
    parts = trials(by_trial)
    assert sum(map(len, parts.values())) == len(set.union(*parts.values())) == 120
    for factors in by_trial.factors.values():
        _, counts = factors.values[:, :2].unique(dim=0, return_counts=True)
        assert (counts == 60).all()
        assert factors.values[:, 2].reshape(-1, 60).equal(torch.arange(60.0).expand(len(counts), -1))


def test_no_person_is_in_two_splits(by_person):
    people = [factors.values[:, 0].unique() for factors in by_person.factors.values()]
    assert sorted(torch.cat(people).tolist()) == list(PEOPLE)
    assert by_person.factors["test"].values[:, 2].unique().tolist() == [0, 7, 14, 21, 28, 35, 42, 49]


def test_sequences_are_the_seconds_of_the_rows_of_single_ones(folder, by_person):
    single = deap(folder, people=PEOPLE, split="person", baseline=True)
    for name, rows in by_person.splits.items():
        seconds = single.splits[name].x.reshape(40, 60, 32, 4)[:, :56].reshape(-1, 32, 4)
        sequences = rows.x.flatten(0, 1)
        slope = sequences.std(0) / seconds.std(0)  # another training mean and scale, of 56 seconds and not of 60
        torch.testing.assert_close(
            sequences, (seconds - seconds.mean(0)) * slope + sequences.mean(0), rtol=1e-3, atol=1e-3
        )


def test_labels_are_ratings_above_five_of_the_rows_own_trial(by_trial, by_person):
    for data, columns in ((by_trial, [0]), (by_person, [0, 3])):
        for name, rows in data.splits.items():
            for (number, clip, _), y in zip(data.factors[name].values[::31].long(), rows.y[::31], strict=True):
                rating = balanced_ratings(int(number))[clip - 1, columns]
                assert y.reshape(-1).tolist() == (rating > 5).astype(int).tolist()


def test_every_person_has_as_many_high_and_low_trials_in_each_split_as_stratification_allows(by_trial):
    for name, share in (("train", 28), ("validation", 4), ("test", 8)):
        person, y = by_trial.factors[name].values[:, 0], by_trial.splits[name].y
        for number in PEOPLE:
            own = y[person == number]
            assert len(own) == 60 * share
            assert abs(own.float().mean() * share - share / 2) <= 1


def test_the_planted_wave_is_found_where_it_was_planted(by_trial):
    x, y = by_trial.test.x[:, 0], by_trial.test.y
    gap = (x[y == 1].mean(0) - x[y == 0].mean(0)).abs()
    assert divmod(int(gap.argmax()), 4) == (CHANNEL, ALPHA)
    others = gap.flatten().sort().values[:-1]
    assert gap[CHANNEL, ALPHA] > 1.8 > 0.5 > others.max()


def test_the_split_is_the_seeds_and_its_trials_stand_in_random_order(folder, by_trial):
    one, again, other = (deap(folder, people=[7], seed=seed) for seed in (0, 0, 1))
    assert again.train.x.equal(one.train.x)
    assert trials(again) == trials(one) != trials(other)
    first = by_trial.factors["test"].values[: 10 * 60]
    assert len(first[:, 0].unique()) > 1
    assert first[:, 1].reshape(-1, 60)[:, 0].diff().lt(0).any()


def test_batches_serve_the_features_as_they_are(by_trial):
    batch = next(Batches(by_trial.test, 16).epoch(0))
    assert batch.x.equal(by_trial.test.x[:16])


# Splits by themselves


@pytest.mark.parametrize("by", ["trial", "person"])
@pytest.mark.parametrize("people", [3, 5, 32])
def test_splits_part_all_clips(by, people):
    high = torch.randint(2, (people * 40, 4), generator=torch.Generator().manual_seed(people))
    person = torch.arange(people).repeat_interleave(40)
    splits = split_clips(high, person, by, 0.1, 0.2, seed=3)
    assert torch.cat(list(splits.values())).sort().values.equal(torch.arange(people * 40))
    if by == "person":
        assert sum(person[index].unique().numel() for index in splits.values()) == people
    else:
        assert all((person[splits["test"]].bincount() == 8).tolist())


def test_people_are_not_tested_on_the_same_clips():
    person = torch.arange(32).repeat_interleave(40)
    test = split_clips(torch.arange(1280)[:, None] % 2, person, "trial", 0.1, 0.2, seed=0)["test"]
    assert (test % 40).bincount(minlength=40).max() < 20


# What is refused


def test_missing_files_are_named_with_their_folder_and_the_agreement(folder, tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=r"(?s)root: s03\.dat, s04\.dat \(or s03\.mat\) not found in .*data_preprocessed_python.*"
        r"agreement of Queen Mary University of London.*- root=.*- people=",
    ):
        deap(folder, people=[1, 3, 4])
    with pytest.raises(FileNotFoundError, match=rf"s01\.dat, .*s32\.dat.*{tmp_path}"):
        deap(tmp_path)


def small(**changes):
    return {"data": np.zeros((40, 40, 8064), np.float32), "labels": np.full((40, 4), 3.0)} | changes


def with_nan(size, value=np.nan):
    array = np.full(size, 3.0, np.float32)
    array.flat[7] = value
    return array


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (small(data=np.zeros((40, 32, 8064), np.int8)), r"'data' (has shape|is int8) \[40, 32, 8064\], where DEAP has"),
        (small(data=np.zeros((2, 2))), r"'data' (has shape|is double) \[2, 2\], where DEAP has .*\[40, 40, 8064\]"),
        (small(labels=np.zeros((40, 5))), r"'labels' (has shape|is double) \[40, 5\]"),
        (small(data=with_nan((40, 40, 8064))), "its signal holds NaN or infinity"),
        (small(data=with_nan((40, 40, 8064), np.inf)), "its signal holds NaN or infinity"),
        (small(labels=with_nan((40, 4))), "ratings go from 1 to 9; it holds nan"),
        (small(labels=np.full((40, 4), 0.5)), "ratings go from 1 to 9; it holds 0.5"),
        (small(labels=np.full((40, 4), 9.5)), "ratings go from 1 to 9; it holds 9.5"),
        ({"eeg": np.zeros((2, 2)), "labels": np.full((40, 4), 3.0)}, "it has no 'data', but"),
        ({"data": np.zeros((40, 40, 1))}, r"'data' (has shape|is double) \[40, 40, 1\]"),
    ],
)
@pytest.mark.parametrize("suffix", ["dat", "mat"])
def test_a_file_that_is_not_as_deaps_are_is_named(tmp_path, content, match, suffix):
    path = tmp_path / f"s01.{suffix}"
    if suffix == "dat":
        write_python2(path, content)
    else:
        savemat(path, content)
    with pytest.raises(ValueError, match=rf"(?s)s01\.{suffix}: {match}.*Try one of"):
        read_person(path)


def test_a_mat_file_of_cells_or_cut_short_is_named(tmp_path):
    path = tmp_path / "s01.mat"
    savemat(path, {"data": np.array([["a", 1]], dtype=object), "labels": np.full((40, 4), 3.0)})
    with pytest.raises(ValueError, match=r"s01\.mat: 'data' is cell \[1, 2\], where DEAP has"):
        read_person(path)
    savemat(path, small(data=with_nan((40, 40, 8064), 1.0)), do_compression=True)
    whole = path.read_bytes()
    for kept in (0, 1, 100, 130, 200, len(whole) // 2, len(whole) - 3):
        path.write_bytes(whole[:kept])
        with pytest.raises(ValueError, match=r"(?s)s01\.mat: .*Try one of"):
            read_person(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(600))
    with pytest.raises(ValueError, match=r"s01\.mat: it is no whole \.mat file"):
        read_person(path)


class Attack:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_a_file_that_asks_to_run_a_command_is_named_and_runs_nothing(tmp_path):
    (tmp_path / "s01.dat").write_bytes(pickle.dumps(small(data=Attack(tmp_path / "mark")), 2))
    with pytest.raises(ValueError, match=r"s01\.dat: the file asks to import (posix|nt)\.system"):
        deap(tmp_path, people=[1])
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"label": "joy"}, "label: expected one of valence, arousal, dominance, liking, .*'joy'"),
        ({"label": []}, r"label: .*\[\] was given"),
        ({"label": ["valence", "valence"]}, "label: "),
        ({"people": [0]}, "people: expected different numbers from 1 to 32"),
        ({"people": [33]}, "people: "),
        ({"people": [1, 1]}, "people: "),
        ({"people": []}, "people: "),
        ({"steps": 0}, "steps: expected 1 to 60"),
        ({"steps": 61}, "steps: "),
        ({"steps": 1.5}, "steps: "),
    ],
)
def test_arguments_out_of_range_are_refused_before_a_file_is_read(tmp_path, arguments, match):
    with pytest.raises(ValueError, match=rf"(?s){match}.*Try one of"):
        deap(tmp_path, **arguments)


@pytest.mark.parametrize(
    ("by", "people", "shares", "match"),
    [
        ("second", 3, (0.1, 0.2), "split: expected 'trial' or 'person'; 'second'"),
        ("person", 2, (0.1, 0.2), "validation, test: .*2 people were given"),
        ("trial", 3, (0.5, 0.5), "validation, test: .*40 clips were given"),
        ("trial", 3, (0.0, 0.2), "validation, test: "),
        ("trial", 3, (0.1, float("nan")), "validation, test: "),
    ],
)
def test_splits_that_leave_nothing_to_train_on_are_refused(by, people, shares, match):
    person = torch.arange(people).repeat_interleave(40)
    with pytest.raises(ValueError, match=rf"(?s){match}.*Try one of"):
        split_clips(torch.zeros(len(person), 1, dtype=torch.long), person, by, *shares, seed=0)
