"""What stands in the environment, or is no number, never asks for less than nothing would."""

from pathlib import Path

import click
import pytest

from cli.main import COMMANDS, main, name_variables
from tests.cli.option_pairs import all_commands, options_of
from tests.support.command import run
from tests.support.paths import Invoke

NEEDED = {
    "drift": ["-"],
    "explain": ["x"],
    "verify": ["x"],
    "artifacts use": ["x"],
    "artifacts show": ["x"],
    "compare": ["x", "y"],
    "runs note": ["x", "y"],
}
EACH = [
    pytest.param(command, one, id=f"{command} {one.opts[0]}")
    for command in all_commands()
    for one in options_of(command)
]
DEFAULT = Path("data/nsmc/ratings_test.txt")
FLOATS = [case for case in EACH if isinstance(case.values[1].type, click.types.FloatParamType)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which what `train` and `evaluate` read by default is there."""
    folder = tmp_path_factory.mktemp("data")
    (folder / DEFAULT).parent.mkdir(parents=True)
    (folder / DEFAULT).touch()
    return folder


def variables(command: str, one: click.Option) -> list[str]:
    prefix = f"SENTIMENT_{command.replace(' ', '_').upper()}"
    assert one.envvar
    return [str(one.envvar), f"{prefix}_{str(one.name).upper()}"]


@pytest.mark.parametrize(("command", "one"), EACH)
def test_an_empty_variable_is_refused(
    command: str, one: click.Option, invoke: Invoke, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)
    for variable in variables(command, one):
        arguments = [*command.split(), *NEEDED.get(command, [])]
        done = invoke(*arguments, env={variable: ""})
        assert done.exit_code == 2, variable
        assert f"{variable} is empty" in done.stderr


@pytest.mark.parametrize(("command", "one"), FLOATS)
@pytest.mark.parametrize("number", ["nan", "-nan", "inf", "-inf", "1e999", "-1"])
def test_no_float_is_without_bound(
    command: str, one: click.Option, number: str, invoke: Invoke
) -> None:
    arguments = [*command.split(), *NEEDED.get(command, [])]
    done = invoke(*arguments, f"{one.opts[0]}={number}")
    assert done.exit_code == 2
    assert "Invalid value" in done.stderr


def test_a_rate_too_low_to_compute_with_is_refused(invoke: Invoke) -> None:
    for rate in ("1e-320", "1e-9", "1e300"):
        assert invoke("serve", "--rate", rate).exit_code == 2


@pytest.mark.parametrize(
    "variable", ["SERVE_REQUIRE_SIGNATURE", "SERVE_API_KEY_FILE", "PREDICT_REQUIRE_SIGNATURE"]
)
def test_nothing_starts_with_less_than_was_demanded(variable: str, sample_root: Path) -> None:
    command = variable.partition("_")[0].lower()
    more = ["--fast", "--text", "x"] if command == "predict" else []
    done = run(command, "--artifacts", sample_root, *more, env={f"SENTIMENT_{variable}": ""})
    assert done.code == 2
    assert f"SENTIMENT_{variable} is empty" in done.stderr


def test_the_command_line_stands_above_an_empty_variable(invoke: Invoke, sample_root: Path) -> None:
    variable = {"SENTIMENT_ARTIFACTS_LIST_ARTIFACTS": ""}
    done = invoke("artifacts", "list", "--artifacts", sample_root, env=variable)
    assert done.exit_code == 0


def test_help_is_shown_whatever_the_environment(invoke: Invoke) -> None:
    variables = {"SENTIMENT_SERVE_RATE": "", "SENTIMENT_VERSION": ""}
    assert invoke("serve", "--help", env=variables).exit_code == 0
    assert invoke("--help", env=variables).exit_code == 0


def test_options_are_named_once() -> None:
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        before = [parameter.callback for parameter in command.params]
        name_variables(command, "SENTIMENT")
        assert before == [parameter.callback for parameter in command.params]
