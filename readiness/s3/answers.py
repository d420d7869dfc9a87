"""Whether a body is an answer to the request at all: botocore reads an empty or foreign body as "there is nothing"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from readiness.s3 import transport
from readiness.s3.library import Malformed

if TYPE_CHECKING:
    from botocore.model import OperationModel

_MUST_HAVE = {"ListBuckets": "Buckets"}
"""Elements without which an answer says nothing, by operation; botocore leaves out what is not there."""


def check_answer(operation_model: OperationModel, response_dict: Mapping[str, Any], **_event: Any) -> None:
    """For botocore's event `before-parse`. Raises Malformed for a success whose body is not XML, or is an HTML page."""
    latest, body = transport.latest(), response_dict["body"]
    status = (
        latest.status if latest else int(response_dict["status_code"])
    )  # botocore says 500 of what it cannot read
    if status >= 300 or not isinstance(body, bytes) or not _in_body(operation_model):
        return
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - botocore reads the same bytes with the same parser
    except (ElementTree.ParseError, ValueError) as error:
        raise Malformed(status, f"{operation_model.name}: not XML: {error}", body) from None
    name = _local(root.tag)
    if name == "Error":  # with status 200: botocore makes it the error that it is
        return
    wanted = _MUST_HAVE.get(operation_model.name)
    if name.lower() == "html":
        raise Malformed(status, f"{operation_model.name}: an HTML page", body)
    if wanted and wanted not in {_local(child.tag) for child in root}:
        raise Malformed(status, f"{operation_model.name}: {name} lacks {wanted}", body)


def _in_body(operation: OperationModel) -> bool:
    """Whether the operation's answer is XML in the body, rather than headers or an object."""
    shape: Any = operation.output_shape
    if shape is None or operation.has_streaming_output:
        return False
    payload = shape.serialization.get("payload")
    if payload:
        return bool(shape.members[payload].type_name == "structure")
    return any("location" not in member.serialization for member in shape.members.values())


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
