"""Say what an experiment showed, in words that are the same on every machine."""

VERDICTS = {True: "seen live", False: "not seen", None: "this test cannot see it"}


def claim(sentence: str, holds: bool) -> None:
    """Print a sentence and whether the measurement confirms it.

    >>> claim("ten is more than nine", 10 > 9)
    ten is more than nine: yes
    """
    print(f"{sentence}: {'yes' if holds else 'NO'}")


class ClaimsTable:
    """A paper's claims beside our measurements; each experiment adds its row.

    Notebooks show it as a table. A new row with the same claim replaces the old one, so a cell can
    be run twice.

    >>> claims = ClaimsTable()
    >>> claims.add("ReLU learns faster", "6 times, section 3.1", "20 points ahead or more", True)
    >>> claims
    ReLU learns faster | paper: 6 times, section 3.1 | here: 20 points ahead or more | seen live
    """

    def __init__(self):
        self.rows = {}

    def add(self, claim: str, paper: str, here: str, seen: bool | None) -> None:
        """Add a row.

        Args:
            claim: what the paper claims, in a few words.
            paper: the paper's number or words, with its section or table.
            here: what the experiment measured, or the bound that it tests.
            seen: True or False: whether the experiment shows the same. None if the effect is too
                small for this experiment to show; that says nothing against the paper.
        """
        # Comparing NumPy numbers gives np.bool_, not bool.
        self.rows[claim] = (paper, here, VERDICTS[None if seen is None else bool(seen)])

    def add_recorded(self, claim: str, paper: str, ahead) -> None:
        """Add a row whose evidence is a recorded run.

        `ahead` is the `records.Difference` between two nets. It is seen if it is larger than the
        seeds' spread. If not, the verdict names the spread: so large an effect would have shown.
        One seed has no spread, and the verdict says that it was one.

        >>> from course_lib.evidence.records import Difference
        >>> claims = ClaimsTable()
        >>> ahead = Difference("B", "A", "test", {0: -1, 1: 3})
        >>> claims.add_recorded("B learns better", "2%", ahead)
        >>> print(repr(claims).rpartition(" | ")[2])
        not seen; an effect of 4.0 points would have shown
        """
        if len(ahead.by_seed) == 1:  # which has no spread to compare with
            verdict = f"{'seen in the recorded run' if ahead.seen else 'not seen'}, with one seed"
        elif ahead.seen:
            verdict = "seen in the recorded run"
        else:
            verdict = f"not seen; an effect of {ahead.spread:.1f} points would have shown"
        self.rows[claim] = (paper, f"recorded: {ahead}", verdict)

    def __repr__(self) -> str:
        return "\n".join(
            f"{claim} | paper: {paper} | here: {here} | {verdict}"
            for claim, (paper, here, verdict) in self.rows.items()
        )

    def _repr_markdown_(self) -> str:
        head = ("claim", "the paper", "here", "verdict")
        return markdown_table([head, *((claim, *row) for claim, row in self.rows.items())])


def markdown_table(rows):
    """Rows of texts, the first of them the head, as a Markdown table."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
