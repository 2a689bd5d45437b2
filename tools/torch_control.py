"""The rival of the fast recipe, in PyTorch: airbench94 in its first form.

K. Jordan, arXiv:2404.00498, section 3 and listing 4, and its public code: GELU, Nesterov's
momentum, averages of the weights every five steps, and images of 32×32 in every epoch. The losses
are means over a batch here, so the rates are 1,024 times those of a sum. The images come in the
same way as to our own nets.
"""

import math

import numpy as np
import torch
from torch import nn

from course_lib.measure import metrics
from course_lib.models.fast import FILTERS, whitening
from course_lib.training.batches import training_batches
from course_lib.training.config import TrainingConfig

EPOCHS, BATCH = 9.9, 1024
RATE, MOMENTUM, DECAY = 1.5, 0.85, 1.33e-3
VECTORS = 64  # times the rate, for the biases of batch normalisation; their decay is divided by it
PEAK = 0.23  # of the steps, in which the rate rises to its peak
WHITEN_EPOCHS = 3  # in which the first layer's bias learns
LOOK_EVERY = 5  # steps from one average of the weights to the next


def net(kernel):
    """The net, with a first layer of this `kernel` (2, 2, 3, 24), as our own net has it."""
    first = nn.Conv2d(3, kernel.shape[-1], 2)
    with torch.no_grad():
        first.weight.copy_(torch.from_numpy(kernel).permute(3, 2, 0, 1))
    first.weight.requires_grad_(False)
    parts, channels = [first, nn.GELU()], kernel.shape[-1]
    for filters in FILTERS:
        for pool in (nn.MaxPool2d(2), nn.Identity()):
            norm = nn.BatchNorm2d(filters, eps=1e-12, momentum=0.4)
            norm.weight.requires_grad_(False)
            conv = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
            with torch.no_grad():
                nn.init.dirac_(conv.weight[:channels])
            parts += [conv, pool, norm, nn.GELU()]
            channels = filters
    ends = [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, 10, bias=False)]
    return nn.Sequential(*parts, *ends).to(memory_format=torch.channels_last)


class Control:
    """The net and its training, an epoch at a time; called with images, it answers as our nets do.

    `train` are images, float32 (n, height, width, 3), with labels (n,).
    """

    def __init__(self, train, seed=0, *, bfloat16, threads=2):
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.model, self.bfloat16 = net(whitening(train[0][:5000])), bfloat16
        self.epoch_steps = math.ceil(len(train[0]) / BATCH)
        self.done, self.steps = 0, math.ceil(EPOCHS * self.epoch_steps)
        settings = {"epochs": math.ceil(EPOCHS), "augmentation": "shift+turns", "seed": seed}
        config = TrainingConfig(batch_size=BATCH, **settings)
        self.batches = iter(training_batches(*train, config, first_epoch=0))
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        biases = [part.bias for part in self.model if isinstance(part, nn.BatchNorm2d)]
        others = [weight for weight in weights if all(weight is not bias for bias in biases)]
        groups = [
            {"params": biases, "lr": RATE * VECTORS, "weight_decay": DECAY / VECTORS},
            {"params": others, "lr": RATE, "weight_decay": DECAY},
        ]
        self.sgd = torch.optim.SGD(groups, momentum=MOMENTUM, nesterov=True)
        self.rates = [group["lr"] for group in groups]
        self.loss = nn.CrossEntropyLoss(label_smoothing=0.2)
        self.average = [weight.detach().clone() for weight in self._state()]

    def epoch(self):
        for _ in range(min(self.epoch_steps, self.steps - self.done)):
            images, labels = next(self.batches)
            self.step(np.array(images), np.array(labels, "int64"))

    def step(self, images, labels):
        """Learn from a batch; returns its loss."""
        share = self.done / self.steps
        factor = (
            0.2 + 0.8 * share / PEAK if share < PEAK else 1 - 0.93 * (share - PEAK) / (1 - PEAK)
        )
        for group, rate in zip(self.sgd.param_groups, self.rates, strict=True):
            group["lr"] = factor * rate
        self.model[0].bias.requires_grad_(self.done < WHITEN_EPOCHS * self.epoch_steps)
        self.model.train()
        loss = self.loss(self._scores(images), torch.from_numpy(labels))
        self.sgd.zero_grad(set_to_none=True)
        loss.backward()
        self.sgd.step()
        self.done += 1
        if self.done % LOOK_EVERY == 0:
            self._look_ahead(0.95**LOOK_EVERY * (self.done / self.steps) ** 3)
        if self.done == self.steps:
            self._look_ahead(1.0)
        return loss.item()

    def measures(self, test):
        return {f"rival, {views}": metrics.accuracy(self, *test, views) for views in metrics.VIEWS}

    def __call__(self, images, training=False):
        self.model.eval()
        with torch.no_grad():
            return torch.softmax(self._scores(np.ascontiguousarray(images)), 1).numpy()

    def _scores(self, images):
        images = torch.from_numpy(images).permute(0, 3, 1, 2)  # channels stay last in the memory
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            return self.model(images).float() / 9

    def _look_ahead(self, kept):
        """The average keeps this share of itself, and the net goes on from the average."""
        with torch.no_grad():
            for mean, weight in zip(self.average, self._state(), strict=True):
                mean.copy_(torch.lerp(weight, mean, kept))
                weight.copy_(mean)

    def _state(self):
        return [weight for weight in self.model.state_dict().values() if weight.is_floating_point()]
