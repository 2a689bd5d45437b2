"""Layers that Keras lacks or computes slowly on a CPU. All take Keras's `name` and `dtype`."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="course_lib")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation that trains with one fused kernel (Ioffe, Szegedy, arXiv:1502.03167).

    It has the arguments, weights and results of `keras.layers.BatchNormalization`, whose separate
    operations train a small residual net more slowly on a CPU; `make bench` measures by how much.
    It falls back to them where the kernel does not fit, as for inputs without height and width. In
    mixed precision the statistics are float32.

    >>> images = keras.random.normal((8, 4, 4, 5), mean=3, seed=0)
    >>> normalised = FusedBatchNormalization()(images, training=True).numpy()
    >>> bool(abs(normalised.mean((0, 1, 2))).max() < 1e-5)
    True
    """

    def call(self, inputs, training=None, mask=None):
        fits_the_kernel = (
            training  # at inference, and in a frozen layer, no statistics are computed
            and self.trainable
            and len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and self.center
            and mask is None
            and self.variable_dtype == "float32"
            and not getattr(self, "synchronized", False)
            and not getattr(self, "renorm", False)
        )
        if not fits_the_kernel:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma if self.scale else tf.ones(inputs.shape[-1]),
            offset=self.beta,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel divides the squared deviations by n - 1 (Bessel's correction), Keras by n.
        n = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
        variance *= (n - 1.0) / n
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs


@keras.saving.register_keras_serializable(package="course_lib")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each value by a power of the energy of five adjacent channels at the same pixel.

    `b[i] = a[i] / (2 + 0.0001 * sum(a[j]**2)) ** 0.75`, over the channels `j` from `i - 2` to
    `i + 2` that exist: AlexNet's formula and constants (NIPS 2012, section 3.3). Takes (n, height,
    width, channels) and computes in float32. TensorFlow's own has the same values, but trains at
    less than half the speed on a CPU.

    >>> image = keras.ops.full((1, 1, 1, 4), 100.0)
    >>> LocalResponseNormalization()(image).numpy().round().astype(int).ravel().tolist()
    [30, 26, 26, 30]
    """

    def call(self, inputs):
        x = tf.cast(inputs, tf.float32)
        channel = tf.range(x.shape[-1])
        window = tf.abs(channel[:, None] - channel) <= 2  # (channels, channels) band
        # A sum over adjacent channels at each pixel is a 1×1 convolution with ones in the window.
        energy = tf.nn.conv2d(x * x, tf.cast(window, tf.float32)[None, None], 1, "VALID")
        # exp(-0.75 log d) is d ** -0.75; TensorFlow's power is several times slower on a CPU.
        scale = tf.exp(-0.75 * tf.math.log(2.0 + 1e-4 * energy))
        return tf.cast(x * scale, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable(package="course_lib")
class ChannelPadding(keras.layers.Layer):
    """Appends `added` channels of zeros to (n, height, width, channels).

    Source: He et al., arXiv:1512.03385, section 3.3, shortcuts of option A.

    >>> ChannelPadding(2)(keras.ops.ones((1, 1, 1, 1))).numpy().ravel().tolist()
    [1.0, 0.0, 0.0]
    """

    def __init__(self, added, **kwargs):
        super().__init__(**kwargs)
        self.added = added

    def call(self, inputs):
        return tf.pad(inputs, [(0, 0), (0, 0), (0, 0), (0, self.added)])

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.added)

    def get_config(self):
        return {**super().get_config(), "added": self.added}


@keras.saving.register_keras_serializable(package="course_lib")
class QuickGELU(keras.layers.Layer):
    """x times the sigmoid of 1.702x: close to GELU, and made of cheaper parts.

    Source: Hendrycks and Gimpel, arXiv:1606.08415, section 2.

    >>> [f"{y:.2f}" for y in QuickGELU()(keras.ops.array([-1.0, 0.0, 1.0])).numpy()]
    ['-0.15', '0.00', '0.85']
    """

    def call(self, inputs):
        return inputs * tf.sigmoid(1.702 * inputs)

    def compute_output_shape(self, input_shape):
        return input_shape
