"""Solutions of chapter 01, with their reasons."""

import numpy as np


def top_k_error_exercise(labels, scores, k):
    """argsort puts the lowest first; with the sign turned, the first k columns are the k best.

    labels[:, None] has the shape (n, 1), so each label is compared with all k guesses of its row.
    """
    best = np.argsort(-scores, axis=1)[:, :k]
    hit = (best == labels[:, None]).any(axis=1)
    return 1 - hit.mean()


def chance_top_k_error(classes, k):
    """Whatever the label is, k of the `classes` names are named, so it is among them k times in n.

    That the k names differ matters: with names that may repeat it would be (1 - 1 / n) ** k.
    """
    return 1 - k / classes


def relative_reduction(before, after):
    """The part that is gone, as a share of what there was before.

    From 4% to 2% and from 40% to 20% half of the work is done both times. The points of difference
    alone would hide that. No `abs`: an error that rises must come out below 0.
    """
    return (before - after) / before


def ensemble(scores):
    """First average over the nets, then decide: so a sure net counts for more than a wavering one.

    Deciding first would turn 51% and 99% into the same vote. The mean leaves (images, classes), and
    its highest column is the prediction.
    """
    return scores.mean(axis=0).argmax(axis=1)
