"""The table of dimensions: grouped by role, with bars that are class means; and the line on collapse."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pellucid.data import Batch
from pellucid.diagnostics import Information
from pellucid.distributions import SpikeAndSlab
from pellucid.experiments.cli import main
from pellucid.experiments.report.code import Code
from pellucid.experiments.report.collapse import collapse_lines
from pellucid.experiments.report.dimension_rows import dimension_groups
from pellucid.experiments.report.meaning import read_meaning
from pellucid.experiments.report.partition import partitions
from pellucid.experiments.report.reading import Space
from pellucid.experiments.report.told import Told


def table(page: Any) -> dict[int, tuple[str, list[float], list[bool]]]:
    """Dimension -> the group that it stands in, the bars beside it, and which of them are dark."""
    found, group, j = {}, "", -1
    for tag, given in page.tags:
        if tag == "tbody":
            group = given.get("id", "")
        elif tag == "tr" and "data-dimension" in given:
            j = int(given["data-dimension"])
            found[j] = (group, [], [])
        elif tag == "rect":
            found[j][1].append(float(given["data-gate"]))
            found[j][2].append(given.get("class") == "on")
    return found


def test_dimensions_stand_in_the_group_of_their_role_beside_their_class_means(sparse, page, read_code):
    gate, _, y = read_code(sparse[0])
    mean = np.stack([gate[y == c].mean(0) for c in range(10)])
    rows = table(page)
    assert len(rows) == page.numbers["quantity Used dimensions"][0]
    for j, (group, bars, dark) in rows.items():
        number = (mean[:, j] > 0.25).sum()
        role = "global" if number >= 9 else "shared" if number > 3 else "specific" if number else "rare"
        assert group == role
        assert bars == pytest.approx(mean[:, j].tolist(), rel=1e-4)
        assert dark == (mean[:, j] > 0.25).tolist()
    groups = [group for group, _, _ in rows.values()]
    assert groups == sorted(groups, key=["global", "shared", "specific", "rare"].index)


def test_a_dimension_names_the_classes_that_share_it(sparse, page, read_code):
    gate, _, y = read_code(sparse[0])
    named = 0
    for j, (group, _, _) in table(page).items():
        shared = [str(c) for c in range(10) if gate[y == c, j].mean() > 0.25]
        if group in ("shared", "specific"):
            words = " and ".join([", ".join(shared[:-1]), shared[-1]] if len(shared) > 1 else shared)
            assert re.search(rf"z{j} {words} \d+ %", page.text)
            named += 1
    assert named


def space_of(gate: np.ndarray, batch: Batch, classes: tuple[str, ...]) -> Space:
    """A space of hard gates, all dimensions used, most costly first."""
    opened = torch.as_tensor(gate, dtype=torch.float32)
    code = Code("z", "SpikeAndSlab", SpikeAndSlab(opened, 0.0, 1.0), opened, opened)
    number, used = gate.shape[1], np.ones(gate.shape[1], dtype=bool)
    nothing = np.zeros(number)
    told = Told(Information(nothing, nothing, len(gate), "exact"), exact=True, variance=nothing)
    return Space(
        code=code, told=told, cost=np.arange(number, 0.0, -1.0), used=used, share=gate.mean(0),
        meaning=read_meaning(code, partitions(batch, classes), used), drawn=np.zeros((number, 1, 2, 2)), agreement=None,
    )  # fmt: skip


def test_attributes_are_spoken_of_by_the_difference_they_make():
    y = torch.cartesian_prod(*[torch.arange(2)] * 4).repeat(10, 1)
    hat, eyes = y[:, 0].numpy() == 1, y[:, 2].numpy() == 1
    gate = np.stack([np.ones(len(y)), hat, ~eyes, np.arange(len(y)) // 16 % 2, 0.4 * hat + 0.4 * eyes], 1).astype(float)
    space = space_of(gate, Batch(torch.zeros(len(y), 1), y), ("hat", "tie", "eyes", "mouth"))
    groups = {group.role: group for group in dimension_groups(space)}
    assert list(groups) == ["global", "shared", "specific"]
    named = {group.title: {row.name: row.classes for row in group.rows} for group in groups.values()}
    assert named["Attribute-specific"] == {"z1": "hat", "z2": "no eyes"}
    assert named["Shared"] == {"z4": "hat and eyes"}
    assert named["Global"]["z0"] == "none"
    (row,) = groups["shared"].rows
    assert row.gates == [
        ("hat", pytest.approx(0.6), True), ("no hat", pytest.approx(0.2), False),
        ("tie", pytest.approx(0.4), False), ("no tie", pytest.approx(0.4), False),
        ("eyes", pytest.approx(0.6), True), ("no eyes", pytest.approx(0.2), False),
        ("mouth", pytest.approx(0.4), False), ("no mouth", pytest.approx(0.4), False),
    ]  # fmt: skip


def test_a_class_without_a_row_has_no_bar_and_is_no_exception_of_a_global_dimension():
    y = torch.tensor([0, 1, 3] * 10)
    gate = np.stack([np.ones(30), y.numpy() == 3], 1).astype(float)
    first, second = dimension_groups(space_of(gate, Batch(torch.zeros(30, 1), y), ("a", "b", "c", "d")))
    assert (first.role, second.role) == ("global", "specific")
    assert first.rows[0].classes == "all"
    assert second.rows[0].gates == [("a", 0.0, False), ("b", 0.0, False), ("d", 1.0, True)]


def test_a_table_of_many_dimensions_is_cut_across_its_groups():
    y = torch.arange(10).repeat(4)
    gate = np.concatenate([np.ones((40, 3)), np.eye(10)[y.numpy()]], 1)
    space = space_of(gate, Batch(torch.zeros(40, 1), y), tuple("abcdefghij"))
    assert [len(group.rows) for group in dimension_groups(space, most=5)] == [3, 2]


FIT = "fit --pair vsc --data digits --pair.dim 8 --pair.hidden [32] --epochs 6 --batch_size 50"


def test_a_collapse_is_said_in_one_line_while_training_and_stands_in_the_report(empty_folder, capfd, read_page):
    assert main(f"{FIT} --pair.consistency 30 --folder run".split()) == 0
    lines = [line for line in capfd.readouterr().err.splitlines() if "ollapse" in line]
    assert len(lines) == 1
    assert lines[0].startswith("Collapse at epoch ")
    assert "Ramp(0, 30, end=0.5)" in lines[0]
    assert main(["report", "run"]) == 0
    page = read_page(Path("run/report.html"))
    assert lines[0] in page.text
    assert ("p", {"class": "collapse"}) in page.tags


def gates(between: list[float], live: list[float]) -> list[dict[str, float]]:
    fixed = {"validation/open(z)": 3.0, "weight/consistency": 9.0}
    return [
        {"epoch": n, "validation/between(z)": b, "validation/live(z)": each, **fixed}
        for n, (b, each) in enumerate(zip(between, live, strict=True), 1)
    ]


def test_the_line_says_whether_the_code_has_recovered():
    dead, alive = [0.04] * 4, [0.2, 0.5]
    (still,) = collapse_lines(gates([*dead, 0.03], [1, 1, 0, 1, 0]))
    assert still[0]
    assert still[1].endswith("At epoch 5, still so: 0.03 nats between two classes, 0 dimensions whose gate varies, "
                             "3.0 open a row.")  # fmt: skip
    (recovered,) = collapse_lines(gates([*dead, *alive], [1, 1, 0, 1, 3, 4]))
    assert recovered[0]
    assert "At epoch 6, recovered since: 0.5 nats between two classes, 4 dimensions" in recovered[1]


def test_a_healthy_run_says_so_and_one_without_gates_says_nothing(page):
    (line,) = collapse_lines(gates([0.1, 0.4, 0.6, 0.9], [3, 4, 5, 6]))
    assert line == (False, "No sign of collapse: 'z' ends with 0.9 nats between two classes, 6 dimensions whose gate "
                           "varies, 3.0 open a row.")  # fmt: skip
    assert collapse_lines([{"epoch": 9.0, "validation/bound": -90.0}]) == []
    assert collapse_lines([]) == []
    assert page.text.count("No sign of collapse") == 2  # the run and the one beside it


def test_a_run_too_short_to_judge_and_a_code_of_always_open_gates_are_not_called_healthy():
    assert collapse_lines(gates([0.1, 0.4, 0.6], [3, 4, 5])) == []
    unpressed = [row | {"weight/consistency": 0.0} for row in gates([0.01] * 5, [0] * 5)]
    (line,) = collapse_lines(unpressed)
    assert line == (False, "'z' ends with 0.01 nats between two classes, 0 dimensions whose gate varies, 3.0 open a "
                           "row.")  # fmt: skip
