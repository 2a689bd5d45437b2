"""The three lists of packages agree, and name no machine."""

import re
import tomllib
from pathlib import Path

import pytest
import setuptools
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import course_lib
from tools.notebooks import ROOT
from tools.setup_env import NEWEST, OLDEST

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [*PROJECT["dependencies"], *EXTRAS["lab"], *EXTRAS["test"]]
FILES = ["pyproject.toml", "requirements.txt", "environment.yml"]


def pins():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(r.name): r.specifier for r in requirements}, len(requirements)


def test_every_pin_is_exact_and_single():
    by_name, count = pins()
    assert count == len(by_name) > len(DIRECT)
    for name, specifier in by_name.items():
        assert re.fullmatch(r"==[\w.!+]+", str(specifier)), f"{name}{specifier} is no exact pin"


@pytest.mark.parametrize("text", DIRECT)
def test_direct_dependency_is_pinned_inside_its_range(text):
    requirement = Requirement(text)
    by_name, _ = pins()
    assert canonicalize_name(requirement.name) in by_name, "run `make pins`"
    pin = Version(str(by_name[canonicalize_name(requirement.name)]).removeprefix("=="))
    assert pin in requirement.specifier


@pytest.mark.parametrize("text", PROJECT["dependencies"])
def test_ranges_have_no_upper_end(text):
    """An upper end would make pip change Colab's own packages."""
    assert {specifier.operator for specifier in Requirement(text).specifier} == {">="}


@pytest.mark.parametrize("path", sorted(ROOT.glob("tools/colab/*.txt")), ids=lambda path: path.stem)
def test_colab_keeps_its_own_packages(path):
    """`make colab` installs these, and the course on top; this part needs no network."""
    lines = path.read_text(encoding="utf-8").splitlines()
    ranges = {r.name: r.specifier for r in map(Requirement, PROJECT["dependencies"])}
    pinned = [Requirement(line) for line in lines if not line.startswith("#")]
    assert {"tensorflow", "keras", "numpy", "pandas", "matplotlib"} <= {own.name for own in pinned}
    for own in pinned:
        version = str(own.specifier).removeprefix("==")
        assert Version(version) in ranges.get(own.name, own.specifier), own


def test_setuptools_finds_the_version(monkeypatch):
    """Without it nothing can be installed, and an environment that is there does not tell."""
    monkeypatch.chdir(ROOT)
    distribution = setuptools.Distribution()
    distribution.parse_config_files()
    assert distribution.metadata.version == course_lib.__version__


def test_records_are_installed(monkeypatch):
    """In Colab, where the library is installed alone, `records.load` finds them by their name."""
    monkeypatch.chdir(ROOT)
    distribution = setuptools.Distribution()
    distribution.parse_config_files()
    ((_, files),) = distribution.data_files
    assert sorted(files) == sorted(map(str, Path("notebooks/records").glob("*.json")))


def test_environment_yml_installs_the_same():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    entries = re.findall(r"^ *- (.+)$", text, re.M)
    python = re.fullmatch(r"python=(\d+)\.(\d+)", entries[1])
    assert entries == ["conda-forge", python[0], "pip", "pip:", "-r requirements.txt", "-e ."]
    assert OLDEST <= (int(python[1]), int(python[2])) <= NEWEST


def test_pythons_agree():
    assert PROJECT["requires-python"] == ">={}.{}".format(*OLDEST)
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    tested = set(re.findall(r'"(3\.\d+)"', workflow))
    assert tested == {"{}.{}".format(*OLDEST), "{}.{}".format(*NEWEST)}


@pytest.mark.parametrize("name", FILES)
def test_no_host_and_no_local_path(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    repository = PROJECT.get("urls", {}).get("Repository", "")
    assert "://" not in (text.replace(repository, "") if repository else text)
    assert not re.search(r"file:|--index|--extra-index|--find-links|@ |(?<![\w.])/\w+/", text)


def test_citation_has_the_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.M)[1] == course_lib.__version__


def test_readme_and_licences_are_there():
    for name in [PROJECT["readme"], *PROJECT["license-files"]]:
        assert (ROOT / name).stat().st_size > 0
