"""Solutions of chapter 07, with their reasons."""

import keras
import numpy as np


def decode(probabilities, names, k):
    """One order for both: the positions of the highest probabilities are those of their names.

    `argsort` gives positions and not values; of the negated numbers, the highest come first. A dict
    would lose one of two classes with the same name.
    """
    order = np.argsort(-probabilities)[:k]
    return [(names[i], probabilities[i]) for i in order]


def preprocess(pixels, mode):
    """Floats first: a uint8 has no numbers below 0, and wraps around without a word.

    `astype` makes a copy, so the photographs stay as they were. The channels are the last axis, so
    three means fit them by broadcasting; only "caffe" turns their order.
    """
    x = pixels.astype("float32")
    if mode == "caffe":
        return x[..., ::-1] - np.array([103.939, 116.779, 123.68], "float32")
    if mode == "tf":
        return x / 127.5 - 1
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], "float32")
    return (x / 255 - mean) / deviation


def to_keras(array):
    """Keras puts the places of the window first and what comes out last.

    `transpose` moves axes; `reshape` would give the same shape with every number in a wrong place.
    A channelwise convolution has one kernel per channel; Keras names the channel before the 1.
    """
    if array.ndim == 4:
        return array.transpose((2, 3, 0, 1) if array.shape[1] == 1 else (2, 3, 1, 0))
    return array.T  # of a vector: the vector


def for_grey(base, classes):
    """What you know need not be learned: grey is three equal colours, and the scale is given.

    The base is cut before its last layer, whose 0 to 1 for each old class would hide the features.
    A frozen batch normalisation keeps to its averages in training, too.
    """
    base.trainable = False
    image = keras.Input((*base.input_shape[1:3], 1))
    x = (image - 127) / 128
    x = keras.layers.Concatenate()([x, x, x])
    features = keras.Model(base.input, base.layers[-2].output)
    return keras.Model(image, keras.layers.Dense(classes, activation="softmax")(features(x)))


def choose(features, n):
    """The picture nearest to the mean of each of n groups (k-means).

    Twenty typical pictures that are unlike each other. The farthest ones are only unlike each
    other: many are strange, and teach little about the rest.
    """

    def distances(centres):
        return np.stack([((features - centre) ** 2).sum(axis=1) for centre in centres], axis=1)

    centres = features[:n]
    for _ in range(15):
        group = distances(centres).argmin(axis=1)
        means = [features[group == k].mean(axis=0) for k in range(n) if (group == k).any()]
        centres = np.stack(means + list(features[: n - len(means)]))
    chosen = []
    for to_centre in distances(centres).T:
        chosen.append(next(i for i in to_centre.argsort() if i not in chosen))
    return np.array(chosen)


def freeze_below(model, name):
    """The net's own switch first: while it is off, nothing trains, whatever its layers say.

    Then every layer is set, to True or to False, since the net may come in any state. `isinstance`
    also finds classes made from BatchNormalization, such as the course's own.
    """
    model.trainable = True
    below = True
    for layer in model.layers:
        below = below and layer.name != name
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = not below and not is_norm


def fine_tuned(base, classes):
    """`fit` calls the net with training=True, and passes that on to every layer inside.

    It wins over a training=False from the time of building. A frozen batch normalisation keeps to
    its averages in either mode, so the switch that holds is its own `trainable`.
    """
    base.trainable = True
    for layer in base.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    features = keras.Model(base.input, base.layers[-2].output)
    image = keras.Input(base.input_shape[1:])
    return keras.Model(image, keras.layers.Dense(classes, activation="softmax")(features(image)))


def stop_early(val_loss, patience):
    """Only a new lowest loss sets the waiting back to 0, not one that is better than the last.

    `<` leaves the earlier of two equal epochs the best, and NaN < best is False, so NaN never
    counts. What comes after the break was never trained, so it is not looked at.
    """
    best, best_epoch, waited = float("inf"), 0, 0
    for epoch, loss in enumerate(val_loss, start=1):
        if loss < best:
            best, best_epoch, waited = loss, epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return best_epoch, epoch


def answer(model, photographs):
    """Three repairs, none of which an error would have asked for.

    The net learned from RGB, so the channels stay; `x / 128` made a new array that nobody kept; and
    with training=True a photograph's answer would depend on its company.
    """
    x = photographs.astype("float32")
    x -= 127
    x /= 128
    return model(x, training=False).numpy()
