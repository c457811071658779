"""Whatever is wrong: exit code 2, one sentence on stderr that names it, no traceback, nothing left behind."""

import shutil
from pathlib import Path

import pytest

from pellucid.experiments.cli import main

FIT = "fit --pair vsc --data digits --quiet "
COMPOSE = "fit --pair compose --data digits --quiet "

PARTS = """
import torch
from torch import nn
from pellucid.models import NormalPrior
from pellucid.guides import NormalPosterior
from pellucid.networks import MLPEncoder

class Silent(nn.Module):
    def forward(self, y=None, labelled=None):
        NormalPrior(3)(y, labelled)

class Posterior(NormalPosterior):
    def __init__(self, shape, dim: int = 3):
        super().__init__(MLPEncoder(shape), dim)

def faulty(data):
    return data.no_such_thing
"""

YAML = {
    "broken.yaml": "pair: [1,\n",
    "binary.yaml": "\x00\x01",
    "list.yaml": "- 1\n",
    "keys.yaml": "model: vsc\n",
    "part.yaml": "pair: 3\ndata: digits\n",
    "inner.yaml": "pair: {name: vsc}\ndata: digits\n",
    "fit.yaml": "pair: vsc\ndata: digits\nfit: 3\n",
    "argument.yaml": "pair: vsc\ndata: digits\nfit: {epoch: 3}\n",
    "type.yaml": "pair: {class_path: vsc, init_args: {dim: many}}\ndata: digits\n",
    "half.yaml": "pair: vsc\n",
    "empty.yaml": "",
}

PRESETS = {
    "p_keys.yaml": "cells: {}\n",
    "p_list.yaml": "- 1\n",
    "p_cell.yaml": "title: t\nreport: [a, a]\ncells: {a: {fit: {}}}\n",
    "p_report.yaml": "title: t\nreport: [a, c]\nbase: {pair: {}, data: {}, fit: {}}\ncells: {a: , b: }\n",
    "p_broken.yaml": "title: [\n",
}

