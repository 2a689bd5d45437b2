"""Record experiments over several seeds, or say which records there are.

    python -m tools.records [NAME] [--check]

Without a name, a table of all records: current, stale (and why), partly done, or missing.
"""

import argparse
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Convolutions that train nets in half the time on processors without AVX-512, where TensorFlow
# leaves them off. Not for the whole course: with them, the gradient of a strided 1×1 convolution of
# a single image can end the process (see `probes.gradient_norms`).
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import pandas as pd
import tensorflow as tf

from tools.records import listing
from tools.records.experiments import CHAPTERS, EXPERIMENTS, SEEDS
from tools.records.running import read, record, record_chapter

THREADS = 2


def main():
    parser = argparse.ArgumentParser(prog="make records", description=__doc__.split("\n")[0])
    parser.add_argument("name", nargs="?", default="", help="what to record, or to go on with")
    parser.add_argument("--check", action="store_true", help="evaluate the weights that are kept")
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    if arguments.check:
        return listing.check(arguments.name)
    if not arguments.name:
        with pd.option_context("display.width", 200, "display.max_colwidth", 90):
            print(listing.table().to_string(index=False))
        return None
    names = [*CHAPTERS, *EXPERIMENTS]
    if arguments.name not in names:
        return f"NAME must be one of {', '.join(names)}; got {arguments.name!r}"
    try:
        if arguments.name in CHAPTERS:
            record_chapter(arguments.name, SEEDS)
        else:
            record(EXPERIMENTS[arguments.name]())
            content = read(arguments.name)
            print(listing.report(arguments.name).T.to_string(header=len(content["nets"]) > 1))
            for machine in content["machines"]:
                print(", ".join(f"{key} {value}" for key, value in machine.items()))
    except KeyboardInterrupt:
        return f"stopped; `make records NAME={arguments.name}` goes on from the last epoch"
    except OSError as error:  # no data set, or no room on the disk
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main())
