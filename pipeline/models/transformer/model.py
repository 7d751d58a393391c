"""The transformer as a model: tokens, engine and calibration behind the common interface."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.verification import CONFIG, NETWORK, TOKENIZER, WEIGHTS
from pipeline.errors import ArtifactRefused, InvalidInput
from pipeline.models.hardware import ALL, AUTO, CPU, Hardware
from pipeline.models.linear import log_odds, logistic
from pipeline.models.transformer.tokens import Ids, TextEncoder, limit_threads

PART = 16_384
"""Texts that are tokenized together; an accelerator computes one part meanwhile."""

LONGEST = 256
"""Most tokens read of a text; a review of NSMC has at most 140 characters."""

ONNX, TORCH = "onnx", "torch"
FP32, INT8, BF16 = "fp32", "int8", "bf16"
PRECISIONS = {ONNX: (INT8, FP32), TORCH: (FP32, BF16)}
"""Of each engine, the usual one first. In bf16 an accelerator answers; a CPU answers the same model
in fp32."""
TOLERANCES = {FP32: 1e-4, INT8: 0.02, BF16: 0.02}
"""Largest difference in confidence between two machines or batches, by precision.

The last bits of a sum of floats depend on the processor, and in int8 such a bit can decide how a
number is rounded; a number in bf16 has 8 bits.
"""


class Engine(Protocol):
    """Runs a network; `device` is the kind of device that computes."""

    @property
    def device(self) -> str: ...  # noqa: D102

    def __call__(self, parts: Iterable[Ids], /) -> NDArray[np.float32]:
        """Raw outputs, shape (n, 2), of the token ids of n texts, given in parts."""
        ...


@dataclass(frozen=True)
class TransformerSettings:
    """The settings of a transformer; kept in the manifest.

    `positive`: which of the two outputs stands for positive. The calibrated log-odds are
    tail × arsinh((slope × (positive − negative output) + offset) ÷ tail).
    """

    engine: str = TORCH
    precision: str = FP32
    max_tokens: int = LONGEST
    positive: int = 1
    slope: float = 1.0
    offset: float = 0.0
    tail: float = 1e9

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Rebuild from JSON; raises ArtifactRefused for anything that `asdict` did not write."""
        try:
            settings = cls(**record["transformer"])
            fits = settings.precision in PRECISIONS.get(settings.engine, ())
            fits = fits and settings.positive in (0, 1) and 2 <= settings.max_tokens <= 8192
            fits = fits and 0 < settings.tail < np.inf and settings.slope > 0
            fits = fits and abs(settings.slope) + abs(settings.offset) < np.inf
        except (KeyError, TypeError):
            fits = False
        if not fits:
            raise ArtifactRefused("The deep model's settings are damaged. Pull or train it again.")
        return settings

    def to_record(self) -> dict[str, Any]:
        """The settings as plain types, for JSON."""
        return {"transformer": asdict(self)}


@dataclass(frozen=True)
class TransformerModel:
    """Answers cleaned texts; other texts in a batch change only the last bits of an answer."""

    settings: TransformerSettings
    encoder: TextEncoder = field(repr=False)
    engine: Engine = field(repr=False)

    @classmethod
    def from_files(
        cls, files: Mapping[str, bytes], record: Mapping[str, Any], hardware: Hardware = ALL
    ) -> Self:
        """The model of a run or an artifact; raises ArtifactRefused where its files are damaged."""
        settings = TransformerSettings.from_record(record)
        needed = (TOKENIZER, NETWORK) if settings.engine == ONNX else (TOKENIZER, CONFIG, WEIGHTS)
        if missing := [name for name in needed if name not in files]:
            raise ArtifactRefused(f"The deep model lacks {', '.join(missing)}.")
        limit_threads(hardware.thread_count)
        encoder = TextEncoder(files[TOKENIZER], settings.max_tokens)
        return cls(settings, encoder, _make_engine(files, settings, hardware))

    def logits(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Logits of cleaned texts, shape (n,): the positive output minus the negative one."""
        starts = range(0, len(cleaned), PART)
        outputs = self.engine(
            self.encoder.encode(cleaned[start : start + PART]) for start in starts
        )
        positive = self.settings.positive
        return outputs[:, positive].astype(np.float64) - outputs[:, 1 - positive]

    @property
    def device(self) -> str:
        """The kind of device that computes."""
        return self.engine.device

    def probabilities(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive) for cleaned texts, shape (n, 2)."""
        straight = self.settings.slope * self.logits(cleaned) + self.settings.offset
        return logistic(log_odds(straight, self.settings.tail))

    def coverage(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Share of each text's tokens that are known, shape (n,)."""
        return self.encoder.known(cleaned)

    def to_record(self) -> dict[str, Any]:
        """The settings as plain types, for JSON."""
        return self.settings.to_record()

    def calibrated(self, slope: float, offset: float, tail: float) -> Self:
        """The same model with this calibration; see `TransformerSettings`."""
        settings = replace(self.settings, slope=slope, offset=offset, tail=tail)
        return replace(self, settings=settings)


def _make_engine(
    files: Mapping[str, bytes], settings: TransformerSettings, hardware: Hardware
) -> Engine:
    if settings.engine == ONNX:
        if hardware.device not in (AUTO, CPU):
            raise InvalidInput(
                "This deep model is sealed for ONNX, which computes on the CPU. Leave out "
                f"--device {hardware.device}, or seal its run with --engine torch."
            )
        from pipeline.models.transformer.onnx_engine import OnnxEngine

        return OnnxEngine(files[NETWORK], hardware.thread_count)
    from pipeline.models.transformer.torch_engine import TorchEngine, build_module

    module = build_module(files[CONFIG], files[WEIGHTS], hardware)
    return TorchEngine(module, hardware, settings.precision == BF16)
