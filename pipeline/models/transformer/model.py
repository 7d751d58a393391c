"""The transformer as a model: tokens, engine and calibration behind the common interface."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.verification import CONFIG, NETWORK, TOKENIZER, WEIGHTS
from pipeline.errors import ArtifactRefused
from pipeline.models.linear import log_odds, logistic
from pipeline.models.transformer.tokens import TextEncoder, equal_length_batches

TOKENS_PER_BATCH = 768
"""Larger batches are no quicker and use more memory."""

LONGEST = 256
"""Most tokens read of a text; a review of NSMC has at most 140 characters."""

ONNX, TORCH = "onnx", "torch"
FP32, INT8 = "fp32", "int8"
TOLERANCES = {FP32: 1e-4, INT8: 0.02}
"""Largest difference in confidence between two machines or batches, by precision.

The last bits of a sum of floats depend on the processor, and in int8 such a bit can decide how a
number is rounded.
"""

Engine = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""A function from token ids, shape (rows, tokens), to raw outputs, shape (rows, 2)."""


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
            fits = settings.engine in (ONNX, TORCH) and settings.precision in TOLERANCES
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
        cls, files: Mapping[str, bytes], record: Mapping[str, Any], threads: int | None = None
    ) -> Self:
        """The model of a run or an artifact; raises ArtifactRefused where its files are damaged.

        `threads`: how many the engine uses; None: one per core.
        """
        settings = TransformerSettings.from_record(record)
        needed = (TOKENIZER, NETWORK) if settings.engine == ONNX else (TOKENIZER, CONFIG, WEIGHTS)
        if missing := [name for name in needed if name not in files]:
            raise ArtifactRefused(f"The deep model lacks {', '.join(missing)}.")
        encoder = TextEncoder(files[TOKENIZER], settings.max_tokens)
        return cls(settings, encoder, _make_engine(files, settings.engine, threads))

    def logits(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Logits of cleaned texts, shape (n,): the positive output minus the negative one."""
        logits = np.empty(len(cleaned))
        ids = self.encoder.encode(cleaned)
        positive = self.settings.positive
        for rows in equal_length_batches(ids, TOKENS_PER_BATCH):
            outputs = self.engine(np.array([ids[row] for row in rows], dtype=np.int64))
            logits[rows] = outputs[:, positive].astype(np.float64) - outputs[:, 1 - positive]
        return logits

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


def _make_engine(files: Mapping[str, bytes], kind: str, threads: int | None) -> Engine:
    if kind == ONNX:
        from pipeline.models.transformer.onnx_engine import OnnxEngine

        return OnnxEngine(files[NETWORK], threads)
    from pipeline.models.transformer.torch_engine import TorchEngine, build_module

    return TorchEngine(build_module(files[CONFIG], files[WEIGHTS]), threads)
