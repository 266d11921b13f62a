"""The rules that keep the rooms apart are really held by their tools."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tfx_setup.layout import PROJECT_ROOT

BIN = Path(sys.executable).parent
TFX_IMPORT = "from tfx import v1\n\nprint(v1)\n"
LAZY_IMPORT = "def load() -> object:\n    import tensorflow\n\n    return tensorflow\n"


def ruff(path: str, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "ruff", "check", "--no-cache", "--stdin-filename", path, "-"],
        input=text,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "path",
    [
        "plugins/tfx_airflow/bad.py",
        "plugins/tfx_airflow/cli/bad.py",
        "dags/any_model/dag.py",
        "tfx_contract/bad.py",
        "tfx_setup/bad.py",
    ],
)
def test_a_module_level_import_of_tfx_is_refused_on_the_airflow_side(path: str) -> None:
    answer = ruff(path, TFX_IMPORT)
    assert answer.returncode == 1
    assert "TID253" in answer.stdout


@pytest.mark.parametrize(
    "path", ["tfx_runtime/good.py", "tfx_components/gate/executor.py", "dags/any_model/trainer.py"]
)
def test_the_tfx_side_may_import_tfx(path: str) -> None:
    answer = ruff(path, TFX_IMPORT)
    assert answer.returncode == 0, answer.stdout


def test_an_import_inside_a_function_is_not_ruffs_business_but_import_linters() -> None:
    assert "TID253" not in ruff("plugins/tfx_airflow/bad.py", LAZY_IMPORT).stdout


def test_the_rooms_import_only_what_the_architecture_allows() -> None:
    answer = subprocess.run(
        [BIN / "lint-imports", "--no-cache"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    "module", sorted((PROJECT_ROOT / "tfx_setup").glob("*.py")), ids=lambda file: file.name
)
def test_set_up_needs_nothing_but_the_standard_library(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert imported <= sys.stdlib_module_names | {"tfx_setup"}
