"""Answers that a careful reader tried: what must not pass, what must, and what is said of each."""

import numpy as np
import pytest

from course_lib.exercises import alexnet, imagenet, inception, looking_inside, resnet, start, vgg


def _emptied(kernels):
    h = w = 1
    n = 0
    while kernels:
        a, b = kernels.pop()
        h, w, n = h + a, w + b, n + a * b
    return h, w, n


def _grey_vgg(convolutions):
    return vgg.vgg_parameters.reference(convolutions) - 2 * 9 * 64


def _plus(amount, check):
    return lambda *case: check.reference(*case) + amount


def _softmax(s):
    return np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)


# Answers that must not pass; a part of what the message says.
REFUSED = [
    (start.accuracy, lambda p, q: np.isin(p, q).mean(), "its own image"),
    (start.accuracy, lambda p, q: len(set(p) & set(q)) / len(p), "A set forgets"),
    (start.accuracy, lambda p, q: round(float(np.mean(p == q)), 2), "rounded"),
    (start.accuracy, lambda p, q: float(np.mean(np.sort(p) == np.sort(q))), "Open the first hint"),
    (start.accuracy, lambda p, q: np.mean(p == q) if len(p) > 1 else 1.0, "Open the first hint"),
    (start.accuracy, lambda p, q: bool(np.mean(p == q)), "True or False"),
    (start.steps_per_epoch, lambda n, b: int(n / b + 0.99), "less than 0.01"),
    (start.steps_per_epoch, lambda n, b: int(n / b + 0.999), "Open the first hint"),
    (start.steps_per_epoch, lambda n, b: round(n / b + 0.5), "Open the first hint"),
    (imagenet.top_k_error, lambda y, s, k: round(float(imagenet.top_k_error.reference(y, s, k)), 2),
     "rounded"),
    (imagenet.chance_top_k_error, lambda n, k: round(1 - k / n, 3), "rounded"),
    (imagenet.chance_top_k_error, lambda n, k: round(1 - k / n, 6), "rounded"),
    (imagenet.relative_reduction, lambda b, a: abs(b - a) / b, "not reduced"),
    (imagenet.relative_reduction, lambda b, a: max(b - a, 0) / b, "cut it off"),
    (imagenet.relative_reduction, lambda b, a: round((b - a) / b, 4), "rounded"),
    (imagenet.relative_reduction, lambda b, a: 1 - min(a, b) / max(a, b), "Open the first hint"),
    (imagenet.ensemble, lambda s: (s**2).mean(axis=0).argmax(axis=1), "Squares"),
    (imagenet.ensemble, lambda s: _softmax(s).mean(axis=0).argmax(axis=1), ""),
    (imagenet.ensemble, lambda s: np.sqrt(s).mean(axis=0).argmax(axis=1), ""),
    (imagenet.ensemble, lambda s: s.mean(axis=0).argmin(axis=1), "Open the first hint"),
    (alexnet.output_size, lambda n, k, s, p: (n + 2 * p - k + s - 1) // s, "Open the first hint"),
    (alexnet.conv_parameters,
     lambda k, c, f, g: k * k * (c // 2 if g > 1 else c) * f + f, "more than two groups"),
    (alexnet.collapse, lambda w1, b1, w2, b2: (w2 @ w1, b2), "which part holds x"),
    (looking_inside.apparent_period,
     lambda p, s: s / min(abs(s / p - n) for n in (0, 1)), "How much of a stripe"),
    (looking_inside.conv1x1, lambda x, k, b: x @ k.squeeze() + b, ""),
    (looking_inside.conv1x1, lambda x, k, b: np.squeeze(x @ k[0, 0] + b), "shape"),
    (vgg.receptive_field,
     lambda k, s: 1 + sum((a - 1) * b for a, b in zip(k, s, strict=True)), "on all the s"),
    (vgg.receptive_field, lambda k, s: 1 + sum(2 * (a // 2) for a in k), ""),
    (vgg.stack_parameters,
     lambda k, c, f: vgg.stack_parameters.reference(k[::-1], c, f), "first kernel"),
    (vgg.vgg_parameters, _plus(-1000, vgg.vgg_parameters), "Which layer differs"),
    (vgg.vgg_parameters, _plus(1, vgg.vgg_parameters), "Which layer differs"),
    (vgg.vgg_parameters, _grey_vgg, "three channels come in"),
    (vgg.loss_of_guessing, lambda n: round(np.log(n), 4), "rounded"),
    (inception.module_parameters, _plus(1, inception.module_parameters), "Six convolutions"),
    (inception.branch_costs, lambda *case: inception.branch_costs.reference(*case)[0], "2 values"),
    (inception.branch_costs,
     lambda *c: [n + 1 for n in inception.branch_costs.reference(*c)], "How"),
    (inception.kernel_found,
     lambda p, c, w: min(round(inception.kernel_found.reference(p, c, w)), 7), "a real 5×5"),
    (inception.chain, _emptied, "changes its input kernels"),
    (resnet.variance_growth, lambda blocks, skip: True if not skip else 2**blocks, "True or False"),
    (resnet.variance_growth,
     lambda blocks, skip: 2**blocks + (blocks > 50) if skip else 1, "What does one block"),
    (resnet.identity_kernel, lambda size, channels: np.eye(size * channels), "shape"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "answer", "said"), REFUSED)
def test_plausible_wrong_answers_are_refused(check, answer, said):
    for _ in range(8):  # the seventh run is as strict as the first
        result = check.grade(answer)
        assert result.status == "wrong" and said in result.message, result.message


# Mistakes that are easily taken for others.
NAMED = [
    (imagenet.top_k_error,
     lambda y, s, k: 1 - (np.argsort(-s, axis=1)[:, :k] == y[:, None]).mean(), "of wrong"),
    (imagenet.top_k_error,
     lambda y, s, k: imagenet.top_k_error.reference(y, s, min(5, s.shape[1])), "five best classes"),
    (imagenet.ensemble, lambda s: np.median(s, axis=0).argmax(axis=1), "median"),
    (imagenet.ensemble, lambda s: s.mean(axis=0).max(axis=1), "which class"),
    (alexnet.output_size, lambda n, k, s, p: (n - k) // s + 1, "padding makes"),
    (alexnet.output_size, lambda n, k, s, p: n + 2 * p - k + 1, "skips places"),
    (alexnet.conv_parameters, lambda k, c, f, g: k * k * (c // g) * f + 1, "not one for all"),
    (vgg.signal_after, lambda n, i, v: (i * v / 2) ** ((n - 1) / 2), "the first one too"),
    (inception.channels_after, lambda c, a, b, d, n: c + n * (a + b), "5×5 branch is missing"),
    (resnet.variance_growth,
     lambda blocks, skip: 2**blocks - 1 if skip else 1, "take nothing away"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "answer", "said"), NAMED)
def test_mistakes_are_named(check, answer, said):
    result = check.grade(answer)
    assert result.status == "wrong" and said in result.message, result.message


def test_numbers_in_a_wrong_form_are_named():
    check = start.dense_parameters
    assert "text" in check.grade("30730").message
    assert "comma" in check.grade((30, 730)).message
    assert check.grade(30730.0).status == check.grade(np.int32(30730)).status == "right"
    assert check.grade(30731).status == check.grade(30730.4).status == "wrong"


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (start.accuracy, lambda a, b: sum(x == y for x, y in zip(a, b, strict=True)) / len(a)),
        (start.accuracy, lambda a, b: np.mean(a == b, dtype=np.float32)),
        (start.steps_per_epoch, lambda n, b: -(-n // b)),
        (start.steps_per_epoch, lambda n, b: np.ceil(n / b)),
        (imagenet.top_k_error,
         lambda y, s, k: 1 - np.mean([c in np.argsort(-s[i])[:k] for i, c in enumerate(y)])),
        (imagenet.relative_reduction, lambda b, a: 1 - a / b),
        (imagenet.ensemble, lambda s: s.sum(axis=0).argmax(axis=-1)),
        (imagenet.ensemble, lambda s: [int(np.argmax(scores)) for scores in np.mean(s, axis=0)]),
        (alexnet.collapse, lambda w1, b1, w2, b2: [w1.dot(w2), b1.dot(w2) + b2]),
        (looking_inside.apparent_period, lambda p, s: s / min(s / p % 1, 1 - s / p % 1)),
        (looking_inside.conv1x1, lambda x, k, b: np.einsum("nhwc,cf->nhwf", x, k[0, 0]) + b),
        (vgg.loss_of_guessing, lambda n: -np.log(1 / n)),
        (inception.kernel_found,
         lambda p, c, w: next(k for k in range(99) if inception._other_kernel(c, w, k) == p)),
        (resnet.variance_growth, lambda blocks, skip: 2.0**blocks if skip else 1.0),
    ],
)  # fmt: skip
def test_equivalent_answers_are_right(check, answer):
    assert check.grade(answer) == check.grade(check.reference)


@pytest.mark.parametrize(
    "check",
    [
        alexnet.collapse,
        looking_inside.class_map,
        resnet.identity_kernel,
        resnet.residual_forward,
        resnet.weight_layers,
    ],
)
def test_a_first_try_is_not_told_the_recipe(check):
    for answer in (lambda *case: 0, lambda *case: np.zeros((2, 2))):
        message = check.grade(answer).message
        for recipe in ("w1 @ w2", "b1 @ w2", "weights[:, label]", "np.eye", "// 2", "sum(blocks)"):
            assert recipe not in message.replace("(x @ w1 + b1) @ w2", "")


def test_changed_inputs_are_noticed_and_the_answer_still_counts():
    def accuracy(labels, predictions):
        labels -= predictions
        return np.mean(labels == 0)

    def top_k(labels, scores, k):
        scores *= -1
        return 1 - (np.argsort(scores, axis=1)[:, :k] == labels[:, None]).any(axis=1).mean()

    def ensemble(scores):
        scores /= len(scores)
        return scores.sum(axis=0).argmax(axis=1)

    def collapse(w1, b1, w2, b2):
        b2 += b1 @ w2
        return w1 @ w2, b2

    def class_map(maps, weights, label):
        maps *= weights[:, label]
        return maps.sum(axis=-1)

    for check, answer, name in (
        (start.accuracy, accuracy, "labels"),
        (imagenet.top_k_error, top_k, "scores"),
        (imagenet.ensemble, ensemble, "scores"),
        (alexnet.collapse, collapse, "b2"),
        (looking_inside.class_map, class_map, "maps"),
    ):
        result = check.grade(answer)
        assert result.status == "right", result.message
        assert f"\n! Your function changes its input {name}." in result.message


def test_an_unsolved_exercise_that_another_needs_is_named():
    scope = {}
    exec(
        "def module_parameters(channels, widths):\n    raise NotImplementedError\n"
        "def kernel_found(parameters, channels, widths):\n"
        "    return module_parameters(channels, widths)\n",
        scope,
    )
    result = inception.kernel_found.grade(scope["kernel_found"])
    assert result.status == "wrong" and "calls module_parameters" in result.message


def test_an_index_that_is_no_whole_number_is_no_stub():
    def kernel(size, channels):
        result = np.zeros((size, size, channels, channels))
        result[size / 2, size / 2] = np.eye(channels)
        return result

    result = resnet.identity_kernel.grade(kernel)
    assert result.status == "wrong" and "IndexError" in result.message
    assert "`result[size / 2, size / 2] = np.eye(channels)`" in result.message
