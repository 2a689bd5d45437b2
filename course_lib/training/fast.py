"""The fast recipe: ten epochs on CIFAR-10, with `models.build_fast`.

Settings of airbench94 in its form for Muon (K. Jordan, arXiv:2404.00498, and its public code), with
sizes that grow. There, each step's loss is a sum over 2,000 images and the scores are divided by
256; here it is a mean, and the last layer begins and learns so much more slowly. The numbers below
say so.
"""

from course_lib.training.config import TrainingConfig

BATCH, RATE, SCORES = 2000, 0.24, 256

FAST = TrainingConfig(
    epochs=10,
    batch_size=BATCH,
    optimizer="muon",
    learning_rate=RATE,  # of the convolutions' kernels
    vector_rate=0.053 * BATCH / RATE,
    matrix_rate=0.67 * BATCH / SCORES**2 / RATE,
    schedule="linear",
    momentum=0.85,
    weight_decay=2e-6 * BATCH,
    label_smoothing=0.2,
    augmentation="shift+turns",
    sizes=((24, 5), (28, 2)),
    precision="auto",
)
