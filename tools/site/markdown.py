"""Markdown that the site's pages share."""

import re

SIGNS = re.compile(r"[\[\]*_`<&\\]")


def picture(alt, address):
    r"""A picture with its text, whatever signs are in it.

    >>> print(picture("a [b] *c*", "d.png"))
    ![a \[b\] \*c\*](d.png)
    """
    text = SIGNS.sub(r"\\\g<0>", alt)
    return f"![{text}]({address})"
