"""No small change of a solution passes its check, unless it changes nothing."""

import difflib
import inspect
import math
import warnings

import pytest
from mutations import mutants
from test_checks import CHECKS, SOLUTIONS, solution

from course_lib.exercises import limits
from course_lib.exercises.nets import NetCheck

NETS = 12  # mutants of a function that builds a net, taken evenly

ORDER = "neither line needs the other"
AS_MANY = "there are as many labels as images"
WHOLE = "the division leaves no rest, and whole numbers may come as floats"
LENGTHS = "both lists have one entry for each layer, or stage"
PRECISION = "floats of any precision count"

# Mutants that pass: what they change, and why their answers are right, too.
EQUIVALENT = {
    "top_k_error": {
        "best = np.argsort(-scores, axis=1)[:, :k] → best = np.argsort(-scores)[:, :k]": (
            "argsort takes the last axis if none is named"
        ),
    },
    "ensemble": {
        "return scores.mean(axis=0).argmax(axis=1) → return scores.sum(axis=0).argmax(axis=1)": (
            "the highest sum is the highest mean"
        ),
    },
    "conv_parameters": {
        "biases = filters → biases = filters": ORDER,
        "return weights + biases → return weights + filters": "there is a bias for each filter",
        "weights = kernel * kernel * (channels // groups) * filters → "
        "weights = kernel * kernel * (channels / groups) * filters": WHOLE,
    },
    "conv1x1": {
        f"return x @ kernel[0, 0] + bias → return x @ {kernel} + bias": reason
        for kernel, reason in {
            "kernel": "the window's axes have the length 1, so they fit any height and width",
            "kernel[0,]": "the window's axes have the length 1, so they fit any width",
            "kernel[-1, 0]": "the window has one row: the first is the last",
            "kernel[0, -1]": "the window has one column: the first is the last",
        }.items()
    },
    "brightest": {
        "row, column = np.unravel_index(heat.argmax(), heat.shape) → "
        "row, column = np.unravel_index(heat.argmax(), heat.shape)": ORDER,
    },
    "occlusion_map": {
        "result = np.zeros((height - size + 1, width - size + 1)) → "
        "result = np.ones((height - size + 1, width - size + 1))": "every entry is overwritten",
    },
    "receptive_field": {
        "field, jump = (1, 1) → jump, field = (1, 1)": "both begin with 1",
        "for kernel, stride in zip(kernels, strides, strict=True): → "
        "for kernel, stride in zip(kernels, strides):": LENGTHS,
        "for kernel, stride in zip(kernels, strides, strict=True): → "
        "for kernel, stride in zip(kernels, strides, strict=False):": LENGTHS,
    },
    "vgg_stages": {
        "for count, width in zip(convolutions, filters, strict=True): → "
        "for count, width in zip(convolutions, filters):": LENGTHS,
        "x = layers.MaxPooling2D(2)(x) → x = layers.MaxPooling2D()(x)": "Keras pools by 2 itself",
    },
    "vgg_parameters": {
        "inputs = 7 * 7 * 512 → inputs = 7 * 7 * 512": ORDER,
        "for filters, count in zip(FILTERS, convolutions, strict=True): → "
        "for filters, count in zip(FILTERS, convolutions):": LENGTHS,
        "for filters, count in zip(FILTERS, convolutions, strict=True): → "
        "for filters, count in zip(FILTERS, convolutions, strict=False):": LENGTHS,
    },
    "module_parameters": {
        "one, reduce3, three, reduce5, five, project = widths → "
        "one, reduce3, three, reduce5, five, project = widths": ORDER,
    },
    "branch_costs": {
        "reduced = places * channels * reduce + places * kernel * kernel * reduce * filters → "
        "reduced = places * channels * reduce + places * kernel * kernel * reduce * filters": ORDER,
    },
    "kernel_found": {
        "*_, reduce5, five, _ = widths → *_, five, reduce5, _ = widths": (
            "only their product is used"
        ),
        "places = 25 + (parameters - module_parameters(channels, widths)) // (reduce5 * five) → "
        "places = 26 + (parameters - module_parameters(channels, widths)) // (reduce5 * five)": (
            "isqrt rounds down, and one more than a square is no square"
        ),
    },
    "chain": {
        "width = 1 + sum((w - 1 for _, w in kernels)) → "
        "width = 1 + sum((w - 1 for _, w in kernels))": ORDER,
        "return (height, width, sum((h * w for h, w in kernels))) → "
        "return (height, width, sum((h * w for w, h in kernels)))": "h · w is w · h",
    },
    "shift_kernel": {"middle = size // 2 → middle = size // 2": ORDER},
    "residual_forward": {
        "return np.maximum(x + y, 0) → return np.maximum(0, x + y)": "a maximum has no order",
        "y = np.maximum(x @ w1, 0) @ w2 → y = np.maximum(0, x @ w1) @ w2": "a maximum has no order",
    },
    "block_weights": {
        "basic = 2 * 3 * 3 * channels * channels → basic = 2 * 3 * 3 * channels * channels": ORDER,
        "bottleneck = channels * middle + 3 * 3 * middle * middle + middle * channels → "
        "bottleneck = channels * middle + 3 * 3 * middle * middle + middle * channels": ORDER,
        "middle = channels // 4 → middle = channels / 4": WHOLE,
    },
    "preprocess": {
        "if mode == 'tf': return x / 127.5 - 1 → if mode == 'tf': return x / 127.5 - 1": ORDER,
        "mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], 'float32') → "
        "mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], 'float32')": (
            ORDER
        ),
        "x = pixels.astype('float32') → x = pixels": "NumPy makes floats of uint8 beside a float",
        "mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], 'float32') → "
        "mean, deviation = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]": PRECISION,
        "mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], 'float32') → "
        "mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])": PRECISION,
        "return x[..., ::-1] - np.array([103.939, 116.779, 123.68], 'float32') → "
        "return x[..., ::-1] - [103.939, 116.779, 123.68]": PRECISION,
        "return x[..., ::-1] - np.array([103.939, 116.779, 123.68], 'float32') → "
        "return x[..., ::-1] - np.array([103.939, 116.779, 123.68])": PRECISION,
        "return x[..., ::-1] - np.array([103.939, 116.779, 123.68], 'float32') → "
        "return pixels[..., ::-1] - np.array([103.939, 116.779, 123.68], 'float32')": (
            "NumPy makes floats of uint8 beside a float"
        ),
        "return x / 127.5 - 1 → return pixels / 127.5 - 1": PRECISION,
        "return (x / 255 - mean) / deviation → return (pixels / 255 - mean) / deviation": PRECISION,
    },
    "freeze_below": {
        "below = True → below = True": ORDER,
        "is_norm = isinstance(layer, keras.layers.BatchNormalization) → "
        "is_norm = isinstance(layer, keras.layers.BatchNormalization)": ORDER,
    },
    "stop_early": {
        "best, best_epoch, waited = (float('inf'), 0, 0) → "
        "best, waited, best_epoch = (float('inf'), 0, 0)": "both begin with 0",
    },
    "answer": {
        "return model(x, training=False).numpy() → return model(x, training=False)": (
            "a tensor holds the same numbers"
        ),
        "return model(x, training=False).numpy() → return model(x).numpy()": (
            "a net that is called does not train unless it is told to"
        ),
    },
    "newton_schulz": {
        "x = x / np.linalg.norm(x) → x = x / np.linalg.norm(x)": ORDER,
        "x = a * x + x @ (b * square + c * square @ square) → "
        "x = a * x + x @ (b * square + square @ (c * square))": "a number may stand at any place",
    },
    "seeds_needed": {
        "return max(2, math.ceil(4 * (spread ** 2 + other ** 2) / difference ** 2)) → "
        "return max(math.ceil(4 * (spread ** 2 + other ** 2) / difference ** 2), 2)": (
            "a maximum has no order"
        ),
    },
    "fine_tuned": {
        "base.trainable = True → ": "the net is made of the base's layers, each set one by one",
    },
    "mended": {
        "return FusedBatchNormalization(momentum=0.9, epsilon=1e-05)(x) → "
        "return FusedBatchNormalization(epsilon=1e-05, momentum=0.9)(x)": (
            "arguments with names have no order"
        ),
    },
    "weighed": {
        "y = layers.Conv2D(2 * channels, 3, padding='same', use_bias=False)(x) → "
        "y = layers.Conv2D(2 * channels, 3, use_bias=False, padding='same')(x)": (
            "arguments with names have no order"
        ),
    },
    "large_step": {
        "whole = sum((count * gradient for count, gradient in zip(counts, gradients, strict=True)))"
        f" → whole = sum((count * gradient for {change}))": reason
        for change, reason in {
            "count, gradient in zip(counts, gradients)": "lengths agree",
            "count, gradient in zip(counts, gradients, strict=False)": "lengths agree",
            "count, gradient in zip(gradients, counts, strict=True)": "a product has no order",
            "gradient, count in zip(counts, gradients, strict=True)": "a product has no order",
        }.items()
    },
    "cross_entropy": {
        "of_true_class = outputs[np.arange(len(labels)), labels] → "
        "of_true_class = outputs[np.arange(len(outputs)), labels]": AS_MANY,
    },
    "split": {
        "cut = len(labels) - round(share * len(labels)) → "
        "cut = len(labels) - round(share * len(labels))": ORDER,
        "order = np.random.default_rng(seed).permutation(len(labels)) → "
        "order = np.random.default_rng(seed).permutation(len(images))": AS_MANY,
        **{
            f"cut = len(labels) - round(share * len(labels)) → cut = {cut}": AS_MANY
            for cut in (
                "len(images) - round(share * len(labels))",
                "len(order) - round(share * len(labels))",
                "len(labels) - round(share * len(images))",
                "len(labels) - round(share * len(order))",
            )
        },
    },
    "forward": {
        "x = keras.ops.mean(keras.ops.relu(x), axis=(1, 2)) → "
        "x = keras.ops.mean(keras.ops.relu(x), axis=(2, 1))": "a mean has no order",
    },
    "muon_step": {
        "matrix = gradient.reshape(-1, gradient.shape[-1]) → "
        "matrix = gradient.reshape(-1, gradient.shape[-1])": ORDER,
        "matrix = gradient.reshape(-1, gradient.shape[-1]) → "
        "matrix = gradient.reshape(-2, gradient.shape[-1])": (
            "NumPy takes any number below 0 for the axis that it computes"
        ),
    },
    "comparable_loss": {
        "outputs = net(images, training=False) → outputs = net(images)": (
            "a net that is called does not train unless it is told to"
        ),
        "return float(keras.ops.mean(losses)) → return keras.ops.mean(losses)": (
            "a tensor holds the same number"
        ),
    },
    "ahead": {
        "rates = validation.mean(axis=2).argmax(axis=1) → "
        "rates = validation.sum(axis=2).argmax(axis=1)": "the highest sum is the highest mean",
    },
    "sent": {
        "return 2 * (workers - 1) * (numbers // workers) * 4 → "
        "return 2 * (workers - 1) * (numbers / workers) * 4": WHOLE,
    },
}

