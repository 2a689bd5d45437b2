"""Layers that Keras lacks, or computes slowly on a CPU.

- `BatchNormalization`: Keras's layer, on TensorFlow's fused kernel.
- `LocalResponseNormalization`: AlexNet's normalisation across channels.
- `ChannelPadding`: the channels of zeros in ResNet's shortcuts without weights.
"""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="course_lib")
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation over the last axis, trained with one fused kernel.

    Same weights and same results as `keras.layers.BatchNormalization`, which computes mean,
    variance and output as separate operations; on a CPU the fused kernel trains a small residual
    net faster (`make bench` measures by how much on this machine).

    Source: Ioffe and Szegedy, arXiv:1502.03167, Algorithm 1.

    Args:
        axis: -1 only; the channels come last.
        momentum: float, share of the old moving statistics that each training step keeps.
        epsilon: float, added to the variance before its square root is taken.
        **kwargs: `center`, `scale`, initialisers, regularisers, constraints, `name`, `dtype` and
            `trainable`, as in `keras.layers.BatchNormalization`.

    Call: `(n, ..., channels)` float tensor to a tensor of the same shape, in the layer's compute
    dtype. Statistics are float32 in mixed precision.

    Raises:
        ValueError: `axis` is not -1, or `renorm` or `synchronized` is asked for.

    Example:
        >>> import numpy as np
        >>> images = np.random.default_rng(0).normal(3, 2, (8, 4, 4, 5)).astype("float32")
        >>> normalised = BatchNormalization()(images, training=True).numpy()
        >>> bool(abs(normalised.mean((0, 1, 2))).max() < 1e-5)
        True
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, **kwargs):
        if axis != -1:
            raise ValueError(
                f"axis must be -1 (channels last), got {axis!r}; move the channels to the last "
                "axis, or use keras.layers.BatchNormalization"
            )
        for name in ("renorm", "synchronized"):
            if kwargs.get(name):
                raise ValueError(
                    f"{name} must be False, got {kwargs[name]!r}; "
                    "use keras.layers.BatchNormalization"
                )
        super().__init__(axis=axis, momentum=momentum, epsilon=epsilon, **kwargs)

    def call(self, inputs, training=None, mask=None):
        # Inference and a frozen layer need no batch statistics; the kernel knows no masks and keeps
        # its statistics in float32 only.
        computes_statistics = training and self.trainable
        if not computes_statistics or mask is not None or self.variable_dtype != "float32":
            return super().call(inputs, training=training, mask=mask)

        channels = inputs.shape[-1]
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs if len(inputs.shape) == 4 else tf.reshape(inputs, [-1, 1, 1, channels]),
            scale=self.gamma if self.scale else tf.ones([channels]),
            offset=self.beta if self.center else tf.zeros([channels]),
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel divides the squared deviations by n - 1 (Bessel's correction), Keras by n.
        n = tf.cast(tf.size(inputs) // channels, tf.float32)
        variance *= (n - 1.0) / n

        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return tf.reshape(outputs, tf.shape(inputs))


@keras.saving.register_keras_serializable(package="course_lib")
class LocalResponseNormalization(keras.layers.Layer):
    """Each value divided by a power of the energy of `n` adjacent channels at its pixel.

    `b[i] = a[i] / (k + alpha * sum(a[j]**2)) ** beta`, over the channels `j` from `i - n//2` to
    `i + n//2` that exist.

    Source: Krizhevsky, Sutskever and Hinton, NIPS 2012, section 3.3, with its constants.
    `tf.nn.local_response_normalization` gives the same values with `depth_radius=n//2`, but
    trains at less than half the speed on a CPU.

    Args:
        k: float, keeps the divisor away from 0.
        n: odd int, how many adjacent channels are summed over.
        alpha: float, weight of the sum (not divided by `n`).
        beta: float, the power.
        **kwargs: `name` and `dtype`, as in every Keras layer.

    Call: `(batch, height, width, channels)` float tensor to a tensor of the same shape, in the
    layer's compute dtype. Computed in float32.

    Raises:
        ValueError: `n` is not a positive odd whole number; or the input is not 4-D.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 1, 1, 4), 100.0, "float32")
        >>> LocalResponseNormalization()(image).numpy().round().astype(int).ravel().tolist()
        [30, 26, 26, 30]
    """

    def __init__(self, k=2.0, n=5, alpha=1e-4, beta=0.75, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(n, int) or n < 1 or n % 2 == 0:
            raise ValueError(
                "n must be a positive odd whole number (a channel and as many neighbours on "
                f"either side), got {n!r}; AlexNet uses 5"
            )
        self.k, self.n, self.alpha, self.beta = k, n, alpha, beta
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs):
        x = tf.cast(inputs, tf.float32)
        channel = tf.range(x.shape[-1])
        window = tf.abs(channel[:, None] - channel) <= self.n // 2  # (channels, channels) band
        # A sum over adjacent channels at each pixel is a 1x1 convolution with ones in the window.
        energy = tf.nn.conv2d(x * x, tf.cast(window, tf.float32)[None, None], 1, "VALID")
        # exp(-beta log d) is d ** -beta; TensorFlow's power is several times slower on a CPU.
        divisor = self.k + self.alpha * energy
        return tf.cast(x * tf.exp(-self.beta * tf.math.log(divisor)), inputs.dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "k": self.k,
            "n": self.n,
            "alpha": self.alpha,
            "beta": self.beta,
        }


@keras.saving.register_keras_serializable(package="course_lib")
class ChannelPadding(keras.layers.Layer):
    """Adds channels of zeros after those that are there.

    Source: He et al., arXiv:1512.03385, section 3.3, shortcuts of option A.

    Args:
        added: int, how many channels of zeros, at least 0.
        **kwargs: `name` and `dtype`, as in every Keras layer.

    Call: `(n, height, width, channels)` to `(n, height, width, channels + added)`.

    Raises:
        ValueError: `added` is not a whole number of at least 0; or the input is not 4-D.

    Example:
        >>> ChannelPadding(2)(keras.ops.ones((1, 1, 1, 1))).numpy().ravel().tolist()
        [1.0, 0.0, 0.0]
    """

    def __init__(self, added, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(added, int) or added < 0:
            raise ValueError(f"added must be a whole number of at least 0, got {added!r}")
        self.added = added
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs):
        return tf.pad(inputs, [(0, 0), (0, 0), (0, 0), (0, self.added)])

    def get_config(self):
        return {**super().get_config(), "added": self.added}
