"""Layouts of public repositories, written anew and small: how each is initialised, whom OpenTofu asks, what P1.8 says.

In `files`, as in shapes.py, a name without a folder lies in the stack's, one that begins with / at the root. What a
person or another program does before is in `first`, a command of the shell in the root of the checkout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from readiness.judges.stacks.points import Points
from tests.stacks.shapes import ELSEWHERE, EMPTY, HERE, HTTP, STACK, s3

STATE = "s3.state.example:9000"
GIT = "git.example:443"
PLACE = ('bucket = "tofu-state"', 'key = "attic.tfstate"', 'region = "main"')
CHECKS = (
    "skip_credentials_validation = true",
    "skip_requesting_account_id = true",
    "skip_metadata_api_check = true",
    "skip_region_validation = true",
    "use_path_style = true",
)
FILE = "\n".join((*PLACE, HERE, *CHECKS)) + "\n"
OTHER_FILE = "\n".join((*PLACE, ELSEWHERE, *CHECKS)) + "\n"
WITHOUT_ENDPOINT = "\n".join((*PLACE, *CHECKS)) + "\n"
OUTPUTS = {"bucket": {"value": "tofu-state", "type": "string"}}
BOOTSTRAPPED = json.dumps(
    {
        "version": 4,
        "terraform_version": "1.12.6",
        "serial": 1,
        "lineage": "l",
        "outputs": OUTPUTS,
        "resources": [],
    }
)


@dataclass(frozen=True)
class Layout:
    """`says` is what P1.8 says, `asks` whom OpenTofu asks first ("": it stops before)."""

    files: Mapping[str, str]
    command: str
    asks: str
    says: Points
    first: str = ""
    caller: Mapping[str, str] = field(default_factory=dict)


FLYWHEEL: Mapping[str, str] = {
    "/tofu/stacks/attic/backend.tf": 'terraform {\n  backend "http" {}\n}\n',
    "/tofu/stacks/attic/main.tf": 'variable "cluster_context" {\n  type = string\n}\n',
    "/tofu/stacks/attic/dev.tfvars": 'cluster_context = "honey"\n',
    "/tofu/stacks/attic/Justfile": "init:\n    cd ../../.. && just tofu-init attic\n",
    "/.env": "ENV=dev\nTF_HTTP_PASSWORD=NOT-A-REAL-PASSWORD\n",
    "/config/organization.yaml": "gitlab:\n  api: https://git.example/api/v4\n  project: 4711\n"
    "clusters:\n  - name: honey\n    context: honey-ctx\n",
    "/Justfile": "set dotenv-load\nenv := env_var_or_default('ENV', 'dev')\n"
    "api := `yq '.gitlab.api' config/organization.yaml`\n"
    "project := `yq -r .gitlab.project config/organization.yaml`\n"
    "context := `yq '.clusters[0].context' config/organization.yaml`\n\n"
    'tofu-init stack:\n    #!/usr/bin/env bash\n    set -euo pipefail\n    cd "tofu/stacks/{{ stack }}"\n'
    '    address="{{ api }}/projects/{{ project }}/terraform/state/{{ stack }}-{{ env }}"\n'
    '    tofu init -backend-config="address=$address" -backend-config="lock_address=$address/lock" \\\n'
    '      -backend-config="unlock_address=$address/lock" -backend-config=lock_method=POST \\\n'
    "      -backend-config=unlock_method=DELETE -backend-config=username=gitlab-ci-token \\\n"
    '      -backend-config="password=${TF_HTTP_PASSWORD}"\n\n'
    "tofu-plan stack:\n    cd tofu/stacks/{{ stack }} && tofu plan -var cluster_context={{ context }} "
    "-var-file={{ env }}.tfvars -out=tfplan\n",
}
"""GloriousFlywheel's: an empty block, one recipe at the root, the address from config/organization.yaml."""
YES, NO, UNCLEAR = Points.YES, Points.NO, Points.UNCLEAR
LAYOUTS: Mapping[str, Layout] = {
    "a script takes the bucket from the outputs of a bootstrap stack": Layout(
        {
            "backend.tf": s3('key = "attic.tfstate"', *CHECKS),
            "bootstrap/terraform.tfstate": BOOTSTRAPPED,
            "bootstrap/main.tf": 'output "bucket" {\n  value = "tofu-state"\n}\n',
            "init.sh": '#!/usr/bin/env bash\nset -euo pipefail\ncd "$(dirname "$0")"\n'
            'tofu init -backend-config="bucket=$(cd bootstrap; tofu output -raw bucket)" "$@"\n',
        },
        f"bash {STACK}/init.sh",
        "s3.us-east-1.amazonaws.com:443",
        UNCLEAR,
    ),
    "a container's entry point: every setting from its environment, options in one string": Layout(
        {
            "backend.tf": EMPTY,
            "/entrypoint.sh": '#!/bin/sh\nOPTIONS="\n  -chdir=$MANIFEST_DIR\n"\nARGS="\n'
            "  -backend-config=endpoint=$TF_S3_ADDRESS \\\n  -backend-config=bucket=$TF_BUCKET \\\n"
            "  -backend-config=key=$TF_KEY.tfstate \\\n  -backend-config=region=main \\\n"
            "  -backend-config=skip_credentials_validation=true \\\n"
            '  -backend-config=skip_region_validation=true \\\n  -backend-config=force_path_style=true\n"\n'
            "tofu $OPTIONS init $ARGS\n",
        },
        f"MANIFEST_DIR={STACK} TF_BUCKET=tofu-state TF_KEY=attic TF_S3_ADDRESS=https://{STATE} sh entrypoint.sh",
        STATE,
        UNCLEAR,
    ),
    "a Makefile of layers, each with workspaces": Layout(
        {
            "backend.tf": s3(*PLACE, HERE, *CHECKS),
            "/Makefile": "layer=$(layer)\nenv=$(env)\n\nselect:\n\tcd $(layer); \\\n"
            '\ttofu workspace select -or-create $(env)\n\ninit:\n\t@echo "layer $(layer)"\n\tcd $(layer); \\\n'
            "\ttofu init\n",
        },
        f"make init layer={STACK} env=dev",
        STATE,
        YES,
    ),
    "a script of functions, a file of settings for each environment, called terraform": Layout(
        {
            "backend.tf": EMPTY,
            "env/dev/backend.tfvars": FILE,
            "env/prod/backend.tfvars": OTHER_FILE,
            "infra.sh": '#!/usr/bin/env bash\nenv=$1\nfunction run_cmd() {\n  echo "+ $*"\n  "$@"\n}\n'
            "function init_terraform() {\n"
            '  run_cmd terraform init -reconfigure -backend-config="./env/$env/backend.tfvars"\n}\ninit_terraform\n',
        },
        f"cd {STACK} && bash infra.sh dev",
        STATE,
        YES,
    ),
    "a common file of settings and one for the environment, merged": Layout(
        {
            "backend.tf": EMPTY,
            "backend.hcl": FILE.replace('key = "attic.tfstate"\n', ""),
            "backend.dev.hcl": 'key = "dev/attic.tfstate"\n',
            "backend.prod.hcl": 'key = "prod/attic.tfstate"\n',
            "Makefile": "ENV ?= dev\n\ninit:\n\ttofu init -reconfigure -backend-config=backend.hcl \\\n"
            "\t  -backend-config=backend.$(ENV).hcl\n",
        },
        f"make -C {STACK} init",
        STATE,
        YES,
    ),
    "files of settings that only a README names": Layout(
        {
            "backend.tf": EMPTY,
            "backends/dev.hcl": FILE,
            "backends/prod.hcl": OTHER_FILE,
            "README.md": "```bash\ntofu init -reconfigure -backend-config=backends/dev.hcl\n```\n",
        },
        f"tofu -chdir={STACK} init -reconfigure -backend-config=backends/dev.hcl",
        STATE,
        UNCLEAR,
    ),
    "a template of settings that another program renders": Layout(
        {
            "backend.tf": EMPTY,
            "backend.hcl.tpl": FILE.replace(f"https://{STATE}", '{{ env "STATE_ENDPOINT" }}'),
            "justfile": "init:\n    op inject -i backend.hcl.tpl -o backend.hcl\n"
            "    tofu init -backend-config=backend.hcl\n",
        },
        f"cd {STACK} && tofu init -backend-config=backend.hcl",
        STATE,
        UNCLEAR,
        first=f"cd {STACK} && sed 's|{{{{.*}}}}|https://{STATE}|' backend.hcl.tpl > backend.hcl",
    ),
    "variables from a file outside of the checkout": Layout(
        {
            "backend.tf": EMPTY,
            "backend.hcl": WITHOUT_ENDPOINT,
            "init.sh": "#!/bin/sh\n. ~/.config/attic/tofu-backend.env\ntofu init -backend-config=backend.hcl\n",
        },
        f"cd {STACK} && sh init.sh",
        STATE,
        UNCLEAR,
        first="mkdir -p ~/.config/attic && "
        f"echo 'export AWS_ENDPOINT_URL_S3=https://{STATE}' > ~/.config/attic/tofu-backend.env",
    ),
    "a file of settings that each person copies from an example": Layout(
        {
            "backend.tf": EMPTY,
            "backend.conf.example": FILE,
            "init.sh": "#!/bin/sh\ntofu init -backend-config backend.conf\n",
        },
        f"cd {STACK} && sh init.sh",
        STATE,
        UNCLEAR,
        first=f"cp {STACK}/backend.conf.example {STACK}/backend.conf",
    ),
    "an address of a variable, with the value in terraform.tfvars": Layout(
        {
            "backend.tf": 'variable "domain" {\n  type = string\n}\n'
            + s3(*PLACE, 'endpoints = { s3 = "https://s3.${var.domain}:9000" }', *CHECKS),
            "terraform.tfvars": 'domain = "state.example"\n',
        },
        f"tofu -chdir={STACK} init",
        STATE,
        YES,
    ),
    "GitLab's state over http, by variables of a script's function": Layout(
        {
            "backend.tf": HTTP,
            "/tofu.sh": "#!/usr/bin/env bash\nset_backend_env() {\n"
            '    local address="https://git.example/api/v4/projects/7/terraform/state/${STACK}"\n'
            '    export TF_HTTP_ADDRESS="${address}"\n'
            '    export TF_HTTP_LOCK_ADDRESS="${address}/lock" TF_HTTP_LOCK_METHOD=POST\n'
            '    export TF_HTTP_UNLOCK_ADDRESS="${address}/lock" TF_HTTP_UNLOCK_METHOD=DELETE\n}\n'
            'STACK=attic\nset_backend_env\ntofu -chdir="tofu/stacks/$STACK" init\n',
        },
        "bash tofu.sh",
        GIT,
        NO,
    ),
    "GitLab's state over http, by variables that a Makefile exports": Layout(
        {
            "backend.tf": HTTP,
            "Makefile": "PROJECT ?= 7\nTF_HTTP_ADDRESS ?= https://git.example/api/v4/projects/$(PROJECT)/"
            "terraform/state/attic\nTF_HTTP_LOCK_ADDRESS ?= $(TF_HTTP_ADDRESS)/lock\nexport\n\n"
            "init:\n\ttofu init\n",
        },
        f"make -C {STACK} init",
        GIT,
        NO,
    ),
    "a task of mise, the bucket from the shell": Layout(
        {
            "backend.tf": s3('key = "attic.tfstate"', *CHECKS),
            "/mise-tasks/tf-init.sh": f'#!/bin/bash\n#MISE dir="./{STACK}"\nset -eo pipefail\n'
            'terraform init -backend-config="bucket=${BUCKET_NAME}"\n',
        },
        f"cd {STACK} && BUCKET_NAME=tofu-state bash ../../../mise-tasks/tf-init.sh",
        "s3.us-east-1.amazonaws.com:443",
        UNCLEAR,
    ),
    "a service of docker compose with the endpoint in its environment": Layout(
        {
            "backend.tf": s3(*PLACE, *CHECKS),
            "/compose.yaml": "services:\n  tofu:\n    image: ghcr.io/opentofu/opentofu:1.12\n"
            f"    working_dir: /src/{STACK}\n    command: [init]\n    environment:\n"
            f"      AWS_ENDPOINT_URL_S3: https://{STATE}\n",
        },
        f"AWS_ENDPOINT_URL_S3=https://{STATE} tofu -chdir={STACK} init",
        STATE,
        UNCLEAR,
    ),
    "an action of the repository writes the backend block, by its inputs": Layout(
        {
            "main.tf": "",
            "/.github/actions/tofu-init/action.yml": "name: Tofu init\ninputs:\n  backend_type:\n"
            "    default: s3\n  s3_address:\n    default: ${{ env.S3_ADDRESS }}\nruns:\n  using: composite\n"
            "  steps:\n    - shell: bash\n      run: |\n        cat > ${{ inputs.manifest_path }}/backend.tf <<EOF\n"
            '        terraform {\n          backend "${{ inputs.backend_type }}" {}\n        }\n        EOF\n'
            "        tofu -chdir=${{ inputs.manifest_path }} init"
            " -backend-config=endpoint=${{ inputs.s3_address }}\n",
        },
        f"tofu -chdir={STACK} init -backend-config=endpoint=https://{STATE}",
        STATE,
        UNCLEAR,
        first=f"cat > {STACK}/backend.tf <<'EOF'\n{s3(*PLACE, *CHECKS)}EOF\n",
    ),
    "a recipe asks the cloud for the bucket": Layout(
        {
            "backend.tf": s3('key = "attic.tfstate"', *CHECKS),
            "justfile": 'name := "attic"\n\ninit:\n    #!/bin/bash\n'
            "    bucket=$(aws ssm get-parameter --name \"{{name}}-state-bucket\" | jq -r '.Parameter.Value')\n"
            '    tofu init -backend-config="bucket=${bucket}"\n',
        },
        f"tofu -chdir={STACK} init -backend-config=bucket=tofu-state",
        "s3.us-east-1.amazonaws.com:443",
        UNCLEAR,
    ),
    "a map where the old spelling wants text": Layout(
        {"backend.tf": s3(*PLACE, f'endpoint = {{ s3 = "https://{STATE}" }}', *CHECKS)},
        f"tofu -chdir={STACK} init",
        "",
        UNCLEAR,
    ),
    "GloriousFlywheel: one recipe at the root, the address from config/organization.yaml": Layout(
        FLYWHEEL, "just tofu-init attic", GIT, NO
    ),
    "GloriousFlywheel, called in the stack's folder": Layout(FLYWHEEL, f"cd {STACK} && just init", GIT, NO),
    "GloriousFlywheel, after the move to the store": Layout(
        {
            **{name: text for name, text in FLYWHEEL.items() if "Justfile" not in name},
            "backend.tf": EMPTY,
            "/config/organization.yaml": f"state:\n  endpoint: https://{STATE}\n  bucket: tofu-state\n",
            "/Justfile": "set dotenv-load\nenv := env_var_or_default('ENV', 'dev')\n"
            "endpoint := `yq -r '.state.endpoint' config/organization.yaml`\n"
            "bucket := `yq -r '.state.bucket' config/organization.yaml`\n\n"
            "tofu-init stack:\n    cd tofu/stacks/{{ stack }} && tofu init \\\n"
            "      -backend-config='endpoints={s3=\"{{ endpoint }}\"}' -backend-config=bucket={{ bucket }} \\\n"
            "      -backend-config=key={{ stack }}-{{ env }}.tfstate -backend-config=region=main \\\n"
            "      -backend-config=skip_credentials_validation=true -backend-config=use_path_style=true \\\n"
            "      -backend-config=skip_region_validation=true -backend-config=skip_requesting_account_id=true\n",
        },
        "just tofu-init attic",
        STATE,
        YES,
    ),
    "several stacks, one script for all, settings by the stack's name": Layout(
        {
            "backend.tf": EMPTY,
            "/env/common.hcl": FILE.replace('key = "attic.tfstate"\n', ""),
            "/scripts/init-all.sh": "#!/bin/sh\nset -e\nfor stack in attic runner-dashboard; do\n"
            '  [ -d "tofu/stacks/$stack" ] || continue\n  tofu -chdir="tofu/stacks/$stack" init \\\n'
            '    -backend-config="$PWD/env/common.hcl" -backend-config="key=$stack.tfstate"\ndone\n',
        },
        "sh scripts/init-all.sh",
        STATE,
        YES,
    ),
}
