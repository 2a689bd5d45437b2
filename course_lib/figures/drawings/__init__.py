# ruff: noqa: F401 - imported for `drawings.name`
"""What the papers draw, a file per family. Each function returns a Figure."""

from course_lib.figures.drawings.alexnet import alexnet_to_scale, two_towers
from course_lib.figures.drawings.convolution import sliding_kernel
from course_lib.figures.drawings.inception import inception_modules, inception_v3_modules
from course_lib.figures.drawings.nin import mlpconv
from course_lib.figures.drawings.receptive_fields import stacks_side_by_side
from course_lib.figures.drawings.resnet import plain_and_residual, residual_blocks, residual_paths
from course_lib.figures.drawings.whole_nets import vgg16_and_googlenet
