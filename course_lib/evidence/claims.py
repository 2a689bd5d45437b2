"""Say what an experiment showed, in words that are the same on every machine."""

from typing import ClassVar


def claim(sentence: str, holds: bool) -> None:
    """Print a sentence and whether the measurement bears it out.

    >>> claim("ten is more than nine", 10 > 9)
    ten is more than nine: yes
    """
    print(f"{sentence}: {'yes' if holds else 'NO'}")


class ClaimsTable:
    """A paper's claims beside what was measured, a row added where each experiment stands.

    Notebooks show it as a table. A row whose claim is there already takes that row's place, so
    that a cell may be run twice.

    >>> claims = ClaimsTable()
    >>> claims.add("ReLU learns faster", "6 times, section 3.1", "20 points ahead or more", True)
    >>> claims
    ReLU learns faster | paper: 6 times, section 3.1 | here: 20 points ahead or more | seen live
    """

    HEAD = ("claim", "the paper", "here", "verdict")

    VERDICTS: ClassVar = {True: "seen live", False: "not seen", None: "this test cannot see it"}

    def __init__(self):
        self.rows = {}

    def add(self, claim: str, paper: str, here: str, seen: bool | None) -> None:
        """Add a row.

        Args:
            claim: what the paper claims, in a few words.
            paper: its number or words, with section or table.
            here: what the experiment measured, or the bound that it tests.
            seen: whether it shows the same; None where its effect would be too small for this
                experiment to see: that is no verdict on the paper.
        """
        # bool(), since a comparison of NumPy numbers is none.
        verdict = self.VERDICTS[None if seen is None else bool(seen)]
        self.rows[claim] = (paper, here, verdict)

    def __repr__(self) -> str:
        return "\n".join(
            f"{claim} | paper: {paper} | here: {here} | {verdict}"
            for claim, (paper, here, verdict) in self.rows.items()
        )

    def _repr_markdown_(self) -> str:
        rows = [self.HEAD, ("---",) * 4, *((claim, *row) for claim, row in self.rows.items())]
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)
