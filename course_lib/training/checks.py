"""Whether model, images and computer suit a training, before it takes a student's time."""

import numpy as np
import tensorflow as tf

from course_lib import machine
from course_lib.measure import arguments, tables
from course_lib.training.precision import policy


def check(model, train, test, config):
    """Raise one clear error for the first thing that prevents the training."""
    check_images("train", train, model)
    if test is not None:
        check_images("test", test, model)
    _check_precision(model, config)
    _check_memory(model, train, test, config)
    _check_sizes(model, train[0][:8], config)
    _check_outputs(model, train[0][:8], config)


def check_images(name, pair, model):
    images, labels = (np.asarray(part) for part in pair)
    arguments.check_images(model, images, f"{name} images")
    if not np.isfinite(images).all():
        raise ValueError(f"{name} images must be finite numbers, got NaN or infinity among them")
    arguments.check_labels(model, labels, len(images), f"{name} labels")


def _check_precision(model, config):
    wanted = policy(config.precision).removeprefix("mixed_")
    kernels = [layer for layer in model.layers if getattr(layer, "kernel", None) is not None]
    # The last layer before each output (Keras lists these last) is always float32: a softmax in
    # bfloat16 is too coarse.
    for layer in kernels[: -len(model.outputs)]:
        if layer.compute_dtype != wanted:
            raise ValueError(
                f"precision {config.precision!r} means {wanted} here, but layer {layer.name!r} is "
                f"in {layer.compute_dtype}; call `set_precision` before building, or use `train`"
            )


def _check_memory(model, train, test, config):
    if tf.config.list_physical_devices("GPU"):
        return  # the net is in the GPU's own memory
    slots = 2 if config.optimizer == "adam" else int(config.momentum > 0)
    try:
        needed = tables.training_memory(model, config.batch_size, slots=slots)
    except ValueError:
        return  # a layer that the tables cannot count; the net may still fit
    needed += sum(pair[0].nbytes for pair in (train, test) if pair)  # TensorFlow's copy
    free = machine.free_memory()
    if needed > free:
        raise MemoryError(
            f"this training needs about {needed / 2**30:.1f} GiB of memory, and "
            f"{free / 2**30:.1f} GiB are free: use a batch_size below {config.batch_size}, a "
            "narrower net or smaller images, or close other notebooks"
        )


def _check_sizes(model, images, config):
    """The net must take every size of `config.sizes`; its input shape says nothing of that."""
    any_size = tf.TensorSpec((None, None, None, *images.shape[3:]), tf.float32)
    for side, _ in config.sizes:
        try:
            tf.function(model, [any_size])(tf.image.resize(images, (side, side)))
        except Exception as error:  # Keras's and TensorFlow's, while building or computing
            raise ValueError(
                f"sizes needs a net that takes images of every size, such as one that ends in "
                f"global pooling; {model.name!r} does not take {side}×{side} pixels"
            ) from error


def _check_outputs(model, images, config):
    try:
        outputs = [np.asarray(output) for output in tf.nest.flatten(model(images))]
    except tf.errors.OpError as error:
        if all(layer.compute_dtype == "float32" for layer in model.layers):
            raise
        raise ValueError(
            f"precision {config.precision!r} does not work on this computer: its processor "
            "lacks what TensorFlow needs for bfloat16; choose precision='float32'"
        ) from error
    for output in outputs:
        sums = output.sum(axis=-1)
        furthest = sums[np.argmax(abs(sums - 1))]
        # Infinite weights are a different error, which the first step reports.
        if np.isfinite(sums).all() and (output.min() < 0 or abs(furthest - 1) > 0.02):
            raise ValueError(
                "every output of the model must be the probabilities of a softmax, which add up "
                f"to 1; got a sum of {furthest:.3g} and a smallest value of {output.min():.3g}"
            )
