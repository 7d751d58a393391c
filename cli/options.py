"""Options that several commands share."""

import json
import math
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pipeline.models.hardware import AUTO, DEVICES

if TYPE_CHECKING:
    from pipeline.artifacts.bucket.address import BucketAddress

Command = Callable[..., None]


def added(command: Command, options: Iterable[Callable[[Command], Command]]) -> Command:
    """The command with these options, in their order."""
    return reduce(lambda decorated, option: option(decorated), reversed(list(options)), command)


def printable(text: str) -> str:
    """The text with all but its line ends shown that a terminal would obey, such as ESC.

    What a file or a server calls something gets into messages.
    """
    return "".join(
        character if character.isprintable() or character == "\n" else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def echo_json(record: object) -> None:
    """Print JSON, NaN as null; characters that standard output cannot show are escaped."""
    from pipeline.files.json_values import json_text

    text = json_text(record)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text))
    click.echo(text)


def check_texts(_: click.Context, __: click.Parameter, given: Any) -> Any:
    """Refuse a text, or one of several, that holds bytes of another encoding than the locale's."""
    for text in [given] if isinstance(given, str) else given:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            encoding = sys.getfilesystemencoding()
            raise click.BadParameter(
                f"The text holds bytes that are not {encoding}, which the locale says. Write it "
                "so, set LC_ALL to your terminal's encoding, or give it in a file."
            ) from None
    return given


def refuse(names: Iterable[str], because: str) -> None:
    """Raise UsageError if any of these parameters was given: no option is ignored in silence."""
    context = click.get_current_context()
    wanted = set(names)
    given = [
        _flag(context, parameter)
        for parameter in context.command.params
        if parameter.name in wanted and was_given(parameter.name)
    ]
    if given:
        raise click.UsageError(f"{' and '.join(given)} cannot be used {because}.")


def _flag(context: click.Context, parameter: click.Parameter) -> str:
    """What a parameter is called on the command line; --no-… where it was given so."""
    is_off = bool(parameter.secondary_opts) and context.params.get(str(parameter.name)) is False
    flags = parameter.secondary_opts if is_off else parameter.opts
    return next((flag for flag in flags if flag.startswith("--")), flags[0])


def was_given(name: str) -> bool:
    """Whether the user gave this parameter to this very command; the environment is for all."""
    return click.get_current_context().get_parameter_source(name) == ParameterSource.COMMANDLINE


def refuse_revision_of_folder(model: str) -> None:
    """Raise UsageError for a --revision of a model that is a folder, which has none."""
    if Path(model).expanduser().is_dir():
        refuse(["revision"], f"with {model}, which is a folder")


class FiniteRange(click.FloatRange):
    """Numbers of a range. NaN, which is beyond no bound, is in none; nor is infinity."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Take a number of the range, refuse all else."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"]
"""A date, the form of a time that `artifacts list` shows (of UTC), and times with their zone."""


def _in_utc(_: click.Context, __: click.Parameter, moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


class LocalFolder(click.Path):
    """A folder of this machine; an address such as s3://… would become a folder called s3:."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Take a path, refuse an address."""
        if "://" in str(value):
            self.fail(f"{value} is an address; runs and artifacts lie in a local folder.", param)
        return Path(str(super().convert(str(value), param, ctx)))


artifacts_option = click.option(
    "--artifacts",
    type=LocalFolder(),
    default=Path("artifacts"),
    help="Folder that holds the runs and artifacts.",
)


def trust_options(command: Command) -> Command:
    """Add --expect-digest, --require-signature and --not-before."""
    expect_digest = click.option(
        "--expect-digest",
        metavar="DIGEST",
        help="Refuse every artifact but this one (its digest, or at least the first 8 digits).",
    )
    require_signature = click.option(
        "--require-signature",
        metavar="PUBKEY",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Refuse an artifact that was not signed with this public key (Ed25519, PEM).",
    )
    not_before = click.option(
        "--not-before",
        metavar="DATE",
        type=click.DateTime(DATES),
        callback=_in_utc,
        help="Refuse an artifact that was trained earlier, such as an old one that is put back; "
        "with --require-signature, which makes the time one to rely on.",
    )
    return added(command, (expect_digest, require_signature, not_before))


def unsure_option(what: str) -> Callable[[Command], Command]:
    """--unsure-below, with the help text that says `what` it does."""
    return click.option("--unsure-below", metavar="P", type=FiniteRange(0.5, 1.0), help=what)


device_option = click.option(
    "--device",
    type=click.Choice(DEVICES),
    default=AUTO,
    help="What computes a deep model that torch runs; auto: an accelerator, if there is one.",
)
engine_option = click.option(
    "--engine",
    type=click.Choice(["onnx", "torch"]),
    default="onnx",
    help="Library that runs the deep model; onnx works without torch.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["int8", "fp32", "bf16"]),
    default=None,
    help="Precision of the deep model: int8 (default) or fp32 in ONNX, fp32 (default) or bf16 in "
    "torch; int8 and bf16 are refused if their answers stray from fp32.",
)


def chosen_precision(engine: str, precision: str | None) -> str:
    """The precision that is meant, of those that the engine has; UsageError for another."""
    from pipeline.models.transformer.model import PRECISIONS

    known = PRECISIONS[engine]
    if precision is None:
        return known[0]
    if precision not in known:
        raise click.UsageError(
            f"--precision {precision} cannot be used with --engine {engine}: it has "
            f"{' and '.join(known)}."
        )
    return precision


_FAST = click.option("--fast", is_flag=True, help="Use the fast model: --model fast, for short.")
_MODEL = click.option(
    "--model",
    type=click.Choice(["fast", "deep"]),
    help="The model to use; left out: the deep one if there is one, else the fast one.",
)


def model_options(command: Command) -> Command:
    """Add --fast and --model; see `chosen_slot`."""
    return added(command, (_FAST, _MODEL))


def chosen_slot(store: "Path | BucketAddress", fast: bool, model: str | None) -> str:
    """The slot that --fast and --model ask for, or what there is; UsageError if they differ."""
    if fast and model == "deep":
        raise click.UsageError("--fast and --model deep contradict each other.")
    if fast or model:
        return model or "fast"
    from pipeline.artifacts.bucket.choosing import default_slot

    return default_slot(store)
