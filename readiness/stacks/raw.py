"""How a stored state is fetched and put back as it is, with the tools of its backend: for a state that is encrypted."""

from __future__ import annotations

import shlex

from readiness.judges.stacks.workspaces import DEFAULT
from readiness.stacks.config import StackConfig

_DATA = "SELECT data FROM {table} WHERE name = '{workspace}'"


def fetch(config: StackConfig, name: str, workspace: str = DEFAULT) -> str:
    """The command that writes the stored state of this workspace, as it is, to this file. A workspace may be a variable
    of the shell.
    """
    setting = config.settings.get
    table = f"{setting('schema_name') or 'terraform_remote_state'}.states"
    commands = {
        "s3": f"aws s3api get-object{customer_key(config)} {_bucket(config, workspace)} {name}",
        "http": f"curl --fail --netrc --output {name} {shlex.quote(setting('address') or 'ADDRESS')}",
        "local": f"cp {_file(config, workspace)} {name}",
        "pg": f'psql "$PG_CONN_STR" --no-align --tuples-only --output {name} '
        f'--command "{_DATA.format(table=table, workspace=workspace)}"',
        "kubernetes": f"kubectl get {_secret(config, workspace)} --output jsonpath='{{.data.tfstate}}' "
        f"| base64 --decode | gunzip > {name}",
    }
    return commands.get(config.backend, f"copy the stored state, as it is, to {name}")


def store(config: StackConfig, name: str, workspace: str = DEFAULT) -> str:
    """The command that puts this file back where the state of this workspace was, as it is."""
    setting = config.settings.get
    commands = {
        "s3": f"aws s3api put-object{customer_key(config)} --body {name} {_bucket(config, workspace)}",
        "http": f"curl --fail --netrc --request {setting('update_method') or 'POST'} --data-binary @{name} "
        f"--header 'Content-Type: application/json' {shlex.quote(setting('address') or 'ADDRESS')}",
        "local": f"cp {name} {_file(config, workspace)}",
        "kubernetes": f"kubectl patch {_secret(config, workspace)} --type merge --patch "
        f'"{{\\"data\\":{{\\"tfstate\\":\\"$(gzip --stdout {name} | base64 --wrap 0)\\"}}}}"',
    }
    return commands.get(config.backend, f"put {name}, as it is, where the state was stored")


def _bucket(config: StackConfig, workspace: str) -> str:
    setting = config.settings.get
    endpoint = setting("endpoints.s3") or setting("endpoint")
    named = shlex.join(
        [*(["--endpoint-url", endpoint] if endpoint else []), "--bucket", setting("bucket") or "BUCKET"]
    )
    key = setting("key") or "KEY"
    if workspace == DEFAULT:
        return f"{named} --key {shlex.quote(key)}"
    prefix = setting("workspace_key_prefix") or "env:"
    return f'{named} --key {shlex.quote(f"{prefix}/")}"{workspace}"{shlex.quote(f"/{key}")}'


def _secret(config: StackConfig, workspace: str) -> str:
    setting = config.settings.get
    namespace = setting("namespace")
    suffix = shlex.quote(setting("secret_suffix") or "SUFFIX")
    return (
        f"secret tfstate-{workspace}-{suffix}{f' --namespace {shlex.quote(namespace)}' if namespace else ''}"
    )


def customer_key(config: StackConfig, *, copied: bool = False) -> str:
    """The options of `aws s3api` for a state that is stored with a customer's key, which AWS_SSE_CUSTOMER_KEY holds; ""
    for any other. `copied`: those of a source of a copy as well.
    """
    if (
        config.backend != "s3"
        or config.settings.get("encrypt") != "true"
        or "sse_customer_key" not in config.settings
    ):
        return ""
    kinds = ("", "copy-source-") if copied else ("",)
    return "".join(
        f' --{kind}sse-customer-algorithm AES256 --{kind}sse-customer-key "$AWS_SSE_CUSTOMER_KEY"'
        for kind in kinds
    )


def _file(config: StackConfig, workspace: str) -> str:
    setting = config.settings.get
    if workspace == DEFAULT:
        return shlex.quote(f"{config.folder}/{setting('path') or 'terraform.tfstate'}")
    folder = shlex.quote(f"{config.folder}/{setting('workspace_dir') or 'terraform.tfstate.d'}/")
    return f'{folder}"{workspace}"/terraform.tfstate'
