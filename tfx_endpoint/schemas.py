"""The bodies of requests, for the OpenAPI description: of Google's messages what is used here."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_LABELS: Schema = {"type": "object", "additionalProperties": _TEXT}
_SPLIT: Schema = {
    "type": "object",
    "description": "Percent by deployed model id; adds up to 100.",
    "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 100},
}
_ROWS: Schema = {
    "type": "array",
    "items": {},
    "description": "One object of inputs each, or a bare value where there is one input.",
}
_COLUMNS: Schema = {"description": "An array for each input, or a bare array for the only one."}
_SIGNATURE: Schema = {"type": "string", "description": "A signature of the SavedModel."}
_ANY_OBJECT: Schema = {"type": "object"}


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    return schema | {"required": list(required)} if required else schema


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: dict[str, Schema] = {
    "Error": _object(error={}),
    "Predict": _object(
        ("instances",),
        instances=_ROWS,
        signature_name=_SIGNATURE,
        parameters=_object(signature_name=_SIGNATURE),
    ),
    "RawPredict": _object(instances=_ROWS, inputs=_COLUMNS, signature_name=_SIGNATURE),
    "Model": _object(
        displayName=_TEXT,
        description=_TEXT,
        versionDescription=_TEXT,
        artifactUri=_TEXT,
        versionAliases=_TEXTS,
        labels=_LABELS,
        containerSpec=_ANY_OBJECT,
    ),
    "UploadModel": _object(("model",), model=_ref("Model"), parentModel=_TEXT, modelId=_TEXT),
    "MergeVersionAliases": _object(("versionAliases",), versionAliases=_TEXTS),
    "Endpoint": _object(
        displayName=_TEXT,
        description=_TEXT,
        labels=_LABELS,
        trafficSplit=_SPLIT,
        etag=_TEXT,
    ),
    "DeployModel": _object(
        ("deployedModel",),
        deployedModel=_object(
            ("model",),
            model=_TEXT,
            id=_TEXT,
            displayName=_TEXT,
            dedicatedResources=_ANY_OBJECT,
        ),
        trafficSplit=_SPLIT,
    ),
    "UndeployModel": _object(("deployedModelId",), deployedModelId=_TEXT, trafficSplit=_SPLIT),
    "WaitOperation": _object(timeout=_TEXT),
}

# By class and method of the handler.
BODIES = {
    "PredictRoutes.predict": "Predict",
    "PredictRoutes.raw_predict": "RawPredict",
    "TfServingRoutes.predict": "RawPredict",
    "ModelRoutes.upload": "UploadModel",
    "ModelRoutes.patch": "Model",
    "ModelRoutes.merge_aliases": "MergeVersionAliases",
    "EndpointRoutes.create": "Endpoint",
    "EndpointRoutes.patch": "Endpoint",
    "DeploymentRoutes.deploy": "DeployModel",
    "DeploymentRoutes.undeploy": "UndeployModel",
    "OperationRoutes.wait": "WaitOperation",
}

_LIST = {
    "filter": "string",
    "orderBy": "string",
    "pageSize": "integer",
    "pageToken": "string",
    "readMask": "string",
}

QUERIES = {
    "PredictRoutes.predict": {"deployedModelId": "string"},
    "PredictRoutes.raw_predict": {"deployedModelId": "string"},
    "ModelRoutes.list": _LIST,
    "ModelRoutes.list_versions": _LIST,
    "ModelRoutes.patch": {"updateMask": "string"},
    "EndpointRoutes.list": _LIST,
    "EndpointRoutes.create": {"endpointId": "string"},
    "EndpointRoutes.patch": {"updateMask": "string"},
    "OperationRoutes.list": {"filter": "string"},
}
