"""The vectorised consistency against a double loop, and at its extremes."""

# pyright: reportArgumentType=false, reportOptionalMemberAccess=false

import importlib
import math
from weakref import WeakSet

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pellucid.distributions import RelaxedSpikeAndSlab, SpikeAndSlab, jensen_shannon
from pellucid.inference import ClassConsistency, class_consistency
from pellucid.inference.pair_divergence import of_classes, of_drawn

LOG2 = math.log(2)


def double_loop(gate, labels, labelled=None):
    values = [
        jensen_shannon(gate[j], gate[k]).sum()
        for j in range(len(gate))
        for k in range(j + 1, len(gate))
        if labels[j] == labels[k] and (labelled is None or (labelled[j] and labelled[k]))
    ]
    return torch.stack(values).mean() if values else gate.new_zeros(())


@pytest.mark.parametrize("classes", [1, 2, 5, 40])
@pytest.mark.parametrize("fraction", [1.0, 0.6, 0.1])
def test_value_and_gradient_are_those_of_a_double_loop_over_pairs(classes, fraction):
    torch.manual_seed(classes)
    gate = torch.rand(23, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(-3, classes - 3, (23,))
    labelled = torch.rand(23) < fraction
    ours, theirs = class_consistency(gate, labels, labelled), double_loop(gate, labels, labelled)
    torch.testing.assert_close(ours, theirs)
    if theirs.requires_grad:
        a, b = (torch.autograd.grad(v, gate)[0] for v in (ours, theirs))
        torch.testing.assert_close(a, b)


def test_many_pairs_to_a_row_give_the_value_and_gradient_of_each_pair_by_itself():
    torch.manual_seed(0)
    gate = torch.rand(501, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.arange(501) % 2
    j, k = torch.triu_indices(501, 501, 1)
    theirs = jensen_shannon(gate[j], gate[k]).sum(1)[labels[j] == labels[k]].mean()
    ours = class_consistency(gate, labels)
    torch.testing.assert_close(ours, theirs)
    a, b = (torch.autograd.grad(v, gate)[0] for v in (ours, theirs))
    torch.testing.assert_close(a, b)


@pytest.mark.parametrize("classes", [2, 10])
def test_single_precision_is_exact_to_rounding_where_gates_are_shut(classes):
    torch.manual_seed(0)
    gate = (4 * torch.randn(500, 7) - 4).sigmoid()
    values, slopes = [], []
    for dtype in (torch.float32, torch.float64):
        g = gate.to(dtype).requires_grad_()
        values.append(class_consistency(g, torch.arange(500) % classes))
        slopes.append(torch.autograd.grad(values[-1], g)[0])
    torch.testing.assert_close(*values, check_dtype=False, rtol=2e-6, atol=0)
    torch.testing.assert_close(*slopes, check_dtype=False, rtol=1e-4, atol=1e-6 * slopes[1].abs().max().item())


@pytest.mark.parametrize("classes", [2, 10])
def test_blocks_of_any_size_sum_to_the_whole(monkeypatch, classes):
    torch.manual_seed(0)
    gate, labels = torch.rand(500, 5, dtype=torch.float64, requires_grad=True), torch.arange(500) % classes
    whole = class_consistency(gate, labels)
    monkeypatch.setattr(importlib.import_module("pellucid.inference.pairs"), "BLOCK", 7000)
    monkeypatch.setattr(importlib.import_module("pellucid.inference.embedding"), "BLOCK", 100_000)
    parts = class_consistency(gate, labels)
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(*(torch.autograd.grad(v, gate)[0] for v in (parts, whole)))


class Largest(TorchDispatchMode):
    """The most numbers that any one tensor held, inside pellucid's operators as well."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.pellucid.pair_divergence.default:
            with self:
                out = of_classes._init_fn(*args)
        else:
            out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            self.numbers = max(self.numbers, tensor.numel() if isinstance(tensor, torch.Tensor) else 0)
        return out


class Kept:
    """A tensor that waits for the backward pass."""

    def __init__(self, tensor):
        self.tensor = tensor


@pytest.mark.parametrize("classes", [2, 10])
def test_no_tensor_of_pairs_is_ever_held_and_no_more_than_the_slope_is_kept(classes):
    torch.manual_seed(0)
    gate, labels, kept = torch.rand(500, 100, requires_grad=True), torch.arange(500) % classes, WeakSet()

    def keep(tensor):
        kept.add(held := Kept(tensor))
        return held

    with Largest() as largest, torch.autograd.graph.saved_tensors_hooks(keep, lambda held: held.tensor):
        value = class_consistency(gate, labels)
        waiting = sum(held.tensor.numel() for held in kept)
        value.backward()
    assert gate.numel() < largest.numbers < 500 * (500 / classes - 1) / 2 * 100 / 4
    assert waiting == gate.numel()


@pytest.mark.parametrize("classes", [1, 50])
def test_a_second_derivative_is_refused_and_not_wrong(classes):
    gate = torch.rand(300, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"(?s)first derivatives.*Try one of:\n- create_graph=False"):
        torch.autograd.grad(class_consistency(gate, torch.arange(300) % classes), gate, create_graph=True)


@pytest.mark.parametrize("per_row", [True, False])
def test_attributes_are_averaged_over_their_own_sets_of_pairs(per_row):
    torch.manual_seed(0)
    gate, labels = torch.rand(15, 4), torch.randint(0, 2, (15, 3))
    labelled = torch.rand(15) < 0.7 if per_row else torch.rand(15, 3) < 0.7
    masks = [labelled if per_row else labelled[:, i] for i in range(3)]
    theirs = torch.stack([double_loop(gate, labels[:, i], masks[i]) for i in range(3)]).mean()
    torch.testing.assert_close(class_consistency(gate, labels, labelled), theirs)


class Encoder(torch.nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.gate, self.options = torch.nn.Linear(5, 3), options

    def forward(self, x, labels, labelled):
        return class_consistency(self.gate(x).sigmoid(), labels, labelled, **self.options)


def graph_of(module, trace, *inputs):
    exported = torch.export.export(module, inputs, strict=False).module()
    return exported if trace == "export" else torch.compile(exported, backend="aot_eager", fullgraph=True)


@pytest.mark.parametrize("options", [{"average": "classes"}, {"divergence": "squared"}, {"pairs": 50}, {}], ids=str)
@pytest.mark.parametrize("trace", ["export", "compile"])
def test_a_graph_gives_eagers_value_and_gradient_for_labels_it_was_not_traced_with(trace, options):
    torch.manual_seed(0)
    eager = Encoder(**options)
    x, labelled = 3 * torch.randn(20, 5), torch.rand(20) < 0.8
    graph = graph_of(eager, trace, x, torch.arange(20) % 4, labelled)
    for labels in (torch.arange(20) % 4, torch.zeros(20, dtype=torch.long), torch.arange(20)):
        found = []
        for module in (eager, graph):
            torch.manual_seed(1)  # the same random pairs
            value = module(x, labels, labelled)
            found.append((value, *torch.autograd.grad(value, list(eager.parameters()))))
        torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6)


LARGE = 2400  # rows of three dimensions, whose pairs no graph holds


def test_the_graph_of_a_large_batch_lists_pairs_or_spreads_features_as_the_labels_that_it_is_given_need():
    torch.manual_seed(0)
    eager, x, labelled = Encoder(), torch.randn(LARGE, 5), torch.ones(LARGE, dtype=torch.bool)
    graph = graph_of(eager, "export", x, torch.arange(LARGE) % 30, labelled)
    assert any("pair_divergence" in str(node.target) for node in graph.graph.nodes)
    for labels in (torch.arange(LARGE) % 30, torch.zeros(LARGE)):
        assert torch.equal(graph(x, labels.long(), labelled), eager(x, labels, labelled))


def test_the_graph_of_a_large_batch_refuses_a_second_derivative_too():
    known = torch.ones(LARGE, dtype=torch.bool)
    eager, inputs = Encoder(), (torch.randn(LARGE, 5), torch.arange(LARGE) % 4, known)
    value = graph_of(eager, "export", *inputs)(*inputs)
    with pytest.raises(RuntimeError, match=r"first derivatives"):
        torch.autograd.grad(value, eager.gate.weight, create_graph=True)


@pytest.mark.parametrize("rows", [(20, 5), (5, 20)], ids=["a row after a row", "a column after a column"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_operators_keep_torchs_contract_of_shapes_strides_and_aliases(rows, dtype):
    torch.manual_seed(0)
    gate = torch.rand(rows, dtype=dtype)
    gate = (gate if len(gate) == 20 else gate.T).requires_grad_()
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    classes = gate, torch.arange(20) % 4, torch.rand(20) < 0.8, "classes"
    torch.library.opcheck(of_classes, classes, test_utils=checks)
    drawn = gate, torch.arange(7), torch.arange(7) + 3, torch.rand(7, dtype=dtype)
    torch.library.opcheck(of_drawn, drawn, test_utils=checks)


@pytest.mark.parametrize("pairs", [None, 6])
def test_on_a_device_without_numbers_value_and_gradient_have_its_shapes(pairs):
    gate = torch.rand(20, 5, device="meta", requires_grad=True)
    value = class_consistency(gate, torch.zeros(20, device="meta"), pairs=pairs)
    value.backward()
    assert (value.shape, value.device.type) == ((), "meta")
    assert (gate.grad.shape, gate.grad.device.type) == ((20, 5), "meta")


def test_in_half_precision_the_divergence_is_found_in_single():
    gate, labels = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.2, 0.5]], requires_grad=True), torch.zeros(3)
    with torch.autocast("cpu", torch.bfloat16):
        value = class_consistency(gate.bfloat16(), labels)
    torch.testing.assert_close(value, class_consistency(gate.bfloat16().float(), labels), rtol=0, atol=0)
    value.backward()
    assert gate.grad.isfinite().all()


def test_neither_the_order_of_rows_nor_the_names_of_classes_matter():
    torch.manual_seed(0)
    gate, labels, labelled = torch.rand(30, 4), torch.randint(0, 4, (30,)), torch.rand(30) < 0.8
    value, order, names = class_consistency(gate, labels, labelled), torch.randperm(30), torch.tensor([7, -2, 100, 3])
    torch.testing.assert_close(class_consistency(gate[order], labels[order], labelled[order]), value)
    torch.testing.assert_close(class_consistency(gate, names[labels], labelled), value)


def test_equal_gates_cost_nothing_and_opposite_gates_log_2_a_dimension():
    gate = torch.tensor([[1.0, 0.0, 0.3]]).repeat(6, 1)
    assert class_consistency(gate, torch.zeros(6)).abs() < 1e-6
    apart = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    torch.testing.assert_close(class_consistency(apart, torch.zeros(2)), torch.tensor(2 * LOG2), rtol=1e-4, atol=0)


def test_a_large_batch_of_equal_gates_is_not_drowned_by_rounding():
    gate = torch.rand(1, 60).expand(256, 60)
    assert class_consistency(gate, torch.zeros(256)).abs() < 1e-4


@pytest.mark.parametrize(
    ("labels", "labelled"),
    [
        (torch.arange(7), None),
        (torch.zeros(7), torch.zeros(7, dtype=torch.bool)),
        (torch.zeros(7), torch.arange(7) == 3),
        (torch.full((7,), torch.nan), torch.zeros(7, dtype=torch.bool)),
    ],
    ids=["singletons", "unlabelled", "one row labelled", "NaN"],
)
def test_without_a_pair_value_and_gradient_are_zero(labels, labelled):
    gate = torch.rand(7, 4, requires_grad=True)
    value = class_consistency(gate, labels, labelled)
    value.backward()
    assert value == 0
    assert torch.equal(gate.grad, torch.zeros(7, 4))


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_gradient_is_finite_where_the_true_slope_is_not(edge):
    gate = torch.full((3, 2), edge, requires_grad=True)
    other = torch.full((3, 2), 0.5)
    class_consistency(torch.cat([gate, other]), torch.zeros(6)).backward()
    assert gate.grad.isfinite().all()


def test_gradient_agrees_with_finite_differences():
    torch.manual_seed(0)
    gate = (0.1 + 0.8 * torch.rand(6, 3, dtype=torch.float64)).requires_grad_()
    labels, labelled = torch.tensor([0, 1, 0, 1, 0, 2]), torch.tensor([1, 1, 1, 1, 0, 1]).bool()
    assert torch.autograd.gradcheck(lambda g: class_consistency(g, labels, labelled), (gate,))


def test_what_stands_in_an_unlabelled_slot_forms_no_pair():
    gate, labelled = torch.rand(6, 3), torch.tensor([True, True, False, True, False, False])
    clean = class_consistency(gate, torch.tensor([0.0, 0, 0, 1, 1, 0]), labelled)
    assert torch.equal(class_consistency(gate, torch.tensor([0.0, 0, torch.nan, 1, torch.nan, 0]), labelled), clean)


def test_gate_that_ignores_x_is_the_degenerate_minimum():
    assert class_consistency(torch.rand(1, 5).repeat(8, 1), torch.arange(8) % 2).abs() < 1e-5


@pytest.mark.parametrize(
    ("gate", "labels", "labelled", "message"),
    [
        (torch.rand(4, 3), torch.zeros(5), None, r"expected gate \[B, D\].*\[4, 3\] and \[5\]"),
        (torch.rand(4), torch.zeros(4), None, r"given \[4\] and \[4\]"),
        (torch.rand(2, 4, 3), torch.zeros(2), None, r"given \[2, 4, 3\]"),
        (torch.rand(4, 3), torch.zeros(4, 2, 2), None, r"labels \[B\] or \[B, L\]"),
        (torch.rand(4, 3), torch.zeros(4), torch.ones(3, dtype=torch.bool), r"labelled: expected a boolean mask \[4\]"),
        (torch.rand(4, 3), torch.zeros(4), torch.ones(4, 2, dtype=torch.bool), r"given torch\.bool \[4, 2\]"),
        (torch.rand(4, 3), torch.zeros(4), torch.ones(4), r"given torch\.float32 \[4\]"),
    ],
)
def test_shapes_that_do_not_fit_are_named(gate, labels, labelled, message):
    with pytest.raises(ValueError, match=message):
        class_consistency(gate, labels, labelled)


@pytest.mark.parametrize("family", [SpikeAndSlab, RelaxedSpikeAndSlab])
def test_factor_is_the_function_of_the_gates_at_its_site_and_label(family):
    gate, y = torch.rand(6, 3), {"digit": torch.tensor([0, 1, 0, 1, 0, 2]), "hand": torch.zeros(6)}
    sharpness = (50.0,) if family is RelaxedSpikeAndSlab else ()
    q = family(gate, torch.zeros(6, 3), torch.ones(6, 3), *sharpness).to_event(1)
    factor = ClassConsistency(2.0, site="code", label="digit")
    torch.testing.assert_close(factor({"code": q}, y, None), double_loop(gate, y["digit"]))
    known = {"digit": torch.tensor([1, 1, 1, 0, 0, 1]).bool()}
    torch.testing.assert_close(factor({"code": q}, y, known), double_loop(gate, y["digit"], known["digit"]))


def test_factor_of_a_batch_without_labels_is_zero_with_zero_gradient():
    gate = torch.rand(6, 3, requires_grad=True)
    value = ClassConsistency()({"z": SpikeAndSlab(gate, 0.0, 1.0).to_event(1)}, None, None)
    value.backward()
    assert value == 0
    assert torch.equal(gate.grad, torch.zeros(6, 3))
