"""A run by hand: what is decoded, what is swapped, where the sliders end, and what is refused."""

import json
import socket
import subprocess
import sys

import numpy as np
import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from torch import nn

from pellucid import data, fit, zoo
from pellucid.data import Batch, DataSet
from pellucid.diagnostics import swap
from pellucid.experiments.cli import main
from pellucid.experiments.explore import Explorer
from pellucid.experiments.explore.explorer import spans
from pellucid.experiments.explore.installed import check_installed
from pellucid.experiments.explore.mark import mark
from pellucid.experiments.explore.shown import png
from pellucid.inference import Run
from tests.priors import Circle


@pytest.fixture(scope="module")
def faces(tmp_path_factory) -> Run:
    rows, folder = data.smiley(rows=200), tmp_path_factory.mktemp("explore") / "faces"
    return fit(zoo.ccvae(rows, style=3, block=2), rows, epochs=1, folder=folder, progress=False)


@pytest.fixture(scope="module")
def digits(tmp_path_factory) -> Run:
    rows, folder = data.mnist5k(rows=600, validation=100, test=120), tmp_path_factory.mktemp("explore") / "digits"
    torch.manual_seed(3)  # a start from which six hundred rows do not collapse
    pair = zoo.vsc(rows, dim=9, alpha=0.1, hidden=(64,))
    return fit(pair, rows, epochs=25, lr=5e-3, batch_size=20, folder=folder, progress=False)


@pytest.fixture(scope="module")
def measured(faces) -> Explorer:
    return Explorer(faces)


@pytest.fixture(scope="module")
def sparse(digits) -> Explorer:
    return Explorer(digits)


@pytest.fixture
def explorer(measured) -> Explorer:
    return measured.another()


def test_a_row_that_is_not_edited_is_decoded_as_its_reconstruction(explorer, faces):
    explorer.choose(7)
    assert (explorer.original == faces.split("test").x[7].numpy()).all()
    assert (explorer.edited == explorer.reconstruction).all()
    assert (explorer.reconstruction == explorer.reconstructed(7)).all()


def test_the_edited_image_is_the_runs_decoding_of_the_edited_code(explorer, faces):
    explorer.choose(3)
    code = explorer.z[3].clone()
    for j, value in ((0, 2.5), (4, -1.0), (0, 1.5)):
        explorer.move(j, value)
    code[0], code[4] = 1.5, -1.0
    assert torch.equal(explorer.edit, code)
    assert np.array_equal(explorer.edited, faces.decode(code[None])[0].numpy())
    assert not np.allclose(explorer.edited, explorer.reconstruction, atol=1e-4)


def test_reset_and_another_row_undo_what_was_edited(explorer):
    explorer.move(1, 9.0)
    explorer.reset()
    assert torch.equal(explorer.edit, explorer.z[0])
    explorer.move(1, 9.0)
    explorer.choose(2)
    assert torch.equal(explorer.edit, explorer.z[2])


def test_what_is_done_in_one_session_does_not_reach_another(explorer):
    there = explorer.another()
    there.choose(5)
    there.move(0, 9.0)
    assert explorer.row == 0
    assert torch.equal(explorer.edit, explorer.z[0])
    assert 9.0 not in explorer.z


def test_a_swap_is_that_of_the_diagnostics_and_of_columns_exchanged_by_hand(explorer, faces):
    explorer.choose(4)
    block = explorer.parts["hat"]
    whole = swap(
        faces.decode,
        explorer.z,
        block,
        torch.arange(len(explorer.z)).roll(0).index_put((torch.tensor([4, 9]),), torch.tensor([9, 4])),
    )
    images = explorer.swapped(9, block)
    assert np.allclose(images, whole[[4, 9]], atol=1e-6)
    code = explorer.z[[4, 9]].numpy().copy()
    code[:, block] = code[::-1, block]
    assert np.allclose(images, faces.decode(torch.from_numpy(code)).numpy(), atol=1e-6)


