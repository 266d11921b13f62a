"""tf.Example without TensorFlow, which takes seconds to import and most of a gigabyte.

Fields and numbers are those of tensorflow/core/example/example.proto and feature.proto.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

_PACKAGE = "tfx_airflow.request_logging"
_DESCRIPTION = f"""
name: "tfx_airflow/request_logging/example.proto" package: "{_PACKAGE}" syntax: "proto3"
message_type {{ name: "BytesList"
  field {{ name: "value" number: 1 label: LABEL_REPEATED type: TYPE_BYTES }} }}
message_type {{ name: "FloatList"
  field {{ name: "value" number: 1 label: LABEL_REPEATED type: TYPE_FLOAT }} }}
message_type {{ name: "Int64List"
  field {{ name: "value" number: 1 label: LABEL_REPEATED type: TYPE_INT64 }} }}
message_type {{ name: "Feature" oneof_decl {{ name: "kind" }}
  field {{ name: "bytes_list" number: 1 type: TYPE_MESSAGE type_name: ".{_PACKAGE}.BytesList"
    label: LABEL_OPTIONAL oneof_index: 0 }}
  field {{ name: "float_list" number: 2 type: TYPE_MESSAGE type_name: ".{_PACKAGE}.FloatList"
    label: LABEL_OPTIONAL oneof_index: 0 }}
  field {{ name: "int64_list" number: 3 type: TYPE_MESSAGE type_name: ".{_PACKAGE}.Int64List"
    label: LABEL_OPTIONAL oneof_index: 0 }} }}
message_type {{ name: "Features"
  nested_type {{ name: "FeatureEntry" options {{ map_entry: true }}
    field {{ name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }}
    field {{ name: "value" number: 2 type: TYPE_MESSAGE type_name: ".{_PACKAGE}.Feature"
      label: LABEL_OPTIONAL }} }}
  field {{ name: "feature" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE
    type_name: ".{_PACKAGE}.Features.FeatureEntry" }} }}
message_type {{ name: "Example"
  field {{ name: "features" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE
    type_name: ".{_PACKAGE}.Features" }} }}
"""


def _message_class() -> Any:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(_DESCRIPTION, descriptor_pb2.FileDescriptorProto()))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Example"))


Example: Any = _message_class()
