"""Charts of published numbers: ImageNet's winners, and what a low error costs."""

from course_lib.evidence.published import HUMAN_TOP5_ERROR, ilsvrc_results, single_net_results
from course_lib.figures.style import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILLION, page
from course_lib.measure.tables import side_by_side
from course_lib.models import MODELS


def ilsvrc():
    """The winners of ILSVRC classification, 2010 to 2017, and the human error. Returns a Figure.

    Numbers and sources are those of `evidence.published`.
    """
    winners = ilsvrc_results().query("kind == 'winner'")
    supplied, extra = winners[~winners.extra_data], winners[winners.extra_data]
    short = {"SuperVision": "AlexNet", "MSRA": "ResNet", "WMW": "SENet"}
    value = {"ha": "center", "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 2}}
    with page(5.4, "Convolutional nets took the winners' error from 26% to 2%") as (fig, ax):
        deep, shallow = supplied[supplied.deep], supplied[~supplied.deep]
        look = {"width": 0.72, "edgecolor": BLACK}
        ax.bar(deep.year, deep.top5_error, color=SKY, label="convolutional nets", **look)
        ax.bar(shallow.year, shallow.top5_error, color=ORANGE, hatch="//", label="shallow", **look)
        for row in supplied.itertuples():
            top = max(row.top5_error, HUMAN_TOP5_ERROR) + 0.5  # names go above the human line
            name = short.get(row.team, row.team).replace("-", "-\n")
            ax.text(row.year, top, name, size=12, ha="center", va="bottom")
            ax.text(row.year, 0.9, f"{row.top5_error:.1f}", size=13, **value)
        look = {"color": BLACK, "markerfacecolor": "white", "label": "with extra data"}
        ax.plot(extra.year, extra.top5_error, "D", **look)
        for row in extra.itertuples():
            place = row.year, row.top5_error - 0.6  # under its mark, inside the bar
            ax.text(*place, f"{row.top5_error:.1f}", size=12, ha="center", va="top")
        ax.axhline(HUMAN_TOP5_ERROR, color=VERMILLION, linestyle="--")
        human = f"human: {HUMAN_TOP5_ERROR}%\n(one annotator,\n1,500 images)"
        end, arrow = (2017.6, HUMAN_TOP5_ERROR), {"arrowstyle": "->", "relpos": (1, 0)}
        ax.annotate(human, end, (2017.6, 13), color="#A34700", ha="right", arrowprops=arrow)
        ax.legend(frameon=False, loc="upper right", reverse=True)
        ax.set(ylabel="Top-5 error, test set (%)", xticks=range(2010, 2018), ylim=(0, 32))
    return fig


# Each net's name, its family's colour, and the name's place: the offset in points from the bubble's
# centre, and which point of the text is put there.
_NETS = {
    "alexnet_grouped": ("AlexNet", ORANGE, (18, 0), "left", "center"),
    "zfnet": ("ZFNet", SKY, (18, 0), "left", "center"),
    "vgg_a": ("VGG A", BLUE, (-23, -10), "right", "center"),
    "vgg_a_lrn": ("VGG A-LRN", BLUE, (-9, 22), "center", "bottom"),
    "vgg_b": ("VGG B", BLUE, (4, 22), "center", "bottom"),
    "vgg_c": ("VGG C", BLUE, (-12, -22), "center", "top"),
    "vgg_d": ("VGG-16 (D)", BLUE, (22, -22), "center", "top"),
    "vgg_e": ("VGG-19 (E)", BLUE, (8, 22), "center", "bottom"),
    "googlenet": ("GoogLeNet", VERMILLION, (10, 0), "left", "center"),
    "resnet50": ("ResNet-50", GREEN, (-13, 0), "right", "center"),
    "resnet101": ("ResNet-101", GREEN, (0, -14), "center", "top"),
    "resnet152": ("ResNet-152", GREEN, (18, -6), "left", "center"),
}


def error_and_cost():
    """Error against cost: a bubble per net, its area the number of parameters. Returns a Figure.

    Errors are published ones; multiply-adds and parameters are counted in the course's models.
    """
    nets = single_net_results().set_index("name")
    nets = nets.join(side_by_side({name: MODELS[name] for name in nets.index}))
    note = (
        "M: million parameters, the bubble's area. The papers tested in different ways (one crop\n"
        "of an image, ten crops, one scale), so small differences in error say little."
    )
    title = "ResNet-50 beats VGG-16 with a quarter of its multiply-adds"
    with page(6.8, title) as (fig, ax):
        for name, net in nets.iterrows():
            text, colour, offset, ha, va = _NETS[name]
            millions, place = net.parameters / 1e6, (net.multiply_adds / 1e9, net.top5_error)
            ax.scatter(*place, s=8 * millions, color=colour, alpha=0.8, edgecolor=BLACK)
            look = {"textcoords": "offset points", "ha": ha, "va": va, "linespacing": 1}
            ax.annotate(f"{text}\n{millions:.0f} M", place, offset, **look)
        ticks = (0.5, 1, 2, 5, 10, 20)
        ax.set(xscale="log", xlim=(0.5, 30), ylim=(4, 20))
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
        ax.set(xlabel="Multiply-adds for one image, billions (log scale)")
        ax.set(ylabel="Top-5 error of one net, validation (%)")
        ax.grid(color="0.85", linewidth=1)
        ax.set_axisbelow(True)
        fig.supxlabel(note, size=12)
    return fig
