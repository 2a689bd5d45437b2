"""The rival of the fast recipe: the same training step in PyTorch, for `make bench`.

airbench94 in its first form (K. Jordan, arXiv:2404.00498, section 3): GELU, Nesterov's momentum and
weight averages every five steps, on images of 32×32 in every epoch.
"""

import torch
from torch import nn

from course_lib.models.fast import FILTERS

EPOCHS, BATCH = 9.9, 1024


def net(whitening):
    """The net, with a first layer of `whitening`, a kernel (2, 2, 3, 24) as in our own net."""
    first = nn.Conv2d(3, whitening.shape[-1], 2)
    with torch.no_grad():
        first.weight.copy_(torch.from_numpy(whitening).permute(3, 2, 0, 1))
    first.weight.requires_grad_(False)
    parts, channels = [first, nn.GELU()], whitening.shape[-1]
    for filters in FILTERS:
        for pool in (nn.MaxPool2d(2), nn.Identity()):
            norm = nn.BatchNorm2d(filters, eps=1e-12, momentum=0.4)
            norm.weight.requires_grad_(False)
            conv = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
            parts += [conv, pool, norm, nn.GELU()]
            channels = filters
    ends = [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, 10, bias=False)]
    return nn.Sequential(*parts, *ends).to(memory_format=torch.channels_last)


def turn(whitening, bfloat16, threads=2):
    """A function that takes one training step on noise; it returns the loss."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = net(whitening)
    learns = [weight for weight in model.parameters() if weight.requires_grad]
    sgd = torch.optim.SGD(learns, 1e-3, momentum=0.85, weight_decay=1.33e-3, nesterov=True)
    average = [weight.detach().clone() for weight in model.state_dict().values()]
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.2)
    images = torch.randn(BATCH, 3, 32, 32).to(memory_format=torch.channels_last)
    labels, steps = torch.arange(BATCH) % 10, 0

    def step():
        nonlocal steps
        steps += 1
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            scores = model(images)
        loss = loss_of(scores.float() / 9, labels)
        sgd.zero_grad(set_to_none=True)
        loss.backward()
        sgd.step()
        if steps % 5 == 0:
            with torch.no_grad():
                for mean, weight in zip(average, model.state_dict().values(), strict=True):
                    mean.copy_(torch.lerp(mean.float(), weight.float(), 0.2))
                    weight.copy_(mean)
        return loss.item()

    return step
