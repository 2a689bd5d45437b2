"""Say what an experiment showed, in words that are the same on every machine."""

from collections.abc import Iterable
from typing import ClassVar


def claim(sentence: str, holds: bool) -> None:
    """Print a sentence and whether the measurement bears it out.

    >>> claim("ten is more than nine", 10 > 9)
    ten is more than nine: yes
    """
    print(f"{sentence}: {'yes' if holds else 'NO'}")


class ClaimsTable:
    """A paper's claims beside what was measured; notebooks show it as a table.

    Args:
        rows: (claim; what the paper reports, with its place; what was measured; whether the
            measurement shows the same). The last is True, False, or None where the difference is
            too small for the experiment to tell.

    >>> ClaimsTable([("ReLU learns faster", "6 times, section 3.1", "2 times or more", True)])
    ReLU learns faster | paper: 6 times, section 3.1 | here: 2 times or more | seen here
    """

    HEAD = ("claim", "the paper", "measured here", "verdict")

    VERDICTS: ClassVar = {True: "seen here", False: "not seen here", None: "too small to tell"}

    def __init__(self, rows: Iterable[tuple[str, str, str, bool | None]]):
        # bool(), since a comparison of NumPy numbers is none.
        self.rows = [
            (*texts, self.VERDICTS[None if seen is None else bool(seen)]) for *texts, seen in rows
        ]

    def __repr__(self) -> str:
        return "\n".join(
            f"{claim} | paper: {paper} | here: {here} | {verdict}"
            for claim, paper, here, verdict in self.rows
        )

    def _repr_markdown_(self) -> str:
        lines = [self.HEAD, ("---",) * 4, *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
