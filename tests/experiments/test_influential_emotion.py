"""The emotion experiment on files of DEAP's shape: a planted feeling is found, one that left no trace is not."""

import json
import shutil
import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from pellucid import data, fit, zoo
from pellucid.data import Factors
from pellucid.experiments.influential_factors.emotion import (
    measure_emotion,
    numbers,
    read_trials,
    shuffled_information,
    trials_of,
)
from tests.deap_files import write_person

CHANNELS = tuple(range(12))  # a wave that many electrodes share: what a code finds worth keeping
LABELS = ["valence", "liking"]  # valence is planted; liking is drawn by itself
DIM = 5


def trained(rows, folder, **options):
    torch.manual_seed(0)
    pair = zoo.vae(rows, dim=DIM, hidden=(32,), likelihood="normal", **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # most dimensions of so small a run collapse, as they should
        return fit(pair, rows, epochs=6, lr=5e-3, batch_size=64, folder=folder, progress=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Three people."""
    folder = tmp_path_factory.mktemp("deap")
    for number in (1, 2, 3):
        write_person(folder, number, channels=CHANNELS)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def figures(home, tmp_path_factory):
    rows = data.deap(home, label=LABELS, people=[1, 2, 3], test=0.5)
    return measure_emotion(trained(rows, tmp_path_factory.mktemp("dense") / "run"))


def best(figures, label, way, what):
    return [max(each[what] for each in choices) for choices in figures["labels"][label]["accuracy"][way]]


def test_the_figures_are_json_and_say_what_they_are_of(figures):
    assert json.loads(json.dumps(figures)) == figures
    assert figures["ks"] == [1, 2, 4, 5]
    assert figures["trials"] == 60
    assert sorted(figures["order"]) == list(range(DIM))
    ranked = np.array(figures["information"])[figures["order"]]
    assert (np.diff(ranked) <= 0).all()
    assert list(figures["labels"]) == LABELS


def test_the_planted_feeling_is_told_by_the_most_informative_dimension(figures):
    valence = figures["labels"]["valence"]
    assert best(figures, "valence", "top", "window")[0] > 0.95
    assert best(figures, "valence", "top", "trial")[0] == 1.0
    assert valence["majority"] == pytest.approx(0.5, abs=0.05)
    top = figures["order"][0]
    assert valence["label"][top] > 0.4  # of log 2 = .69 nats
    assert valence["shuffled"][top] < 0.05


def test_the_least_informative_dimension_tells_less(figures):
    bottom, top = (best(figures, "valence", way, "window")[0] for way in ("bottom", "top"))
    assert bottom < top - 0.2


def test_ways_of_choosing_agree_where_all_dimensions_are_kept(figures):
    for label in LABELS:
        last = [choice for way in figures["labels"][label]["accuracy"].values() for choice in way[-1]]
        assert last == [last[0]] * len(last)


def test_a_feeling_that_left_no_trace_is_told_no_better_than_by_a_constant_guess(figures):
    liking = figures["labels"]["liking"]
    for choices in liking["accuracy"]["top"]:
        for each in choices:
            assert each["window"] < liking["majority"] + 3 * each["window error"]
            assert each["trial"] < liking["trial majority"] + 3 * each["trial error"]
    assert max(liking["label"]) < max(liking["shuffled"]) + 0.05


def test_a_recurrent_code_of_sequences_finds_the_feeling_too(home, tmp_path):
    rows = data.deap(home, people=[1, 2, 3], steps=6, split="person", baseline=True)
    found = measure_emotion(trained(rows, tmp_path / "run", network="recurrent"))
    assert found["trials"] == 40
    (label,) = found["labels"].values()
    assert label["classes"] == ["low valence", "high valence"]
    assert max(each["trial"] for choices in label["accuracy"]["top"] for each in choices) > 0.9


# The vote by itself


def codes(trials=30, windows=7, noise=1.5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(2, (trials,), generator=generator)
    y, trial = label.repeat_interleave(windows), torch.arange(trials).repeat_interleave(windows)
    z = torch.stack([2.0 * y - 1, torch.zeros(len(y))], 1) + noise * torch.randn(len(y), 2, generator=generator)
    shuffle = torch.randperm(len(y), generator=generator)
    return z[shuffle], y[shuffle], trial[shuffle]


@pytest.mark.parametrize("windows", [1, 6, 7])
def test_the_vote_is_that_of_a_loop_over_trials(windows):
    z, y, _ = codes(seed=1)
    z_test, y_test, trial = codes(windows=windows)
    found = read_trials(z, y, z_test, y_test, trial)
    model = LogisticRegression(max_iter=1000).fit(z.numpy(), y.numpy())
    right, windows_right = [], []
    for each in range(30):
        own = (trial == each).numpy()
        guess = model.predict(z_test[own].numpy())
        ones, zeros = (guess == 1).sum(), (guess == 0).sum()
        decided = ones > zeros if ones != zeros else model.predict_proba(z_test[own].numpy())[:, 1].mean() > 0.5
        right.append(decided == bool(y_test[own][0]))
        windows_right.append(np.mean(guess == y_test[own].numpy()))
    assert found["window"] == pytest.approx(model.score(z_test.numpy(), y_test.numpy()))
    assert found["trial"] == pytest.approx(np.mean(right))
    assert found["trial error"] == pytest.approx(np.std(right, ddof=1) / 30**0.5)
    assert found["window error"] == pytest.approx(np.std(windows_right, ddof=1) / 30**0.5)
    assert windows == 1 or found["trial"] > found["window"]


def test_errors_over_trials_are_as_wide_as_repeated_experiments_show():
    def once(seed):
        # Labels dealt to trials whose windows are all but copies of each other: nothing to be told.
        generator = torch.Generator().manual_seed(seed)
        own = torch.randn(60, 1, generator=generator).repeat_interleave(20, 0)
        y = torch.randint(2, (60,), generator=generator).repeat_interleave(20)
        trial = torch.arange(60).repeat_interleave(20)
        half = trial < 30
        return read_trials(own[half], y[half], own[~half], y[~half], trial[~half])

    found = [once(seed) for seed in range(80)]
    spread = np.std([each["window"] for each in found])
    assert spread == pytest.approx(np.mean([each["window error"] for each in found]), rel=0.3)
    assert spread > 3 * (0.25 / 600) ** 0.5  # of 600 windows, were they independent


def test_shuffled_labels_tell_as_much_as_trials_that_are_all_alike_allow():
    generator = torch.Generator().manual_seed(0)
    trial = torch.arange(20).repeat_interleave(50)
    loc = torch.randn(20, 1, generator=generator)[trial] * 5
    marginal = torch.distributions.Normal(loc, torch.full_like(loc, 0.01))
    y = torch.arange(20)[trial] % 2
    # Twenty places that nothing else reaches tell each trial's label whole, whoever has it.
    torch.testing.assert_close(shuffled_information(marginal, y, trial), np.array([np.log(2)]), rtol=1e-3, atol=0.0)


def test_trials_are_told_apart_by_person_and_clip():
    values = torch.tensor([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [2.0, 1.0, 5.0], [1.0, 1.0, 0.0]])
    found = trials_of(Factors(values, values >= 0, ("person", "clip", "second")))
    assert found[0] == found[2]
    assert len(found.unique()) == 3


def test_the_numbers_kept_double_until_all_are():
    assert [numbers(dim) for dim in (1, 2, 3, 128)] == [[1], [1, 2], [1, 2, 3], [1, 2, 4, 8, 16, 32, 64, 128]]


def test_a_run_on_other_data_is_refused(tmp_path):
    rows = data.digits(rows=200)
    with pytest.raises(ValueError, match=r"(?s)rows of digits do not say of which person and clip.*Try one of"):
        measure_emotion(fit(zoo.vae(rows, dim=2), rows, epochs=1, folder=tmp_path / "run", progress=False))
