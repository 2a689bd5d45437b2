"""What happens around each step and epoch: learning rate, progress bar and history."""

import math
import sys
import time

import keras
import numpy as np
from IPython import get_ipython
from tqdm import tqdm

from course_lib.training.schedule import learning_rate_at

COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


class TrainingDivergedError(ArithmeticError):
    """The loss became infinite or NaN; the message says when, and names the likely cause."""


class Progress(keras.callbacks.Callback):
    """Sets the learning rate, watches the loss, obeys a stop, and keeps and saves the history."""

    def __init__(self, config, steps, history, stop, saved, name, after_epoch):
        super().__init__()
        self.config, self.steps, self.history = config, steps, history
        self.stop, self.saved, self.after_epoch = stop, saved, after_epoch
        self.title = f"{name}, epoch" if name else "epoch"
        self.step = len(history) * steps
        hidden = {"disable": True} if after_epoch else {}  # else TQDM_DISABLE decides
        file = sys.stdout if get_ipython() else sys.stderr  # which is red in a notebook
        look = {"file": file, "unit": "step", **hidden}
        self.bar = tqdm(total=config.epochs * steps, initial=self.step, **look)

    def on_train_begin(self, logs=None):
        # If there are several outputs, Keras puts the output's name before the metric's.
        several = len(self.model.outputs) > 1
        self.accuracy = f"{self.model.output_names[0]}_accuracy" if several else "accuracy"

    def on_epoch_begin(self, epoch, logs=None):
        # Dropout's masks also follow from seed and epoch, since Keras does not save their state.
        masks = (v for v in self.model.variables if v.name == "seed_generator_state")
        for i, state in enumerate(masks):
            seed = np.random.SeedSequence([self.config.seed, epoch, i]).generate_state(1)[0]
            state.assign(keras.random.SeedGenerator(int(seed)).state)
        self.started = time.perf_counter()
        self.bar.set_description(f"{self.title} {epoch + 1}/{self.config.epochs}", refresh=False)

    def on_train_batch_begin(self, batch, logs=None):
        self.rate = learning_rate_at(self.config, (self.step + 1) / self.steps)
        self.model.optimizer.learning_rate = self.rate

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if not math.isfinite(logs["loss"]):
            raise TrainingDivergedError(self._why(batch))
        self.bar.set_postfix_str(f"loss {logs['loss']:.3f}, acc {logs[self.accuracy]:.1%}", False)
        self.bar.update()
        self.stop.obey()

    def on_test_batch_end(self, batch, logs=None):
        self.stop.obey()

    def _why(self, batch):
        cause = (
            "initial weights that are too large"
            if self.step == 1  # no step had changed them yet
            else f"a learning rate that is too high (it was {self.rate:.3g}); try a tenth of it, "
            "or a warm-up of one epoch"
        )
        epoch = (self.step - 1) // self.steps + 1
        return f"the loss is not finite in epoch {epoch}, step {batch + 1}; likely cause: {cause}"

    def on_epoch_end(self, epoch, logs=None):
        row = {
            "val_loss": math.nan,
            **logs,
            "accuracy": logs[self.accuracy],
            "val_accuracy": logs.get(f"val_{self.accuracy}", math.nan),
            "learning_rate": self.rate,
            "seconds": time.perf_counter() - self.started,
        }
        self.history.loc[epoch + 1] = [float(row[name]) for name in COLUMNS]
        tested = "" if math.isnan(row["val_accuracy"]) else f", test {row['val_accuracy']:.1%}"
        self.bar.set_postfix_str(f"loss {row['loss']:.3f}, acc {row['accuracy']:.1%}{tested}")
        if self.saved:
            self.saved.save(self.history)
        if self.after_epoch:
            self.after_epoch(self.history)
