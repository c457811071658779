# A split may be in memory or not, a label a tensor or a dict: these tests know which.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.utils.data import Dataset

from pellucid.data import Batch, Batches


def split(N: int) -> Batch:
    x = torch.arange(N * 3, dtype=torch.int64).remainder(256).to(torch.uint8).reshape(N, 3)
    return Batch(x, torch.arange(N), torch.arange(N) % 2 == 0)


class OnDisk(Dataset):
    """The same rows, one at a time."""

    def __init__(self, whole: Batch):
        self.whole = whole

    def __len__(self):
        return self.whole.rows

    def __getitem__(self, index):
        return self.whole.take(index)


def served(batches: Batches, epoch: int, start: int = 0) -> list[int]:
    return [row for batch in batches.epoch(epoch, start) for row in batch.y.tolist()]


def equal(one: Batch, other: Batch) -> bool:
    return one.x.equal(other.x) and one.y.equal(other.y) and one.labelled.equal(other.labelled)


def test_order_is_a_pure_function_of_seed_and_epoch():
    first = Batches(split(50), 8, shuffle=True, seed=3)
    expected = served(first, 5)
    torch.manual_seed(99)
    second = Batches(split(50), 8, shuffle=True, seed=3)
    served(second, 0)
    assert served(second, 5) == expected


def test_epochs_and_seeds_give_different_orders_of_the_same_rows():
    orders = [
        tuple(served(Batches(split(50), 8, shuffle=True, seed=seed), epoch)) for seed in range(3) for epoch in range(3)
    ]
    assert len(set(orders)) == 9  # seed + epoch would repeat itself
    assert all(sorted(order) == list(range(50)) for order in orders)


@pytest.mark.parametrize("workers", [0, 2])
def test_global_generator_is_neither_read_nor_moved(workers):
    state = torch.get_rng_state()
    for rows in (split(20), OnDisk(split(20))):
        served(Batches(rows, 4, shuffle=True, workers=workers), 0)
    assert torch.get_rng_state().equal(state)


def test_every_row_is_equally_likely_to_come_first():
    counts = torch.zeros(5)
    for epoch in range(2000):
        counts[Batches(split(5), 5, shuffle=True).order(epoch)[0]] += 1
    assert ((counts - 400).abs() < 4 * (2000 * 0.2 * 0.8) ** 0.5).all()


def test_unshuffled_rows_come_in_their_own_order():
    assert served(Batches(split(7), 3), 4) == list(range(7))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shard", [(0, 1), (1, 3)])
def test_memory_and_disk_serve_the_same_batches(workers, drop_last, shard):
    arguments = {"batch_size": 4, "shuffle": True, "drop_last": drop_last, "seed": 1, "shard": shard}
    memory, disk = Batches(split(23), **arguments), Batches(OnDisk(split(23)), **arguments, workers=workers)
    for epoch, start in [(0, 0), (1, 1)]:
        pairs = list(zip(memory.epoch(epoch, start), disk.epoch(epoch, start), strict=True))
        assert len(pairs) == len(memory) - start
        assert all(equal(one, other) for one, other in pairs)


