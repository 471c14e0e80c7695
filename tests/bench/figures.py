"""What was measured, what it should be, and the table of both."""
import dataclasses


@dataclasses.dataclass
class Figure:
    what: str
    measured: float
    unit: str
    wanted: str = ""  # "at_least" or "at_most"; empty: there is no goal
    goal: float = 0

    @property
    def margin(self):
        """How many times the goal is met: 1 is just met, below 1 is missed."""
        if self.wanted == "at_least":
            return self.measured / self.goal
        return self.goal / self.measured if self.measured > 0 else float("inf")

    @property
    def is_met(self):
        if self.wanted == "at_least":
            return self.measured >= self.goal
        return self.measured <= self.goal


def number(value):
    """Three digits of what is small, whole numbers of what is large."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


class Report:
    """Collects figures and prints what leads to them as it comes."""

    def __init__(self):
        self.figures, self.failures = [], []

    def note(self, text=""):
        print(text, flush=True)

    def at_least(self, what, measured, goal, unit=""):
        self.figures.append(Figure(what, measured, unit, "at_least", goal))

    def at_most(self, what, measured, goal, unit=""):
        self.figures.append(Figure(what, measured, unit, "at_most", goal))

    def plain(self, what, measured, unit=""):
        """For comparison: nothing says what it should be."""
        self.figures.append(Figure(what, measured, unit))

    def fail(self, part, why):
        """A part that could not be measured: its figures are missing from the table."""
        self.failures.append((part, why))
        self.note(f"{part} was not measured: {why}")

    def table(self):
        """One line per figure; what could not be measured stands below."""
        rows = [("what", "measured", "goal", "margin", ""), *(row_of(figure) for figure in self.figures)]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [f"{row[0]:{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}  {row[4]}"
                 for row in rows]
        lines += [f"not measured: {part}: {why}" for part, why in self.failures]
        with_goal = [figure for figure in self.figures if figure.wanted]
        lines.append(f"{sum(figure.is_met for figure in with_goal)} of {len(with_goal)} goals met")
        return "\n".join(line.rstrip() for line in lines)


def row_of(figure):
    unit = f" {figure.unit}" if figure.unit else ""
    if not figure.wanted:
        return figure.what, number(figure.measured) + unit, "-", "", ""
    sign = "≥" if figure.wanted == "at_least" else "≤"
    margin = f"{figure.margin:.2f}" if 0 < figure.margin < float("inf") else ""
    return (figure.what, number(figure.measured) + unit, f"{sign} {number(figure.goal)}{unit}", margin,
            "ok" if figure.is_met else "missed")
