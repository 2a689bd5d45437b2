"""The ILSVRC table, held against the published numbers, typed here a second time."""

import pytest

from course_lib.evidence.published import HUMAN_TOP5_ERROR, ilsvrc_results, single_net_results

WINNERS_SUPPLIED_DATA = {
    2010: ("NEC-UIUC", 28.191),
    2011: ("XRCE", 25.770),
    2012: ("SuperVision", 16.422),
    2013: ("Clarifai", 11.743),
    2014: ("GoogLeNet", 6.656),
    2015: ("MSRA", 3.567),
    2016: ("Trimps-Soushen", 2.991),
    2017: ("WMW", 2.251),
}
WINNERS_EXTRA_DATA = {2012: ("SuperVision", 15.315), 2013: ("Clarifai", 11.197)}
ENTRIES = {
    (2010, "XRCE"): 33.649,
    (2011, "UvA+Trento"): 31.010,
    (2012, "ISI"): 26.172,
    (2012, "OXFORD_VGG"): 26.979,
    (2013, "NUS"): 12.953,
    (2013, "ZF"): 13.511,
    (2013, "OverFeat"): 14.182,
    (2014, "VGG"): 7.325,
    (2015, "ReCeption"): 3.581,
    (2016, "ResNeXt"): 3.031,
    (2016, "CU-DeepLink"): 3.042,
    (2017, "Trimps"): 2.481,
}


@pytest.mark.parametrize(
    ("extra_data", "expected"), [(False, WINNERS_SUPPLIED_DATA), (True, WINNERS_EXTRA_DATA)]
)
def test_winners(extra_data, expected):
    table = ilsvrc_results()
    rows = table[(table.kind == "winner") & (table.extra_data == extra_data)]
    assert {r.year: (r.team, r.top5_error) for r in rows.itertuples()} == expected
    assert len(rows) == len(expected)


def test_other_entries():
    rows = ilsvrc_results().query("kind == 'entry'")
    assert {(r.year, r.team): r.top5_error for r in rows.itertuples()} == ENTRIES
    assert len(rows) == len(ENTRIES)


def test_every_year_the_winner_is_the_lowest():
    table = ilsvrc_results()
    best = table.loc[table.groupby("year").top5_error.idxmin()]
    assert (best.kind == "winner").all()


def test_columns_and_what_they_hold():
    table = ilsvrc_results()
    first, second = ["year", "team", "method", "deep"], ["top5_error", "extra_data"]
    assert list(table.columns) == [*first, *second, "ensemble", "kind", "source"]
    assert table.deep.dtype == bool and table.extra_data.dtype == bool
    assert table.top5_error.dtype == float
    assert not table.isna().any().any()
    for row in table.itertuples():
        assert row.source.startswith(f"ILSVRC-{row.year} results page")
    assert not table[table.year < 2012].deep.any()
    nets = table[table.ensemble.str.endswith("nets")]
    expected = [(2012, "7 nets"), (2012, "5 nets"), (2014, "7 nets"), (2014, "7 nets")]
    assert [(r.year, r.ensemble) for r in nets.itertuples()] == [*expected, (2015, "6 nets")]


def test_human_figure():
    assert HUMAN_TOP5_ERROR == 5.1


def test_single_nets_as_in_the_papers():
    errors = {
        **{"alexnet_grouped": 18.2, "zfnet": 16.5, "googlenet": 10.07},
        **{"vgg_a": 10.4, "vgg_a_lrn": 10.5, "vgg_b": 9.9, "vgg_c": 9.4, "vgg_d": 8.8},
        **{"vgg_e": 9.0, "resnet50": 6.71, "resnet101": 6.05, "resnet152": 5.71},
    }
    table = single_net_results()
    assert list(table.columns) == ["name", "top5_error", "test", "source"]
    assert table.name.is_unique
    assert dict(zip(table.name, table.top5_error, strict=True)) == errors
    assert table.top5_error.dtype == float
    places = {
        "alexnet": ("10 crops", "Krizhevsky et al. 2012, section 6"),
        "zfnet": ("", "1311.2901, Table 2"),
        "vgg": ("one scale (256)", "1409.1556v6, Table 3"),
        "googlenet": ("1 crop", "1409.4842, Table 3"),
        "resnet": ("", "1512.03385, Table 3"),
    }
    for row in table.itertuples():
        test, place = next(place for family, place in places.items() if family in row.name)
        assert row.test == test and row.source.endswith(place)


def test_no_single_net_of_2014_or_before_equals_its_teams_entry():
    """The entries averaged several nets: one net alone is worse."""
    entries = ilsvrc_results().query("not extra_data").set_index("method").top5_error
    single = single_net_results().set_index("name").top5_error
    for name, method in (("alexnet_grouped", "AlexNet"), ("zfnet", "ZFNet"), ("vgg_d", "VGG")):
        assert single[name] > entries[method]


def test_single_nets_are_nets_of_the_course():
    from course_lib.models import MODELS

    assert set(single_net_results().name) <= set(MODELS)