def test_a_swap_of_nothing_changes_nothing_and_one_of_all_gives_the_partners_image(explorer):
    explorer.choose(4)
    own, other = explorer.reconstructed(4), explorer.reconstructed(9)
    assert np.allclose(explorer.swapped(9, []), [own, other], atol=1e-6)
    assert np.allclose(explorer.swapped(9, range(explorer.z.shape[1])), [other, own], atol=1e-6)


def test_the_parts_are_each_labels_block_and_what_is_in_none(explorer, sparse):
    parts = explorer.parts
    assert list(parts) == ["bow tie", "hat", "eyes", "mouth", "all labels", "style"]
    assert sorted(parts["all labels"] + parts["style"]) == list(range(explorer.z.shape[1]))
    assert sorted(j for name in explorer.run.data.classes for j in parts[name]) == parts["all labels"]
    assert sparse.parts == {}


def test_a_slider_ends_at_the_percentiles_of_the_codes_and_holds_zero(explorer):
    z = explorer.space.code.z.numpy()
    for j in range(z.shape[1]):
        low, high = np.percentile(z[:, j], [1, 99])
        own = explorer.z[0, j].item()
        assert explorer.span(j) == pytest.approx((min(low, 0, own), max(high, 0, own)), abs=1e-5)


def test_a_gated_dimension_has_the_percentiles_of_where_it_is_on():
    z = torch.zeros(1000, 3)
    z[:50, 0], z[:, 1] = torch.linspace(2, 3, 50), -2.0
    low, high = spans(z)
    assert torch.allclose(low, torch.tensor([0.0, -2.0, -1.0]))
    assert torch.allclose(high, torch.tensor([2.99, 0.0, 1.0]))


def test_a_slider_reaches_the_rows_own_value_and_the_edited_one(explorer):
    far = int(explorer.z[:, 0].abs().argmax())
    explorer.choose(far)
    low, high = explorer.span(0)
    assert low <= explorer.z[far, 0].item() <= high
    explorer.move(0, 50.0)
    assert explorer.span(0) == (low, 50.0)


@pytest.mark.parametrize(("low", "high"), [(-1.25, 3.0), (0.0, 2.0), (-2.0, 0.0), (-0.001, 50.0)])
def test_a_slider_can_stand_at_zero_and_reaches_both_ends(low, high):
    pytest.importorskip("panel")
    from pellucid.experiments.explore.sliders import scale

    start, end, step = scale(low, high)
    assert start <= low + 1e-9
    assert low - start < 1.001 * step
    assert end == high
    assert start / step == pytest.approx(round(start / step), abs=1e-9)


