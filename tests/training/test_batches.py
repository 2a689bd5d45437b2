import numpy as np

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
