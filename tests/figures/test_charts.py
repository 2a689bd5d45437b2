"""Charts: each published number at its place, names apart from each other."""

import functools

import numpy as np
import pytest

from course_lib.figures import charts

error_and_cost = functools.cache(charts.error_and_cost)  # 12 models take some seconds


def test_ilsvrc_chart_shows_each_winner_and_tells_shallow_from_deep(drawn):
    (ax,) = charts.ilsvrc().axes
    bars = {round(bar.get_x() + bar.get_width() / 2): bar for bar in ax.patches}
    heights = [28.191, 25.770, 16.422, 11.743, 6.656, 3.567, 2.991, 2.251]
    assert {year: bar.get_height() for year, bar in bars.items()} == dict(
        zip(range(2010, 2018), heights, strict=True)
    )
    assert [year for year, bar in bars.items() if bar.get_hatch()] == [2010, 2011]
    assert len({bar.get_facecolor() for bar in bars.values()}) == 2
    diamonds = next(line for line in ax.lines if line.get_marker() == "D")
    assert list(diamonds.get_ydata()) == [15.315, 11.197]
    drawn(ax.figure)
    for year, error in ((2012, "15.3"), (2013, "11.2")):  # the number lies within its bar
        bar, texts = bars[year].get_window_extent(), [t for t in ax.texts if t.get_text() == error]
        area = texts[0].get_window_extent()
        assert bar.x0 < area.x0 and area.x1 < bar.x1 and area.y1 < bar.y1 - 5
    texts = " ".join(text.get_text() for text in ax.texts)
    for words in ("AlexNet", "Clarifai", "ResNet", "human: 5.1%", "one annotator", "1,500 images"):
        assert words in texts


# From the papers and the course's counts: billions of multiply-adds, top-5 error, million weights.
NETS = {
    "AlexNet": (0.7, 18.2, 61),
    "ZFNet": (1.2, 16.5, 62),
    "VGG A": (7.6, 10.4, 133),
    "VGG A-LRN": (7.6, 10.5, 133),
    "VGG B": (11.3, 9.9, 133),
    "VGG C": (11.8, 9.4, 134),
    "VGG-16 (D)": (15.5, 8.8, 138),
    "VGG-19 (E)": (19.6, 9.0, 144),
    "GoogLeNet": (1.6, 10.07, 7),
    "ResNet-50": (3.9, 6.71, 26),
    "ResNet-101": (7.6, 6.05, 45),
    "ResNet-152": (11.3, 5.71, 60),
}


def test_error_chart_shows_every_net_where_it_belongs():
    (ax,) = error_and_cost().axes
    assert ax.get_xscale() == "log" and len(ax.collections) == len(ax.texts) == len(NETS)
    found, areas, colours = {}, {}, {}
    for bubble, text in zip(ax.collections, ax.texts, strict=True):
        name, millions = text.get_text().split("\n")
        assert tuple(bubble.get_offsets()[0]) == text.xy
        found[name] = (round(text.xy[0], 1), text.xy[1], int(millions.removesuffix(" M")))
        areas[name] = bubble.get_sizes()[0]
        colours[name] = tuple(bubble.get_facecolor()[0])
    assert found == NETS
    scale = areas["VGG-16 (D)"] / 138.357544  # area for a million
    for name, (*_, millions) in NETS.items():
        assert areas[name] / scale == pytest.approx(millions, abs=0.5)
    families = {(name.split("-")[0].split()[0], colour) for name, colour in colours.items()}
    assert len(families) == len({name for name, _ in families}) == len(set(colours.values())) == 5


def test_error_chart_says_what_its_numbers_say():
    fig = error_and_cost()
    assert fig.get_suptitle() == "ResNet-50 beats VGG-16 with a quarter of its multiply-adds"
    places = {text.get_text().split("\n")[0]: text.xy for text in fig.axes[0].texts}
    (cost, error), (vgg_cost, vgg_error) = places["ResNet-50"], places["VGG-16 (D)"]
    assert error < vgg_error and cost / vgg_cost == pytest.approx(1 / 4, rel=0.01)
    assert "tested in different ways" in fig.get_supxlabel()


def test_error_chart_names_cover_neither_names_nor_bubbles(drawn):
    fig = error_and_cost()
    drawn(fig)
    (ax,) = fig.axes
    boxes = [text.get_window_extent() for text in ax.texts]
    for box, text in zip(boxes, ax.texts, strict=True):
        others = [other for other in boxes if other is not box]
        assert not any(box.overlaps(other) for other in others), text.get_text()
        for bubble in ax.collections:
            middle = ax.transData.transform(bubble.get_offsets()[0])
            nearest = np.clip(middle, box.min, box.max)
            radius = np.sqrt(bubble.get_sizes()[0] / np.pi) * fig.dpi / 72
            assert np.hypot(*(middle - nearest)) > radius, text.get_text()
