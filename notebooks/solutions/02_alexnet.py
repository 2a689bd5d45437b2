"""Solutions of chapter 02, with their reasons."""


def output_size(size, kernel, stride, padding):
    """Count the starts: the first, and one for each whole step that the window can still take."""
    return (size + 2 * padding - kernel) // stride + 1


def conv_parameters(kernel, channels, filters, groups):
    """With groups a filter sees only its own group's channels; every filter keeps one bias."""
    weights = kernel * kernel * (channels // groups) * filters
    biases = filters
    return weights + biases


# B: the blog's hidden layers hand on their sums as they are.
# D: without the second pooling layer, conv3 works on 27×27 maps instead of 13×13.
# F: the rows for response normalisation and dropout are missing.
# Not A: both begin with 11×11 and stride 4. Not C: both have five convolutions. Not E: 2·2,048
# units are 4,096. Not G: the paper's conv3 sees all 256 maps, too.
blog_differences = {"B", "D", "F"}


def collapse(w1, b1, w2, b2):
    """Multiply out: (x @ w1 + b1) @ w2 + b2 = x @ (w1 @ w2) + (b1 @ w2 + b2)."""
    return w1 @ w2, b1 @ w2 + b2
