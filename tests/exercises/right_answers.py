"""Other ways to solve each exercise than that of notebooks/solutions: at least two for each.

They differ as learners do: loops, lists, NumPy's types, another formula, another library.
"""

import math
from fractions import Fraction
from itertools import pairwise

import keras
import numpy as np
from keras.applications.imagenet_utils import preprocess_input
from numpy.lib.stride_tricks import sliding_window_view
from right_answers_09 import RIGHT as MUSEUM

# Chapter 00


def _hits_counted(labels, predictions):
    hits = 0
    for label, prediction in zip(labels, predictions, strict=True):
        if label == prediction:
            hits += 1
    return hits / len(labels)


def _steps_counted(images, batch_size):
    steps = 0
    while images > 0:
        images -= batch_size
        steps += 1
    return steps


# Chapter 01


def _misses_counted(labels, scores, k):
    misses = 0
    for label, row in zip(labels, scores, strict=True):
        ordered = sorted(range(len(row)), key=lambda j: row[j], reverse=True)
        misses += label not in ordered[:k]
    return misses / len(labels)


def _better_ones_counted(labels, scores, k):
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    return np.mean((scores > own).sum(axis=1) >= k, dtype="float32")


def _drawn_one_by_one(classes, k):
    miss = 1.0
    for drawn in range(k):
        miss *= (classes - drawn - 1) / (classes - drawn)
    return miss


# Chapter 02


def _starts(size, kernel, stride, padding):
    return len(range(-padding, size + padding - kernel + 1, stride))


def _all_windows(size, kernel, stride, padding):
    return len([x for x in range(size + 2 * padding) if x % stride == 0 and
                x + kernel <= size + 2 * padding])  # fmt: skip


