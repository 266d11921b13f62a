"""Files that a pipeline of a team's own names by a path on its machine.

A node runs in the folder of the compiled pipeline. What a parameter names as `*_file` goes into
that folder, under the digest of its content, so that an edit runs the node again. Any other path
that starts in the model's folder becomes absolute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfx.proto.orchestration import pipeline_pb2

from tfx_runtime import ir
from tfx_runtime.package import Draft
from tfx_runtime.uris import resolve_uri

# A larger file is data, and stays where it is.
_LARGEST = 16 << 20
# Code is taken by user_code.
_CODE = ("module_file", "module_path")
_FILE = re.compile(r"(.*_)?file")
_PATH = re.compile(r"(.*_)?(path|dir|directory|folder|root|base|uri)")
_OUTPUT = "base_directory"

Change = Callable[[str, str], str]


def take_files(pipeline: pipeline_pb2.Pipeline, folder: Path, draft: Draft) -> None:
    """Makes every path in a node's parameters hold in the folder of the package."""

    def change(key: str, text: str) -> str:
        if _FILE.fullmatch(key) and (path := _small_file(folder, text)):
            return draft.add_file(path)
        return anchored(folder, key, text)

    for node in ir.nodes(pipeline):
        for key, value in node.parameters.parameters.items():
            text = value.field_value.string_value
            if text and key not in _CODE:
                value.field_value.string_value = changed(key, text, change)


def anchored(folder: Path, key: str, text: str) -> str:
    """A relative path that lies in the model's folder, as an absolute one; all else as it is.

    Where a Pusher writes need not exist yet. It lies below the pipeline's root then, since nothing
    of a run belongs into the model's folder.
    """
    if "://" in text or Path(text).is_absolute() or not _is_path(key, text):
        return text
    if (folder / text).exists():
        return str((folder / text).resolve())
    return f"home://pipelines/{folder.name}/{text}" if key == _OUTPUT else text


def _is_path(key: str, text: str) -> bool:
    named = _FILE.fullmatch(key) or _PATH.fullmatch(key)
    return bool(named or "/" in text) and "\n" not in text and len(text) < 1024


def _small_file(folder: Path, text: str) -> Path | None:
    path = folder / resolve_uri(text)
    return path if path.is_file() and path.stat().st_size <= _LARGEST else None


def changed(key: str, text: str, change: Change) -> str:
    """A parameter's text, or the JSON document in it, with its paths changed.

    Args:
      key: The parameter's name.
      text: What it holds.
      change: Gives a new text for a text and the key that it stands at.
    """
    if not text.lstrip().startswith("{"):
        return change(key, text)
    try:
        document = json.loads(text)
    except ValueError:
        return text
    new = _walk(key, document, change)
    return text if new == document else json.dumps(new, sort_keys=True)


def _walk(key: str, content: Any, change: Change) -> Any:
    if isinstance(content, dict):
        return {k: _walk(k, item, change) for k, item in content.items()}
    if isinstance(content, list):
        return [_walk(key, item, change) for item in content]
    return change(key, content) if isinstance(content, str) else content
