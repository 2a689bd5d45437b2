"""The small net that airbench94 trains to 94% on CIFAR-10.

K. Jordan: "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv:2404.00498, section 3, and its
public code in the form for Muon. The activation differs: see `layers.QuickGELU`.
"""

import keras
import numpy as np
from keras import layers

from course_lib.data.dataset import describe
from course_lib.models.blocks import Style
from course_lib.models.layers import FusedBatchNormalization, QuickGELU, SmallMapConv2D
from course_lib.models.sizes import scaled, takes_images

FILTERS = (64, 256, 256)  # of the three groups
PATCH = 2  # pixels on each side
EPSILON = 5e-4  # added to the patches' variances, so that faint noise is not blown up


@takes_images
def build_fast(
    input_shape=(32, 32, 3), classes=10, *, filters=FILTERS, whiten=None, width=1.0, seed=None
):
    """Three groups of two convolutions, behind a layer that whitens patches of 2×2 pixels.

    `filters` has a number for each group. `whiten` are training images, normalised, or a function
    without arguments that returns them: the kernel of the first layer is their `whitening`, and
    never changes. Without them it begins at random, and learns. `seed` is that of `blocks.Style`.
    The net takes images of any size, not only of `input_shape`.
    """
    style = Style(initializer=BeginsWithIdentity(), seed=seed)
    image = keras.Input(input_shape, name="image")  # 32×32×3
    components = 2 * PATCH * PATCH * input_shape[-1]
    x = layers.Conv2D(
        components,
        PATCH,
        use_bias=False,
        kernel_initializer=Whitening(whiten, style.seed),
        trainable=whiten is None,
        name="whiten",
    )(image)
    x = QuickGELU(name="whiten_gelu")(x)  # 31×31×24
    for i, n in enumerate(scaled(filters, width), start=1):  # 15×15×64, 7×7×256, 3×3×256
        for j in (1, 2):
            name = f"stage{i}_block1_conv{j}"
            settings = {"padding": "same", "use_bias": False, **style.kernel(name)}
            x = SmallMapConv2D(n, 3, name=name, **settings)(x)
            if j == 1:
                x = layers.MaxPooling2D(2, name=f"stage{i}_pool")(x)
            x = FusedBatchNormalization(
                momentum=0.6, epsilon=1e-12, scale=False, name=f"{name}_bn"
            )(x)
            x = QuickGELU(name=f"{name}_gelu")(x)
    x = layers.GlobalMaxPooling2D(name="global_pool")(x)  # 256
    small = keras.initializers.RandomNormal(stddev=1 / 256, seed=style.seed)
    x = layers.Dense(
        classes,
        activation="softmax",
        use_bias=False,
        kernel_initializer=small,
        dtype="float32",
        name="probabilities",
    )(x)
    return keras.Model(image, x, name="fast")


def whitening(images: np.ndarray) -> np.ndarray:
    """A kernel (2, 2, channels, filters) that makes patches of the images white noise.

    Its filters are the principal components of all 2×2 patches, each divided by its standard
    deviation, and the same with the other sign: neighbouring pixels are nearly equal, and the
    filters for what is rare (edges) become as strong as that for what is common (brightness).
    Source: section 3.2. `images` are float32 (n, height, width, channels); others raise ValueError.

    >>> images = np.random.default_rng(0).random((100, 8, 8, 3), dtype="float32")
    >>> whitening(images).shape
    (2, 2, 3, 24)
    """
    if np.ndim(images) != 4 or min(images.shape[1:3]) < PATCH or images.dtype != np.float32:
        rule = "whiten must be normalised images, float32 (n, height, width, channels)"
        raise ValueError(f"{rule}, got {describe(images)}; use `data.normalise`")
    rows = patches(images)
    variances, components = np.linalg.eigh(rows.T @ rows / len(rows))
    columns = components / np.sqrt(variances + EPSILON)  # (4 channels, 4 channels)
    kernel = np.concatenate([columns, -columns], axis=1)
    return kernel.reshape(PATCH, PATCH, images.shape[-1], -1).astype("float32")


def patches(images: np.ndarray) -> np.ndarray:
    """All patches of 2×2 pixels of images (n, height, width, channels), each as a row of numbers.

    >>> patches(np.zeros((5, 4, 4, 3))).shape
    (45, 12)
    """
    windows = np.lib.stride_tricks.sliding_window_view(images, (PATCH, PATCH), (1, 2))
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, PATCH * PATCH * images.shape[-1])


@keras.saving.register_keras_serializable(package="course_lib")
class Whitening(keras.initializers.Initializer):
    """The `whitening` of images, or of what a function returns; without them, uniform numbers."""

    def __init__(self, images=None, seed=None):
        self.images, self.seed = images, seed

    def __call__(self, shape, dtype=None):
        if self.images is None:
            limit = float(np.prod(shape[:3])) ** -0.5
            return keras.random.uniform(shape, -limit, limit, dtype=dtype, seed=self.seed)
        images = self.images() if callable(self.images) else self.images
        return keras.ops.convert_to_tensor(whitening(images), dtype)

    def get_config(self):
        return {"seed": self.seed}


@keras.saving.register_keras_serializable(package="course_lib")
class BeginsWithIdentity(keras.initializers.Initializer):
    """Uniform numbers, but as many filters as there are inputs hand these on as they are.

    Source: section 3.3, and PyTorch's default initialisation (limits of 1 / √fan-in).

    >>> kernel = BeginsWithIdentity(seed=0)((3, 3, 2, 4)).numpy()
    >>> kernel[1, 1, :, :2].tolist(), float(abs(kernel[0, 0, :, :2]).max())
    ([[1.0, 0.0], [0.0, 1.0]], 0.0)
    """

    def __init__(self, seed=None):
        self.seed = seed

    def __call__(self, shape, dtype=None):
        height, width, inputs, filters = shape
        limit = (height * width * inputs) ** -0.5
        drawn = keras.random.uniform(shape, -limit, limit, dtype=dtype, seed=self.seed)
        kernel, passed = np.array(drawn), min(inputs, filters)
        kernel[..., :passed] = 0
        kernel[height // 2, width // 2, range(passed), range(passed)] = 1
        return keras.ops.convert_to_tensor(kernel, dtype)

    def get_config(self):
        return {"seed": self.seed}
