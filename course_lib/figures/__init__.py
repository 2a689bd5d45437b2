"""Pictures, and `show`, which gives each one its text.

- `plots`: what we measured, as curves, points, bars and pairs.
- `charts`: published numbers.
- `grids`: images, filters, feature maps and heat maps in rows.
- `drawings`: what the papers draw, a file per family.
- `diagrams`: a Keras model as boxes and arrows.
- `widgets`: figures with controls; `sketches`: their pictures, which are quick to draw.
"""

from course_lib.figures.display import show

__all__ = ["show"]
