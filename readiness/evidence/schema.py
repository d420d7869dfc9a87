"""`python -m readiness.evidence.schema`: the JSON Schema of verdict.json, generated from its model.

The model asks for more than the schema can say: see VerdictRecord.
"""

from __future__ import annotations

import json
from pathlib import Path

from readiness.evidence.models import VerdictRecord

PUBLISHED = Path(__file__).with_name("verdict.schema.json")


def generated() -> str:
    """The schema, as it is published."""
    schema = VerdictRecord.model_json_schema(by_alias=True)
    named = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:tofu-state-ha-readiness:verdict:2",
    }
    return json.dumps(named | schema, indent=1) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(generated(), "utf-8")
