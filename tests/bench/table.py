# SPDX-License-Identifier: Apache-2.0
"""Rows with a median, a spread, a goal and a verdict."""

import statistics


class Row:
    def __init__(self, name, unit, values, goal=None, at_least=False, note=""):
        self.name, self.unit, self.values = name, unit, list(values)
        self.goal, self.at_least, self.note = goal, at_least, note

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def verdict(self):
        if self.goal is None:
            return ""
        met = self.median >= self.goal if self.at_least else self.median <= self.goal
        return "met" if met else "MISSED"

    def as_dict(self):
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "low": min(self.values),
            "high": max(self.values),
            "samples": len(self.values),
            "goal": self.goal,
            "at_least": self.at_least,
            "verdict": self.verdict,
            "note": self.note,
        }


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


class Table:
    def __init__(self):
        self.rows = []
        print(f"{'what':<58} {'median':>9} {'unit':<6} {'low .. high':>19}  {'goal':>9}  verdict")

    def add(self, name, unit, values, goal=None, at_least=False, note=""):
        row = Row(name, unit, values, goal, at_least, note)
        self.rows.append(row)
        goal = "" if goal is None else ("≥ " if at_least else "≤ ") + number(goal)
        spread = (
            f"{number(min(row.values))} .. {number(max(row.values))}" if len(row.values) > 1 else ""
        )
        print(
            f"{name:<58} {number(row.median):>9} {unit:<6} {spread:>19}  {goal:>9}  {row.verdict}"
            + (f"  ({note})" if note else ""),
            flush=True,
        )
        return row.median