BAD = [
    # the command
    ("train", "error: expected a command, one of fit, report, explore, experiment; given 'train'.", "pellucid --help"),
    ("reprot", "given 'reprot'.", "- pellucid report --help"),
    # which pair, which data
    (
        "fit",
        "--pair: missing; expected one of beta_vae, ccvae, class_vsc, compose, diva, exon, m2, mvae, shot_vae, vae, "
        "vsc, or an import",
        "--config FILE",
    ),
    ("fit --pair vsc", "error: --data: missing; expected one of celeba,", "--pair vsc --data digits"),
    ("fit --pair", "--pair: expected one argument", "pellucid fit --help"),
    (
        "fit --pair vsx --data digits",
        "error: --pair: expected one of beta_vae,",
        "; given 'vsx'.\nTry one of:\n- --pair vsc\n",
    ),
    (
        "fit --pair vsc --data digit",
        "error: --data: expected one of celeba,",
        "given 'digit'.\nTry one of:\n- --data digits\n",
    ),
    ("fit --pair nowhere.thing --data digits", "error: 'nowhere.thing': cannot be imported", "nowhere.py"),
    ("fit --pair own_parts.nothing --data digits", "'own_parts.nothing': cannot be imported", "no attribute 'nothing'"),
    ("fit --pair own_parts.faulty --data digits", "no attribute 'no_such_thing'", "own_parts.py, line 17"),
    # options
    (FIT + "--epoch 3", "error: --epoch: there is no such option.", "- --epochs INT: passes"),
    (FIT + "--dim 3", "error: --dim: there is no such option.", "- --pair.dim INT: latent"),
    (FIT + "--pair.dims 3", "error: --pair.dims: there is no such option.", "- --pair.dim INT: latent"),
    (FIT + "more", "error: more: there is no such option.", "--help"),
    (FIT + "--epochs", "error: --epochs: expected INT after it; given nothing.", "Default: 60"),
    (FIT + "--epochs three", "error: --epochs: expected INT; given 'three'.", "Default: 60"),
    (FIT + "--epochs 1.5", "error: --epochs: expected INT; given '1.5'.", "Default: 60"),
    (FIT + "--epochs 0", "error: epochs: expected a number at least 1; given 0.", "epochs=60"),
    (FIT + "--lr fast", "error: --lr: expected NUMBER|SCHEDULE; given 'fast'.", "learning rate"),
    (FIT + "--lr -1", "error: lr: expected a number positive; given -1.0.", "lr=1e-3"),
    (FIT + "--seed -1", "error: seed: expected a number at least 0; given -1.", "seed=0"),
    (FIT + "--workers -1", "error: workers: expected a number at least 0; given -1.", "workers=0"),
    (FIT + "--tensorboard maybe", "error: --tensorboard: expected true|false; given 'maybe'.", "TensorBoard"),
    (FIT + "--optimiser torch.optim.Adamm", "error: --optimiser: expected CLASS; given 'torch.optim.Adamm'", "Adam"),
    (FIT + "--accelerator abacus", "accelerator='abacus'", "Available names are"),
    (FIT + "--pair.dim many", "error: --pair.dim: expected INT; given 'many'.", "latent dimensions"),
    (FIT + "--pair.network mpl", "error: --pair.network: expected mlp|conv|recurrent; given 'mpl'.", "Default: mlp"),
    (FIT + "--pair.hidden wide", "error: --pair.hidden: expected [INT,...]; given 'wide'.", "[400]"),
    (FIT + "--pair.alpha 2", "error: alpha: expected a probability strictly between 0 and 1; given 2.0.", "alpha=0.05"),
    (FIT + "--pair.consistency -1", "error: weight: factor 'consistency'", "given -1.0. Try 0"),
    (FIT + "--pair.consistency Ramp --pair.consistency.stop 3", "error: --pair.consistency.start: missing.", "Ramp"),
    (
        FIT + "--pair.consistency pellucid.schedules.Rump",
        "error: --pair.consistency: expected NUMBER|SCHEDULE;",
        "Rump",
    ),
    (
        FIT + "--pair.consistency Ramp --pair.consistency.start 0 --pair.consistency.foo 3",
        "error: --pair.consistency.foo: there is no such option.",
        "--pair.consistency.help pellucid.schedules.Ramp",
    ),
    # the data
    (FIT + "--data.labels lots", "error: --data.labels: expected INT|NUMBER; given 'lots'.", "a fraction"),
    (FIT + "--data.labels 1.5", "error: labels: expected a count from 0 to 1257, a fraction in (0, 1]", "1.5"),
    (FIT + "--data.labels -3", "error: labels: expected a count from 0 to 1257", "-3"),
    (FIT + "--batch_size 5000", "error: batch_size: expected 1 to 1257, the training rows of digits", "given 5000"),
    (FIT + "--batch_size 0", "error: batch_size: expected 1 to 1257", "given 0"),
    # parts of the user's own
    (
        COMPOSE + "--pair.prior own_parts.Silent",
        "error: prior: expected forward(y, labelled) to return the latent z [B, D]; Silent returns NoneType.",
        'return pyro.sample("z", ...)',
    ),
    (COMPOSE + "--pair.prior own_parts.Nope", "error: --pair.prior: expected CLASS; given 'own_parts.Nope'", "Nope"),
    (
        COMPOSE + "--pair.prior NormalPrior --pair.prior.dims 3 --pair.posterior own_parts.Posterior",
        "error: --pair.prior.dims: there is no such option.",
        "--pair.prior.help pellucid.models.NormalPrior",
    ),
    (
        COMPOSE + "--pair.prior NormalPrior --pair.prior.dim a --pair.posterior own_parts.Posterior",
        "error: --pair.prior.dim: expected INT; given 'a'.",
        "--pair.prior.help pellucid.models.NormalPrior",
    ),
    (
        COMPOSE
        + "--pair.prior NormalPrior --pair.prior.dim 3 --pair.posterior own_parts.Posterior --pair.factors+ Nope",
        "error: --pair.factors: expected FACTOR; given 'Nope'.",
        "--pair.factors+ FACTOR",
    ),
    (
        COMPOSE + "--pair.prior own_parts.Silent --pair.posterior own_parts.Posterior",
        "error: prior: expected forward(y, labelled) to return the latent z [B, D]; Silent returns NoneType.",
        'return pyro.sample("z", ...)',
    ),
    (
        COMPOSE + "--pair.prior NormalPrior --pair.prior.dim 3 --pair.posterior own_parts.Silent",
        "error: posterior: expected to give a posterior program when called with the image shape (1, 8, 8);",
        "a class whose constructor takes shape first",
    ),
    (
        COMPOSE + "--pair.prior NormalPrior --pair.prior.dim 4 --pair.posterior own_parts.Posterior",
        "rows of digits.train do not go through",
        "",
    ),
    # configurations
    ("fit --config", "--config: expected one argument", "pellucid fit --help"),
    (
        "fit --config nothing.yaml",
        "error: --config: expected a YAML file; there is no file nothing.yaml.",
        "config.yaml",
    ),
    ("fit --config broken.yaml", "error: --config: broken.yaml is no YAML: ", "line 2"),
    ("fit --config binary.yaml", "error: --config: binary.yaml is no YAML: ", "config.yaml"),
    ("fit --config list.yaml", "list.yaml: expected the keys pair, data and fit; given list.", "config.yaml"),
    ("fit --config keys.yaml", "keys.yaml: expected the keys pair, data and fit; given the keys model.", "config.yaml"),
    ("fit --config part.yaml", "part.yaml: pair: expected class_path and init_args; given 3.", "config.yaml"),
    ("fit --config inner.yaml", "inner.yaml: pair: expected class_path and init_args; given {'name': 'vsc'}.", ""),
    ("fit --config fit.yaml", "fit.yaml: fit: expected arguments of fit by name; given 3.", "config.yaml"),
    ("fit --config argument.yaml", "error: --epoch: there is no such option.", "--epochs INT"),
    ("fit --config type.yaml", "error: --pair.dim: expected INT; given 'many'.", "latent dimensions"),
    ("fit --config half.yaml", "error: --data: missing;", "--config FILE"),
    ("fit --config empty.yaml", "empty.yaml: expected the keys pair, data and fit; given NoneType.", "config.yaml"),
    # folders
    (FIT + "--folder run", "error: folder: run is already in use.", "pellucid fit --resume run"),
    (FIT + "--folder file", "error: folder: file is already in use.", "another folder"),
    (FIT + "--folder file/run", "error: folder: cannot write file/run (Not a directory).", "a folder you may write to"),
    ("fit --resume nowhere", "error: run: nowhere holds no config.yaml, so it is no run folder.", ""),
    ("fit --resume file", "error: run: file holds no config.yaml, so it is no run folder.", ""),
    ("fit --resume run --epochs 3", "error: --resume: expected no other option", "--config run/config.yaml --epochs 3"),
    ("fit --resume cut", "error: checkpoint cut/checkpoint/", "the file is damaged or cut short"),
    ("fit --resume edited", "error: vsc: Parser key \"vsc.dim\": Expected a <class 'int'>. Got value: many", ""),
    ("report", "error: pellucid report: the following arguments are required: run.", "pellucid report --help"),
    ("report nowhere", "error: run: nowhere holds no config.yaml, so it is no run folder.", "Try one of"),
    ("report file", "error: run: file holds no config.yaml, so it is no run folder.", "Try one of"),
    ("report cut", "error: checkpoint cut/checkpoint/weights.safetensors: the file is damaged or cut short", ""),
    ("report other", "error: checkpoint other/checkpoint/weights.safetensors: 'guide.posterior", "the pair that was"),
    ("report garbled", "error: run: garbled/config.yaml cannot be read", "Try one of"),
    ("report run nowhere", "error: run: nowhere holds no config.yaml, so it is no run folder.", ""),
    ("report run --beside cut", "error: pellucid report: unrecognized arguments: --beside cut.", "--help"),
    # experiments
    ("experiment", "error: pellucid experiment: the following arguments are required: name.", "--help"),
    (
        "experiment vsc",
        "error: experiment: expected one of ccvae, class_vsc, exon, influential_factors; given 'vsc'.",
        "pellucid experiment ccvae",
    ),
    ("experiment class_vsc --preset huge", "error: --preset: expected one of demo", "given 'huge'."),
    ("experiment class_vsc --preset huge.yaml", "error: --preset: there is no file huge.yaml.", "class_vsc.demo.yaml"),
    ("experiment class_vsc --preset p_list.yaml", "expected the keys title, ", " cells; given list."),
    ("experiment class_vsc --preset p_keys.yaml", "expected the keys title, ", " cells; given cells."),
    ("experiment class_vsc --preset p_cell.yaml", "p_cell.yaml: cell a needs pair, data and fit; given fit.", ""),
    ("experiment class_vsc --preset p_report.yaml", "report: expected two of a, b; given ['a', 'c'].", ""),
    ("experiment class_vsc --preset p_broken.yaml", "error: --preset: p_broken.yaml is no YAML", ""),
    ("experiment class_vsc --size 3", "error: pellucid experiment: unrecognized arguments: --size 3.", "--help"),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run, and four that something happened to."""
    folder = tmp_path_factory.mktemp("runs")
    words = f"{FIT} --pair.dim 3 --pair.hidden [8] --epochs 1 --folder {folder / 'run'}"
    assert main(words.split()) == 0
    for name in ("cut", "other", "garbled", "edited"):
        shutil.copytree(folder / "run", folder / name)
    for file in (folder / "cut" / "checkpoint").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    config = (folder / "run" / "config.yaml").read_text()
    (folder / "other" / "config.yaml").write_text(config.replace("dim: 3", "dim: 4"))
    (folder / "edited" / "config.yaml").write_text(config.replace("dim: 3", "dim: many"))
    (folder / "garbled" / "config.yaml").write_text("pair: [\n")
    return folder


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(("words", "sentence", "remedy"), BAD, ids=[words or "-" for words, _, _ in BAD])
def test_the_answer_is_exit_code_2_and_one_sentence_and_nothing_changes(
    words, sentence, remedy, runs, empty_folder, capsys
):
    shutil.copytree(runs, empty_folder, dirs_exist_ok=True)
    (empty_folder / "own_parts.py").write_text(PARTS)
    (empty_folder / "file").write_text("a file")
    for name, text in {**YAML, **PRESETS}.items():
        (empty_folder / name).write_text(text)
    before = contents(empty_folder)
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert sentence in err
    assert remedy in err
    assert "Traceback" not in err
    assert contents(empty_folder) == before


def test_a_fault_can_be_traced_on_request(empty_folder, capsys, monkeypatch):
    (empty_folder / "own_parts.py").write_text(PARTS)
    monkeypatch.setenv("PELLUCID_TRACEBACK", "1")
    assert main(["fit", "--pair", "own_parts.faulty", "--data", "digits"]) == 2
    assert "Traceback" in capsys.readouterr().err
