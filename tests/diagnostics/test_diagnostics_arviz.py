"""Export to ArviZ: values, names and labels survive, in memory and in a NetCDF file, under ArviZ 0.x and 1.x alike.

This file needs neither torch nor the rest of the library: copied beside ``diagnostics/to_arviz.py`` and
``diagnostics/save_arviz.py`` alone, in the same folders, it runs where only ArviZ 1.x is installed.
"""

import importlib.util
from pathlib import Path
from typing import Any

import arviz
import matplotlib as mpl
import numpy as np
import pytest
import xarray


def function(name):
    """A function of a file of its name, the package around it not imported."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[2] / "diagnostics" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


to_arviz, save_arviz = function("to_arviz"), function("save_arviz")

CLASSES, NAMES = ["Sandal", "Boot"], ["z0 global", "z1 specific: Sandal", "z2 shared: Sandal, Boot"]


@pytest.fixture
def draws():
    random = np.random.default_rng(0)
    return {
        "z": random.normal(size=(20, 4, 3)),
        "gate": random.random((20, 4, 3)) < 0.5,
        "y": random.integers(0, 2, (20, 4)),
        "rate": random.random((20, 2, 3)),
    }


DIMS = {
    "z": ["row", "dimension"],
    "gate": ["row", "dimension"],
    "y": ["row"],
    "rate": ["class", "dimension"],
    "x": ["row", "channel", "height", "width"],
}
COORDS = {
    "row": [7, 11, 12, 40],
    "dimension": NAMES,
    "class": CLASSES,
    "role": ("dimension", ["global", "specific", "shared"]),
    "row_class": ("row", ["Boot", "", "Sandal", "Boot"]),
}


@pytest.fixture
def data(draws):
    random = np.random.default_rng(1)
    return to_arviz(
        draws,
        posterior_predictive={"x": random.random((20, 4, 1, 2, 2))},
        prior={"z": random.normal(size=(50, 4, 3))},
        log_likelihood={"x": random.normal(size=(20, 4))},
        observed_data={"x": random.random((4, 1, 2, 2))},
        constant_data={"y": np.array([1, 0, 0, 1])},
        sample_stats={"lp": random.normal(size=20)},
        coords=COORDS,
        dims=DIMS,
    )


def check(data, draws):
    """Every group, axis, label and value is where it should be."""
    posterior = data["posterior"]
    for site, value in draws.items():
        assert posterior[site].dims == ("chain", "draw", *DIMS[site])
        np.testing.assert_array_equal(posterior[site].values, value[None])
    assert posterior["dimension"].values.tolist() == NAMES
    assert posterior["class"].values.tolist() == CLASSES
    named = posterior["z"].sel(dimension="z1 specific: Sandal", row=12).values
    np.testing.assert_array_equal(named[0], draws["z"][:, 2, 1])
    shared = posterior["z"].values[..., posterior["role"].values == "shared"]
    np.testing.assert_array_equal(shared[0, ..., 0], draws["z"][..., 2])
    assert posterior["row_class"].sel(row=12).item() == "Sandal"
    assert "role" not in data["posterior_predictive"].coords
    assert data["posterior_predictive"]["row_class"].values.tolist() == ["Boot", "", "Sandal", "Boot"]
    assert data["log_likelihood"].attrs["note"].startswith("Not for arviz.loo")
    assert data["posterior_predictive"]["x"].sizes["draw"] == 20
    assert data["prior"]["z"].shape == (1, 50, 4, 3)
    assert data["log_likelihood"]["x"].dims == ("chain", "draw", "row")
    assert data["observed_data"]["x"].dims == ("row", "channel", "height", "width")
    assert data["constant_data"]["y"].dims == ("row",)
    assert data["sample_stats"]["lp"].shape == (1, 20)


def test_values_and_names_are_kept_in_memory(data, draws):
    check(data, draws)


def test_values_and_names_survive_a_netcdf_file(data, draws, tmp_path):
    check(arviz.from_netcdf(save_arviz(data, tmp_path / "posterior.nc")), draws)


def test_values_and_names_survive_a_zarr_folder_written_over_another(data, draws, tmp_path):
    pytest.importorskip("zarr")
    save_arviz(to_arviz({"z": np.zeros(5)}), tmp_path / "posterior.zarr")
    path = save_arviz(data, str(tmp_path / "posterior.zarr"))
    with xarray.open_datatree(path, engine="zarr") as tree:
        check(tree, draws)
    if not hasattr(arviz, "psislw"):  # the 1.x generation
        check(arviz.from_zarr(path), draws)


def test_another_file_name_is_refused_with_a_remedy(data, tmp_path):
    with pytest.raises(ValueError, match=r"path: expected a name that ends in .nc or .zarr; got 'draws'") as error:
        save_arviz(data, tmp_path / "draws")
    assert "Try one of:\n- " in str(error.value)


def test_what_rows_share_may_be_left_out_and_what_is_theirs_alone_has_a_note():
    slope, z, likelihood = np.zeros((5, 2)), np.zeros((5, 4)), {"x": np.zeros((5, 4))}
    regression = to_arviz({"slope": slope}, log_likelihood=likelihood, dims={"slope": ["input"], "x": ["row"]})
    assert "note" not in regression["log_likelihood"].attrs
    local = to_arviz({"z": z}, log_likelihood=likelihood, dims={"z": ["row"], "x": ["row"]})
    assert "psis_k" in local["log_likelihood"].attrs["note"]


@pytest.mark.filterwarnings("ignore::matplotlib.MatplotlibDeprecationWarning")  # ArviZ 0.23 under matplotlib 3.11
def test_the_posterior_predictive_plot_sets_predicted_values_against_the_observed_ones_and_asks_for_no_names():
    mpl.use("agg")
    random = np.random.default_rng(0)
    data = to_arviz(
        {"z": random.normal(size=(20, 30, 3))},
        posterior_predictive={"x": random.normal(3, 1, (20, 30, 1, 2, 2))},
        observed_data={"x": random.normal(size=(30, 1, 2, 2))},
        constant_data={"label": random.integers(0, 2, 30)},
        coords=COORDS | {"row": range(30), "row_class": ("row", ["Boot"] * 30)},
        dims=DIMS | {"label": ["row"]},
    )
    if hasattr(arviz, "plot_ppc"):
        axes = arviz.plot_ppc(data, num_pp_samples=7, mean=False, random_seed=0)
    else:
        figure: Any = arviz.plot_ppc_dist(data, num_samples=7)  # pyright: ignore[reportAttributeAccessIssue]
        axes = figure.viz["plot"]["x"].item()
    curves = [line.get_xydata().T for line in axes.lines if len(line.get_xdata()) > 2]
    middles = sorted(float((x * y).sum() / y.sum()) for x, y in curves)
    assert middles == pytest.approx([0, *[3] * 7], abs=0.4)


def test_arviz_summarises_by_name(data):
    summary = arviz.summary(data, var_names=["rate"], kind="stats")
    assert "rate[Sandal, z0 global]" in summary.index
    mean = float(data["posterior"]["rate"].mean(("chain", "draw")).sel({"class": "Sandal", "dimension": "z0 global"}))
    assert float(summary["mean"].to_dict()["rate[Sandal, z0 global]"]) == pytest.approx(mean, abs=0.02)


def test_chains_are_kept_apart_when_there_are_any():
    value = np.random.default_rng(0).random((4, 10, 3))
    data = to_arviz({"z": value}, dims={"z": ["dimension"]}, chains=True)
    assert data["posterior"]["z"].dims == ("chain", "draw", "dimension")
    np.testing.assert_array_equal(data["posterior"]["z"].values, value)


def test_axes_without_a_name_are_kept_and_scalars_need_none():
    data = to_arviz({"z": np.zeros((5, 2)), "s": np.zeros(5)})
    assert data["posterior"]["z"].shape == (1, 5, 2)
    assert data["posterior"]["s"].dims == ("chain", "draw")


def test_tensors_with_gradients_are_taken_as_they_are():
    torch = pytest.importorskip("torch")
    data = to_arviz({"z": torch.ones(5, 2, requires_grad=True)})
    assert data["posterior"]["z"].values.tolist() == [[[1.0, 1.0]] * 5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"posterior": {}}, r"posterior: expected draws of at least one site"),
        ({"posterior": {"z": np.array(1.0)}}, r"posterior\['z'\]: expected axes \[draw, ...\]; got shape \[\]"),
        ({"posterior": {"z": np.zeros((0, 2))}}, r"posterior\['z'\]: expected axes"),
        (
            {"posterior": {"z": np.zeros((5, 2))}, "dims": {"z": ["row", "dimension"]}},
            r"expected axes \[draw, row, dim",
        ),
        ({"posterior": {"z": np.zeros((4, 5, 2))}, "dims": {"z": ["dimension"]}}, r"(?s)expected axes.*chains=True"),
        ({"posterior": {"z": np.zeros(5)}, "chains": True}, r"(?s)expected axes \[chain, draw.*chains=False"),
        (
            {
                "posterior": {"z": np.zeros((5, 2))},
                "dims": {"z": ["dimension"]},
                "coords": {"dimension": ["a", "b", "c"]},
            },
            r"coords\['dimension'\]: expected 2 labels, .* got 3",
        ),
        (
            {"posterior": {"z": np.zeros((5, 2))}, "dims": {"z": ["row"]}, "coords": {"role": ("row", ["a"] * 3)}},
            r"coords\['role'\]: expected 2 labels along 'row'; got 3",
        ),
        (
            {"posterior": {"z": np.zeros((5, 2)), "y": np.zeros(6)}},
            r"draws: .* posterior\['z'\] 1 x 5, .*\['y'\] 1 x 6",
        ),
        (
            {"posterior": {"z": np.zeros(5)}, "log_likelihood": {"x": np.zeros((6, 2))}},
            r"draws: expected the same chains x draws",
        ),
    ],
)
def test_bad_input_is_named_with_a_remedy(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        to_arviz(**arguments)
    assert "Try one of:\n- " in str(error.value)
