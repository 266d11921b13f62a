"""What DataPreparation takes."""

from __future__ import annotations

from tfx.components.util import udf_utils
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_component_specs

from tfx_components import uncached
from tfx_components.data_preparation import executor

_MODULE_FILE = standard_component_specs.MODULE_FILE_KEY
_MODULE_PATH = standard_component_specs.MODULE_PATH_KEY


class DataPreparationSpec(component_spec.ComponentSpec):
    """DataPreparation's interface."""

    PARAMETERS = {
        "data_uri": component_spec.ExecutionParameter(type=str),
        _MODULE_FILE: component_spec.ExecutionParameter(type=str, optional=True),
        _MODULE_PATH: component_spec.ExecutionParameter(type=str, optional=True),
        **uncached.RUN_PARAMETER,
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS: dict[str, component_spec.ChannelParameter] = {}


class DataPreparation(base_component.BaseComponent):
    """Calls `prepare(folder)` of a module; the files it writes there become the data.

    It runs in every run, since nobody here can tell whether there is something new elsewhere. What
    follows is cached as ever: DataGate and ExampleGen look at the files, and files that have not
    changed are not touched.

    Args:
      data_uri: Folder of the data files; made when it is not there.
      module_file: The module, handled as Transform's.
    """

    SPEC_CLASS = DataPreparationSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = uncached.Driver

    def __init__(self, data_uri: str, module_file: str) -> None:
        super().__init__(DataPreparationSpec(data_uri=data_uri, module_file=module_file))
        if udf_utils.should_package_user_modules():
            udf_utils.add_user_module_dependency(self, _MODULE_FILE, _MODULE_PATH)
