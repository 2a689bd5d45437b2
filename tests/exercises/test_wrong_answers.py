"""Answers that a careful reader tried: what must not pass, what must, and what is said of each."""

import keras
import numpy as np
import pytest
from keras.applications.imagenet_utils import preprocess_input
from right_answers import muon

from course_lib.data.augmentation import turns
from course_lib.exercises import (
    alexnet,
    imagenet,
    inception,
    looking_inside,
    practice,
    pretrained,
    resnet,
    start,
    vgg,
)
from course_lib.training.optimizers import STEPS, orthogonal


def _emptied(kernels):
    h = w = 1
    n = 0
    while kernels:
        a, b = kernels.pop()
        h, w, n = h + a, w + b, n + a * b
    return h, w, n


def _grey_vgg(convolutions):
    return vgg.vgg_parameters.reference(convolutions) - 2 * 9 * 64


def _plus(amount, check):
    return lambda *case: check.reference(*case) + amount


def _softmax(s):
    return np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)


def _best_while_trained(val_loss, patience):
    last = pretrained.stop_early.reference(val_loss, patience)[1]
    return int(np.argmin(val_loss[:last])) + 1, last


def _unfrozen_by_hand(model, name):
    model.trainable = False
    names = [layer.name for layer in model.layers]
    for layer in model.layers[names.index(name) :]:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)


def _bits_cut_after(x, added):
    return ((x.view(np.uint32) + added) >> 16 << 16).view(np.float32)


def _only_below(model, name):
    for layer in model.layers:
        if layer.name == name:
            return
        layer.trainable = False


