"""What a learner has solved: kept in one small file on this computer, and sent nowhere.

The file lies in the user's own data folder. The environment variable COURSE_PROGRESS names another
file; if it is `off`, nothing is kept. A file that is damaged or cannot be written is no error: what
is solved is then not remembered.
"""

import json
import math
import os
import re
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from platformdirs import user_data_path

# How a chapter's file of checks begins, and the names of exercises in it. It is read and not
# imported, since some of these files load TensorFlow.
_CHAPTER = re.compile(r'"""Checks of chapter (\d\d), (.+?)\.')
_EXERCISE = re.compile(r'"((\d+)\.(\d+) \w+)"')


def progress(reset=False):
    """Print how many exercises of each chapter are solved, and the best scores of challenges.

    Nothing of it leaves this computer; see above where it is kept. `reset=True` forgets it all.

    >>> progress()
    Solved: 0 of ...
    00 Start here    0 of ...
    """
    if reset:
        _keep(set(), {})
    done, scores = _kept()
    chapters = exercises()
    total = sum(map(len, chapters.values()))
    print(f"Solved: {sum(len(done & set(names)) for names in chapters.values())} of {total}")
    width = max(map(len, chapters))
    for title, names in chapters.items():
        # The number comes first, so that who listens need not wait for the circles.
        count = f"{len(done & set(names))} of {len(names)}"
        circles = "".join("●" if name in done else "○" for name in names)
        print(f"{title:{width}}  {count:>8}  {circles}")
    for name, score in sorted(scores.items()):
        print(f"Best score in {name}: {score:,.10g}")
    print("Nothing leaves this computer. To forget everything: check.progress(reset=True)")


def solved(name):
    """Note that the exercise of this name, such as "0.1 accuracy", is solved."""
    done, scores = _kept()
    if name not in done:
        _keep(done | {name}, scores)


def best(name, score=None, lower_is_better=False):
    """The best score that was ever reached in a challenge, or None; `score` counts among them.

    A score that is no finite number is left out.

    >>> best("2.6 smallest_net", 61_706, lower_is_better=True)
    61706.0
    """
    done, scores = _kept()
    known = [scores[name]] if name in scores else []
    if score is not None and math.isfinite(score):
        known.append(float(score))
    if not known:
        return None
    record = (min if lower_is_better else max)(known)
    if scores.get(name) != record:
        _keep(done, scores | {name: record})
    return record


def exercises():
    """The names of all exercises by chapter, in order, as they stand in the files of checks.

    >>> exercises()["00 Start here"]
    ['0.1 accuracy', '0.2 dense_parameters', '0.3 steps_per_epoch']
    """
    chapters = {}
    for file in files(__package__).iterdir():
        text = file.read_text(encoding="utf-8") if file.name.endswith(".py") else ""
        if head := _CHAPTER.match(text):
            found = {(int(a), int(b), name) for name, a, b in _EXERCISE.findall(text)}
            chapters[" ".join(head.groups())] = [name for *_, name in sorted(found)]
    return dict(sorted(chapters.items()))


def _path():
    chosen = os.environ.get("COURSE_PROGRESS")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen).expanduser()
    return user_data_path("course_lib", appauthor=False) / "progress.json"


def _kept():
    """The set of names solved, and a dict of best scores; both empty if the file is unreadable."""
    try:
        kept = json.loads(_path().read_text(encoding="utf-8"))
        done, scores = set(kept["solved"]), {k: float(v) for k, v in kept["best"].items()}
        if all(isinstance(name, str) for name in done) and all(map(math.isfinite, scores.values())):
            return done, scores
    except Exception:  # no file, or one of another shape: there are many ways to be wrong
        pass
    return set(), {}


def _keep(done, scores):
    """Write the file as a whole, so that a program stopped in between leaves the old one."""
    text = json.dumps({"solved": sorted(done), "best": scores}, indent=1, sort_keys=True)
    with suppress(Exception):  # no file, or a folder that cannot be written to
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            new.write_text(text + "\n", encoding="utf-8")
            os.replace(new, path)
        finally:
            new.unlink(missing_ok=True)
