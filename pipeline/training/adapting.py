"""Adapting a pre-trained encoder to reviews before it is fine-tuned: it fills in hidden tokens.

After Devlin et al. 2019, "BERT" (masked language modelling), continued on the texts of the task as
in Gururangan et al. 2020, "Don't stop pretraining". As there, of the tokens that are asked for 80 %
are hidden, 10 % are others, and 10 % are left.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InvalidInput
from pipeline.models.hardware import CUDA
from pipeline.models.transformer.ahead import ahead
from pipeline.models.transformer.devices import has_bfloat16
from pipeline.models.transformer.tokens import Ids, TextEncoder, pad
from pipeline.models.transformer.torch_engine import placed, within_memory
from pipeline.progress import progress_bar
from pipeline.training.finetuning import FineTuningSettings
from pipeline.training.graphs import MULTIPLE, GraphedStep
from pipeline.training.optimizer import make_optimizer, set_rate, step
from pipeline.training.schedule import BatchOrder, Schedule

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

ASKED = 0.15
HIDDEN, OTHERS = 0.8, 0.9
"""Shares of the tokens asked for: hidden up to the one, another token up to the other."""


NOTHING = -100
"""In place of a token where none is asked for; torch's cross entropy passes over it."""


class Cloze(NamedTuple):
    """Token ids with some hidden, and their mask, both (rows, longest); and what is asked for.

    `places` are of the ids in one row after another, `wanted` the ids that stood there, (m,) each;
    m depends on the shape alone, and NOTHING is asked for at the places that are too many.
    """

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    places: NDArray[np.int64]
    wanted: NDArray[np.int64]


def adapt(
    module: "PreTrainedModel",
    encoder: TextEncoder,
    cleaned: Sequence[str],
    settings: FineTuningSettings,
) -> None:
    """Train the encoder within a classifier on cleaned texts; the classifier stays as it is.

    Raises InvalidInput where the tokenizer has no token that hides others.
    """
    import torch

    hidden = encoder.hidden_token()
    if hidden is None:
        raise InvalidInput("--adapt: the encoder's tokenizer has no mask token. Leave it out.")
    ids = encoder.encode(cleaned)
    order = BatchOrder([len(row) for row in ids], settings.batch_size, settings.seed)
    filler, tokens = module.config.pad_token_id or 0, len(encoder.vocabulary())
    steps = max(round(settings.adapted * order.steps_per_epoch), 1)
    schedule = Schedule(steps, settings.warm_up, settings.cool_down)
    torch.manual_seed(settings.seed)
    filling = _filling(module)
    optimizer = make_optimizer(filling, settings.learning_rate, 1.0, settings.weight_decay)

    device, multiple = module.device, MULTIPLE if module.device.type == CUDA else 1

    def make(number: int) -> "list[torch.Tensor]":
        random = np.random.default_rng((settings.seed, 3, number))
        rows = [ids[row] for row in order.batch(number)]
        made = cloze(rows, filler, hidden, tokens, random, multiple)
        return [placed(part, device) for part in made]

    def compute(filled: "torch.Tensor", mask: "torch.Tensor", *asked: "torch.Tensor") -> None:
        places, wanted = asked
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
            logits = filling(filled, mask, places)
        loss = torch.nn.functional.cross_entropy(logits.float(), wanted, reduction="sum")
        (loss / (wanted != NOTHING).sum().clamp(min=1)).backward()
        step(optimizer, settings.largest_gradient)

    take_step = GraphedStep(compute)
    filling.train()
    with progress_bar(steps, "Adapting", unit=" steps") as bar:
        for number, tensors in enumerate(ahead(map(make, range(steps)))):
            set_rate(optimizer, schedule.rate(number))
            with within_memory("Give a smaller --batch-size."):
                take_step(*tensors)
            bar.update(1)


def cloze(
    ids: Ids,
    filler: int,
    hidden: int,
    tokens: int,
    random: np.random.Generator,
    multiple: int = 1,
) -> Cloze:
    """Hide tokens of these rows, but never the first and last ones, which are special.

    `hidden` is the token that stands for one that is hidden; `tokens` how many there are.
    `multiple`: see `pad`.
    """
    filled, mask = pad(ids, filler, multiple)
    lengths = mask.sum(axis=1)
    may_be_asked = mask == 1
    may_be_asked[:, 0] = may_be_asked[np.arange(len(ids)), lengths - 1] = False
    places = np.flatnonzero(may_be_asked & (random.random(filled.shape) < ASKED))
    wanted = filled.ravel()[places]
    chance = random.random(places.size)
    others = random.integers(tokens, size=places.size)
    asked = np.where(chance < HIDDEN, hidden, np.where(chance < OTHERS, others, wanted))
    filled.ravel()[places] = asked
    most = int(ASKED * filled.size) + 1
    missing = max(most - places.size, 0)
    places = np.concatenate([places, np.zeros(missing, np.int64)])[:most]
    wanted = np.concatenate([wanted, np.full(missing, NOTHING)])[:most]
    return Cloze(filled, mask, places, wanted)


def _filling(module: "PreTrainedModel") -> "torch.nn.Module":
    """The encoder with a new head that gives logits of the hidden tokens, (m, vocabulary).

    The head's output weights are the embeddings, as in BERT.
    """
    import torch

    class Filling(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = module.base_model
            self.tokens = cast("torch.nn.Parameter", module.get_input_embeddings().weight)
            size = module.config.hidden_size
            self.head = torch.nn.Sequential(
                torch.nn.Linear(size, size), torch.nn.GELU(), torch.nn.LayerNorm(size)
            )
            self.bias = torch.nn.Parameter(torch.zeros(len(self.tokens)))

        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, places: torch.Tensor
        ) -> torch.Tensor:
            states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
            asked = self.head(states.flatten(0, 1)[places])
            return torch.nn.functional.linear(asked, self.tokens, self.bias)

    return Filling().to(module.device)
