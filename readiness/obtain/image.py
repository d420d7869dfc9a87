"""Stores as container images: one static program and nothing else, loaded into the engine without a registry."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.archive import archive
from readiness.obtain.container_engine import ContainerEngine
from readiness.obtain.go import control
from readiness.obtain.wheels import weed

PROGRAMS: Mapping[str, Callable[[], Path]] = {"control": control, "weed": weed}
NAME = "localhost/tofu-state-{}"


def image(program: str = "control") -> str:
    """The pinned reference (NAME:TAG@ID) of that program's image on the engine, loaded now.

    The engine keeps it until `docker image rm`. Raises UsageError for a program that is not known, or where no engine
    answers.
    """
    if program not in PROGRAMS:
        raise UsageError(f'there is no image of "{program}"; known: {", ".join(PROGRAMS)}')
    engine = ContainerEngine()
    try:
        binary = PROGRAMS[program]()
        content = binary.read_bytes()
        output = subprocess.run(
            [binary, "version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
        version = found[0] if (found := re.search(r"\d+\.[\d.]+", output)) else "unknown"
        tag = f"{NAME.format(program)}:{version}-{hashlib.sha256(content).hexdigest()[:12]}"
        labels = {"org.opencontainers.image.title": program, "org.opencontainers.image.version": version}
        packed = archive(
            tag, engine.architecture, {program: content}, entrypoint=[f"/{program}"], labels=labels
        )
        (loaded,) = engine.client.images.load(packed)
        return f"{tag}@{loaded.id}"
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"{program} cannot be packed as an image: {error}") from error
    finally:
        engine.close()
