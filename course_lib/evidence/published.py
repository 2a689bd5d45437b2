"""Published numbers of ILSVRC classification only: who won, what the error was, and the source."""

import pandas as pd

# One trained annotator on 1,500 test images; a second one made 12.0% errors on 258 images.
# Source: Russakovsky et al., arXiv:1409.0575, section 6.4.1.
HUMAN_TOP5_ERROR = 5.1

_COLUMNS = "year team method deep top5_error extra_data ensemble kind source"
_SHALLOW = "local descriptors, coding, SVM"
_ALEXNET = "; Krizhevsky et al. 2012, section 6"
_ILSVRC_PAPER = "; Russakovsky et al. arXiv:1409.0575"
_TABLE = (
    (2010, "NEC-UIUC", _SHALLOW, False, 28.191, False, "", "winner", _ILSVRC_PAPER),
    (2010, "XRCE", _SHALLOW, False, 33.649, False, "", "entry", ""),
    (2011, "XRCE", _SHALLOW, False, 25.770, False, "", "winner", ""),
    (2011, "UvA+Trento", _SHALLOW, False, 31.010, False, "", "entry", ""),
    (2012, "SuperVision", "AlexNet", True, 15.315, True, "7 nets", "winner", _ALEXNET),
    (2012, "SuperVision", "AlexNet", True, 16.422, False, "5 nets", "winner", _ALEXNET),
    (2012, "ISI", "Fisher vectors", False, 26.172, False, "", "entry", _ALEXNET),
    (2012, "OXFORD_VGG", "Fisher vectors, SVM", False, 26.979, False, "", "entry", ""),
    (2013, "Clarifai", "convolutional nets", True, 11.197, True, "", "winner", _ILSVRC_PAPER),
    (2013, "Clarifai", "convolutional nets", True, 11.743, False, "", "winner", _ILSVRC_PAPER),
    (2013, "NUS", "", True, 12.953, False, "", "entry", ""),
    (2013, "ZF", "ZFNet", True, 13.511, False, "", "entry", ""),
    (2013, "OverFeat", "OverFeat", True, 14.182, False, "", "entry", ""),
    (2014, "GoogLeNet", "GoogLeNet", True, 6.656, False, "7 nets", "winner", "; arXiv:1409.4842"),
    (2014, "VGG", "VGG", True, 7.325, False, "7 nets", "entry", "; arXiv:1409.1556v6"),
    (2015, "MSRA", "ResNet", True, 3.567, False, "6 nets", "winner", "; arXiv:1512.03385"),
    (2015, "ReCeption", "", True, 3.581, False, "", "entry", ""),
    (2016, "Trimps-Soushen", "ensemble", True, 2.991, False, "ensemble", "winner", ""),
    (2016, "ResNeXt", "ResNeXt", True, 3.031, False, "", "entry", ""),
    (2016, "CU-DeepLink", "", True, 3.042, False, "", "entry", ""),
    (2017, "WMW", "SENet", True, 2.251, False, "ensemble", "winner", "; arXiv:1709.01507"),
    (2017, "Trimps", "", True, 2.481, False, "", "entry", ""),
)

_SINGLE_COLUMNS = "name top5_error test source"
_VGG = ("one scale (256)", "Simonyan, Zisserman arXiv:1409.1556v6, Table 3")
_RESNET = ("", "He et al. arXiv:1512.03385, Table 3")
_SINGLE_NETS = (
    ("alexnet_grouped", 18.2, "10 crops", "Krizhevsky et al. 2012, section 6"),
    ("zfnet", 16.5, "", "Zeiler, Fergus arXiv:1311.2901, Table 2"),
    ("vgg_a", 10.4, *_VGG),
    ("vgg_a_lrn", 10.5, *_VGG),
    ("vgg_b", 9.9, *_VGG),
    ("vgg_c", 9.4, *_VGG),
    ("vgg_d", 8.8, *_VGG),
    ("vgg_e", 9.0, *_VGG),
    ("googlenet", 10.07, "1 crop", "Szegedy et al. arXiv:1409.4842, Table 3"),
    ("resnet50", 6.71, *_RESNET),
    ("resnet101", 6.05, *_RESNET),
    ("resnet152", 5.71, *_RESNET),
)


def ilsvrc_results():
    """The winners of ILSVRC classification and some other entries, 2010 to 2017: one row per entry.

    Columns: `year`, `team`, `method` (a short name), `deep` (whether it is a convolutional net),
    `top5_error` (percent, on the test set, as the organisers published it), `extra_data` (whether
    images beyond the supplied ones were used), `ensemble` (how many nets were averaged), `kind`
    ("winner" or "entry") and `source`. An empty text means that the sources do not say. Papers
    round these numbers. A team that also used extra images has two rows, with and without them.

    Source: the results pages of ILSVRC 2010 to 2017 (image-net.org) and the papers in `source`.

    >>> results = ilsvrc_results()
    >>> winners = results[(results.kind == "winner") & ~results.extra_data]
    >>> dict(zip(winners.year, winners.top5_error))[2015]
    3.567
    """
    table = pd.DataFrame(_TABLE, columns=_COLUMNS.split())
    table["source"] = "ILSVRC-" + table["year"].astype(str) + " results page" + table["source"]
    return table


def single_net_results():
    """The papers' top-5 errors of single nets on ImageNet's validation set: one row per net.

    Columns: `name` (as in `course_lib.models.MODELS`), `top5_error` (percent, 50,000 validation
    images), `test` (how the paper tested; empty if not recorded here) and `source`.

    Compare with care: a net tested on ten crops of an image has a lower error than on one crop.
    Contest entries average several nets; see `ilsvrc_results`.

    >>> results = single_net_results().set_index("name")
    >>> print(results.top5_error["vgg_d"], results.test["vgg_d"], sep=", ")
    8.8, one scale (256)
    """
    return pd.DataFrame(_SINGLE_NETS, columns=_SINGLE_COLUMNS.split())