def test_the_centres_of_a_mixture_lie_in_the_plane_and_those_of_another_prior_nowhere(tmp_path, sparse):
    pytest.importorskip("panel")
    from pellucid.experiments.explore.view import View

    places = [[3.0 * (k % 5), 3.0 * (k // 5)] for k in range(10)]
    rows = data.digits(rows=200, labels=100)
    run = fit(zoo.exon(rows, centres=places), rows, epochs=1, batch_size=50, folder=tmp_path / "run", progress=False)
    plane = View(Explorer(run, rows=5)).plane
    assert plane is not None
    shown = plane.centres.data
    assert np.allclose(np.column_stack([shown["x"], shown["y"]]), places)
    assert sparse.centres is None


def test_going_on_visits_each_row_of_a_class_once_and_back_is_its_reverse(sparse):
    explorer = sparse.another()
    y = explorer.run.split("test").y.numpy()
    name = explorer.run.data.classes[3]
    assert explorer.rows_of(name) == np.flatnonzero(y == 3).tolist()
    explorer.choose(1)
    for step in (explorer.following, explorer.preceding):
        visited = []
        for _ in range((y == 3).sum()):
            explorer.choose(step(name))
            visited.append(explorer.row)
        assert sorted(visited) == explorer.rows_of(name)
    explorer.choose(len(y) - 1)
    assert explorer.following() == 0
    explorer.choose(0)
    assert explorer.preceding() == len(y) - 1
    assert explorer.following("no such class") == 0


def test_the_first_partner_shares_the_fewest_labels(explorer):
    y = explorer.run.split("test").y.numpy()
    shared = (y == y[0]).sum(1)
    shared[0] = 99
    assert explorer.stranger == int(shared.argmin())


def test_a_mark_names_the_block_or_the_role_and_says_whether_it_is_of_the_rows_class(explorer, sparse):
    y = explorer.run.split("test").y.numpy()
    row = int(np.flatnonzero((y[:, 1] == 1) & (y[:, 0] == 0))[0])
    explorer.choose(row)
    hat, tie, style = (mark(explorer, explorer.parts[name][0]) for name in ("hat", "bow tie", "style"))
    assert (hat.words, hat.own) == ("block of hat", True)
    assert (tie.words, tie.own) == ("block of bow tie", False)
    assert not style.own
    roles = sparse.space.meaning.roles
    label = sparse.run.data.classes.index(sparse.labels[sparse.row][0])
    for j in sparse.dims:
        own = roles.active[label, j] and roles.role[j] in ("shared", "specific")
        assert mark(sparse, j).own == own
        assert mark(sparse, j).words.startswith(roles.role[j])


def test_only_the_used_dimensions_are_moved_or_all_where_none_is_used(sparse, tmp_path):
    assert sparse.dims == sparse.space.order
    rows = data.digits(rows=100)
    run = fit(zoo.vae(rows, dim=3), rows, epochs=1, lr=1e-9, batch_size=20, folder=tmp_path / "run", progress=False)
    idle = Explorer(run, rows=5)
    assert idle.space.order == []
    assert sorted(idle.dims) == [0, 1, 2]
    assert (len(idle.x), len(idle.z)) == (5, 5)


def test_a_png_has_the_images_pixels():
    from base64 import b64decode
    from io import BytesIO

    from matplotlib.image import imread

    image = np.random.default_rng(0).random((3, 4, 5))
    shown = imread(BytesIO(b64decode(png(image))))
    assert np.allclose(shown[..., :3], image.transpose(1, 2, 0), atol=1 / 255)
    grey = imread(BytesIO(b64decode(png(image[:1]))))
    assert np.allclose(grey[..., 0], 1 - image[0], atol=1 / 255)  # ink is dark, as in the report


@pytest.mark.parametrize("row", [-1, 10**6])
def test_a_row_that_is_not_there_is_refused(explorer, row):
    last = len(explorer.x) - 1
    with pytest.raises(ValueError, match=f"^row: expected a test row from 0 to {last}; got {row}"):
        explorer.choose(row)
    with pytest.raises(ValueError, match=f"^partner: expected a test row from 0 to {last}; got {row}"):
        explorer.swapped(row, [0])
    assert explorer.row == 0


@pytest.mark.parametrize(("j", "value"), [(-1, 0.0), (11, 0.0), (0, float("nan")), (0, float("inf"))])
def test_a_dimension_that_is_not_there_and_a_value_that_is_not_finite_are_refused(explorer, j, value):
    with pytest.raises(ValueError, match=r"^move: expected a dimension from 0 to 10 and a finite value; got"):
        explorer.move(j, value)
    assert torch.equal(explorer.edit, explorer.z[0])


def test_no_rows_are_refused(faces):
    with pytest.raises(ValueError, match=r"^rows: expected at least one test row to choose among; got 0"):
        Explorer(faces, rows=0)


class Sheet(PyroModule):
    """A latent image of two by two pixels: no vector."""

    def forward(self, y=None, labelled=None):
        return pyro.sample("z", dist.Normal(torch.zeros(2, 2), 1.0).to_event(2))


class Grow(nn.Module):
    """Four by four pixels for each."""

    def forward(self, z):
        return z.repeat_interleave(4, -1).repeat_interleave(4, -2)[..., None, :, :]


def test_a_run_without_a_vector_to_decode_is_refused_in_a_sentence(tmp_path):
    rows = data.digits(rows=100)
    pair = zoo.compose(rows, prior=Sheet(), decoder=lambda dim, shape: Grow())
    run = fit(pair, rows, epochs=1, batch_size=20, folder=tmp_path / "run", progress=False)
    with pytest.raises(ValueError, match="there is nothing to move"):
        Explorer(run)


def test_a_code_that_is_a_function_of_other_sites_is_moved_as_any(tmp_path):
    rows = data.digits(rows=100)
    pair = zoo.compose(rows, prior=Circle())
    explorer = Explorer(fit(pair, rows, epochs=1, batch_size=20, folder=tmp_path / "run", progress=False), rows=9)
    assert explorer.z.shape == (9, 2)
    explorer.move(1, 0.5)
    assert np.array_equal(explorer.edited, explorer.run.decode(torch.tensor([[explorer.z[0, 0], 0.5]]))[0].numpy())


def test_images_that_cannot_be_shown_are_refused_in_a_sentence(tmp_path):
    part = Batch(torch.rand(40, 2, 4, 4))
    rows = DataSet("pairs", part, part, part, (), "torch.rand")
    run = fit(zoo.vae(rows, dim=2), rows, epochs=1, batch_size=20, folder=tmp_path / "run", progress=False)
    with pytest.raises(ValueError, match=r"^explore: expected images of one or three.* of pairs are \[2, 4, 4\]"):
        Explorer(run)


def test_a_library_that_is_not_installed_is_named_with_its_remedy():
    with pytest.raises(ValueError, match=r"expected the library no_such.*\n.*\n- pip install 'pellucid\[explore\]'"):
        check_installed("no_such")


def test_a_port_that_is_taken_is_refused_before_the_run_is_read(capsys):
    pytest.importorskip("panel")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["explore", "no_such_run", "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"--port: expected a port of 127.0.0.1 that is free; {port} is not: taken by another program." in said
    assert "- --port 0, any free one" in said
    assert main(["explore", "no_such_run", "--port", "70000"]) == 2
    assert "--port: expected 0 to 65535; given 70000." in capsys.readouterr().err


def test_a_notebooks_page_moves_and_swaps_what_the_explorer_does(faces):
    pytest.importorskip("panel")
    from pellucid.experiments.explore.view import View

    view = View(Explorer(faces, rows=20))
    view.row.value = 6
    j = view.explorer.dims[0]
    view.sliders.sliders[j].value = view.sliders.sliders[j].end
    assert view.explorer.edit[j].item() == pytest.approx(view.sliders.sliders[j].end)
    assert png(view.explorer.edited) in view.images.object
    view.exchange.partner.value = 9
    view.exchange.what.value = "hat"
    for image in view.explorer.swapped(9, view.explorer.parts["hat"]):
        assert png(image) in view.exchange.images.object
    view.undo.clicks += 1
    assert torch.equal(view.explorer.edit, view.explorer.z[6])
    assert view.images.object.count(png(view.explorer.reconstruction)) == 2


def test_a_notebooks_cell_gets_a_panel_object_with_a_slider_for_each_dimension(digits):
    panel = pytest.importorskip("panel")
    from pellucid.experiments.explore import explore

    page = explore(digits)
    assert isinstance(page, panel.viewable.Viewable)
    assert len(list(page.select(panel.widgets.FloatSlider))) == len(Explorer(digits).dims)


def test_panel_is_loaded_by_no_other_command(tmp_path):
    program = (
        "import json, sys, pellucid.experiments.explore\n"
        "from pellucid.experiments.cli import commands\n"
        "commands(); print(json.dumps(list(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert not {"panel", "bokeh"} & set(json.loads(done.stdout))
