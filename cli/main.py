"""The `sentiment` group: imports a command when it is called, and turns errors into exit codes."""

import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click
from click.core import ParameterSource

from cli.options import printable
from cli.surroundings import prepare
from pipeline.errors import (
    ArtifactRefused,
    InvalidInput,
    ModelMissing,
    ResourceUnavailable,
    SentimentError,
)

COMMANDS = (
    "quickstart",
    "data",
    "train",
    "evaluate",
    "compare",
    "runs",
    "serialize",
    "pull",
    "artifacts",
    "verify",
    "predict",
    "explain",
    "serve",
    "doctor",
    "drift",
)

EXIT_CODES: dict[type[Exception], int] = {
    InvalidInput: 3,
    ModelMissing: 4,
    ArtifactRefused: 4,
    ResourceUnavailable: 5,
    OSError: 5,
}
INTERRUPTED = 130


class CommandGroup(click.Group):
    """Imports `cli.<name>` when that command is called; reports what a user can fix."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of the commands, in the order in which one uses them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name, None if there is none."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"cli.{name}").command
        name_variables(command, f"SENTIMENT_{name}".upper())
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown name, suggest the nearest one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            nearest = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise click.UsageError(f"{error.message}{hint}", ctx) from None

    def main(self, args: Sequence[str] | None = None, *others: Any, **options: Any) -> Any:
        """Run the command line, of this process if `args` is None."""
        if args is None:
            prepare()
        try:
            return super().main(args, *others, **options)
        except OSError:  # not even its message could be written
            sys.exit(EXIT_CODES[OSError])

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Parse, or print help or version, inside the error boundary."""
        with error_boundary():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command inside the error boundary."""
        with error_boundary():
            return super().invoke(ctx)


Callback = Callable[[click.Context, click.Parameter, Any], Any]


def name_variables(command: click.Command, prefix: str) -> None:
    """Call the variable that stands for an option as the option is called, not its parameter.

    An empty variable is refused: Click takes it for none, so that what it should have demanded,
    such as a signature or a key, would not be demanded.
    """
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.expose_value and not parameter.envvar:
            flag = max(parameter.opts, key=len).lstrip("-")
            parameter.envvar = f"{prefix}_{flag.replace('-', '_').upper()}"
            parameter.callback = partial(_refuse_empty, parameter.callback)
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            name_variables(inner, f"{prefix}_{name}".upper())


def _refuse_empty(
    callback: Callback | None, context: click.Context, parameter: click.Parameter, value: Any
) -> Any:
    """What the option's own callback makes of a value; UsageError for an empty variable."""
    given = context.get_parameter_source(str(parameter.name))
    by_parameter = f"{context.auto_envvar_prefix}_{str(parameter.name).upper()}"
    for variable in (str(parameter.envvar), by_parameter):
        if given != ParameterSource.COMMANDLINE and os.environ.get(variable) == "":
            raise click.UsageError(f"{variable} is empty. Unset it, or give it a value.")
    return callback(context, parameter, value) if callback else value


@contextmanager
def error_boundary() -> Iterator[None]:
    """Turn errors that a user can fix into one line and an exit code; bugs pass as tracebacks."""
    try:
        yield
    except BrokenPipeError:
        # The reader of our output went away, as in `| head`: its choice, not an error.
        _drop_unwritten()
        raise click.exceptions.Exit(0) from None
    except KeyboardInterrupt as interrupt:
        click.echo(" ".join(["Interrupted.", *getattr(interrupt, "__notes__", [])]), err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except (SentimentError, OSError) as error:
        import logging  # here and in `main`, as it takes a third of the time of --help

        code = next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
        logging.getLogger(__name__).debug("The error came from here:", exc_info=True)
        with suppress(OSError):  # standard error may be what fails
            click.echo(f"Error: {_describe(error)}", err=True)
        _drop_unwritten()
        raise click.exceptions.Exit(code) from None


def _drop_unwritten() -> None:
    """What standard output does not take must not be flushed into it once more at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EBADF:
        return "Standard input or output is closed, or a number that -o names. Open it, or use -o."
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return printable(f"{error.strerror}{place}")
    return printable(str(error))


@click.command(
    cls=CommandGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "SENTIMENT",
        "show_default": True,
    },
)
@click.version_option(package_name="sentiment-toolkit", prog_name="sentiment")
@click.option("-v", "--verbose", is_flag=True, help="Log to stderr what is done.")
def main(verbose: bool) -> None:
    """Train, seal and serve a Korean movie-review sentiment classifier.

    The usual order: data, train, serialize, then predict or serve.
    Each option can also be given in the environment: SENTIMENT_<COMMAND>_<OPTION>.
    """
    import logging

    if isinstance(sys.stdout, TextIOWrapper):  # of Korean Windows it cannot show all characters
        sys.stdout.reconfigure(errors="backslashreplace")
    if os.environ.get("NO_COLOR"):  # https://no-color.org
        click.get_current_context().color = False
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING, format="%(name)s: %(message)s"
    )


name_variables(main, "SENTIMENT")

if __name__ == "__main__":
    main()
