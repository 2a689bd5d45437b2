"""Which devices train together: the CPUs or GPUs of one machine, or the machines of a network."""

import json
import os

import tensorflow as tf

from course_lib.data.dataset import check_whole


def virtual_cpus(count: int) -> None:
    """Let TensorFlow see the processor as `count` CPUs, to try several devices on one computer.

    They share its cores, so nothing becomes faster. Raises RuntimeError if TensorFlow has already
    computed something, and ValueError if `count` is not a whole number of at least 1.
    """
    check_whole("count", count, 1)
    cpu, parts = tf.config.list_physical_devices("CPU")[0], tf.config.LogicalDeviceConfiguration()
    try:
        tf.config.set_logical_device_configuration(cpu, [parts] * count)
    except RuntimeError as error:
        raise RuntimeError(
            f"virtual_cpus({count}) must come before all that TensorFlow computes: restart the "
            "kernel and call it first"
        ) from error


def strategy_from_tf_config() -> tf.distribute.Strategy:
    """The devices that train together, as one of TensorFlow's strategies.

    If the environment variable TF_CONFIG names workers (processes, on one machine or several):
    MultiWorkerMirroredStrategy, which waits for all of them. Else MirroredStrategy for this
    computer's GPUs or, if it has none, its CPUs; for a single one the default strategy.

    Raises ValueError if TF_CONFIG does not name the workers and this one's place among them, and
    RuntimeError (TensorFlow's) if TensorFlow has already computed something before it joins them.
    """
    text = os.environ.get("TF_CONFIG")
    if text is None:
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        names = [device.name for device in devices]
        return tf.distribute.MirroredStrategy(names) if names[1:] else tf.distribute.get_strategy()
    try:
        cluster, task = (json.loads(text)[name] for name in ("cluster", "task"))
        workers, index = [each.rpartition(":") for each in cluster["worker"]], task["index"]
        addresses = {(host, int(port)) for host, _, port in workers}
        fits = list(cluster) == ["worker"] == [task["type"]] and len(addresses) == len(workers)
        fits = fits and type(index) is int and 0 <= index < len(workers)
    except (ValueError, TypeError, KeyError, AttributeError):  # not JSON, or a part is missing
        fits = False
    if not fits:
        raise ValueError(
            'TF_CONFIG must be JSON like {"cluster": {"worker": ["host:port", "host:port"]}, '
            '"task": {"type": "worker", "index": 0}}, with another address for each worker and an '
            f"index below their number, got {text!r}"
        )
    return tf.distribute.MultiWorkerMirroredStrategy()
