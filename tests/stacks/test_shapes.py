"""Shapes that public repositories have: where a stack's settings come from, and what P1.8 says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from readiness.judges.stacks.points import Points
from tests.stacks.shapes import ELSEWHERE, HERE, PARTIAL, pointing, s3, shape

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # just reads the Justfiles

YES, NO, UNCLEAR = Points.YES, Points.NO, Points.UNCLEAR
EMPTY = 'terraform {\n  backend "s3" {}\n}\n'
HTTP = 'terraform {\n  backend "http" {}\n}\n'
BOTH = {"dev.tfbackend": f'bucket = "tofu-state"\n{HERE}\n', "prod.tfbackend": f'bucket = "p"\n{ELSEWHERE}\n'}
PAIRS = "-backend-config='endpoints={s3=\"https://s3.state.example:9000\"}' -backend-config=bucket=tofu-state"


@dataclass(frozen=True)
class Shape:
    """`has` are settings of the first variant; `words` are in the reason; `variants` is how many there are."""

    files: dict[str, str | bytes]
    points: Points
    has: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    variants: int = 1
    caller: dict[str, str] = field(default_factory=dict)


SHAPES = {
    # -- recipes of just
    "just: a file outside of the folder, by environment": Shape(
        {
            "backend.tf": PARTIAL,
            "Justfile": "env := env('ENV', 'dev')\n\ninit:\n"
            "    tofu init -backend-config=../../../conf/{{ env }}.hcl\n",
            "/conf/dev.hcl": f'bucket = "d"\n{ELSEWHERE}\n',
            "/conf/prod.hcl": f'bucket = "tofu-state"\n{HERE}\n',
        },
        YES,
        {"bucket": "d"},
        ("conf/prod.hcl",),
        variants=2,
    ),
    "just: default parameters, groups and quoted JSON": Shape(
        {
            "backend.tf": PARTIAL,
            "justfile": f"[group('tofu')]\ninit env=\"dev\" bucket='b':\n    tofu init \\\n"
            f'      -backend-config="key={{{{ env }}}}.tfstate" \\\n      {PAIRS}\n',
        },
        YES,
        {"key": "dev.tfstate", "bucket": "tofu-state"},
    ),
    "just: an imported recipe and its dependency": Shape(
        {
            "backend.tf": PARTIAL,
            "justfile": "import '../../../shared.just'\n\ninit: (_init 'attic')\n",
            "/shared.just": "_init stack:\n    tofu init -backend-config=bucket={{ stack }} "
            "-backend-config='endpoints={s3=\"https://s3.other.example\"}'\n",
        },
        NO,
        {"bucket": "attic"},
    ),
    "just: a module": Shape(
        {
            "backend.tf": PARTIAL,
            "/justfile": "mod attic 'tofu/stacks/attic'\n",
            "mod.just": f"init:\n    tofu init {PAIRS}\n",
        },
        YES,
        words=("recipe attic::init",),
    ),
    "just: a placeholder is not the value": Shape(
        {
            "backend.tf": HTTP,
            "/Justfile": 'project := env_var_or_default("GITLAB_PROJECT", "YOUR_PROJECT_ID")\n\n'
            "tofu-init stack:\n    cd tofu/stacks/{{stack}} && tofu init "
            "-backend-config=address=https://{{project}}.git.example/state/{{stack}}\n",
        },
        NO,
        {"address": "https://${GITLAB_PROJECT:-YOUR_PROJECT_ID}.git.example/state/attic"},
    ),
    "just: only the environment knows the host": Shape(
        {
            "backend.tf": PARTIAL,
            "justfile": "host := env('STATE_HOST', 'none.example')\n\ninit:\n    tofu init "
            "-backend-config=bucket=b -backend-config='endpoints={s3=\"https://{{ host }}:9000\"}'\n",
        },
        UNCLEAR,
        words=("endpoints.s3", "STATE_HOST"),
    ),
    "just: a condition of the environment leads to either": Shape(
        {
            "backend.tf": PARTIAL,
            ".justfile": 'host := if env("CI", "") != "" { "ci.example" } else { "s3.state.example" }\n\n'
            "@init *FLAGS:\n    cd {{ justfile_directory() }} && sops exec-env s.env 'tofu init {{ FLAGS }} "
            '-backend-config=bucket=b -backend-config=endpoints={s3=\\"https://{{ host }}:9000\\"}\'\n',
        },
        YES,
        words=("ci.example or s3.state.example",),
    ),
    "just: only a command knows": Shape(
        {
            "backend.tf": PARTIAL,
            "justfile": "init:\n    #!/usr/bin/env bash\n    endpoint=$(vault kv get -field=endpoint secret/x)\n"
            '    tofu init -backend-config=bucket=b -backend-config="endpoints={s3=\\"${endpoint}\\"}"\n',
        },
        UNCLEAR,
        words=("$(vault kv get …)",),
    ),
    "just: a Justfile that just refuses": Shape(
        {"backend.tf": PARTIAL, "justfile": "mod gone '../gone.just'\n\ninit:\n    tofu init\n"},
        UNCLEAR,
        words=("justfile: just cannot read it", "gone"),
    ),
    "just: its own recipe and the one at the root differ": Shape(
        {
            "backend.tf": PARTIAL,
            "justfile": "init:\n    tofu init -backend-config=bucket=own "
            "-backend-config='endpoints={s3=\"https://own.example\"}'\n",
            "/justfile": f"tofu-init stack:\n    cd tofu/stacks/{{{{stack}}}} && tofu init {PAIRS}\n",
        },
        YES,
        words=("justfile, recipe tofu-init",),
        variants=2,
    ),
    "just: another stack's recipe says nothing of this one": Shape(
        {
            "backend.tf": s3('bucket = "b"', ELSEWHERE),
            "/tofu/stacks/other/justfile": f"init:\n    tofu init {PAIRS}\n",
        },
        NO,
    ),
    # -- make, task, shell, CI
    "make: a file of settings called tfvars": Shape(
        {
            "backend.tf": EMPTY,
            "Makefile": "dev:\n\t@rm -rf .terraform\n\ttofu init -backend-config env/dev-backend.tfvars\n",
            "env/dev-backend.tfvars": f'bucket = "tofu-state"\nkey = "k"\n{HERE}\n',
        },
        YES,
        {"bucket": "tofu-state"},
        ("env/dev-backend.tfvars",),
    ),
    "make: variables, a pattern of stacks at the root": Shape(
        {
            "backend.tf": PARTIAL,
            "/Makefile": "TF ?= tofu\nENV ?= dev\nDIR = tofu/stacks\n\ninit-%:\n"
            "\tcd $(DIR)/$* && $(TF) init -backend-config=$(ENV).tfbackend\n",
            **BOTH,
        },
        YES,
        variants=2,
    ),
    "make: -chdir and a shell variable": Shape(
        {
            "backend.tf": PARTIAL,
            "/Makefile": ".PHONY: init\ninit: ## initialise\n\t@for s in attic; do \\\n\t  tofu "
            "-chdir=tofu/stacks/$$s init -input=false -backend-config=bucket=$$s "
            "-backend-config=endpoint=https://s3.state.example:9000; \\\n\tdone\n",
        },
        YES,
        {"bucket": "attic", "endpoint": "https://s3.state.example:9000"},
    ),
    "task: alternatives by a variable": Shape(
        {
            "backend.tf": PARTIAL,
            "/Taskfile.yml": "version: '3'\nvars:\n  ENV: '{{.ENV | default \"prod\"}}'\ntasks:\n  init:\n"
            "    dir: tofu/stacks/attic\n    cmds:\n      - tofu init -backend-config={{.ENV}}.tfbackend\n",
            **BOTH,
        },
        YES,
        {"bucket": "p"},
        variants=2,
    ),
    "task: variables and a folder by a variable": Shape(
        {
            "backend.tf": HTTP,
            "/Taskfile.yaml": "version: '3'\ntasks:\n  init:\n    vars:\n      STACK: '{{.STACK}}'\n"
            "      URL: https://git.example/state/{{.STACK}}\n    dir: 'tofu/stacks/{{.STACK}}'\n    cmd: >-\n"
            "      tofu init -backend-config=address={{.URL}} -backend-config=lock_address={{.URL}}/lock\n",
        },
        NO,
        {"address": "https://git.example/state/attic"},
    ),
    "shell: a function, an array and a case": Shape(
        {
            "backend.tf": PARTIAL,
            "/scripts/init.sh": '#!/usr/bin/env bash\nset -euo pipefail\nROOT="$(cd "$(dirname "$0")/.." && pwd)"\n'
            'stack="$1"\ncase "$stack" in\n  attic) bucket=tofu-state ;;\n  *) bucket=other ;;\nesac\n'
            'args=(-reconfigure "-backend-config=bucket=${bucket}")\n'
            'args+=(-backend-config="endpoints={s3=\\"https://s3.state.example:9000\\"}")\n'
            'init() {\n  cd "$ROOT/tofu/stacks/$stack"\n  tofu init "${args[@]}"\n}\ninit\n',
        },
        YES,
        {"bucket": "tofu-state"},
        ("scripts/init.sh",),
    ),
    "shell: called in the stack's folder": Shape(
        {
            "backend.tf": PARTIAL,
            "/bin/tf-init": '#!/bin/sh\nENV="${1:-dev}"\nexec tofu init -backend-config="$ENV.tfbackend"\n',
            **BOTH,
        },
        YES,
        variants=2,
    ),
    "shell: everything from a variable with a default": Shape(
        {
            "backend.tf": PARTIAL,
            "init.sh": "tofu init -backend-config=bucket=b "
            '-backend-config="endpoints={s3=\\"${S3_URL:-https://s3.state.example:9000}\\"}"\n',
        },
        YES,
        words=("${S3_URL:-https://s3.state.example:9000}",),
    ),
    "shell: a branch leads there": Shape(
        {
            "backend.tf": HTTP,
            "init.sh": 'host=git.example\nif [ -n "$NEW" ]; then host=s3.state.example:9000; fi\n'
            'tofu init -backend-config="address=https://$host/x"\n',
        },
        YES,
    ),
    "CI: GitHub Actions": Shape(
        {
            "backend.tf": PARTIAL,
            "/.github/workflows/plan.yml": "on: push\njobs:\n  plan:\n    defaults:\n      run:\n"
            "        working-directory: tofu/stacks/attic\n    env:\n      BUCKET: tofu-state\n    steps:\n"
            "      - run: |\n          tofu init -backend-config=bucket=$BUCKET \\\n"
            "            -backend-config=endpoint=https://s3.state.example:9000\n",
        },
        YES,
        {"bucket": "tofu-state"},
        (".github/workflows/plan.yml",),
    ),
    "CI: validation without a backend is nothing": Shape(
        {
            "backend.tf": s3('bucket = "b"', ELSEWHERE),
            "/.gitlab-ci.yml": "validate:\n  script:\n    - cd tofu/stacks/attic\n    - tofu init -backend=false\n",
        },
        NO,
        {"bucket": "b"},
    ),
    # -- files of settings that no recipe names
    "files: several are alternatives, not one merged": Shape(
        {"backend.tf": PARTIAL, **BOTH}, YES, {"bucket": "tofu-state"}, ("dev.tfbackend",), variants=2
    ),
    "files: one that is named and not there": Shape(
        {
            "backend.tf": s3('bucket = "b"', 'key = "k"', ELSEWHERE),
            "Makefile": "init:\n\ttofu init -backend-config=prod.hcl\n",
        },
        UNCLEAR,
        words=("-backend-config=prod.hcl", "there is no such file"),
    ),
    # -- Terragrunt
    "terragrunt: generated by the included file": Shape(
        {
            "main.tf": "locals {\n}\n",
            "terragrunt.hcl": 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n',
            "/root.hcl": 'locals {\n  c = read_terragrunt_config("common.hcl")\n}\nremote_state {\n  backend = "s3"\n'
            '  generate = {\n    path = "backend.tf"\n    if_exists = "overwrite"\n  }\n  config = {\n'
            '    bucket = "tofu-state"\n    key = "${path_relative_to_include()}/x.tfstate"\n'
            "    endpoints = { s3 = local.c.locals.url }\n  }\n}\n",
            "/common.hcl": 'locals {\n  url = "https://s3.state.example:9000"\n}\n',
        },
        YES,
        {"key": "tofu/stacks/attic/x.tfstate"},
    ),
    "terragrunt: a generate block": Shape(
        {
            "main.tf": "locals {\n}\n",
            "terragrunt.hcl": 'generate "backend" {\n  path = "backend.tf"\n  if_exists = "overwrite"\n'
            '  contents = <<EOF\nterraform {\n  backend "s3" {\n    bucket = "${get_env("B", "tofu-state")}"\n  }\n'
            "}\nEOF\n}\n",
        },
        UNCLEAR,
    ),
    "terragrunt: a bucket of the environment": Shape(
        {
            "main.tf": "locals {\n}\n",
            "terragrunt.hcl": 'remote_state {\n  backend = "s3"\n  config = { bucket = get_env("BUCKET") }\n}\n',
        },
        UNCLEAR,
        words=("${BUCKET}",),
    ),
    # -- the environment
    "environment: AWS_ENDPOINT_URL_S3 in .envrc": Shape(
        {
            "backend.tf": s3('bucket = "b"', 'key = "k"'),
            "/.envrc": "source_up\nexport AWS_ENDPOINT_URL_S3=https://s3.state.example:9000\n",
        },
        YES,
        words=("AWS_ENDPOINT_URL_S3 (.envrc)",),
    ),
    "environment: AWS_ENDPOINT_URL in .env": Shape(
        {"backend.tf": s3('bucket = "b"'), ".env": 'AWS_ENDPOINT_URL="https://s3.state.example:9000"\n'},
        YES,
    ),
    "environment: the caller's shell": Shape(
        {"backend.tf": s3('bucket = "b"')},
        YES,
        words=("(the environment)",),
        caller={"AWS_ENDPOINT_URL_S3": "https://s3.state.example:9000"},
    ),
    "environment: the block's own endpoint wins": Shape(
        {"backend.tf": s3('bucket = "b"', ELSEWHERE)},
        NO,
        caller={"AWS_ENDPOINT_URL_S3": "https://s3.state.example:9000"},
    ),
    "environment: TF_HTTP_ADDRESS": Shape(
        {"backend.tf": HTTP, "/.env": "TF_HTTP_ADDRESS=https://s3.state.example:9000/x\n"}, YES
    ),
    "environment: TF_CLI_ARGS_init": Shape(
        {
            "backend.tf": PARTIAL,
            "/.envrc": 'export TF_CLI_ARGS_init="-backend-config=bucket=b '
            '-backend-config=endpoint=https://s3.state.example:9000"\n',
        },
        YES,
        {"bucket": "b"},
    ),
    "environment: TF_VAR for early evaluation": Shape(
        {
            "backend.tf": 'variable "url" {\n  type = string\n}\n'
            + s3('bucket = "b"', "endpoints = { s3 = var.url }"),
            "/.env": "TF_VAR_url=https://s3.state.example:9000\n",
        },
        YES,
    ),
    "environment: the services of a profile": Shape(
        {
            "backend.tf": s3('bucket = "b"', 'profile = "state"', 'shared_config_files = ["./aws"]'),
            "aws": "[profile state]\nservices = local\n\n[services local]\ns3 =\n"
            "  endpoint_url = https://s3.state.example:9000\n",
        },
        YES,
        words=("profile state, services",),
    ),
    "environment: the endpoint of a profile": Shape(
        {
            "backend.tf": s3('bucket = "b"'),
            "/.env": "AWS_PROFILE=state\nAWS_CONFIG_FILE=aws\n",
            "aws": "[profile state]\nendpoint_url = https://s3.state.example:9000\n",
        },
        YES,
    ),
    "environment: a profile that is not here, and a bucket of the candidate": Shape(
        {"backend.tf": s3('bucket = "tofu-state"', 'profile = "gone"')}, UNCLEAR, words=("profile gone",)
    ),
    "environment: a profile that is not here, and a bucket that the candidate does not hold": Shape(
        {"backend.tf": s3('bucket = "company-state"', 'profile = "gone"')}, NO
    ),
    "environment: a configuration of AWS that cannot be parsed": Shape(
        {"backend.tf": s3('bucket = "tofu-state"', 'shared_config_files = ["aws"]'), "aws": "[profile x\n"},
        UNCLEAR,
        words=("cannot be parsed",),
    ),
    # -- early evaluation that ends open
    "evaluation: a variable without a value": Shape(
        {
            "backend.tf": 'variable "host" {\n  type = string\n}\n'
            'terraform {\n  backend "http" {\n    address = "https://${var.host}/state"\n  }\n}\n'
        },
        UNCLEAR,
        words=("var.host",),
    ),
    "evaluation: a variable file of the recipe": Shape(
        {
            "backend.tf": 'variable "host" {\n  type = string\n}\n'
            + s3('bucket = "b"', 'endpoints = { s3 = "https://${var.host}:9000" }'),
            "justfile": "init env='dev':\n    tofu init -var-file=env/{{ env }}.tfvars\n",
            "env/dev.tfvars": 'host = "dev.other.example"\n',
            "env/prod.tfvars": 'host = "s3.state.example"\n',
        },
        YES,
        {"endpoints.s3": "https://dev.other.example:9000"},
        variants=2,
    ),
    "evaluation: by the workspace": Shape(
        {
            "backend.tf": 'locals {\n  hosts = { default = "a.example", prod = "s3.state.example" }\n}\n'
            + s3('bucket = "b"', 'endpoints = { s3 = "https://${local.hosts[terraform.workspace]}:9000" }')
        },
        YES,
    ),
    # -- other backends
    "other: pg": Shape({"backend.tf": 'terraform {\n  backend "pg" {}\n}\n'}, NO, words=("PostgreSQL",)),
    "other: cloud": Shape(
        {"main.tf": 'terraform {\n  cloud {\n    organization = "acme"\n  }\n}\n'}, NO, words=("cloud",)
    ),
    "other: gcs": Shape(
        {"main.tf": 'terraform {\n  backend "gcs" {\n    bucket = "tofu-state"\n  }\n}\n'},
        NO,
        words=("Google",),
    ),
    "other: azurerm": Shape({"main.tf": 'terraform {\n  backend "azurerm" {}\n}\n'}, NO, words=("Azure",)),
    "other: consul": Shape(
        {"main.tf": 'terraform {\n  backend "consul" {\n    address = "c.example:8500"\n  }\n}\n'},
        NO,
        words=("Consul",),
    ),
    "other: kubernetes": Shape(
        {"main.tf": 'terraform {\n  backend "kubernetes" {\n    secret_suffix = "x"\n  }\n}\n'},
        NO,
        words=("Secrets of a Kubernetes cluster",),
    ),
    "other: remote": Shape(
        {"main.tf": 'terraform {\n  backend "remote" {\n    organization = "o"\n  }\n}\n'}, NO, words=("HCP",)
    ),
    "other: no backend at all": Shape({"main.tf": "locals {\n}\n"}, NO, words=("local file",)),
    "other: a backend block that a script writes": Shape(
        {
            "main.tf": "locals {\n}\n",
            "justfile": 'init:\n    #!/bin/sh\n    cat > backend.tf <<EOF\n    terraform {\n      backend "s3" {}\n'
            "    }\n    EOF\n    tofu init -backend-config=bucket=b\n",
        },
        UNCLEAR,
        words=("justfile", "writes a backend block"),
    ),
    "other: a template of a backend block": Shape(
        {"main.tf": "locals {\n}\n", "backend.tf.tmpl": 'terraform {\n  backend "s3" {\n  }\n}\n'},
        UNCLEAR,
        words=("backend.tf.tmpl",),
    ),
    # -- what no recipe says
    "recorded: the last init was typed by hand": Shape(
        {
            "backend.tf": EMPTY,
            ".terraform/terraform.tfstate": '{"version": 3, "backend": {"type": "s3", "config": {"bucket": "b", '
            '"endpoints": {"s3": "https://s3.state.example:9000"}, "secret_key": "NOT-A-REAL-KEY"}}}',
        },
        YES,
        words=("the last init",),
    ),
    "recorded: elsewhere says nothing of the next init": Shape(
        {
            "backend.tf": EMPTY,
            ".terraform/terraform.tfstate": '{"version": 3, "backend": {"type": "s3", "config": {"bucket": "b", '
            '"endpoints": {"s3": "https://s3.other.example"}}}}',
        },
        UNCLEAR,
    ),
    # -- names of the candidate
    "names: the old spelling without a scheme": Shape(
        {"backend.tf": s3('bucket = "b"', 'endpoint = "S3.State.Example.:9000"')}, YES
    ),
    "names: the virtual host of a bucket": Shape(
        {"backend.tf": s3('bucket = "b"', 'endpoints = { s3 = "https://b.s3.state.example:9000" }')}, YES
    ),
    "names: an open bucket's virtual host": Shape(
        {
            "backend.tf": 'variable "b" {\n  type = string\n}\n'
            + s3('bucket = "b"', 'endpoints = { s3 = "https://${var.b}.s3.other.example:9000" }')
        },
        NO,
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_read_and_judged(name: str, tmp_path: Path) -> None:
    wanted = SHAPES[name]
    config = shape(tmp_path / "checkout", wanted.files, caller={"HOME": str(tmp_path), **wanted.caller})
    found = pointing(config)
    assert found.points is wanted.points, found.reason
    assert len(config.variants) == wanted.variants, [variant.where for variant in config.variants]
    for word in wanted.words:
        assert word in found.reason
    for setting, value in wanted.has.items():
        assert config.settings[setting] == value
