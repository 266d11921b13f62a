"""The exceptions of this project, named for what the caller does next.

TfxAirflowError
├── InputError          fix the input, then run again; a retry alone will not help
│   ├── SpecError         a mistake in model.yaml
│   ├── DataError         the data did not pass a check
│   └── CompileError      the pipeline cannot be compiled
├── SetupError          fix the machine or the environment (`tfx-airflow doctor` says how)
│   └── PackageError      the compiled pipeline is missing or damaged: compile again
└── NodeError           a node did not publish its outputs
    ├── NodeFailed        the component raised; a retry may help
    ├── NodeStalled       the watchdog ended it; a retry may help
    └── FencedOut         a newer try owns the node; stop, publish nothing
"""


class TfxAirflowError(Exception):
    """Base of every error this project raises on purpose."""


class InputError(TfxAirflowError):
    """What the user gave is wrong; the message says which item, what was found, what is allowed."""


class SpecError(InputError):
    """A mistake in `model.yaml`."""


class DataError(InputError):
    """The data did not pass a check."""


class CompileError(InputError):
    """The pipeline cannot be compiled."""


class SetupError(TfxAirflowError):
    """The machine or an environment is not ready."""


class PackageError(SetupError):
    """A compiled pipeline is missing or damaged."""


class NodeError(TfxAirflowError):
    """A node did not publish its outputs."""


class NodeFailed(NodeError):
    """The component raised."""


class NodeStalled(NodeError):
    """The watchdog ended a node that made no progress."""


class FencedOut(NodeError):
    """A newer try owns the node, so this one must not publish."""