def test_dict_labels_are_served_from_memory_and_disk():
    whole = Batch(torch.rand(6, 2), {"a": torch.arange(6), "b": torch.rand(6, 2)}, {"a": torch.ones(6) > 0, "b": None})
    whole = whole._replace(labelled={"a": torch.ones(6) > 0, "b": torch.zeros(6) > 0})
    for rows in (whole, OnDisk(whole)):
        (batch,) = Batches(rows, 6, shuffle=True).epoch(0)
        assert batch.y["a"].sort().values.equal(torch.arange(6))
        assert batch.y["b"].equal(whole.y["b"][batch.y["a"]])
        assert not batch.labelled["b"].any()


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 4), st.booleans(), st.booleans(), st.integers(0, 2**40))
def test_shards_are_disjoint_equal_and_exhaustive_but_for_the_remainder(N, size, world, shuffle, drop_last, seed):
    assume(N // world >= (size if drop_last else 1))
    shards = [Batches(split(N), size, shuffle, drop_last, seed, shard=(rank, world)) for rank in range(world)]
    rows = [shard.order(2).tolist() for shard in shards]
    together = [row for part in rows for row in part]
    assert {len(part) for part in rows} == {N // world}
    assert len(set(together)) == len(together) == N - N % world
    assert {len(list(shard.epoch(2))) for shard in shards} == {len(shards[0])}


@pytest.mark.parametrize("world", [1, 2, 3, 7])
def test_whole_batches_dealt_out_in_turn_are_all_the_batches(world):
    batches = Batches(split(23), 4, shuffle=True, seed=4)
    dealt = [list(batches.epoch(1, start=rank, every=world)) if rank < 6 else [] for rank in range(world)]
    for number, whole in enumerate(batches.epoch(1)):
        assert torch.equal(dealt[number % world][number // world].x, whole.x)
    assert sum(map(len, dealt)) == len(batches) == 6


def test_step_k_of_all_shards_covers_step_k_of_one_larger_batch():
    whole = Batches(split(24), 6, shuffle=True, seed=4)
    parts = [Batches(split(24), 2, shuffle=True, seed=4, shard=(rank, 3)) for rank in range(3)]
    for step, batch in enumerate(whole.epoch(7)):
        shares = [row for part in parts for row in list(part.epoch(7))[step].y.tolist()]
        assert sorted(shares) == sorted(batch.y.tolist())


@pytest.mark.parametrize("start", [0, 1, 5, 6])
def test_start_skips_the_batches_already_taken(start):
    batches = Batches(split(23), 4, shuffle=True, seed=2)
    rest = list(batches.epoch(3, start))
    assert all(equal(one, other) for one, other in zip(rest, list(batches.epoch(3))[start:], strict=True))


def test_drop_last_leaves_out_only_the_smaller_batch():
    assert [b.rows for b in Batches(split(10), 4).epoch(0)] == [4, 4, 2]
    assert [b.rows for b in Batches(split(10), 4, drop_last=True).epoch(0)] == [4, 4]
    assert [b.rows for b in Batches(split(8), 4, drop_last=True).epoch(0)] == [4, 4]


def test_bytes_stay_bytes_in_storage_and_are_served_as_float32_in_the_unit_interval():
    x = torch.arange(256, dtype=torch.uint8)[:, None]
    batches = Batches(Batch(x), 256)
    (batch,) = batches.epoch(0)
    assert batches.split.x.data_ptr() == x.data_ptr()
    assert batch.x.dtype == torch.float32
    assert batch.x.equal(torch.arange(256.0)[:, None] / 255)


def test_float_pixels_are_served_unscaled_as_float32():
    x = torch.tensor([[-3.0], [700.0]], dtype=torch.float64)
    (batch,) = Batches(Batch(x), 2).epoch(0)
    assert batch.x.dtype == torch.float32
    assert batch.x.equal(x.float())


def test_label_slots_of_unlabelled_rows_pass_untouched():
    whole = Batch(torch.rand(3, 1), torch.tensor([1.0, torch.nan, 0.0]), torch.tensor([True, False, True]))
    (batch,) = Batches(whole, 3).epoch(0)
    assert batch.y.isnan().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size: expected 1 to 10, the rows there are; 0 was given"),
        ({"batch_size": 11, "drop_last": True}, "batch_size: expected 1 to 10.*\nTry one of:\n.*drop_last=False"),
        ({"batch_size": 6, "drop_last": True, "shard": (0, 2)}, "expected 1 to 5, .* for this of 2 processes"),
        ({"batch_size": 2, "shard": (2, 2)}, "shard: expected a rank"),
        ({"batch_size": 2, "shard": (0, 11)}, "shard: .* a row for each process"),
    ],
)
def test_impossible_batches_are_refused(arguments, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        Batches(split(10), **arguments)


def test_a_batch_larger_than_the_data_is_one_short_batch_without_drop_last():
    assert [batch.rows for batch in Batches(split(10), 11).epoch(0)] == [10]


@pytest.mark.parametrize("start", [-1, 4])
def test_a_start_outside_the_epoch_is_refused_at_once(start):
    with pytest.raises(ValueError, match="start: expected a batch from 0 to 3"):
        Batches(split(10), 4).epoch(0, start)


@pytest.mark.parametrize("seed", [-1, 1.5, True])
def test_a_seed_that_is_no_count_is_refused(seed):
    with pytest.raises(ValueError, match="seed: expected an integer of 0 or more"):
        Batches(split(10), 4, shuffle=True, seed=seed).epoch(0)


def known(N: int, every: int) -> Batch:
    """Rows numbered by their label, one in ``every`` of them labelled."""
    return split(N)._replace(labelled=torch.arange(N) % every == 0)


@pytest.mark.parametrize("rows", [known(47, 5), OnDisk(known(47, 5))], ids=["memory", "disk"])
@pytest.mark.parametrize("shard", [(0, 1), (2, 3)])
def test_every_batch_begins_with_labelled_rows_and_goes_on_in_the_order_of_the_epoch(rows, shard):
    if isinstance(rows, OnDisk):
        rows.y, rows.labelled = rows.whole.y, rows.whole.labelled
    batches = Batches(rows, 7, shuffle=True, drop_last=True, seed=3, shard=shard, labelled=3)
    plain = Batches(rows, 4, shuffle=True, drop_last=True, seed=3, shard=shard)
    for epoch in (0, 6):
        both = list(zip(batches.epoch(epoch), plain.epoch(epoch), strict=True))
        assert len(both) == len(batches) == 47 // shard[1] // 4
        for batch, others in both:
            assert batch.labelled[:3].all()
            assert (batch.y[:3] % 5 == 0).all()
            assert equal(batch.take(slice(3, None)), others)


def test_without_drop_last_the_last_batch_is_short_of_other_rows_alone():
    batches = list(Batches(known(10, 2), 6, labelled=2).epoch(0))
    assert [batch.rows for batch in batches] == [6, 6, 4]
    assert [batch.y[:2].tolist() for batch in batches] == [[0, 2], [4, 6], [8, 0]]


@pytest.mark.parametrize(("every", "labelled"), [(5, 3), (24, 5), (1, 2)])
def test_labelled_rows_are_served_equally_often_at_any_time(every, labelled):
    batches = Batches(known(48, every), labelled + 4, shuffle=True, drop_last=True, labelled=labelled)
    counts = torch.zeros(48, dtype=torch.long)
    for epoch in range(5):
        for batch in batches.epoch(epoch):
            counts += batch.y[:labelled].bincount(minlength=48)
            served = counts[::every]
            assert served.max() - served.min() <= 1
            assert counts.sum() == served.sum()
    assert counts.sum() == 5 * 12 * labelled


def test_labelled_rows_come_in_a_new_order_each_round():
    batches = Batches(known(60, 6), 11, shuffle=True, drop_last=True, labelled=5)
    rounds = torch.cat([batches.labelled_order(epoch).flatten() for epoch in range(4)]).reshape(-1, 10)
    assert rounds.sort(1).values.equal(torch.arange(0, 60, 6).expand(20, 10))
    assert len({tuple(each) for each in rounds.tolist()}) == 20
    assert batches.labelled_order(2).equal(
        Batches(known(60, 6), 11, shuffle=True, drop_last=True, labelled=5).labelled_order(2)
    )
    assert not batches.labelled_order(0).equal(
        Batches(known(60, 6), 11, shuffle=True, drop_last=True, labelled=5, seed=1).labelled_order(0)
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(24, 60), st.integers(1, 24), st.integers(1, 3), st.integers(1, 5), st.integers(1, 3))
def test_step_k_of_all_shards_holds_the_labelled_rows_of_one_larger_batch(N, every, labelled, others, world):
    size = labelled + others
    whole = Batches(known(N, every), world * size, True, True, seed=4, labelled=world * labelled)
    parts = [Batches(known(N, every), size, True, True, 4, shard=(r, world), labelled=labelled) for r in range(world)]
    for epoch in (0, 3):
        steps = [list(whole.epoch(epoch)), *(list(part.epoch(epoch)) for part in parts)]
        for one, *shares in zip(*steps, strict=True):
            for mine in (slice(0, world * labelled), slice(world * labelled, None)):
                own = slice(0, labelled) if mine.start == 0 else slice(labelled, None)
                assert sorted(row for share in shares for row in share.y[own].tolist()) == sorted(one.y[mine].tolist())


@pytest.mark.parametrize("start", [0, 1, 4, 6])
def test_start_skips_the_labelled_rows_already_taken(start):
    batches = Batches(known(24, 5), 6, shuffle=True, seed=2, labelled=2)
    rest = list(batches.epoch(3, start))
    assert all(equal(one, other) for one, other in zip(rest, list(batches.epoch(3))[start:], strict=True))


SITES = {"a": torch.arange(4), "b": torch.zeros(4, 2)}


@pytest.mark.parametrize(
    ("y", "labelled", "expected"),
    [
        (torch.arange(4), None, [0, 1, 2, 3]),
        (torch.zeros(4, 2), torch.tensor([[0, 0], [0, 1], [1, 1], [0, 0]]) > 0, [1, 2]),
        (SITES, torch.tensor([0, 0, 0, 1]) > 0, [3]),
        (SITES, {"a": torch.arange(4) == 1, "b": torch.tensor([[0, 0], [0, 0], [0, 0], [0, 1]]) > 0}, [1, 3]),
        (SITES, None, [0, 1, 2, 3]),
    ],
)
def test_a_row_counts_as_labelled_with_one_known_attribute_or_site(y, labelled, expected):
    batches = Batches(Batch(torch.zeros(4, 1), y, labelled), 2, labelled=1)
    assert batches.known.tolist() == expected


@pytest.mark.parametrize(
    ("rows", "labelled", "message"),
    [
        (known(10, 2), 0, "labelled rows: expected 1 at least and fewer than the batch_size of 4, .*; 0 was given"),
        (known(10, 2), -1, "labelled rows: expected 1 at least"),
        (known(10, 2), 4, "labelled rows: expected 1 at least and fewer than the batch_size of 4"),
        (Batch(torch.zeros(10, 1)), 1, "labelled rows: 1 of every batch are to have a label, .* no row has one"),
        (split(10)._replace(labelled=torch.zeros(10) > 0), 1, "labelled rows: .* no row has one"),
        (OnDisk(known(10, 2)), 1, r"labelled rows: .* it keeps no list of them \(attributes y and labelled\)"),
    ],
)
def test_labelled_rows_that_cannot_be_had_are_refused(rows, labelled, message):
    with pytest.raises(ValueError, match=f"(?s){message}.*\nTry one of:\n"):
        Batches(rows, 4, labelled=labelled)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_memory_and_disk_serve_the_same_batches_on_a_gpu():
    memory, disk = (Batches(rows, 4, shuffle=True, device="cuda") for rows in (split(10), OnDisk(split(10))))
    assert all(equal(one, other) for one, other in zip(memory.epoch(0), disk.epoch(0), strict=True))