# Answers that must not pass; a part of what the message says.
REFUSED = [
    (start.accuracy, lambda p, q: np.isin(p, q).mean(), "its own image"),
    (start.accuracy, lambda p, q: len(set(p) & set(q)) / len(p), "A set forgets"),
    (start.accuracy, lambda p, q: round(float(np.mean(p == q)), 2), "rounded"),
    (start.accuracy, lambda p, q: float(np.mean(np.sort(p) == np.sort(q))), "Open the first hint"),
    (start.accuracy, lambda p, q: np.mean(p == q) if len(p) > 1 else 1.0, "Open the first hint"),
    (start.accuracy, lambda p, q: bool(np.mean(p == q)), "True or False"),
    (start.steps_per_epoch, lambda n, b: int(n / b + 0.99), "less than 0.01"),
    (start.steps_per_epoch, lambda n, b: int(n / b + 0.999), "Open the first hint"),
    (start.steps_per_epoch, lambda n, b: round(n / b + 0.5), "Open the first hint"),
    (imagenet.top_k_error, lambda y, s, k: round(float(imagenet.top_k_error.reference(y, s, k)), 2),
     "rounded"),
    (imagenet.chance_top_k_error, lambda n, k: round(1 - k / n, 3), "rounded"),
    (imagenet.chance_top_k_error, lambda n, k: round(1 - k / n, 6), "rounded"),
    (imagenet.relative_reduction, lambda b, a: abs(b - a) / b, "not reduced"),
    (imagenet.relative_reduction, lambda b, a: max(b - a, 0) / b, "cut it off"),
    (imagenet.relative_reduction, lambda b, a: round((b - a) / b, 4), "rounded"),
    (imagenet.relative_reduction, lambda b, a: 1 - min(a, b) / max(a, b), "Open the first hint"),
    (imagenet.ensemble, lambda s: (s**2).mean(axis=0).argmax(axis=1), "Squares"),
    (imagenet.ensemble, lambda s: _softmax(s).mean(axis=0).argmax(axis=1), ""),
    (imagenet.ensemble, lambda s: np.sqrt(s).mean(axis=0).argmax(axis=1), ""),
    (imagenet.ensemble, lambda s: s.mean(axis=0).argmin(axis=1), "Open the first hint"),
    (alexnet.output_size, lambda n, k, s, p: (n + 2 * p - k + s - 1) // s, "Open the first hint"),
    (alexnet.conv_parameters,
     lambda k, c, f, g: k * k * (c // 2 if g > 1 else c) * f + f, "more than two groups"),
    (alexnet.collapse, lambda w1, b1, w2, b2: (w2 @ w1, b2), "which part holds x"),
    (looking_inside.apparent_period,
     lambda p, s: s / min(abs(s / p - n) for n in (0, 1)), "How much of a stripe"),
    (looking_inside.conv1x1, lambda x, k, b: x @ k.squeeze() + b, ""),
    (looking_inside.conv1x1, lambda x, k, b: np.squeeze(x @ k[0, 0] + b), "shape"),
    (vgg.receptive_field,
     lambda k, s: 1 + sum((a - 1) * b for a, b in zip(k, s, strict=True)), "on all the s"),
    (vgg.receptive_field, lambda k, s: 1 + sum(2 * (a // 2) for a in k), ""),
    (vgg.stack_parameters,
     lambda k, c, f: vgg.stack_parameters.reference(k[::-1], c, f), "first kernel"),
    (vgg.vgg_parameters, _plus(-1000, vgg.vgg_parameters), "Which layer differs"),
    (vgg.vgg_parameters, _plus(1, vgg.vgg_parameters), "Which layer differs"),
    (vgg.vgg_parameters, _grey_vgg, "three channels come in"),
    (vgg.loss_of_guessing, lambda n: round(np.log(n), 4), "rounded"),
    (inception.module_parameters, _plus(1, inception.module_parameters), "Six convolutions"),
    (inception.branch_costs, lambda *case: inception.branch_costs.reference(*case)[0], "2 values"),
    (inception.branch_costs,
     lambda *c: [n + 1 for n in inception.branch_costs.reference(*c)], "How"),
    (inception.kernel_found,
     lambda p, c, w: min(round(inception.kernel_found.reference(p, c, w)), 7), "a real 5×5"),
    (inception.chain, _emptied, "changes its input kernels"),
    (resnet.variance_growth, lambda blocks, skip: True if not skip else 2**blocks, "True or False"),
    (resnet.variance_growth,
     lambda blocks, skip: 2**blocks + (blocks > 50) if skip else 1, "What does one block"),
    (resnet.shift_kernel, lambda size, channels, down, right: np.eye(size * channels), "shape"),
    (pretrained.decode, lambda p, n, k: sorted(zip(p, n, strict=True))[-k:], "Where are the k"),
    (pretrained.decode, lambda p, n, k: [n[i] for i in np.argsort(-p)[:k]], "shape"),
    (pretrained.decode, lambda p, n, k: list(zip(n, p, strict=True))[:k], "Where are the k"),
    (pretrained.preprocess, lambda x, m: x.astype("float32"), "Take the first pixel"),
    (pretrained.preprocess, lambda x, m: preprocess_input(x.astype("float32"), mode="tf"),
     "Take the first pixel"),
    (pretrained.to_keras, lambda a: a, "shape"),
    (pretrained.to_keras, lambda a: a.transpose(3, 2, 1, 0) if a.ndim == 4 else a, "shape"),
    (pretrained.freeze_below, _only_below, "Go through model.layers"),
    (pretrained.stop_early,
     lambda v, p: pretrained.stop_early.reference([-x for x in v], p), "Go epoch by epoch"),
    (pretrained.stop_early, lambda v, p: pretrained.stop_early.reference(v, p)[0], "2 values"),
    (pretrained.answer, lambda m, x: m(x.astype("float32") / 255).numpy(), "Follow one red"),
    (practice.turned, lambda first, epoch: ~first if epoch in (1, 3) else first, "follow it"),
    (practice.smoothed, lambda y, n, s: np.round(practice.smoothed.reference(y, n, s), 2),
     "rounded"),
    (practice.smoothed, lambda y, n, s: np.full(n, s / n), "shape"),
    (practice.newton_schulz, lambda x, n: np.round(muon(x, n), 4), "rounded"),
    (practice.newton_schulz, lambda x, n: muon(x, n).T, "shape"),
    (practice.newton_schulz, lambda x, n: muon(x, min(n, 3)), "Do it by hand"),
    (practice.to_bfloat16, lambda x: np.round(x, 2), "Between which two"),
    (practice.to_bfloat16, lambda x: _bits_cut_after(np.abs(x), 0x7FFF), "Between which two"),
    (practice.seeds_needed,
     lambda s, o, d: max(3, practice.seeds_needed.reference(s, o, d)), "Try n"),
    (practice.seeds_needed, lambda s, o, d: practice.seeds_needed.reference(s, o, d) + 1, "Try n"),
    (practice.sent, lambda n, w: practice.sent.reference(n, w) if w < 9 else 0, "How many steps"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "answer", "said"), REFUSED)
def test_plausible_wrong_answers_are_refused(check, answer, said):
    for _ in range(8):  # the seventh run is as strict as the first
        result = check.grade(answer)
        assert result.status == "wrong" and said in result.message, result.message


# Mistakes that are easily taken for others.
NAMED = [
    (imagenet.top_k_error,
     lambda y, s, k: 1 - (np.argsort(-s, axis=1)[:, :k] == y[:, None]).mean(), "of wrong"),
    (imagenet.top_k_error,
     lambda y, s, k: imagenet.top_k_error.reference(y, s, min(5, s.shape[1])), "five best classes"),
    (imagenet.ensemble, lambda s: np.median(s, axis=0).argmax(axis=1), "median"),
    (imagenet.ensemble, lambda s: s.mean(axis=0).max(axis=1), "which class"),
    (alexnet.output_size, lambda n, k, s, p: (n - k) // s + 1, "padding makes"),
    (alexnet.output_size, lambda n, k, s, p: n + 2 * p - k + 1, "skips places"),
    (alexnet.conv_parameters, lambda k, c, f, g: k * k * (c // g) * f + 1, "not one for all"),
    (vgg.signal_after, lambda n, i, v: (i * v / 2) ** ((n - 1) / 2), "the first one too"),
    (inception.channels_after, lambda c, a, b, d, n: c + n * (a + b), "5×5 branch is missing"),
    (resnet.variance_growth,
     lambda blocks, skip: 2**blocks - 1 if skip else 1, "take nothing away"),
    (pretrained.decode, lambda p, n, k: [(n[i], p[i]) for i in np.argsort(p)[-k:]], "comes first"),
    (pretrained.preprocess,
     lambda x, m: pretrained.preprocess.reference(x, m).astype("int32").astype("uint8"), "uint8"),
    (pretrained.to_keras, lambda a: a.T, "swaps height and width"),
    (pretrained.freeze_below, _unfrozen_by_hand, "whatever its layers say"),
    (pretrained.freeze_below, lambda model, name: model, "Every layer is as it was"),
    (pretrained.stop_early, _best_while_trained, "np.argmin"),
    (pretrained.answer, lambda m, x: m((x - 127) / 128).numpy(), "no numbers below 0"),
    (practice.turned, lambda first, epoch: first ^ (epoch % 2), "1 should be True"),
    (practice.smoothed,
     lambda y, n, s: np.where(np.eye(n)[y] == 1, 1 - s, s / (n - 1)), "over the other classes"),
    (practice.newton_schulz, lambda x, n: muon(x, 1), "one step"),
    (practice.to_bfloat16, lambda x: _bits_cut_after(x, 0), "moves towards 0"),
    (practice.to_bfloat16, lambda x: _bits_cut_after(x, 0x8000), "move away from 0"),
    (practice.to_bfloat16,
     lambda x: (x.view(np.uint32) & 0xFFFF).view(np.float32), "the upper half that you keep"),
    (practice.seeds_needed, lambda s, o, d: max(2, 4 * (s**2 + o**2) / d**2), "part of a seed"),
    (practice.sent, lambda n, w: 4 * n * (w - 1), "every other"),
    (practice.sent, lambda n, w: 8 * n, "One step too many"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "answer", "said"), NAMED)
def test_mistakes_are_named(check, answer, said):
    result = check.grade(answer)
    assert result.status == "wrong" and said in result.message, result.message


def test_numbers_in_a_wrong_form_are_named():
    check = start.dense_parameters
    assert "text" in check.grade("30730").message
    assert "comma" in check.grade((30, 730)).message
    assert check.grade(30730.0).status == check.grade(np.int32(30730)).status == "right"
    assert check.grade(30731).status == check.grade(30730.4).status == "wrong"


@pytest.mark.parametrize(
    "check",
    [
        alexnet.collapse,
        looking_inside.class_map,
        resnet.shift_kernel,
        resnet.residual_forward,
        resnet.weight_layers,
    ],
)
def test_a_first_try_is_not_told_the_recipe(check):
    for answer in (lambda *case: 0, lambda *case: np.zeros((2, 2))):
        message = check.grade(answer).message
        for recipe in ("w1 @ w2", "b1 @ w2", "weights[:, label]", "np.eye", "// 2", "sum(blocks)"):
            assert recipe not in message.replace("(x @ w1 + b1) @ w2", "")


def test_changed_inputs_are_noticed_and_the_answer_still_counts():
    def accuracy(labels, predictions):
        labels -= predictions
        return np.mean(labels == 0)

    def top_k(labels, scores, k):
        scores *= -1
        return 1 - (np.argsort(scores, axis=1)[:, :k] == labels[:, None]).any(axis=1).mean()

    def ensemble(scores):
        scores /= len(scores)
        return scores.sum(axis=0).argmax(axis=1)

    def collapse(w1, b1, w2, b2):
        b2 += b1 @ w2
        return w1 @ w2, b2

    def class_map(maps, weights, label):
        maps *= weights[:, label]
        return maps.sum(axis=-1)

    def preprocess(pixels, mode):
        if mode == "caffe":
            pixels[:] = pixels[..., ::-1]
            return pixels - np.array([103.939, 116.779, 123.68])
        return pretrained.preprocess.reference(pixels, mode)

    def answer_in_place(model, photographs):
        x = photographs.astype("float32")
        photographs //= 2
        return model((x - 127) / 128).numpy()

    def newton_schulz(x, steps):
        x /= np.linalg.norm(x)
        return muon(x, steps)

    def to_bfloat16(x):
        bits = x.view(np.uint32)
        bits += 0x7FFF + (bits >> 16 & 1)
        bits &= 0xFFFF0000
        return x

    for check, answer, name in (
        (start.accuracy, accuracy, "labels"),
        (imagenet.top_k_error, top_k, "scores"),
        (imagenet.ensemble, ensemble, "scores"),
        (alexnet.collapse, collapse, "b2"),
        (looking_inside.class_map, class_map, "maps"),
        (pretrained.preprocess, preprocess, "pixels"),
        (pretrained.answer, answer_in_place, "photographs"),
        (practice.newton_schulz, newton_schulz, "x"),
        (practice.to_bfloat16, to_bfloat16, "x"),
    ):
        result = check.grade(answer)
        assert result.status == "right", result.message
        assert f"\n! Your function changes its input {name}." in result.message


def test_an_unsolved_exercise_that_another_needs_is_named():
    scope = {}
    exec(
        "def module_parameters(channels, widths):\n    raise NotImplementedError\n"
        "def kernel_found(parameters, channels, widths):\n"
        "    return module_parameters(channels, widths)\n",
        scope,
    )
    result = inception.kernel_found.grade(scope["kernel_found"])
    assert result.status == "wrong" and "calls module_parameters" in result.message


def test_an_index_that_is_no_whole_number_is_no_stub():
    def kernel(size, channels, down, right):
        result = np.zeros((size, size, channels, channels))
        result[size / 2, size / 2] = np.eye(channels)
        return result

    result = resnet.shift_kernel.grade(kernel)
    assert result.status == "wrong" and "IndexError" in result.message
    assert "`result[size / 2, size / 2] = np.eye(channels)`" in result.message


@pytest.mark.parametrize(("size", "channels", "down", "right"), [(3, 2, 1, 0), (5, 1, -1, 2)])
def test_a_kernel_that_moves_does_so_in_keras(size, channels, down, right):
    picture = np.random.default_rng(0).normal(size=(1, 7, 8, channels)).astype("float32")
    kernel = resnet.shift_kernel.reference(size, channels, down, right).astype("float32")
    moved = np.asarray(keras.ops.conv(picture, kernel, padding="same"))
    around = np.pad(picture, ((0, 0), (9, 9), (9, 9), (0, 0)))
    expected = np.roll(around, (down, right), axis=(1, 2))[:, 9:-9, 9:-9]
    np.testing.assert_allclose(moved, expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(4, 3, 2, 5), (4, 1, 2, 5)])
def test_a_converted_kernel_gives_what_it_gave(shape):
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=shape).astype("float32")
    channelwise = shape[1] == 1
    image = rng.normal(size=(1, shape[0 if channelwise else 1], *shape[2:])).astype("float32")
    # The window is as large as the image, so there is one place to compute.
    if channelwise:
        convolve, expected = keras.ops.depthwise_conv, np.einsum("nchw,cohw->nc", image, kernel)
    else:
        convolve, expected = keras.ops.conv, np.einsum("nihw,oihw->no", image, kernel)
    converted = pretrained.to_keras.reference(kernel)
    received = convolve(image.transpose(0, 2, 3, 1), converted, padding="valid")
    np.testing.assert_allclose(np.squeeze(received, (1, 2)), expected, rtol=1e-4)


def test_stop_early_is_what_keras_does():
    for losses, patience in pretrained.stop_early.cases:
        if np.isnan(losses[0]):
            continue  # Keras takes the first loss for the best, whatever it is
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        stop = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
        stop.set_model(model)
        model.stop_training = False
        stop.on_train_begin()
        for epoch, loss in enumerate(losses):
            stop.on_epoch_end(epoch, {"val_loss": loss})
            if model.stop_training:
                break
        assert (stop.best_epoch + 1, epoch + 1) == pretrained.stop_early.reference(losses, patience)


def test_the_function_to_repair_is_not_attempted_while_it_is_untouched():
    def untouched(model, photographs):
        x = photographs[..., ::-1].astype("float32")
        x -= 127
        x / 128
        return model(x, training=True).numpy()

    result = pretrained.answer.grade(untouched)
    assert result.status == "not attempted"
    assert result.message.startswith("Repair the function above (what you changed so far")


def test_what_is_said_of_company_is_true():
    (hint,) = (h for _, h in pretrained.answer.mistakes if "company" in h)
    (net, alone), (_, together), _ = pretrained.answer.cases
    assert np.array_equal(alone[0], together[0])
    for photographs in (alone, together):
        score = pretrained._answer(net(), photographs, training=True)[0, -1]
        assert f"{score:.2f}" in hint
    np.testing.assert_allclose(
        pretrained._answer(net(), alone)[0], pretrained._answer(net(), together)[0], rtol=1e-5
    )


def test_practice_is_what_the_course_trains_with():
    first = np.array(turns(9, seed=3, epoch=0))
    for epoch in range(5):
        turned = practice.turned.reference(first, epoch)
        np.testing.assert_array_equal(turned, turns(9, seed=3, epoch=epoch))

    rng = np.random.default_rng(0)
    labels, scores = rng.integers(6, size=8), rng.dirichlet(np.ones(6), size=8).astype("float32")
    plain = keras.utils.to_categorical(labels, 6)
    smoothing = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    loss = keras.losses.CategoricalCrossentropy()(
        practice.smoothed.reference(labels, 6, 0.2).astype("float32"), scores
    )
    np.testing.assert_allclose(smoothing(plain, scores), loss, rtol=1e-5)

    kernel = rng.normal(size=(3, 3, 2, 5)).astype("float32")
    stepped = practice.newton_schulz.reference(kernel.reshape(18, 5), STEPS)
    np.testing.assert_allclose(np.reshape(orthogonal(kernel), (18, 5)), stepped, rtol=1e-3)


def test_to_bfloat16_is_what_keras_does_with_every_kind_of_bits():
    bits = np.random.default_rng(0).integers(2**32, size=100_000, dtype=np.uint32)
    bits[::4] = bits[::4] & 0xFFFF0000 | 0x8000  # ties
    x = bits.view(np.float32)
    x = x[np.abs(x) < 3e38]
    expected = keras.ops.cast(keras.ops.cast(x, "bfloat16"), "float32")
    np.testing.assert_array_equal(practice.to_bfloat16.reference(x), expected)


def test_no_fewer_seeds_would_do_and_no_case_is_decided_by_a_last_digit():
    for spread, other, difference in practice.seeds_needed.cases:
        n = practice.seeds_needed.reference(spread, other, difference)
        both = spread**2 + other**2
        assert difference > 2.001 * np.sqrt(both / n)
        assert n == 2 or difference < 1.999 * np.sqrt(both / (n - 1))


@pytest.mark.parametrize(("numbers", "workers"), [(8, 4), (12, 3), (10, 2), (6, 1)])
def test_a_ring_that_is_played_through_sends_as_many_bytes(numbers, workers):
    gradients = np.random.default_rng(0).normal(size=(workers, numbers)).astype("float32")
    held = [list(np.split(gradient, workers)) for gradient in gradients]
    counted = np.zeros(workers, int)
    for step in range(2 * (workers - 1)):
        moves = [(worker, (worker - step) % workers) for worker in range(workers)]
        parts = [held[worker][place] for worker, place in moves]
        for (worker, place), part in zip(moves, parts, strict=True):
            counted[worker] += part.nbytes
            after = held[(worker + 1) % workers]
            after[place] = after[place] + part if step < workers - 1 else part
    for parts in held:
        np.testing.assert_allclose(np.concatenate(parts), gradients.sum(axis=0), rtol=1e-4)
    assert set(counted) == {practice.sent.reference(numbers, workers)}