def _group_by_group(kernel, channels, filters, groups):
    return sum((filters // groups) * (1 + kernel**2 * channels // groups) for _ in range(groups))


def _tried_on_points(w1, b1, w2, b2):
    def both(x):
        return (x @ w1 + b1) @ w2 + b2

    bias = both(np.zeros(len(w1)))
    return np.array([both(x) - bias for x in np.eye(len(w1))]), bias


# Chapter 03


def _two_neighbours(period, stride):
    below = stride / period - math.floor(stride / period)
    return stride / min(below, 1 - below)


def _whole_numbers_tried(period, stride):
    return 1 / np.min(np.abs(1 / period - np.arange(50) / stride))


def _pixel_by_pixel(x, kernel, bias):
    n, height, width, _ = x.shape
    result = np.zeros((n, height, width, len(bias)))
    for place in np.ndindex(n, height, width):
        for f in range(len(bias)):
            result[place][f] = sum(x[place] * kernel[0, 0, :, f]) + bias[f]
    return result


def _hidden_by_a_mask(score, image, size):
    rows, columns = (np.arange(side) for side in image.shape)

    def hidden(row, column):
        inside = np.outer((rows >= row) & (rows < row + size),
                          (columns >= column) & (columns < column + size))  # fmt: skip
        return np.where(inside, 0, image)

    height, width = image.shape
    return [[score(hidden(row, column)) for column in range(width - size + 1)]
            for row in range(height - size + 1)]  # fmt: skip


def _hidden_through_a_window(score, image, size):
    hidden = image.copy()
    windows = sliding_window_view(hidden, (size, size), writeable=True)
    result = np.empty(windows.shape[:2])
    for place in np.ndindex(*result.shape):
        before = windows[place].copy()
        windows[place] = 0
        result[place] = score(hidden)
        windows[place] = before
    return result


def _maps_added_up(maps, weights, label):
    total = np.zeros(maps.shape[:2])
    for channel in range(maps.shape[-1]):
        total += weights[channel][label] * maps[:, :, channel]
    return total.tolist()


# Chapter 04


def _from_the_top_down(kernels, strides):
    seen = 1
    for kernel, stride in reversed(list(zip(kernels, strides, strict=True))):
        seen = (seen - 1) * stride + kernel
    return seen


def _pixels_collected(kernels, strides):
    seen = {0}
    for kernel, stride in zip(kernels[::-1], strides[::-1], strict=True):
        seen = {cell * stride + i for cell in seen for i in range(kernel)}
    return max(seen) - min(seen) + 1


def _stack_by_keras(kernels, channels, filters):
    net = [keras.Input((None, None, channels))]
    net += [keras.layers.Conv2D(filters, kernel) for kernel in kernels]
    return keras.Sequential(net).count_params()


def _stack_at_once(kernels, channels, filters):
    squares = np.array(kernels) ** 2
    seen = np.full(len(kernels), filters)
    seen[0] = channels
    return np.sum((squares * seen + 1) * filters)


def _vgg_stage_by_stage(convolutions):
    total, before = 0, 3
    for stage, count in enumerate(convolutions):
        width = min(64 * 2**stage, 512)
        total += 9 * before * width + (count - 1) * 9 * width**2 + count * width
        before = width
    return total + (25088 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000


def _vgg_as_a_list(convolutions):
    widths = [3]
    for filters, count in zip([64, 128, 256, 512, 512], convolutions, strict=True):
        widths += [filters] * count
    layers = [(9 * a, b) for a, b in pairwise(widths)]
    layers += [(7 * 7 * widths[-1], 4096), (4096, 4096), (4096, 1000)]
    return np.sum([(a + 1) * b for a, b in layers])


def _loss_by_keras(classes):
    scores = np.full((1, classes), 1 / classes)
    return keras.losses.sparse_categorical_crossentropy(np.array([0]), scores).numpy()[0]


def _layer_by_layer(layers, inputs, variance):
    square = 1.0
    for _ in range(layers):
        square = inputs * variance * square / 2
    return math.sqrt(square)


# Chapter 05


def _stacked(channels, one, three, five, modules):
    for _ in range(modules):
        channels = sum([one, three, five, channels])
    return channels


def _module_as_a_table(channels, widths):
    table = np.array([
        (1, channels, widths[0]), (1, channels, widths[1]), (3, widths[1], widths[2]),
        (1, channels, widths[3]), (5, widths[3], widths[4]), (1, channels, widths[5]),
    ])  # fmt: skip
    kernel, seen, filters = table.T
    return ((kernel**2 * seen + 1) * filters).sum()


def _module_in_a_row(channels, widths):
    a, b, c, d, e, f = widths
    return (channels + 1) * (a + b + d + f) + (9 * b + 1) * c + (25 * d + 1) * e


def _costs_as_a_list(side, channels, reduce, filters, kernel):
    large = side**2 * kernel**2 * filters
    return [large * channels, large * reduce + side**2 * channels * reduce]


def _costs_of_one_place(side, channels, reduce, filters, kernel):
    one = np.array([kernel * kernel * channels * filters,
                    channels * reduce + kernel * kernel * reduce * filters])  # fmt: skip
    return one * side**2


def _kernels_tried(parameters, channels, widths):
    _, _, _, reduce5, five, _ = widths
    others = _module_in_a_row(channels, widths) - 25 * reduce5 * five
    kernel = 1
    while others + kernel**2 * reduce5 * five < parameters:
        kernel += 1
    return kernel


def _kernel_by_a_root(parameters, channels, widths):
    one, reduce3, three, reduce5, five, project = widths
    of_five = parameters - (channels + 1) * (one + reduce3 + reduce5 + project)
    of_five -= (9 * reduce3 + 1) * three
    return np.sqrt((of_five - five) / (reduce5 * five))


def _chain_kernel_by_kernel(kernels):
    height = width = weights = 0
    for i, (h, w) in enumerate(kernels):
        height, width, weights = height + h - (i > 0), width + w - (i > 0), weights + h * w
    return height, width, weights


def _chain_at_once(kernels):
    table = np.array(kernels)
    return np.append(table.sum(axis=0) - len(table) + 1, table.prod(axis=1).sum())


# Chapter 06


def _doubled(blocks, skip):
    variance = 1
    for _ in range(blocks):
        variance += variance if skip else 0
    return variance


def _one_by_one(size, channels, down, right):
    kernel = np.zeros((size, size, channels, channels), "float32")
    for channel in range(channels):
        kernel[size // 2 - down, size // 2 - right, channel, channel] = 1
    return kernel


def _rolled(size, channels, down, right):
    window = np.zeros((size, size))
    window[size // 2, size // 2] = 1
    window = np.roll(window, (-down, -right), axis=(0, 1))
    return np.einsum("hw,io->hwio", window, np.eye(channels))


def _relu_by_where(x, w1, w2):
    first = np.where(x @ w1 > 0, x @ w1, 0)
    both = np.einsum("nc,cd->nd", first, w2) + x
    return both * (both > 0)


def _row_by_row(x, w1, w2):
    rows = []
    for row in x:
        first = [max(0, sum(row * column)) for column in w1.T]
        rows.append([max(0, a + sum(first * column)) for a, column in zip(row, w2.T, strict=True)])
    return rows


def _layers_by_keras(channels):
    def conv(filters, kernel):
        return keras.layers.Conv2D(filters, kernel, use_bias=False)

    middle = channels // 4
    blocks = ([conv(channels, 3), conv(channels, 3)],
              [conv(middle, 1), conv(middle, 3), conv(channels, 1)])  # fmt: skip
    image = keras.Input((None, None, channels))
    return [keras.Sequential([image, *block]).count_params() for block in blocks]


# Chapter 07


def _picked_out(probabilities, names, k):
    left = list(enumerate(probabilities))
    best = []
    for _ in range(k):
        place, probability = max(left, key=lambda pair: pair[1])
        left.remove((place, probability))
        best.append([names[place], float(probability)])
    return best


def _in_two_precisions(pixels, mode):
    x = pixels.astype("float32")
    if mode == "caffe":
        return x[..., ::-1] - np.array([103.939, 116.779, 123.68])
    if mode == "tf":
        return x / 127.5 - 1
    return (x / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])


def _preprocess_by_keras(pixels, mode):
    return preprocess_input(pixels.astype("float32"), data_format="channels_last", mode=mode)


def _colour_by_colour(pixels, mode):
    red, green, blue = (pixels[..., i].astype("float64") for i in range(3))
    if mode == "caffe":
        return np.stack([blue - 103.939, green - 116.779, red - 123.68], axis=-1)
    if mode == "tf":
        return np.stack([(colour - 127.5) / 127.5 for colour in (red, green, blue)], axis=-1)
    means, deviations = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    rows = zip((red, green, blue), means, deviations, strict=True)
    return np.stack([(colour / 255 - m) / d for colour, m, d in rows], axis=-1)


def _axes_moved(array):
    if array.ndim < 4:
        return np.swapaxes(array, 0, -1)
    array = np.moveaxis(array, (0, 1), (-2, -1))
    return array if array.shape[-1] == 1 else np.swapaxes(array, -1, -2)


def _by_letters(array):
    one_input = array.ndim == 4 and len(array[0]) == 1
    order = {1: "o->o", 2: "oi->io", 4: "oihw->hwoi" if one_input else "oihw->hwio"}
    return np.einsum(order[array.ndim], array)


def _by_position(model, name):
    model.trainable = True
    first = [layer.name for layer in model.layers].index(name)
    for layer in model.layers[:first]:
        layer.trainable = False
    for layer in model.layers[first:]:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    return model


def _from_the_top(model, name):
    model.trainable = above = True
    for layer in reversed(model.layers):
        layer.trainable = above and not isinstance(layer, keras.layers.BatchNormalization)
        above = above and layer.name != name


def _lowest_so_far(val_loss, patience):
    lowest = np.fmin.accumulate([np.inf, *val_loss])
    new = np.flatnonzero(lowest[1:] < lowest[:-1]) + 1
    best = 0
    for epoch in range(1, len(val_loss) + 1):
        best = max((e for e in new if e <= epoch), default=0)
        if epoch - best == patience:
            break
    return best, epoch


def _without_nan(val_loss, patience):
    losses = [math.inf if loss != loss else loss for loss in val_loss]
    best, last = 0, 0
    while last < len(losses) and last - best < patience:
        last += 1
        if losses[last - 1] < min(losses[: last - 1], default=math.inf):
            best = last
    return np.array([best, last])


def _predicted(model, photographs):
    return model.predict((photographs / 1.0 - 127) / 128, verbose=0)


# Chapter 08


def _flipped_each_epoch(first, epoch):
    sides = first.copy()
    for _ in range(epoch):
        sides = np.logical_not(sides)
    return sides


def _target_by_target(labels, classes, share):
    return [[share / classes + (1 - share if i == label else 0) for i in range(classes)]
            for label in labels]  # fmt: skip


def _to_categorical(labels, classes, share):
    return keras.utils.to_categorical(labels, classes) * (1 - share) + share / classes


def muon(x, steps, dtype="float64", little=0.0, left=False):
    """The same steps in another order, with S on the right or x xᵀ on the left of x."""
    x = x.astype(dtype)
    x = x / (np.sqrt((x**2).sum()) + little)
    for _ in range(steps):
        if left:
            square = x @ x.T
            x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
        else:
            once = x @ x.T @ x
            x = 3.4445 * x - 4.7750 * once + 2.0315 * once @ x.T @ x
    return x


def _by_singular_values(x, steps):
    left, values, right = np.linalg.svd(x, full_matrices=False)
    values = values / np.sqrt(np.sum(values**2))
    for _ in range(steps):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return (left * values) @ right


def _by_modulo(x):
    bits = x.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16) % 2) >> 16 << 16).view(np.float32).astype("float64")


def _by_eight_bits(x):
    fraction, exponent = np.frexp(x)
    return np.ldexp(np.round(256 * fraction) / 256, exponent)


def _bfloat16_by_keras(x):
    return keras.ops.cast(keras.ops.cast(x, "bfloat16"), "float32")


def _seeds_tried(spread, other, difference):
    n = 2
    while difference < 2 * np.sqrt(spread**2 / n + other**2 / n):
        n += 1
    return n


def _bytes_step_by_step(numbers, workers):
    total = 0
    for _ in range(2):
        for _ in range(workers - 1):
            total += np.zeros(numbers // workers, "float32").nbytes
    return total


def _brightest_by_loops(maps, weights, label, height, width):
    rows, columns, channels = maps.shape
    heat = {
        (r, c): sum(maps[r, c, k] * weights[k, label] for k in range(channels))
        for r in range(rows)
        for c in range(columns)
    }
    row, column = max(heat, key=heat.get)
    return (2 * row + 1) * height / rows / 2, (2 * column + 1) * width / columns / 2


def _brightest_of_an_enlarged_map(maps, weights, label, height, width):
    heat = np.einsum("hwc,c->hw", maps, weights[:, label])
    down, across = height // heat.shape[0], width // heat.shape[1]
    large = np.kron(heat, np.ones((down, across)))
    rows, columns = np.nonzero(large == large.max())
    return [rows[0] + down / 2, columns[0] + across / 2]


def _mean_of_all(weights, gradients, counts, rate, base):
    mean = np.average(gradients, axis=0, weights=counts)
    return weights - mean * (rate * np.sum(counts) / base)


RIGHT = {
    "accuracy": [_hits_counted, lambda a, b: np.mean(a == b, dtype="float32"),
                 lambda a, b: 1 - np.count_nonzero(a - b) / a.size],
    "steps_per_epoch": [_steps_counted, lambda n, b: -(-n // b), lambda n, b: np.ceil(n / b)],
    "top_k_error": [_misses_counted, _better_ones_counted],
    "chance_top_k_error": [_drawn_one_by_one, lambda n, k: float(Fraction(n - k, n)),
                           lambda n, k: np.float32(1 - k / n)],
    "relative_reduction": [lambda b, a: 1 - a / b, lambda b, a: np.float32(b - a) / np.float32(b),
                           lambda b, a: np.divide(b - a, b)],
    "ensemble": [lambda s: s.sum(axis=0).argmax(axis=-1),
                 lambda s: [int(np.argmax(scores)) for scores in np.mean(s, axis=0)],
                 lambda s: np.argmax(np.einsum("nic->ic", s), axis=1)],
    "output_size": [_starts, _all_windows],
    "conv_parameters": [_group_by_group, lambda k, c, f, g: f * (k**2 * (c / g) + 1)],
    "collapse": [lambda w1, b1, w2, b2: [w1.dot(w2), b1.dot(w2) + b2], _tried_on_points],
    "apparent_period": [_two_neighbours, _whole_numbers_tried],
    "conv1x1": [_pixel_by_pixel, lambda x, k, b: np.einsum("nhwc,cf->nhwf", x, k[0, 0]) + b,
                lambda x, k, b: (np.tensordot(x, k[0, 0], axes=1) + b).astype("float32")],
    "occlusion_map": [_hidden_by_a_mask, _hidden_through_a_window],
    "class_map": [_maps_added_up, lambda m, w, y: np.einsum("hwc,c->hw", m, w[:, y]),
                  lambda m, w, y: (m @ w)[..., y].astype("float32")],
    "receptive_field": [_from_the_top_down, _pixels_collected],
    "stack_parameters": [_stack_by_keras, _stack_at_once],
    "vgg_parameters": [_vgg_stage_by_stage, _vgg_as_a_list],
    "loss_of_guessing": [lambda n: -np.log(1 / n), _loss_by_keras],
    "signal_after": [_layer_by_layer, lambda n, i, v: np.sqrt(i * v / 2) ** n],
    "channels_after": [_stacked, lambda c, a, b, d, n: np.sum([c, a * n, b * n, d * n])],
    "module_parameters": [_module_as_a_table, _module_in_a_row],
    "branch_costs": [_costs_as_a_list, _costs_of_one_place],
    "kernel_found": [_kernels_tried, _kernel_by_a_root],
    "chain": [_chain_kernel_by_kernel, _chain_at_once],
    "variance_growth": [_doubled, lambda blocks, skip: 2.0 ** (blocks * skip)],
    "shift_kernel": [_one_by_one, _rolled],
    "brightest": [_brightest_by_loops, _brightest_of_an_enlarged_map],
    "residual_forward": [_relu_by_where, _row_by_row],
    "weight_layers": [lambda b, c: 2 + np.dot(b, [c] * len(b)),
                      lambda b, c: len([0, *(i for n in b for i in range(n * c)), 0])],
    "block_weights": [_layers_by_keras, lambda c: (18 * c**2, 17 * c**2 / 16)],
    "decode": [_picked_out, lambda p, n, k: [[n[i], float(p[i])] for i in p.argsort()[::-1][:k]]],
    "preprocess": [_in_two_precisions, _preprocess_by_keras, _colour_by_colour],
    "to_keras": [_axes_moved, _by_letters],
    "freeze_below": [_by_position, _from_the_top],
    "stop_early": [_lowest_so_far, _without_nan],
    "answer": [_predicted, lambda m, x: m((x.astype("float64") - 127) / 128)],
    "turned": [_flipped_each_epoch, lambda first, epoch: ~first if epoch % 2 else first,
               lambda first, epoch: [bool((m + epoch) % 2) for m in first],
               lambda first, epoch: np.logical_xor(first, epoch % 2)],
    "smoothed": [_target_by_target, _to_categorical],
    "newton_schulz": [_by_singular_values, muon, lambda x, n: muon(x, n).tolist(),
                      lambda x, n: muon(x, n, "float32", left=True),
                      lambda x, n: muon(x, n, little=1e-7, left=True),
                      lambda x, n: muon(x, n, "float32", little=1e-7),
                      lambda x, n: keras.ops.convert_to_tensor(muon(x, n, "float64"))],
    "to_bfloat16": [_by_modulo, _by_eight_bits, _bfloat16_by_keras],
    "seeds_needed": [_seeds_tried, lambda s, o, d: max(2, np.ceil((2 * np.hypot(s, o) / d) ** 2))],
    "large_step": [_mean_of_all, lambda w, g, c, r, b: w - r * np.dot(c, np.stack(g)) / b],
    "sent": [_bytes_step_by_step, lambda n, w: 8 * n * (w - 1) / w,
             lambda n, w: 8 * (n - n // w)],
    # The forms in which a value or a choice may be given.
    "dense_parameters": [30_730, 30730.0, np.int32(30730), np.float32(30730), np.array(30730)],
    "blog_differences": ["BDF", "b, d, f", ["b", "d", "f"], ("F", "D", "B"), {"BDF"},
                         np.array(["B", "D", "F"]), frozenset("bdf"), ["BD", "F"]],
    "missing_parts": ["ACD", "d c a", ["C", "A", "D"], ("a", "c", "d"), {"A", "C", "D"},
                      np.array(["a", "D", "C"])],
    **MUSEUM,
}  # fmt: skip
