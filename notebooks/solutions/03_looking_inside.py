"""Solutions of chapter 03, with their reasons."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers


def apparent_period(period, stride):
    """Whole stripes between two samples cannot be seen, so only the distance to the nearest counts.

    If a step seems to pass 0.2 of a stripe, a whole stripe takes 5 steps of `stride` pixels.
    """
    stripes_per_step = stride / period
    seen = abs(stripes_per_step - round(stripes_per_step))
    return stride / seen


def conv1x1(x, kernel, bias):
    """The window is one pixel, so each pixel's channels meet one matrix, channels by filters.

    `@` multiplies the last axis of x, whatever stands before it: no loop over images and pixels.
    An index takes the two window axes away; `squeeze` would also drop a single channel.
    """
    return x @ kernel[0, 0] + bias


# A: no 1×1 convolution follows the others, so no small net works at every pixel.
# C: the last map has another number of channels than there are classes, so none is a class's map.
# D: no softmax stands at the end; what comes out are no probabilities.
# Not B: the last row is a global average pooling.
# Not E: three pooling layers stand between the convolutions.
# Not F: the last convolution's activation is relu.
missing_parts = {"A", "C", "D"}


def unpool(x, size):
    """Pooling forgets where the maximum stood, but x has it: where x and the maximum agree.

    ZFNet's authors kept these places, the *switches*, on the way up (section 2.1). Between tensors
    of a net `==` would ask whether they are one object, and so leave nothing.
    """
    maximum = layers.UpSampling2D(size)(layers.MaxPooling2D(size)(x))
    return keras.ops.where(keras.ops.equal(x, maximum), x, 0.0)


def occlusion_map(score, image, size):
    """A square can start at 0 to side - size: that is side - size + 1 places along each axis.

    Each place needs a fresh copy. Zeros written into `image` would stay there, and add up.
    """
    height, width = image.shape
    result = np.zeros((height - size + 1, width - size + 1))
    for row in range(height - size + 1):
        for column in range(width - size + 1):
            hidden = image.copy()
            hidden[row : row + size, column : column + size] = 0
            result[row, column] = score(hidden)
    return result


def class_map(maps, weights, label):
    """The score is the mean over the places, times the weights; both orders give the same.

    So first mix the feature maps with the class's own column of weights, and leave out the mean:
    then each place keeps its part of the score, below 0 where it speaks against the class.
    """
    return maps @ weights[:, label]


def brightest(maps, weights, label, height, width):
    """Three repairs: the sign counts, the row comes first, and a cell's middle is half a cell in.

    None of them shows in a picture of one object in the middle: there a mirrored map, and one half
    a cell off, look right. TensorFlow 1 shifted enlarged pictures like this, too.
    """
    heat = maps @ weights[:, label]
    rows, columns = heat.shape
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    return (row + 0.5) * height / rows, (column + 0.5) * width / columns


def fewest(net, picture, label):
    """Ask the gradient which pixel the class hangs on most, and set it to black, white or a colour.

    What a channel can gain is its gradient times the way to 0 or to 255. One pixel at a time, since
    each change moves the gradient of the others.
    """
    changed, free = keras.ops.cast(picture, "float32").numpy(), np.ones((32, 32), bool)
    while np.argmax(scores := net(changed[None])[0]) == label:
        other = np.argsort(scores)[-2]
        with tf.GradientTape() as tape:
            x = tf.Variable(changed[None])
            answer = keras.ops.log(net(x)[0])
            lead = answer[label] - answer[other]
        gradient = tape.gradient(lead, x)[0].numpy()
        extreme = np.where(gradient > 0, 0.0, 255.0)
        gain = (gradient * (changed - extreme)).sum(axis=-1)
        place = np.unravel_index(np.where(free, gain, -np.inf).argmax(), free.shape)
        changed[place], free[place] = extreme[place], False
    return changed
