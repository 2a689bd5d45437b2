"""ImageNet weights of Keras's own nets, fetched and checked before a net is built for them.

Left alone, Keras builds the net first, and only then finds that there is no network.
"""

from pathlib import Path

from course_lib.data.download import download, keras_home
from course_lib.models.sizes import check_choice

SITE = "https://storage.googleapis.com/tensorflow/keras-applications/"
# Folder and file at SITE, and the MD5 sum by which Keras knows the file.
WEIGHTS = {
    "VGG16": ("vgg16/vgg16", "64373286793e3c8b2b4e3219cbf3544b"),
    "ResNet50": ("resnet/resnet50", "2cb95161c43110f7111970584f804107"),
    "InceptionV3": ("inception_v3/inception_v3", "9a0d58056eeedaa3f26cb7ebd46da564"),
}
NAMES = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
NAMES_MD5 = "c2c37ea517e94d9795004a39431a14cb"


def fetch_weights(name: str) -> Path:
    """Get what `keras.applications` needs for "VGG16", "ResNet50" or "InceptionV3", once.

    The weights, and the list of names that `decode_predictions` reads, go where Keras looks for
    them: to the folder that KERAS_HOME names, or ~/.keras. Returns the file of the weights. Raises
    ValueError for another name, and OSError, with one sentence, if a file cannot be had.

    >>> fetch_weights("AlexNet")
    Traceback (most recent call last):
    ...
    ValueError: name must be one of VGG16, ResNet50, InceptionV3, got 'AlexNet'
    """
    check_choice("name", name, WEIGHTS)
    part, md5 = WEIGHTS[name]
    url = f"{SITE}{part}_weights_tf_dim_ordering_tf_kernels.h5"
    otherwise = "go on without it: the rest of the chapter needs no network"
    folder = keras_home() / "models"
    for address, checksum in ((NAMES, NAMES_MD5), (url, md5)):
        path = folder / address.rpartition("/")[2]
        download(address, f"md5:{checksum}", path, otherwise)
    return path
