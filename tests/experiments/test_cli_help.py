"""The help teaches: every option is there with a description, and what it shows as a command is one."""

import inspect
import re
import shlex

import pytest
import yaml

from pellucid import data, inference, models, schedules, zoo
from pellucid.experiments.cli import main
from pellucid.experiments.configuration import parse
from pellucid.experiments.fit_help import OWN, all_options, makers
from pellucid.experiments.options import Option, options_of, placeholder, summary, table


def shown(capsys, words: str) -> str:
    assert main(words.split()) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("words", ["", "--help", "-h", "help"])
def test_the_command_alone_shows_what_it_can_do(capsys, words):
    page = shown(capsys, words)
    for command in ("fit", "report", "explore", "experiment"):
        assert f"  pellucid {command} " in page
        assert f"pellucid {command} --help" in page


def test_the_version_is_that_of_the_package(capsys):
    import pellucid

    assert shown(capsys, "--version") == f"{pellucid.__version__}\n"


def test_the_help_of_fit_lists_every_argument_of_fit_and_every_pair_and_data_set(capsys):
    page = shown(capsys, "fit --help")
    arguments = inspect.signature(inference.fit).parameters.keys() - OWN
    own = {"pair", "data", "config", "folder", "resume", "quiet"}
    assert arguments | own <= set(re.findall(r"^  --(\w+)", page, re.MULTILINE))
    names = "vae beta_vae vsc class_vsc ccvae diva m2 mvae exon shot_vae compose"
    assert set(makers(zoo)) == set(names.split())
    for name in (*makers(zoo), *makers(data)):
        assert name in page
    assert "--pair.prior my_prior.MyPrior" in page


def test_the_help_of_fit_lists_the_arguments_of_the_pair_and_the_data_set_that_are_named(capsys):
    page = shown(capsys, "fit --pair vsc --data digits --help")
    for prefix, function in (("pair", zoo.vsc), ("data", data.digits)):
        flags = {f"--{prefix}.{name}" for name in inspect.signature(function).parameters if name != "data"}
        assert flags <= {word.rstrip("+") for word in page.split()}
    assert "latent dimensions D. Default: 60" in page


@pytest.mark.parametrize("pair", makers(zoo))
@pytest.mark.parametrize("name", makers(data))
def test_every_option_has_a_description_free_of_markup_and_a_placeholder(pair, name):
    for option in all_options(pair, name):
        assert re.search(r"\w{2,}", option.text.replace("Required.", "")), option
        assert not re.search(r"`|:\w+:", option.text), option
        assert option.value or option.flag in ("--quiet", "--help"), option


def test_lines_fit_a_hundred_columns(capsys):
    page = shown(capsys, "fit --pair vsc --data mnist5k --help")
    table_part = page[page.index("The command") : page.index("SCHEDULE, FACTOR")]
    assert max(map(len, table_part.splitlines())) <= 100


def needs_a_module(factor):
    """Whether the constructor asks for a part of the pair, which only a function of the zoo has at hand."""
    return bool({"prior", "gates", "classifier"} & inspect.signature(factor).parameters.keys())


def test_the_classes_that_the_help_offers_are_all_that_words_can_build(capsys):
    page = shown(capsys, "fit --help")
    for word, room, base in (
        ("SCHEDULE", schedules, schedules.Schedule),
        ("FACTOR", inference, inference.Factor),
        ("LIKELIHOOD", models, models.Likelihood),
    ):
        line = next(line for line in page.splitlines() if line.startswith(f"  {word} "))
        classes = {n: c for n in room.__all__ if inspect.isclass(c := getattr(room, n)) and issubclass(c, base)}
        there = {n for n, c in classes.items() if c is not base and not needs_a_module(c)}
        assert set(re.findall(r"\b[A-Z][a-z]\w+", line.partition("(")[0])) == there


def test_every_command_and_the_yaml_that_the_help_shows_are_accepted(capsys, empty_folder):
    (empty_folder / "my_prior.py").write_text(
        "from torch import nn\n"
        "class MyPrior(nn.Module):\n    def __init__(self, dim: int = 3):\n        super().__init__()\n"
        "class MyPosterior(nn.Module):\n    def __init__(self, shape):\n        super().__init__()\n"
    )
    (empty_folder / "my_file.py").write_text(
        "from pellucid import Pair\ndef my_pair(data, *, dim: int = 3) -> Pair:\n    ...\n"
    )
    page = shown(capsys, "--help") + re.sub(r"\\\n +", " ", shown(capsys, "fit --help"))
    commands = [line.partition("     ")[0] for line in re.findall(r"^ +pellucid fit (--pair .*)$", page, re.MULTILINE)]
    commands = [line for line in commands if "--help" not in line]
    assert len(commands) == 3
    for line in commands:
        assert parse(shlex.split(line))["pair"]["class_path"].startswith("pellucid.zoo.")
    composed = parse(shlex.split(next(line for line in commands if "compose" in line)))["pair"]["init_args"]
    assert composed["prior"]["init_args"] == {"dim": 12}
    assert composed["factors"][0]["init_args"]["weight"] == 10

    example = page[page.index("  pair: {class_path") :]
    (empty_folder / "shown.yaml").write_text("\n".join(line[2:] for line in example.splitlines()))
    assert yaml.safe_load((empty_folder / "shown.yaml").read_text()).keys() == {"pair", "data", "fit"}
    config = parse(["--config", "shown.yaml"])
    assert config["pair"] == {"class_path": "my_file.my_pair", "init_args": {"dim": 12}}
    assert (config["data"]["class_path"], config["fit"]["epochs"]) == ("pellucid.data.digits", 20)


def test_the_arguments_of_a_class_have_a_help_of_their_own(capsys):
    page = shown(capsys, "fit --pair vsc --data digits --pair.consistency.help pellucid.schedules.Ramp")
    assert "--pair.consistency.begin" in page
    assert "fraction of training at which it starts to move" in page


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("report", ["run folder", "more of them for comparison", "report.html", "posterior.nc"]),
        ("explore", ["run folder", "--port INT", "--rows INT", "--no-browser", "127.0.0.1", "Ctrl-C"]),
        ("experiment", ["--preset", "--folder", "--quiet", "class_vsc (", "demo", "finished cells are skipped"]),
    ],
)
def test_the_other_commands_explain_themselves(capsys, command, told):
    page = " ".join(shown(capsys, f"{command} --help").split())
    for words in told:
        assert words in page


def test_placeholders_show_what_to_type():
    from collections.abc import Callable, Sequence
    from pathlib import Path

    expected = {int: "INT", float: "NUMBER", bool: "true|false", str: "TEXT", Path: "FOLDER", str | Path: "TEXT|FOLDER"}
    expected |= {Sequence[int]: "[INT,...]", Callable[[int], int]: "CLASS", inspect.Parameter.empty: "TEXT"}
    expected |= {dict[str, int]: "MAPPING", float | schedules.Schedule: "NUMBER|SCHEDULE"}
    assert {hint: placeholder(hint) for hint in expected} == expected


def test_a_function_without_docstring_still_gets_its_options():
    def bare(data, *rest, dim=3, needed: int, **more):
        pass

    assert summary(bare) == "bare"
    assert options_of(bare, skip={"data"}) == [
        Option("--dim", "TEXT", "Default: 3"),
        Option("--needed", "INT", "Required."),
    ]
    assert table([Option("--dim", "INT", "")]) == "  --dim INT"
