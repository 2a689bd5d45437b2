"""Measure how fast the library is: `make bench` prints one table.

The rivals take turns in one run, so a computer that slows down slows both. The last columns are the
median of the rounds' ratios, and the lowest and highest of them.
"""

import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is loaded

import keras
import numpy as np
import tensorflow as tf

from course_lib.data import load_shapes10
from course_lib.models import MODELS
from course_lib.models.layers import FusedBatchNormalization, LocalResponseNormalization
from course_lib.training.precision import set_precision

BATCH = 128
STEPS = 3  # training steps per turn
ROUNDS = 7


def with_keras_normalisation(model):
    """The same net with Keras's batch normalisation instead of ours."""

    def replaced(layer):
        kind = type(layer)
        if kind is FusedBatchNormalization:
            kind = keras.layers.BatchNormalization
        return kind.from_config(layer.get_config())

    return keras.models.clone_model(model, clone_function=replaced)


def training_turn(model):
    """A function that trains a net for CIFAR on noise, for a few steps."""
    rng = np.random.default_rng(0)
    images = tf.constant(rng.random((BATCH, 32, 32, 3), "float32"))
    labels = tf.constant(rng.integers(0, 10, BATCH))
    model.compile(
        keras.optimizers.SGD(0.01, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(),
    )

    def turn():
        for _ in range(STEPS):
            loss = model.train_on_batch(images, labels)
        return float(loss)

    return turn


def lrn_turn(normalise):
    """A function that runs LRN forward and backward on AlexNet's first feature maps."""
    maps = tf.random.normal((8, 55, 55, 96))

    @tf.function
    def forward_backward():
        with tf.GradientTape() as tape:
            tape.watch(maps)
            total = tf.reduce_sum(normalise(maps) ** 2)
        return tape.gradient(total, maps)

    return lambda: forward_backward().numpy()


def seconds(turn):
    start = time.perf_counter()
    turn()
    return time.perf_counter() - start


def compare(name, unit, work, reference, ours):
    """Print the median rates of two alternating turns, and the ratio of ours to the reference.

    `work` is the number of units in a turn. The first call, which builds the graph, is not timed.
    """
    for turn in (reference, ours):
        turn()
    rounds = [(seconds(reference), seconds(ours)) for _ in range(ROUNDS)]
    rates = [work / statistics.median(column) for column in zip(*rounds, strict=True)]
    ratios = sorted(slow / fast for slow, fast in rounds)
    print(
        f"{name:41}{rates[0]:9.3g}{rates[1]:9.3g} {unit:9}{statistics.median(ratios):6.2f}"
        f"  {ratios[0]:.2f} to {ratios[-1]:.2f}",
        flush=True,
    )


def compare_batch_norms(precision):
    build = MODELS["resnet20_cifar"]
    reference = training_turn(with_keras_normalisation(build()))
    ours = training_turn(build())
    ceiling = training_turn(build(normalisation=None, conv_bias=False))
    images = BATCH * STEPS
    compare(f"training ResNet-20, {precision}", "images/s", images, reference, ours)
    compare("  without any normalisation", "images/s", images, reference, ceiling)


def compare_resnet50():
    """Build, use and train ResNet-50 at 224×224, ours and Keras's."""
    images = tf.random.stateless_normal((8, 224, 224, 3), seed=(0, 1))
    labels = tf.range(8)

    def turns(build):
        model = build()
        model.compile(keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy())
        predict = tf.function(lambda: model(images, training=False))
        return lambda: predict().numpy(), lambda: model.train_on_batch(images, labels)

    rivals = {
        "as in the paper": MODELS["resnet50"],
        "in Keras's form (convolutions with bias)": lambda: MODELS["resnet50"](conv_bias=True),
    }

    def keras_resnet50():
        return keras.applications.ResNet50(weights=None)

    for name, ours in rivals.items():
        print(f"ResNet-50 {name}")
        compare("  building it", "nets/s", 1, keras_resnet50, ours)
        (predict, train), (our_predict, our_train) = turns(keras_resnet50), turns(ours)
        compare("  prediction, 8 images of 224×224", "images/s", 8, predict, our_predict)
        compare("  training step, 8 images", "images/s", 8, train, our_train)
        keras.utils.clear_session()


def import_seconds():
    """Seconds that `import course_lib` takes in a new interpreter, after its start-up."""
    code = "import time; t = time.perf_counter(); import course_lib; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def main():
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {os.cpu_count()} cores")
    print(f"{'':41}{'Keras/TF':>9}{'ours':>9} {'':9}{'ratio':>6}  lowest to highest")

    compare_batch_norms(set_precision("float32"))
    if set_precision("auto") != "float32":
        compare_batch_norms(set_precision("auto"))
    set_precision("float32")

    def tensorflow_lrn(maps):
        return tf.nn.local_response_normalization(maps, 2, bias=2, alpha=1e-4, beta=0.75)

    ours = lrn_turn(LocalResponseNormalization())
    compare("LRN, 55x55x96, forward and backward", "images/s", 8, lrn_turn(tensorflow_lrn), ours)

    compare_resnet50()
    drawing = seconds(lambda: load_shapes10(9_000, 1_000))
    print(f"{'10,000 shapes10 images':41}{drawing:18.2f} s")
    importing = statistics.median(import_seconds() for _ in range(5))
    print(f"{'import course_lib':41}{importing:18.3f} s")


if __name__ == "__main__":
    main()
