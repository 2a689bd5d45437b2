import numpy as np
from PIL import Image

from course_lib.training import TrainingConfig
from course_lib.training.batches import training_batches


def test_every_image_is_seen_once_an_epoch_in_another_order_each_time():
    images = np.arange(50, dtype="float32").reshape(50, 1, 1, 1)
    labels = np.arange(50) % 2
    config = TrainingConfig(epochs=2, batch_size=16)
    batches = list(training_batches(images, labels, config, first_epoch=0))
    assert [len(x) for x, _ in batches] == [16, 16, 16, 2] * 2
    orders = [np.concatenate([x for x, _ in part]).ravel() for part in (batches[:4], batches[4:])]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(50))
    assert list(orders[0]) != list(orders[1])
    assert (np.concatenate([y for _, y in batches[:4]]) == orders[0] % 2).all()


def test_turns_mirror_each_image_in_every_other_epoch():
    images = np.random.default_rng(0).normal(size=(20, 6, 6, 1)).astype("float32")
    config = TrainingConfig(epochs=2, batch_size=20, augmentation="shift+turns", seed=5)
    numbers = np.arange(20)
    seen = {}
    for epoch, (x, y) in enumerate(training_batches(images, numbers, config, first_epoch=0)):
        for image, number in zip(x.numpy(), y.numpy(), strict=True):
            sides = [
                np.pad(image_, [(2, 2), (2, 2), (0, 0)], "reflect")
                for image_ in (images[number], images[number, :, ::-1])
            ]
            fits = [
                any((side[r : r + 6, c : c + 6] == image).all() for r in range(5) for c in range(5))
                for side in sides
            ]
            assert sum(fits) == 1
            seen[epoch, number] = fits.index(True)
    assert all(seen[0, number] != seen[1, number] for number in numbers)


def test_images_are_shrunk_as_pillow_shrinks_them():
    images = np.random.default_rng(0).normal(size=(8, 32, 32, 1)).astype("float32")
    config = TrainingConfig(epochs=3, batch_size=8, sizes=((24, 2),))
    batches = list(training_batches(images, np.arange(8), config, first_epoch=1))
    assert [x.shape[1:3] for x, _ in batches] == [(24, 24), (32, 32)]
    for image, number in zip(*batches[0], strict=True):
        whole = Image.fromarray(images[number, :, :, 0])
        small = whole.resize((24, 24), Image.Resampling.BILINEAR)
        np.testing.assert_allclose(image[:, :, 0], np.asarray(small), atol=1e-4)
