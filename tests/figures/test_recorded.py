import pytest

from course_lib.evidence.records import Record
from course_lib.figures.recorded import recorded_errors


@pytest.fixture
def record():
    def run(net, seed, accuracies):
        epochs = {"accuracy": accuracies, "val_accuracy": [a - 0.1 for a in accuracies]}
        epochs["loss"] = [1.0] * len(accuracies)
        results = {"train": accuracies[-1], "test": accuracies[-1] - 0.1}
        return {"net": net, "seed": seed, "results": results, "epochs": epochs}

    runs = [
        run("plain", 0, [0.25, 0.5]),
        run("plain", 1, [0.5, 0.75]),
        run("plain", 2, [0.5, 0.625]),
    ]
    nets = {"plain": {"parameters": 10}}
    data = {"name": "cifar10"}
    return Record({"nets": nets, "data": data, "date": "2026-11-03", "runs": runs})


def test_a_thin_line_for_each_seed_and_their_median(record):
    fig = recorded_errors(record, {"nets": ["plain"]}, title="It learns", top=80)
    (ax,) = fig.axes
    lines = [line.get_ydata().tolist() for line in ax.lines]
    assert lines == [[75, 50], [50, 25], [50, 37.5], [50, 37.5]]
    widths = [line.get_linewidth() for line in ax.lines]
    assert max(widths[:3]) < widths[3]
    assert ax.get_ylim() == (0, 80)
    assert ax.get_ylabel() == "Training error, %"
    assert fig.get_supxlabel() == "recorded: CIFAR-10, 3 seeds, 2 epochs, November 2026"


def test_test_error_is_the_other_column(record):
    fig = recorded_errors(record, {"nets": ["plain"]}, quantity="test error")
    assert fig.axes[0].lines[0].get_ydata().tolist() == pytest.approx([85, 60])


def test_wrong_quantity_is_named(record):
    with pytest.raises(ValueError, match="training error, test error, got 'loss'"):
        recorded_errors(record, {"nets": ["plain"]}, quantity="loss")
