"""The commit that a run records is one of this project, or none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.artifacts.git_commit import git_commit
from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package in a checkout of this project."""
    return _copy_project(tmp_path / "checkout")


def test_a_checkout_of_the_project(package: Path) -> None:
    commit = _commit(package.parent)
    assert git_commit(package) == commit
    (package / "new.py").touch()
    assert git_commit(package) == commit


def test_no_repository(package: Path) -> None:
    assert git_commit(package) is None


def test_a_repository_without_commits(package: Path) -> None:
    _git(package.parent, "init", "-q")
    assert git_commit(package) is None


def test_an_installation_inside_another_project(tmp_path: Path) -> None:
    """As in a virtual environment inside a checkout, where the package has no pyproject.toml."""
    installed = tmp_path / ".venv" / "lib" / "site-packages" / "pipeline"
    installed.mkdir(parents=True)
    (installed / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\n')
    _commit(tmp_path)
    assert git_commit(installed) is None


def test_the_sources_inside_another_project(tmp_path: Path) -> None:
    """As with a copy that was put into another repository, even if it is committed there."""
    package = _copy_project(tmp_path / "vendored")
    _commit(tmp_path)
    assert git_commit(package) is None


def test_another_project_with_a_package_of_this_name(package: Path) -> None:
    (package.parent / "pyproject.toml").write_text('[project]\nname = "other"\n')
    _commit(package.parent)
    assert git_commit(package) is None


@pytest.mark.parametrize("content", ["[project", "[project]\n", "project = 1\n", "\ud800"])
def test_a_pyproject_that_says_nothing(package: Path, content: str) -> None:
    path = package.parent / "pyproject.toml"
    path.write_text(content, errors="surrogatepass")
    _commit(package.parent)
    assert git_commit(package) is None


def test_a_package_that_is_not_tracked(package: Path) -> None:
    (package.parent / ".gitignore").write_text("pipeline/\n")
    _commit(package.parent)
    assert git_commit(package) is None


def test_a_hook_of_another_repository(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = _commit(package.parent)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    _commit(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert git_commit(package) == commit


def test_a_second_worktree(package: Path, tmp_path: Path) -> None:
    commit = _commit(package.parent)
    _git(package.parent, "worktree", "add", "-q", str(tmp_path / "second"))
    assert git_commit(tmp_path / "second" / "pipeline") == commit


def test_without_git(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _commit(package.parent)
    monkeypatch.setenv("PATH", "/nowhere")
    assert git_commit(package) is None


def _copy_project(folder: Path) -> Path:
    """A folder with this project's pyproject.toml and a package; return that of the package."""
    (folder / "pipeline").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(ROOT / "pipeline" / "__init__.py", folder / "pipeline")
    return folder / "pipeline"


def _commit(folder: Path) -> str:
    """Make a repository of the folder, with all in it that is not ignored; return the commit."""
    _git(folder, "init", "-q")
    _git(folder, "add", "--all")
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false")
    _git(folder, *author, "commit", "-q", "-m", "All")
    return _git(folder, "rev-parse", "HEAD")


def _git(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
