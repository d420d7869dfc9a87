"""The published JSON Schema of verdict.json (verdict.schema.json, draft 2020-12)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).with_name("verdict.schema.json")


@cache
def validator() -> Draft202012Validator:
    """A validator of verdicts; the schema itself is checked first."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def problems(verdict: Mapping[str, Any]) -> list[str]:
    """What a verdict has against its schema, one sentence each, with the place; none for a valid one."""
    plain = json.loads(json.dumps(verdict, default=str))
    found = sorted(validator().iter_errors(plain), key=lambda error: error.json_path)
    return [f"{error.json_path}: {error.message[:300]}" for error in found]
