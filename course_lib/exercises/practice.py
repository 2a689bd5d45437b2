"""Checks of chapter 08, Practice."""

import math
from functools import wraps

import keras
import numpy as np

from course_lib.exercises.challenge import Challenge, Refused
from course_lib.exercises.check import Check
from course_lib.exercises.nets import NetCheck
from course_lib.exercises.prediction import Prediction
from course_lib.exercises.progress import progress as progress

_RNG = np.random.default_rng(8)


def _is_odd(epoch):
    return epoch % 2 == 1


_FIRST = np.array([True, False, False])
_SIDES = [_RNG.random(n) < 0.5 for n in (4, 5, 2, 6)]

turned = Check(
    "8.2 turned",
    lambda first, epoch: first != _is_odd(epoch),
    "Two epochs in a row now show both sides of every image",
    cases=[
        *[(_FIRST, epoch) for epoch in range(4)],
        *zip(_SIDES, (7, 10, 1, 6), strict=True),
        (np.array([True]), 5),
    ],
    mistakes=[
        lambda first, epoch: first,
        "Each image shows the same side in every epoch: what is `epoch` for?",
        lambda first, epoch: ~first,
        "Each image shows the same side in every epoch, and in epoch 0 that is the other one",
        lambda first, epoch: ~first if epoch == 1 else first,
        "The images turn in epoch 1, and then never again",
        lambda first, epoch: ~first if epoch else first,
        "After epoch 1 the images stay as they are; in epoch 2 they should turn back",
        lambda first, epoch: first == _is_odd(epoch),
        "The other way round: epoch 0 shows the sides of `first` itself",
        lambda first, epoch: first != _is_odd(epoch // 2),
        "Each side stays for two epochs; it should change after every one",
        lambda first, epoch: np.full(len(first), _is_odd(epoch)),
        "All images show the same side; each starts with its own, drawn by chance",
        lambda first, epoch: first | _is_odd(epoch),
        "An image that begins mirrored never turns back",
        lambda first, epoch: first & _is_odd(epoch),
        "An image that begins as it is never gets mirrored, and in epoch 0 none is",
        lambda first, epoch: first[::-1] if _is_odd(epoch) else first,
        "That turns the order of the list; each image should keep its place in it",
        lambda first, epoch: (first + epoch) % 2,
        "The right numbers, but not the right type: 1 should be True, and 0 False",
    ],
    hint="Take one image and follow it: which side does it show in epochs 0, 1, 2 and 3?",
)


def _targets(labels, classes, true, other):
    """Targets with one number for the true class and another for all others."""
    return np.where(np.arange(classes) == labels[:, None], true, other)


def _smoothed(labels, classes, share):
    return _targets(labels, classes, 1 - share + share / classes, share / classes)


smoothed = Check(
    "8.3 smoothed",
    _smoothed,
    "No class is asked for with certainty any more, and each row still adds up to 1",
    cases=[
        (np.array([0, 2]), 4, 0.2),
        (np.array([1]), 2, 0.5),
        (np.array([3, 0, 3]), 7, 0.1),
        (np.array([2, 1]), 3, 0.0),
        (_RNG.integers(8, size=4), 10, 0.3),
    ],
    mistakes=[
        lambda y, n, s: _targets(y, n, 1 - s, s / (n - 1)),
        "That spreads the share over the other classes; the true one is among those that get some",
        lambda y, n, s: _targets(y, n, 1 - s, s / n),
        "The rows add up to less than 1: the true class gets its part of the share, too",
        lambda y, n, s: _targets(y, n, 1 + s / n, s / n),
        "The rows add up to more than 1: from where is the share taken?",
        lambda y, n, s: _targets(y, n, 1, s / n),
        "The true class still has the full 1; first it gives the share away",
        lambda y, n, s: _targets(y, n, 1, s),
        "Every class gets the whole share, and nobody gives it: where is it taken, and how split?",
        lambda y, n, s: _targets(y, n, 1 - s, s),
        "Every other class gets the whole share; it should be split among all",
        lambda y, n, s: _targets(y, n, 1 - s, 0),
        "The share is taken away, and nobody gets it",
        lambda y, n, s: _targets(y, n, s + (1 - s) / n, (1 - s) / n),
        "The other way round: `share` is what is spread, the rest stays with the true class",
        lambda y, n, s: _targets(y, n, 1, 0),
        "Those are the targets before smoothing: what is `share` for?",
        lambda y, n, s: _targets(y, n, 1 - s + s / (n - 1), s / (n - 1)),
        "The rows add up to more than 1: among how many classes is the share spread?",
        lambda y, n, s: _smoothed((y - 1) % n, n, s),
        "The true class is one place too far left: labels count from 0",
        lambda y, n, s: _smoothed(y, n, s).T,
        "One row for each image, one column for each class: yours is turned",
        lambda y, n, s: _smoothed(y, y.max() + 1, s),
        "A class that no label names gets its part, too: how many classes are there?",
    ],
    hint="What does the true class give away, and how much of it does each class get?",
)


def _steps(
    x,
    steps,
    norm=np.linalg.norm,
    coefficients=(3.4445, -4.7750, 2.0315),
    times=np.matmul,
    again=False,
    once=False,
    keep=0,
):
    """Newton-Schulz as the exercise asks, or with a mistake."""
    a, b, c = coefficients
    x = x / norm(x)
    square = x.T @ x
    for _ in range(steps):
        x = x / norm(x) if again else x
        square = square if once else x.T @ x
        x = (keep + a) * x + x @ (b * square + c * times(square, square))
    return x


def _nearest(x, steps):
    left, _, right = np.linalg.svd(x, full_matrices=False)
    return left @ right


def _in_float32(function):
    """float32 will do, and so will a tiny number beside the norm, as in Muon's own code."""

    @wraps(function)
    def tried(x, steps):
        with np.errstate(over="ignore", invalid="ignore"):  # without the division, numbers explode
            found = function(x, steps)
            found = np.array(found) if isinstance(found, list) else found
            return np.float32(found) if getattr(found, "dtype", None) == np.float64 else found

    return tried


newton_schulz = Check(
    "8.4 newton_schulz",
    _steps,
    "All singular values come near 1, and all that it takes is multiplication",
    cases=[
        (np.array([[3.0, 0.0], [0.0, 4.0]]), 1),
        (np.array([[1.0, 2.0], [3.0, -1.0], [2.0, 4.0]]), 1),
        (np.array([[2.0, -1.0], [1.0, 3.0]]), 2),
        (np.array([[1.0, 2.0], [-2.0, 1.0], [3.0, 2.0], [1.0, 0.0]]), 3),
        (np.array([[2.0, 1.0, -1.0], [0.0, 3.0, 1.0], [1.0, -2.0, 4.0]]), 5),
    ],
    mistakes=[
        lambda x, n: _steps(x, n, norm=lambda x: 1),
        "The steps only work if no singular value is much above 1: what comes before them?",
        lambda x, n: _steps(x, n, norm=lambda x: np.linalg.norm(x, 2)),
        "You divide by the largest singular value; Frobenius's norm goes over all entries",
        lambda x, n: _steps(x, n, norm=lambda x: np.linalg.norm(x, axis=0)),
        "You divide each column by its own length; the matrix has one norm",
        lambda x, n: _steps(x, n, norm=lambda x: np.sum(x**2)),
        "That is the square of the norm: the root is missing",
        lambda x, n: _steps(x, n, again=True),
        "You divide by the norm in each step; once, before the first, is enough",
        lambda x, n: _steps(x, n, times=np.multiply),
        "S S is a product of matrices; yours squares each entry by itself",
        lambda x, n: _steps(x, n, once=True),
        "S belongs to the x of its step: when x is new, S is, too",
        lambda x, n: _steps(x, 1),
        "That is one step: what is `steps` for?",
        lambda x, n: _steps(x, n, keep=1),
        "The old x is replaced by the new one; you add the new one to it",
        lambda x, n: _steps(x, n, coefficients=(3.4445, 4.7750, 2.0315)),
        "Look at the signs: one of the three numbers is negative",
        lambda x, n: _steps(x, n, coefficients=(3.4445, -4.7750, 0)),
        "The term with S S is missing",
        lambda x, n: _steps(x, n, coefficients=(0, -4.7750, 2.0315)),
        "The term a x is missing",
        lambda x, n: _steps(x, 0),
        "That is x divided by its norm; now come the steps",
        _nearest,
        "That is the exact goal, with all singular values at 1; the steps only come near it",
    ],
    hint="Do it by hand for a 1×1 matrix: what is x after the division, what is S, what comes out?",
    around=_in_float32,
)


def _cut(bits):
    return (bits & 0xFFFF0000).view(np.float32)


def _exactly(function):
    """float32 counts to its last bit here: as float64, numbers are compared to 9 digits."""

    @wraps(function)
    def tried(x):
        found = function(x)
        is_float32 = getattr(found, "dtype", None) == np.float32
        return np.asarray(found, "float64") if is_float32 else found

    return tried


def _odd(bits):
    """1 where the upper half is odd, else 0."""
    return bits >> 16 & 1


def _rounded_bits(x):
    """Just under half a step, and 1 more where a tie must go up to become even."""
    bits = x.view(np.uint32)
    return bits + 0x7FFF + _odd(bits)


def _seven_bits(x):
    fraction, exponent = np.frexp(x)
    return np.ldexp(np.round(fraction * 128) / 128, exponent)


# From 128 to 256 a bfloat16 is a whole number and from 256 to 512 an even one, so a learner sees
# at once what should come out. None is so large that float16 ends before it.
_FLOATS = [
    [129.25, 129.75],
    [128.5, 129.5, 130.5, 131.5],
    [257, 259, 261.5, 262.5],
    [-129.75, -130.5, -131.5, -257],
    [0, 1, 255.75, -511.5, 0.999],
    [3.14159, 0.1, -0.7, 1000.1, 0.00123],
    _RNG.normal(size=6).round(4),
]

to_bfloat16 = Check(
    "8.5 to_bfloat16",
    lambda x: _cut(_rounded_bits(x)),
    "Half the memory and the whole range of float32, for two to three digits that are right",
    cases=[(np.array(numbers, "float32"),) for numbers in _FLOATS],
    mistakes=[
        lambda x: _cut(x.view(np.uint32)),
        "You cut the lower half off, so every number moves towards 0; the nearest may lie above",
        lambda x: _cut(x.view(np.uint32) + 0x8000),
        "Only ties are left: yours all move away from 0; they should go to the even neighbour",
        lambda x: _cut(x.view(np.uint32) + 0x7FFF),
        "Only ties are left: yours all move towards 0; they should go to the even neighbour",
        lambda x: _cut(x.view(np.uint32) + 0x8000 - _odd(x.view(np.uint32))),
        "Only ties are left: yours go to the odd neighbour",
        lambda x: _cut(x.view(np.uint32) + 0xFFFF),
        "Whatever stands in the lower half, you round away from 0; the nearest may lie below",
        lambda x: _rounded_bits(x).view(np.float32),
        "The lower half is still there: after rounding, its bits should be 0",
        lambda x: _rounded_bits(x) >> 16,
        "That is the upper half as a whole number: put it back in its place, then read a float32",
        lambda x: (_rounded_bits(x) & 0xFFFF0000).astype(np.float32),
        "`astype` makes a float of the whole number; you want the same bits, read as a float",
        lambda x: (x.view(np.uint32) << 16).view(np.float32),
        "That is the lower half, moved up; sign, exponent and first digits are in the upper one",
        lambda x: 0 * x,
        "Next to nothing is left: is it the upper half that you keep? And do you read the bits "
        "with `view`? `astype` makes whole numbers of the values",
        lambda x: x.astype(np.float16).astype(np.float32),
        "That is float16, with three bits more for the fraction and three fewer for the exponent",
        _seven_bits,
        "One bit too few: the first 1 of a fraction is not stored, so 7 bits are worth 8",
        lambda x: np.round(x * 256) / 256,
        "Yours keeps 8 bits behind the point; a float's bits count from its first 1",
        np.round,
        "bfloat16 numbers are the whole numbers only from 128 to 256; elsewhere look at the bits",
    ],
    hint="Between which two bfloat16 numbers does the first wrong one lie, and which is nearer?",
    around=_exactly,
)


def _seeds(spread, other, difference, factor=4, power=2, whole=math.ceil, least=2):
    """Seeds of each recipe: factor · (both spreads / difference)^power, or a mistake."""
    return max(least, whole(factor * (math.hypot(spread, other) / difference) ** power))


# No case comes out whole before it is rounded up: there the last digit of a root would decide.
seeds_needed = Check(
    "8.6 seeds_needed",
    _seeds,
    "To see half the difference takes four times the seeds",
    cases=[
        *[(0.2, 0.2, 0.15), (0.2, 0.1, 0.15), (0.1, 0.1, 1.0), (0.1, 0.3, 0.17), (0.4, 0.2, 0.7)],
        *[(1.0, 0.5, 0.7), (0.13, 0.0, 0.03), (0.0, 2.0, 0.9), (0.25, 0.2, 0.35), (1.2, 2.3, 1.0)],
    ],
    mistakes=[
        lambda s, o, d: _seeds(s, s, d),
        "The other recipe has a spread of its own: what is `other` for?",
        lambda s, o, d: _seeds(s, 0, d),
        "Both means vary with the seeds, not that of the first recipe alone",
        lambda s, o, d: _seeds(0, o, d),
        "Both means vary with the seeds, not that of the other recipe alone",
        lambda s, o, d: _seeds(s + o, 0, d),
        "Standard deviations do not add up: two means seldom go astray in opposite directions. "
        "What does add up?",
        lambda s, o, d: _seeds((s + o) / 2, (s + o) / 2, d),
        "The mean of two standard deviations is not what both together give: variances add up",
        lambda s, o, d: _seeds(max(s, o), max(s, o), d),
        "You take both recipes for the one that wavers more; that is careful, and asks for more "
        "seeds than needed",
        lambda s, o, d: _seeds(abs(s**2 - o**2) ** 0.5, 0, d),
        "The difference of two means wavers more than each of them: is anything subtracted?",
        lambda s, o, d: _seeds(s, o, d, factor=2),
        "The difference should be twice its standard deviation: what becomes of the 2 when you "
        "square?",
        lambda s, o, d: _seeds(s, o, d, factor=1),
        "Once its standard deviation is too little for a difference that should be twice that",
        lambda s, o, d: _seeds(s, o, d, factor=8),
        "A factor of 2 too many: a 2 in front of a root is a 4 under it, and both spreads are "
        "counted already",
        lambda s, o, d: _seeds(s, o, d, whole=math.floor),
        "Rounded down, n is a little too small: the condition does not hold yet",
        lambda s, o, d: _seeds(s, o, d, whole=round),
        "The nearest whole number may lie below, and then the condition does not hold yet",
        lambda s, o, d: _seeds(s, o, d, whole=float),
        "You cannot train with a part of a seed: which whole number is enough?",
        lambda s, o, d: _seeds(s, o, d, least=1),
        "One seed shows no spread: at least 2 are asked for",
        lambda s, o, d: _seeds(s, o, d, factor=2, power=1),
        "The mean of n runs varies with 1/√n, not with 1/n: solved for n, squares decide",
        lambda s, o, d: 2 * _seeds(s, o, d),
        "Those are the runs of both recipes together; n counts those of one",
    ],
    hint="Try n = 2: what is twice the standard deviation? Is the difference as large? And n = 3?",
)


def _sent(numbers, workers, rounds=2, fewer=1, size=4):
    return rounds * (workers - fewer) * (numbers // workers) * size


sent = Check(
    "8.7 sent",
    _sent,
    "However many workers there are, each sends less than twice the gradient",
    cases=[(8, 4), (12, 3), (10, 2), (1000, 8), (25_557_032, 8), (6, 1), (100, 100)],
    mistakes=[
        lambda n, w: _sent(n, w, rounds=1),
        "Half of it: there are two rounds, and a float32 has 4 bytes",
        lambda n, w: _sent(n, w, rounds=4),
        "Twice too much: count what a worker sends, not what it receives; a float32 has 4 bytes",
        lambda n, w: _sent(n, w, fewer=0),
        "One step too many in each round: after how many does a part come to its last worker?",
        lambda n, w: _sent(n, w, rounds=1, fewer=0),
        "That is the gradient once, as if sent to a server; a ring has two rounds of parts",
        lambda n, w: _sent(n, w) * w // 2,
        "As if each worker sent its whole gradient to every other; in the ring only parts travel",
        lambda n, w: _sent(n, w) * w,
        "One worker is asked for, not all of them, and in each step it sends a part, not all of it",
        lambda n, w: _sent(n, w, size=1),
        "Those are numbers; how many bytes has each?",
        lambda n, w: _sent(n, w, size=32),
        "Those are bits; a byte has 8 of them",
        lambda n, w: n // w * 4,
        "That is one step: how many are there?",
        lambda n, w: _sent(n, w) // max(w - 1, 1),
        "That is one step of each round: how many steps has a round?",
        lambda n, w: 2 * (w - 1),
        "Those are the steps; what is sent in each?",
    ],
    hint="How many steps are there, how many numbers go out in each, and how many bytes is that?",
)


rungs = Prediction(
    "8.1 rungs",
    "points that the rung adds",
    example=["skips", "shifts and turns", "batch norm", "Muon"],
    assumptions=[
        lambda guess, measured: guess[0] == measured.idxmax(),
        "You knew what carries a short training: whatever makes each step count",
        lambda guess, measured: guess[0] == "skips",
        "You assumed that skips help every net. They cure what depth spoils, and this net is not "
        "deep",
        lambda guess, measured: guess[0] == "shifts and turns",
        "You assumed that other pictures pay at once. They make the task harder, and that pays in "
        "a long training",
        lambda guess, measured: True,
        "You assumed that the first repair of a net leaves as much to gain as the last one does, "
        "or the other way round. A rung adds what the rungs below it have left",
    ],
)


WORKERS, DELAY, PART = 16, 5, 1  # both times in millionths of a second


def all_reduce_time(schedule):
    """Millionths of a second until all workers have the sum of all; raises Refused if never.

    Args:
        schedule: a function of the number of workers. It returns a list of steps. A step is a list
            of messages (sender, receiver, parts), all sent at the same time. Each worker's vector
            is cut into as many parts as there are workers; `parts` are numbers of these.

    A step takes the delay, and the time of its longest message.
    """
    everyone = range(WORKERS)
    # Whose numbers are in the sum that a worker has of a part: a set of workers.
    held = [[frozenset([worker]) for _ in everyone] for worker in everyone]
    time = 0
    for number, step in enumerate(schedule(WORKERS), start=1):
        messages = [(int(a), int(b), [int(part) for part in parts]) for a, b, parts in step]
        for what, ends in (("sends", 0), ("is sent", 1)):
            workers = [message[ends] for message in messages]
            if len(set(workers)) < len(workers):
                raise Refused(f"in step {number} a worker {what} more than one message")
        before = [list(own) for own in held]
        for sender, receiver, parts in messages:
            for part in parts:
                held[receiver][part] = _joined(before[sender][part], before[receiver][part], number)
        time += DELAY + PART * max((len(parts) for _, _, parts in messages), default=0)
    for worker, own in enumerate(held):
        for part, numbers in enumerate(own):
            if len(numbers) < WORKERS:
                raise Refused(
                    f"at the end not every worker has the sum of all: worker {worker} has that of "
                    f"{len(numbers)} in part {part}"
                )
    return time


def _joined(new, own, number):
    if new >= own:
        return new
    if new & own:
        raise Refused(
            f"in step {number} a sum is added to one that has some of its numbers already"
        )
    return new | own


all_reduce = Challenge(
    "8.8 all_reduce",
    all_reduce_time,
    target=72,
    unit="millionths of a second",
)


def _step(weights, gradients, counts, rate, base):
    total = sum(count * gradient for count, gradient in zip(counts, gradients, strict=True))
    return weights - rate / base * total


def _mean(gradients, counts, weighted=True):
    return np.average(gradients, axis=0, weights=counts if weighted else None)


_W = np.array([1.0, -2.0])
_GRADIENTS = [np.array([0.5, 1.0]), np.array([-0.25, 3.0]), np.array([2.0, 0.125])]

large_step = Check(
    "8.9 large_step",
    _step,
    "Twice the workers now mean twice the step, and a small last share does not count as a whole",
    cases=[
        (_W, _GRADIENTS[:1], [32], 0.25, 32),
        (_W, _GRADIENTS[:2], [32, 32], 0.25, 32),
        (_W, _GRADIENTS, [32, 32, 8], 0.25, 32),
        (_W, _GRADIENTS, [10, 40, 20], 0.5, 50),
        (_W, _GRADIENTS[1:], [64, 64], 0.125, 32),
    ],
    stub=lambda w, g, c, r, b: w - r * sum(c) / b * sum(g),
    mistakes=[
        lambda w, g, c, r, b: w - r * sum(c) / b * _mean(g, c, weighted=False),
        "With equal shares that is right. What if one worker has only the last 8 pictures?",
        lambda w, g, c, r, b: w - r * _mean(g, c),
        "The gradient is right, and the step as short as with one worker: is one step to replace "
        "several?",
        lambda w, g, c, r, b: w - r * _mean(g, c, weighted=False),
        "That is one worker's step for the work of all, and a small share counts as a whole",
        lambda w, g, c, r, b: w - r * sum(g),
        "A sum of means is right by chance, if each worker has `base` pictures; and if not?",
        lambda w, g, c, r, b: w - r * len(g) * _mean(g, c),
        "How large the batch is says the number of pictures, not that of workers",
        lambda w, g, c, r, b: w + (w - _step(w, g, c, r, b)),
        "Downhill is against the gradient",
        lambda w, g, c, r, b: w - r * sum(c) / b * g[0],
        "Only the first worker's gradient counts; what did the others compute?",
    ],
    hint="What is the gradient of the whole batch's mean loss? And how much larger is the batch?",
)


def _weighed(
    x,
    ratio,
    squeeze=lambda x, y: keras.layers.GlobalAveragePooling2D(keepdims=True)(y),
    between="relu",
    gate="sigmoid",
    narrow=True,
    join=lambda x, y, weights: x + y * weights,
):
    """The block as the exercise asks for it, or with a mistake."""
    channels = x.shape[-1]
    conv = {"padding": "same", "use_bias": False}
    y = keras.layers.Conv2D(2 * channels, 3, **conv)(x)
    y = keras.layers.ReLU()(keras.layers.BatchNormalization()(y))
    y = keras.layers.BatchNormalization()(keras.layers.Conv2D(channels, 3, **conv)(y))
    weights = squeeze(x, y)
    if narrow:
        weights = keras.layers.Dense(channels // ratio, activation=between)(weights)
    weights = keras.layers.Dense(channels, activation=gate)(weights)
    return keras.layers.ReLU()(join(x, y, weights))


def _changed(**changes):
    return lambda x, ratio: _weighed(x, ratio, **changes)


weighed = NetCheck(
    "8.10 weighed",
    lambda x, ratio: _weighed(x, ratio),
    "Each channel now hears what the whole map says, for a few numbers more",
    cases=[((6, 6, 8), 4), ((5, 7, 6), 3)],
    mistakes=[
        _changed(squeeze=lambda x, y: keras.layers.GlobalAveragePooling2D(keepdims=True)(x)),
        "The weights come from x; whose channels are they to weigh?",
        _changed(squeeze=lambda x, y: keras.layers.GlobalMaxPooling2D(keepdims=True)(y)),
        "The highest place alone speaks; asked for is what the whole map says, its mean",
        _changed(squeeze=lambda x, y: y),
        "Each place is weighed by itself; where is the whole map?",
        _changed(between=None),
        "Without a ReLU between them the two dense layers are one",
        _changed(gate="softmax"),
        "With softmax the channels compete, and their weights add up to 1; each is on its own",
        _changed(gate="relu"),
        "A weight may then be as large as it likes; it lies between 0 and 1",
        _changed(narrow=False),
        "There are two dense layers: first a narrow one. What is `ratio` for?",
        _changed(join=lambda x, y, weights: x + y + weights),
        "A weight multiplies",
        _changed(join=lambda x, y, weights: (x + y) * weights),
        "The shortcut is weighed, too: then x no longer comes through as it is",
        _changed(join=lambda x, y, weights: y * weights),
        "Where is the shortcut?",
    ],
    hint="Which tensor is squeezed, through which two layers do its means go, what do they weigh?",
)
