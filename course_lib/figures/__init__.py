"""Pictures: generic plots, charts of published numbers, drawings, diagrams and widgets."""

from course_lib.figures.display import show

__all__ = ["show"]
