"""Measure the fast recipe as its record runs it: the second half of `make bench`.

All figures are CPU seconds, of all threads together: other programs disturb them less than the
clock's. The rivals take turns in one run.
"""

import importlib.util
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # both are read when TensorFlow is loaded
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
import tensorflow as tf

from course_lib.models.fast import build_fast
from course_lib.models.layers import convolve_small_maps
from course_lib.training.fast import FAST
from course_lib.training.loop import built
from course_lib.training.optimizers import optimizer
from course_lib.training.precision import policy

ROUNDS = 2
IMAGES = 50_000
# Sides of the maps, channels and filters of the net's convolutions at 32×32.
MAPS = ((31, 24, 64), (15, 64, 64), (15, 64, 256), (7, 256, 256), (3, 256, 256))


def cpu_seconds(turns):
    """The fewest seconds of each turn; the first call, which builds the graph, does not count."""
    taken = [[] for _ in turns]
    for _ in range(1 + ROUNDS):
        for turn, seconds in zip(turns, taken, strict=True):
            start = time.process_time()
            turn()
            seconds.append(time.process_time() - start)
    return [min(seconds[1:]) for seconds in taken]


def kernel_gradient(convolve, maps, kernel, upstream):
    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            outputs = convolve(maps, kernel)
        return tape.gradient(outputs, kernel, upstream)

    return lambda: gradient().numpy()


def compare_kernel_gradients(dtype, n=256):
    """TensorFlow's gradient of a kernel, and that of `convolve_small_maps`, with a forward pass."""
    for side, channels, filters in MAPS:
        shapes = (n, side, side, channels), (3, 3, channels, filters), (n, side, side, filters)
        values = [tf.cast(tf.random.normal(shape), dtype) for shape in shapes]
        ways = (lambda x, w: tf.nn.conv2d(x, w, 1, "SAME")), convolve_small_maps
        theirs, ours = cpu_seconds([kernel_gradient(way, *values) for way in ways])
        name = f"kernel gradient, {dtype}, {side}×{side}, {channels} to {filters}"
        print(f"{name:48}{theirs:9.3f}{ours:9.3f}{theirs / ours:7.2f}", flush=True)


def recipe_turn(side, noise):
    """A function that takes one step of the recipe, on images of a size."""
    model = built(lambda: build_fast((side, side, 3), whiten=noise), FAST)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=FAST.label_smoothing)
    model.compile(optimizer(FAST, model.trainable_variables), loss)
    images = tf.random.normal((FAST.batch_size, side, side, 3))
    labels = tf.one_hot(tf.range(FAST.batch_size) % 10, 10)
    return lambda: float(model.train_on_batch(images, labels))


def compare_recipes():
    """A whole training, computed from the steps; PyTorch's where it is installed."""
    noise = np.random.default_rng(0).normal(size=(500, 32, 32, 3)).astype("float32")
    labels = np.arange(len(noise)) % 10
    epochs = dict(FAST.sizes)
    epochs[32] = FAST.epochs - sum(epochs.values())
    turns = [recipe_turn(side, noise) for side in epochs]
    if torch := importlib.util.find_spec("torch"):
        from tools import torch_control

        bfloat16 = policy(FAST.precision) == "mixed_bfloat16"
        control = torch_control.Control((noise, labels), bfloat16=bfloat16)
        batch = np.resize(noise, (torch_control.BATCH, 32, 32, 3))
        turns.append(lambda: control.step(batch, np.arange(len(batch)) % 10))
    seconds = cpu_seconds(turns)
    ours = 0.0
    for (side, count), step in zip(epochs.items(), seconds, strict=False):
        ours += count * IMAGES / FAST.batch_size * step
        each = 1000 * step / FAST.batch_size
        print(f"{f'fast recipe, {side}×{side}, 1,000 images':48}{'':9}{each:9.2f}")
    if torch:
        each = 1000 * seconds[-1] / torch_control.BATCH
        theirs = torch_control.EPOCHS * IMAGES / 1000 * each
        print(f"{'PyTorch control, 32×32, 1,000 images':48}{each:9.2f}")
        print(f"{'a whole training, computed':48}{theirs:9.0f}{ours:9.0f}{theirs / ours:7.2f}")
    else:
        print(f"{'a whole training, computed':48}{'':9}{ours:9.0f}")
        print("(Where PyTorch is installed, its control is measured beside the recipe.)")


def main():
    tf.get_logger().setLevel("ERROR")  # a new function for each measurement is meant
    formats = dict.fromkeys(["float32", policy("auto").removeprefix("mixed_")])
    print(f"{'CPU seconds':48}{'rival':>9}{'ours':>9}{'ratio':>7}")
    for dtype in formats:
        compare_kernel_gradients(dtype)
    compare_recipes()


if __name__ == "__main__":
    main()
