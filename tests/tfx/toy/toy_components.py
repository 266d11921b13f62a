"""Small real TFX components whose pace a test controls through files."""

import os
import tempfile
import threading
import time
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples, Model

from tfx_contract.errors import DataError


@component
def Source(examples: OutputArtifact[Examples], text: Parameter[str], repeat: Parameter[int]):  # noqa: N802
    Path(examples.uri, "rows.txt").write_text(text * repeat)


@component
def Patient(  # noqa: N802
    examples: InputArtifact[Examples], model: OutputArtifact[Model], control: Parameter[str]
):
    """Writes a first file, then waits for `<control>/go` before it writes the second."""
    folder = Path(control)
    folder.mkdir(parents=True, exist_ok=True)
    Path(model.uri, f"begun-by-{os.getpid()}").write_text("half")
    (folder / "started").write_text(str(os.getpid()))
    while not (folder / "go").exists():
        time.sleep(0.02)
    Path(model.uri, "model.txt").write_text(Path(examples.uri, "rows.txt").read_text())


@component
def Moody(examples: InputArtifact[Examples], mood: Parameter[str]):  # noqa: N802
    """Deadlocks, fails, blames the data, or ends the process, as told."""
    match mood:
        case "deadlock":
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()
        case "fail":
            raise RuntimeError("the mood is bad")
        case "bad data":
            raise DataError("rows.txt, row 3: found a joke")
        case "exit":
            os._exit(7)
        case "leave a file":
            print("left", tempfile.mkstemp()[1])
        case "leave a child":
            os.system("sleep 600 &")