FUNCTIONS = [case for case in CHECKS if case.values[2].cases]


def _change(code, mutant):
    """What a mutant changes, as in "return a + b → return a - b"."""
    lines = [(line[0], line[2:].strip()) for line in difflib.ndiff(code, mutant)]
    return " → ".join(" ".join(text for sign, text in lines if sign == side) for side in "-+")


def _passes(check, name, mutant, scope):
    scope = dict(scope)
    exec(mutant, scope)
    return check.grade(scope[name]).status == "right"


@pytest.mark.parametrize(("chapter", "name", "check"), FUNCTIONS)
def test_mutants_are_refused_or_explained(chapter, name, check, monkeypatch):
    function = solution(chapter, name)
    assert check.grade(function).status == "right"  # and Keras has built what it needs
    monkeypatch.setattr(limits, "SLOW_S", 2)
    monkeypatch.setattr(limits, "LIMIT_S", 4)  # so that an endless mutant does not take long
    monkeypatch.setattr(check, "mistakes", [])  # whose hints test_checks.py holds
    original, *changed = mutants(inspect.getsource(function))
    assert len(changed) >= 5
    if isinstance(check, NetCheck):  # it takes a third of a second to build and compare a net
        changed = changed[:: math.ceil(len(changed) / NETS)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        passed = {
            _change(original.splitlines(), mutant.splitlines())
            for mutant in changed
            if _passes(check, function.__name__, mutant, SOLUTIONS[chapter])
        }
    assert passed == set(EQUIVALENT.get(name, {}))


def test_every_explained_mutant_belongs_to_an_exercise():
    assert set(EQUIVALENT) <= {case.values[1] for case in FUNCTIONS}
