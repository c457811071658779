"""Rows in batches and in several processes tell what they tell together; memory does not grow with them."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from pellucid.diagnostics import InformationSum, label_information, mutual_information
from pellucid.distributions import SpikeAndSlab


def families(rows=700):
    g = torch.Generator().manual_seed(0)
    loc, scale = torch.randn(rows, 4, generator=g), torch.rand(rows, 4, generator=g) + 0.1
    pair = torch.stack([loc, loc + 3], 1)
    return {
        "normal": (Normal, (loc, scale)),
        "spike-and-slab": (lambda *p: Independent(SpikeAndSlab(*p), 1), (loc.sigmoid(), loc, scale)),
        "mixture": (
            lambda w, m, s: MixtureSameFamily(Categorical(logits=w), Independent(Normal(m, s), 1)),
            (loc[:, :2], pair, scale[:, None].expand(pair.shape)),
        ),
    }


@pytest.mark.parametrize("name", families())
def test_batches_tell_what_their_rows_tell_together(name):
    make, parameters = families()[name]
    whole = mutual_information(make(*parameters))
    streamed = mutual_information(make(*part) for part in zip(*(p.split(96) for p in parameters), strict=True))
    np.testing.assert_allclose(streamed.value, whole.value, rtol=0, atol=1e-11)
    np.testing.assert_allclose(streamed.standard_error, whole.standard_error, rtol=1e-6, atol=1e-10)
    assert streamed.rows == 700


def test_pairs_of_arrays_are_batches_too_for_every_method():
    loc, scale = families()["normal"][1]
    batches = [(a.numpy(), b.numpy()) for a, b in zip(loc.split(100), scale.split(100), strict=True)]
    for method in ("exact", "dense", "gaussian", "matched"):
        whole = mutual_information(loc, scale, method=method)
        parts = mutual_information(batches, method=method)
        np.testing.assert_allclose(parts.value, whole.value, rtol=0, atol=1e-10)
        np.testing.assert_allclose(parts.standard_error, whole.standard_error, rtol=1e-4, atol=1e-10)
    y = torch.arange(700).remainder(3)
    np.testing.assert_allclose(
        label_information(batches, y).value, label_information(loc, y, scale).value, rtol=0, atol=1e-10
    )


def test_sums_add_up_in_any_order_and_leave_their_parts_as_they_were():
    loc, scale = families()["normal"][1]
    parts = [InformationSum() for _ in range(3)]
    for part, rows in zip(parts, (slice(0, 100), slice(100, 650), slice(650, 700)), strict=True):
        part.add(loc[rows], scale[rows])
    alone = parts[0].information().value
    whole = mutual_information(loc, scale).value
    for order in ((0, 1, 2), (2, 0, 1)):
        added = sum((parts[i] for i in order), InformationSum())
        np.testing.assert_allclose(added.information().value, whole, rtol=0, atol=1e-11)
    np.testing.assert_array_equal(parts[0].information().value, alone)
    assert [part.rows for part in parts] == [100, 550, 50]


def test_a_long_stream_keeps_no_more_than_its_boxes_and_a_sample_of_its_rows():
    g = torch.Generator().manual_seed(0)

    def stream(batches):
        for _ in range(batches):
            yield torch.randn(500, 3, generator=g), torch.full((500, 3), 0.2)

    sums, sizes = InformationSum(), []
    for _ in range(2):
        sums.add(stream(30))
        assert sums.aggregate is not None
        assert sums.sample is not None
        sizes.append(len(sums.aggregate.boxes))
        assert len(sums.sample.rows) == 4096
    assert sums.rows == 30_000
    assert sizes[1] <= 1.1 * sizes[0]  # twice the rows, the same places
    np.testing.assert_allclose(sums.information().value, 0.5 * np.log(26), atol=0.02)


def test_the_rows_kept_of_a_stream_are_drawn_evenly_from_all_of_it_and_from_every_share():
    """Batches of four rows: none of the first half is forgotten, and shares of unlike size join in proportion."""
    sums = [InformationSum(), InformationSum()]
    for number, rows in enumerate((range(0, 12_000), range(12_000, 16_000))):
        for batch in torch.tensor(rows).double().split(4 if number else 1000):
            sums[number].add(batch[:, None], torch.full((len(batch), 1), 1e4))
    sample = (sums[0] + sums[1]).sample
    assert sample is not None
    kept = sample.rows.loc.flatten().numpy()
    assert len(kept) == 4096
    counts = np.histogram(kept, bins=8, range=(0, 16_000))[0]
    assert np.abs(counts - 512).max() < 5 * 512**0.5  # of a draw without return the spread is smaller still
    assert len(np.unique(kept)) == 4096


SCRIPT = """
import sys, numpy as np, torch
from torch import distributed
from pellucid.diagnostics import InformationSum, mutual_information
rank = int(sys.argv[1])
distributed.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=3)
g = torch.Generator().manual_seed(0)
loc, scale = torch.randn(300, 3, generator=g), torch.rand(300, 3, generator=g) + 0.1
sums = InformationSum()
if rank < 2:  # the third process has no rows
    sums.add(loc[rank * 100 : 100 + rank * 200], scale[rank * 100 : 100 + rank * 200])
found, whole = sums.gathered().information(), mutual_information(loc, scale)
np.testing.assert_allclose(found.value, whole.value, rtol=0, atol=1e-11)
np.testing.assert_allclose(found.standard_error, whole.standard_error, rtol=1e-6)
assert found.rows == 300
print("the same")
distributed.destroy_process_group()
"""


def test_processes_with_a_share_of_the_rows_each_find_what_one_finds_with_all(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT]
    processes = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "store")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for rank in range(3)
    ]
    for process in processes:
        out, error = process.communicate(timeout=120)
        assert out.strip() == b"the same", error.decode()


def test_one_process_gathers_itself():
    sums = InformationSum()
    sums.add(torch.zeros(3, 1), torch.ones(3, 1))
    assert sums.gathered() is sums
