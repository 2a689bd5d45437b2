"""Solutions of chapter 05."""


def channels_after(channels, one, three, five, modules):
    return channels + modules * (one + three + five)


def module_parameters(channels, widths):
    one, reduce3, three, reduce5, five, project = widths

    def conv(kernel, seen, filters):
        return kernel * kernel * seen * filters + filters

    return (
        conv(1, channels, one)
        + conv(1, channels, reduce3)
        + conv(3, reduce3, three)
        + conv(1, channels, reduce5)
        + conv(5, reduce5, five)
        + conv(1, channels, project)
    )


def branch_costs(side, channels, reduce, filters, kernel):
    places = side * side
    direct = places * kernel * kernel * channels * filters
    reduced = places * channels * reduce + places * kernel * kernel * reduce * filters
    return direct, reduced


def kernel_found(parameters, channels, widths):
    *_, reduce5, five, _ = widths
    with_five = module_parameters(channels, widths)
    for kernel in range(1, 12):
        if with_five + (kernel * kernel - 25) * reduce5 * five == parameters:
            return kernel


def chain(kernels):
    height = 1 + sum(h - 1 for h, _ in kernels)
    width = 1 + sum(w - 1 for _, w in kernels)
    return height, width, sum(h * w for h, w in kernels)
