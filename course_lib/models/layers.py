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


@keras.saving.register_keras_serializable(package="course_lib")
class SmallMapConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, whose kernel learns by `convolve_small_maps` in bfloat16.

    In float32, and where the convolution is not a plain one with stride 1 and padding "same", it is
    Keras's layer and no more: there TensorFlow's own gradient is about as quick (`make bench`).

    >>> images = keras.random.normal((8, 7, 7, 3), seed=0)
    >>> SmallMapConv2D(4, 3, padding="same", dtype="mixed_bfloat16")(images).shape
    TensorShape([8, 7, 7, 4])
    """

    def convolution_op(self, inputs, kernel):
        plain = (
            self.compute_dtype == "bfloat16"
            and self.padding == "same"
            and self.strides == self.dilation_rate == (1, 1)
            and self.groups == 1
            and self.data_format == "channels_last"
        )
        if not plain:
            return super().convolution_op(inputs, kernel)
        return convolve_small_maps(inputs, tf.convert_to_tensor(kernel))


@tf.custom_gradient
def convolve_small_maps(maps, kernel):
    """A convolution with stride 1 and padding "same".

    On maps of at most 8×8 pixels the kernel's gradient is a matrix product for each of the kernel's
    positions, shifted input pixels times output pixels. TensorFlow's own falls far behind its
    forward pass there, in bfloat16, and is quicker on larger maps. `maps` are (n, height, width,
    channels), `kernel` is (rows, columns, channels, filters), both of one dtype.
    """
    plain = {"strides": [1, 1, 1, 1], "padding": "SAME"}

    def gradients(upstream):
        _, height, width, channels = tf.unstack(tf.shape(maps))
        sides = [(n - 1) // 2 for n in kernel.shape[:2]]
        around = [(n, size - 1 - n) for n, size in zip(sides, kernel.shape[:2], strict=True)]

        def products():
            padded = tf.pad(maps, [(0, 0), *around, (0, 0)])
            outputs = tf.reshape(upstream, (-1, kernel.shape[-1]))
            each = [
                tf.matmul(
                    tf.reshape(padded[:, i : i + height, j : j + width], (-1, channels)),
                    outputs,
                    transpose_a=True,
                )
                for i in range(kernel.shape[0])
                for j in range(kernel.shape[1])
            ]
            return tf.reshape(tf.stack(each), kernel.shape)

        def native():
            return tf.raw_ops.Conv2DBackpropFilter(
                input=maps, filter_sizes=kernel.shape, out_backprop=upstream, **plain
            )

        for_maps = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(maps), filter=kernel, out_backprop=upstream, **plain
        )
        return for_maps, tf.cond(height * width <= 8 * 8, products, native)

    return tf.nn.conv2d(maps, kernel, **plain), gradients
