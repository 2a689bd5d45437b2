"""Recorded runs as the site shows them: what was run, a table and a figure of each."""

import json

from course_lib.evidence import records
from course_lib.figures.display import png
from course_lib.figures.recorded import recorded_errors
from tools.site.markdown import picture

AT_MOST = 5  # nets in a figure


def recorded(chapter, folder=None):
    """What the site says of each record of a chapter, such as "02"; figures go into `folder`."""
    found = []
    for path in sorted(records.FOLDER.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["chapter"] == chapter and "nets" in content:
            record = records.load(path.stem)
            about = {"name": path.stem, "question": content["question"], "facts": facts(record)}
            about["table"] = record._repr_markdown_()
            about["label"] = record.label.removeprefix("recorded: ")
            if folder is not None:
                about["figures"] = figures(record, folder)
            found.append(about)
    return found


def margins(chapter):
    """The seeds and the table of how far a chapter's page holds, or None without such a record."""
    if not (records.FOLDER / f"{chapter}_claims.json").exists():
        return None
    found = records.margins(chapter)
    return {"seeds": found.seeds, "table": found._repr_markdown_()}


def facts(record):
    """What was run, and where, as words."""
    content = record.content
    data, seeds = content["data"], sorted(set(record.runs["seed"]))
    epochs = sorted({len(run["epochs"]["loss"]) for run in content["runs"]})
    machines = {f"{m['processor']}, {m['threads']} threads" for m in content["machines"]}
    versions = {f"TensorFlow {m['tensorflow']}, Keras {m['keras']}" for m in content["machines"]}
    images = f"{data['training_images']:,} training and {data['test_images']:,} test images"
    return "; ".join(
        [
            f"{data['name']}, {images}",
            "seeds " + ", ".join(map(str, seeds)),
            " or ".join(map(str, epochs)) + " epochs",
            content["date"],
            *sorted(machines),
            *sorted(versions),
        ]
    )


def figures(record, folder):
    """Draw the test errors by epoch into `folder`; returns the pictures in Markdown."""
    nets, name = list(record.runs["net"].unique()), record.content["name"]
    pictures = []
    for i in range(0, len(nets), AT_MOST):
        some, file = nets[i : i + AT_MOST], f"{name}-{i // AT_MOST + 1}.png"
        title = record.content["question"]
        fig = recorded_errors(record, {"": some}, title=title, quantity="test error")
        (folder / file).write_bytes(png(fig))
        ends = []
        for net in some:
            error = 100 - 100 * record.by_epoch(net, "val_accuracy").median(axis="columns")
            ends.append(f"{net} from {error.iloc[0]:.0f} to {error.iloc[-1]:.0f}%")
        alt = f"Curves of the test error by epoch, medians: {'; '.join(ends)}."
        pictures.append(picture(alt, file))
    return "\n\n".join(pictures)
