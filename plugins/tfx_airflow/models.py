"""The models of this home: what is compiled, what is stale, and bringing it up to date."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tfx_airflow.api import AirflowApi
from tfx_airflow.pins import DAG_FILE, Pin, current_pin, model_names
from tfx_airflow.runner import compile_model
from tfx_airflow.snapshots import Snapshots, snapshot_note
from tfx_contract.compiled import CompiledPipeline, Package, load_package
from tfx_contract.errors import InputError, SetupError, TfxAirflowError
from tfx_contract.home import Home
from tfx_contract.serving_spec import Serving

Say = Callable[[str], None]

_PARSE_SECONDS = 120.0
_ASK_AGAIN_SECONDS = 10.0
_POLL_SECONDS = 0.3


@dataclass(frozen=True)
class Model:
    """One model folder and the compiled pipeline that new runs of it take."""

    home: Home
    name: str

    @property
    def pin(self) -> Pin:
        return current_pin(self.home, self.name)

    @property
    def package_folder(self) -> Path:
        """Where the compiled pipeline lies."""
        return self.home.compiled / self.name / str(self.pin.digest)

    def package(self) -> Package:
        """The compiled pipeline.

        Raises:
          PackageError: it is missing or damaged.
        """
        return load_package(self.package_folder)

    def pipeline(self, name: str) -> CompiledPipeline:
        """One of the model's pipelines.

        Raises:
          InputError: the model has none of that name.
        """
        pipelines = self.package().pipelines
        if name not in pipelines:
            raise InputError(
                f"Model '{self.name}' has no pipeline '{name}'; it has {', '.join(pipelines)}. "
                f"model.yaml asks for others, as with the key 'scoring'."
            )
        return pipelines[name]

    def serving(self) -> Serving:
        """How the model is served.

        Raises:
          InputError: it is not.
        """
        serving = self.package().spec.serving
        if serving is None:
            raise InputError(
                f"Model '{self.name}' is not served: {self.home.dags / self.name}/model.yaml has "
                f"no key 'serving'. Add one, such as 'serving: {{}}'."
            )
        return serving

    def compile(self, on_log: Say) -> str:
        """Compiles the newest sources; returns the digest."""
        return compile_model(self.home.dags / self.name, self.home.compiled, on_log)

    def bring_up_to_date(self, say: Say, on_log: Say) -> None:
        """Compiles when sources changed; the last good pipeline serves on when that fails.

        Raises:
          TfxAirflowError: it failed, and there is no last good pipeline.
        """
        pin = self.pin
        if pin.digest and not pin.stale:
            return
        say(f"compiling {self.name}")
        try:
            self.compile(on_log)
        except TfxAirflowError as error:
            if pin.digest is None:
                raise
            say(f"WARNING {self.name} could not be compiled, {pin.digest} serves on: {error}")


def find_model(home: Home, name: str) -> Model:
    """The model of that name.

    Raises:
      InputError: there is none; the message lists those that there are.
    """
    known = model_names(home)
    if name not in known:
        raise InputError(
            f"Model '{name}': there is no {home.dags / name / DAG_FILE}; "
            f"allowed: {', '.join(known) or 'none yet'}."
        )
    return Model(home, name)


def all_models(home: Home) -> list[Model]:
    """Every model of the home."""
    return [Model(home, name) for name in model_names(home)]


def wait_until_parsed(api: AirflowApi, model: Model, dag_id: str = "") -> None:
    """Returns when Airflow has the DAG of the compiled pipeline that is current now.

    Args:
      api: Airflow's.
      model: The model that the DAG belongs to.
      dag_id: Which of the model's DAGs; left out, the one that trains.

    Raises:
      SetupError: its DAG file has an import error, or the DAG processor does not get to it.
    """
    digest, version = str(model.pin.digest), Snapshots(model.home).publish()
    ask_at = time.monotonic()
    deadline = ask_at + _PARSE_SECONDS
    while time.monotonic() < deadline:
        dag = api.dag(dag_id or model.name)
        # A parse that began before stores the old graph under the new version.
        is_current = dag and dag.bundle_version == version and digest in dag.documentation
        if dag and is_current and not dag.stale:
            return
        if dag and time.monotonic() >= ask_at:
            api.parse_soon(dag)
            ask_at = time.monotonic() + _ASK_AGAIN_SECONDS
        _refuse_import_error(api, model, snapshot_note(version))
        time.sleep(_POLL_SECONDS)
    _refuse_import_error(api, model)
    raise SetupError(
        f"After {_PARSE_SECONDS:.0f} s Airflow has not taken up the newest state of "
        f"model '{model.name}'. "
        f"The DAG processor's log says why; `tfx-airflow status` says whether it runs."
    )


def _refuse_import_error(api: AirflowApi, model: Model, note: str = "") -> None:
    """With a note, only an error that carries it: older ones stand until the next parse."""
    error = api.import_errors().get(f"{model.name}/{DAG_FILE}")
    if error and note in error:
        raise SetupError(f"The DAG of model '{model.name}' cannot be loaded:\n{error.strip()}")
