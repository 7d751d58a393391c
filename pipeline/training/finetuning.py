"""Fine-tuning a pre-trained encoder of transformers: the loop, its optimizer, its evaluations.

It follows Howard and Ruder 2018 (lower layers learn more slowly), Loshchilov and Hutter 2019
(AdamW) and Mosbach et al. 2021 (warm-up). On a CPU the same seed and number of threads give the
same weights, whether the training was interrupted or not; on an accelerator the same batches do, in
bfloat16 where it has that, but sums of floats are made there in any order.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InvalidInput
from pipeline.models.hardware import CPU, CUDA
from pipeline.models.transformer.ahead import ahead
from pipeline.models.transformer.devices import has_bfloat16
from pipeline.models.transformer.model import TransformerModel, TransformerSettings
from pipeline.models.transformer.positions import longest_input
from pipeline.models.transformer.tokens import Ids, TextEncoder
from pipeline.models.transformer.torch_engine import TorchEngine, placed, within_memory
from pipeline.progress import progress_bar
from pipeline.quality.metrics import log_loss
from pipeline.reviews.labelled import Reviews
from pipeline.text.cleaning import clean_all
from pipeline.training.batches import drop_tokens
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.graphs import MULTIPLE, GraphedStep
from pipeline.training.optimizer import make_optimizer, restore, set_rate, step
from pipeline.training.schedule import BatchOrder, Schedule

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FineTuningSettings:
    """How the encoder is fitted.

    `epochs` may be a fraction. `learning_rate` is that of the top layer; each layer below has
    `layer_decay` times the rate of the one above it, the classifier twice that of the top.
    `warm_up`, `cool_down`: shares of the steps, see `Schedule`. `dropped`: share of a text's tokens
    that are left out, drawn anew each time. `label_smoothing` allows for NSMC's wrong labels.
    `held_out`: share of the rows on which weights are chosen and calibrated. `evaluations`: how
    many per epoch; training ends early after `patience` in a row without a smaller held-out loss.
    """

    epochs: float = 2.0
    batch_size: int = 32
    max_tokens: int = 64
    learning_rate: float = 8e-5
    layer_decay: float = 0.92
    weight_decay: float = 0.01
    largest_gradient: float = 1.0
    warm_up: float = 0.05
    cool_down: float = 0.4
    dropped: float = 0.1
    label_smoothing: float = 0.03
    held_out: float = 0.03
    evaluations: int = 4
    patience: int = 4
    seed: int = 0

    @classmethod
    def for_device(cls, device: str, is_taught: bool = False) -> Self:
        """The defaults: an accelerator is quick at large batches, which take larger steps.

        `is_taught`: there are many more reviews, judged by a teacher.
        """
        if device == CPU:
            return cls()
        if is_taught:
            return cls(epochs=3.0, batch_size=1024, learning_rate=5e-4)
        return cls(epochs=3.0, batch_size=512, learning_rate=3e-4)


@dataclass(frozen=True)
class Examples:
    """Cleaned texts and their labels (0 or 1), shape (n,)."""

    texts: Sequence[str]
    labels: NDArray[np.intp]

    @classmethod
    def of(cls, reviews: Reviews) -> Self:
        """Labelled reviews, cleaned."""
        return cls(clean_all(reviews.texts), np.array(reviews.labels, np.intp))

    def targets(self, label_smoothing: float) -> "Targets":
        """What is learned of them."""
        positive = self.labels.astype(np.float64) * (1 - label_smoothing) + label_smoothing / 2
        return Targets(self.texts, positive)


@dataclass(frozen=True)
class Targets:
    """Cleaned texts and what P(positive) is to be for each, shape (n,)."""

    texts: Sequence[str]
    positive: NDArray[np.float64]

    def __add__(self, others: "Targets") -> "Targets":
        positive = np.concatenate([self.positive, others.positive])
        return Targets([*self.texts, *others.texts], positive)


class FineTuning:
    """One fine-tuning; after `run`, `module` has the best weights."""

    def __init__(
        self,
        module: "PreTrainedModel",
        encoder: TextEncoder,
        settings: FineTuningSettings,
        checkpoints: Checkpoints,
    ) -> None:
        self.module = module
        self.encoder = encoder
        self.settings = settings
        self.checkpoints = checkpoints
        self.optimizer = make_optimizer(
            module, settings.learning_rate, settings.layer_decay, settings.weight_decay
        )
        self._take_step = GraphedStep(self._compute)
        self.step = 0
        self.losses: list[float] = []
        self.best: dict[str, Any] = {}

    def run(self, targets: Targets, held_out: Examples, resume: bool = False) -> None:
        """Train, and keep the weights of least held-out loss; `resume`: from the checkpoint."""
        if resume:
            self._restore(self.checkpoints.load())
        ids = self.encoder.encode(targets.texts)
        order = BatchOrder([len(row) for row in ids], self.settings.batch_size, self.settings.seed)
        steps = max(round(self.settings.epochs * order.steps_per_epoch), 1)
        self._check_end(steps, order.steps_per_epoch)
        schedule = Schedule(steps, self.settings.warm_up, self.settings.cool_down)
        interval = max(round(order.steps_per_epoch / self.settings.evaluations), 1)

        batches = (
            self._tensors(number, ids, targets.positive, order.batch(number))
            for number in range(self.step, steps)
        )
        with progress_bar(steps, "Fine-tuning", unit=" steps") as bar:
            bar.update(self.step)
            for tensors in ahead(batches):
                self._learn(tensors, schedule.rate(self.step))
                self.step += 1
                bar.update(1)
                if self.step % interval == 0 or self.step == steps:
                    self._evaluate(held_out)
                    bar.set_postfix(held_out=f"{self.losses[-1]:.4f}")
                self.checkpoints.save_if_due(self._state)
                if self._is_stuck():
                    break
        if not self.best:
            self._evaluate(held_out)
        self.checkpoints.save(self._state())
        self.module.load_state_dict(self.best)

    def _check_end(self, steps: int, steps_per_epoch: int) -> None:
        """Refuse an end that is already past, since the learning rate would not have fallen yet."""
        if self.step > steps:
            raise InvalidInput(
                f"The unfinished training is at {self.step / steps_per_epoch:.3f} epochs already. "
                f"Give more --epochs; the last {self.settings.cool_down:.0%} of them are for the "
                "learning rate to fall."
            )

    def _tensors(
        self, number: int, ids: Ids, positive: NDArray[np.float64], rows: NDArray[np.intp]
    ) -> "Tensors":
        """A step's token ids, mask and targets (rows, 2), on the module's device."""
        random = np.random.default_rng((self.settings.seed, 1, number))
        filler, device = self.module.config.pad_token_id or 0, self.module.device
        multiple = MULTIPLE if device.type == CUDA else 1
        batch = drop_tokens(
            [ids[row] for row in rows], self.settings.dropped, filler, random, multiple
        )
        wanted = np.column_stack([1 - positive[rows], positive[rows]]).astype(np.float32)
        return placed(batch.ids, device), placed(batch.mask, device), placed(wanted, device)

    def _learn(self, tensors: "Tensors", rate: float) -> None:
        import torch

        random = np.random.default_rng((self.settings.seed, 2, self.step))
        torch.manual_seed(int(random.integers(2**31)))
        set_rate(self.optimizer, rate)
        self.module.train()
        with within_memory("Give a smaller --batch-size."):
            self._take_step(*tensors)

    def _compute(self, ids: "torch.Tensor", mask: "torch.Tensor", wanted: "torch.Tensor") -> None:
        """One step, which waits for nothing."""
        import torch

        device = self.module.device
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
            logits = self.module(input_ids=ids, attention_mask=mask).logits
        torch.nn.functional.cross_entropy(logits.float(), wanted).backward()
        step(self.optimizer, self.settings.largest_gradient)

    def _evaluate(self, held_out: Examples) -> None:
        """Record the held-out loss, and the weights if it is the smallest so far."""
        logits = self.model().logits(held_out.texts)
        self.losses.append(log_loss(logits, held_out.labels))
        accuracy = float(((logits > 0) == held_out.labels).mean())
        _log.info(
            "step %d: held-out loss %.4f, accuracy %.4f", self.step, self.losses[-1], accuracy
        )
        if self.losses[-1] == min(self.losses):
            self.best = {key: value.clone() for key, value in self.module.state_dict().items()}

    def model(self) -> TransformerModel:
        """The present weights as a model that is not calibrated."""
        settings = TransformerSettings(max_tokens=longest_input(self.module))
        return TransformerModel(settings, self.encoder, TorchEngine(self.module))

    def _is_stuck(self) -> bool:
        """Whether none of the last `patience` evaluations was better than the best before them."""
        last = self.losses[-self.settings.patience :]
        before = self.losses[: -self.settings.patience]
        return bool(before) and min(last) > min(before)

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "losses": self.losses,
            "best": self.best,
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.step, self.losses, self.best = state["step"], state["losses"], state["best"]
        self.module.load_state_dict(state["module"])
        restore(self.optimizer, state["optimizer"])
