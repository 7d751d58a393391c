"""Fine-tuning a pre-trained encoder of transformers: the loop, its optimizer, its evaluations.

It follows Howard and Ruder 2018 (lower layers learn more slowly), Loshchilov and Hutter 2019
(AdamW) and Mosbach et al. 2021 (warm-up). The same seed and number of threads give the same
weights, whether the training was interrupted or not.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InvalidInput
from pipeline.models.transformer.model import TransformerModel, TransformerSettings
from pipeline.models.transformer.positions import longest_input
from pipeline.models.transformer.tokens import TextEncoder, pad
from pipeline.models.transformer.torch_engine import TorchEngine
from pipeline.progress import progress_bar
from pipeline.quality.metrics import log_loss
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.schedule import BatchOrder, Schedule

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_log = logging.getLogger(__name__)
_LAYER = re.compile(r"\.layers?\.(\d+)\.")


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


@dataclass(frozen=True)
class Examples:
    """Cleaned texts and their labels (0 or 1), shape (n,)."""

    texts: Sequence[str]
    labels: NDArray[np.intp]


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
        self.optimizer = _make_optimizer(module, settings)
        self.step = 0
        self.losses: list[float] = []
        self.best: dict[str, Any] = {}

    def run(self, examples: Examples, held_out: Examples, resume: bool = False) -> None:
        """Train, and keep the weights of least held-out loss; `resume`: from the checkpoint."""
        if resume:
            self._restore(self.checkpoints.load())
        ids = self.encoder.encode(examples.texts)
        order = BatchOrder([len(row) for row in ids], self.settings.batch_size, self.settings.seed)
        steps = max(round(self.settings.epochs * order.steps_per_epoch), 1)
        self._check_end(steps, order.steps_per_epoch)
        schedule = Schedule(steps, self.settings.warm_up, self.settings.cool_down)
        interval = max(round(order.steps_per_epoch / self.settings.evaluations), 1)
        with progress_bar(steps, "Fine-tuning", unit=" steps") as bar:
            bar.update(self.step)
            while self.step < steps and not self._is_stuck():
                rows = order.batch(self.step)
                self._learn(ids, rows, examples.labels[rows], schedule.rate(self.step))
                self.step += 1
                bar.update(1)
                if self.step % interval == 0 or self.step == steps:
                    self._evaluate(held_out)
                    bar.set_postfix(held_out=f"{self.losses[-1]:.4f}")
                self.checkpoints.save_if_due(self._state)
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

    def _learn(
        self,
        ids: Sequence[Sequence[int]],
        rows: NDArray[np.intp],
        labels: NDArray[np.intp],
        rate: float,
    ) -> None:
        import torch

        random = np.random.default_rng((self.settings.seed, 1, self.step))
        torch.manual_seed(int(random.integers(2**31)))
        kept = [_drop(ids[row], self.settings.dropped, random) for row in rows]
        filled, mask = pad(kept, self.module.config.pad_token_id or 0)
        self.module.train()
        outputs = self.module(
            input_ids=torch.from_numpy(filled), attention_mask=torch.from_numpy(mask)
        )
        loss = torch.nn.functional.cross_entropy(
            outputs.logits,
            torch.from_numpy(labels),
            label_smoothing=self.settings.label_smoothing,
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.module.parameters(), self.settings.largest_gradient)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        self.optimizer.step()
        self.optimizer.zero_grad()

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
        self.optimizer.load_state_dict(state["optimizer"])


def _drop(ids: Sequence[int], share: float, random: np.random.Generator) -> Sequence[int]:
    """Leave out tokens at random, but never the first and the last, which are special."""
    inner = [token for token in ids[1:-1] if random.random() >= share]
    return [ids[0], *inner, ids[-1]]


def _make_optimizer(module: "PreTrainedModel", settings: FineTuningSettings) -> "torch.optim.AdamW":
    """AdamW with a learning rate for each layer, and no decay of biases and layer norms."""
    import torch

    top = max(_layer(name) for name, _ in module.named_parameters())
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = defaultdict(list)
    for name, parameter in module.named_parameters():
        layer = _layer(name)
        is_head = layer == -1 and "embeddings" not in name
        share = 2.0 if is_head else settings.layer_decay ** (top - layer)
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups[settings.learning_rate * share, decay].append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "weight_decay": decay, "peak": peak, "lr": peak}
            for (peak, decay), parameters in groups.items()
        ],
        betas=(0.9, 0.98),
    )


def _layer(name: str) -> int:
    """Number of the layer that a parameter belongs to; −1 outside the layers."""
    found = _LAYER.search(name)
    return int(found[1]) if found else -1
