"""Which files OpenTofu loads, and what it makes of them. Each of these is asked of the real tofu too."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from readiness.stacks.config import read
from readiness.stacks.hcl import UnreadableError
from tests.stacks.shapes import STACK, write
from tests.tofu.conftest import program

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # just reads the Justfiles

__all__ = ["program"]


def local(path: str) -> str:
    return f'terraform {{\n  backend "local" {{\n    path = {path}\n  }}\n}}\n'


JSON = json.dumps({"terraform": {"backend": {"local": {"path": "json"}}}})
LOADED: dict[str, tuple[dict[str, str | bytes], str]] = {
    "native": ({"backend.tf": local('"native"')}, "native"),
    "json": ({"backend.tf.json": JSON}, "json"),
    "json as lists": (
        {"backend.tf.json": json.dumps({"terraform": [{"backend": [{"local": [{"path": "listed"}]}]}]})},
        "listed",
    ),
    "json with a template": (
        {
            "backend.tf.json": json.dumps(
                {
                    "//": "generated",
                    "variable": {"env": {"default": "dev"}},
                    "terraform": {"backend": {"local": {"path": '${upper(var.env)}-"q"'}}},
                }
            )
        },
        'DEV-"q"',
    ),
    "tofu hides tf": ({"backend.tf": local('"tf"'), "backend.tofu": local('"tofu"')}, "tofu"),
    "tofu.json hides tf.json": (
        {"backend.tf.json": JSON, "backend.tofu.json": JSON.replace("json", "tofujson")},
        "tofujson",
    ),
    "tofu beside another": ({"main.tf": "locals {\n  a = 1\n}\n", "backend.tofu": local('"alone"')}, "alone"),
    "override": ({"backend.tf": local('"first"'), "backend_override.tf": local('"second"')}, "second"),
    "override by its whole name": ({"backend.tf": local('"first"'), "override.tf": local('"o"')}, "o"),
    "override in json": ({"backend.tf": local('"first"'), "x_override.tf.json": JSON}, "json"),
    "the last override": (
        {"backend.tf": local('"1"'), "a_override.tf": local('"2"'), "b_override.tf": local('"3"')},
        "3",
    ),
    "an override alone": ({"main.tf": "locals {\n}\n", "backend_override.tf": local('"only"')}, "only"),
    "override of a variable": (
        {
            "main.tf": 'variable "p" {\n  default = "one"\n}\n' + local("var.p"),
            "override.tf": 'variable "p" {\n  default = "two"\n}\n',
        },
        "two",
    ),
    "override of a local": (
        {
            "main.tf": 'locals {\n  p = "one"\n  q = "x"\n}\n' + local("local.p"),
            "override.tf": 'locals {\n  p = "2"\n}\n',
        },
        "2",
    ),
    "hidden files": (
        {"main.tf": local('"main"'), ".old.tf": local('"old"'), "backend.tf~": local('"s"')},
        "main",
    ),
    "a byte order mark and CRLF": (
        {"backend.tf": b"\xef\xbb\xbf" + local('"bom"').replace("\n", "\r\n").encode()},
        "bom",
    ),
    "in a comment": ({"main.tf": '/* terraform {\n  backend "s3" {}\n} */\n# x\n' + local('"c"')}, "c"),
    "in a heredoc": (
        {
            "main.tf": 'locals {\n  x = <<-E\n    terraform {\n      backend "s3" {}\n    }\n  E\n}\n'
            + local('"h"')
        },
        "h",
    ),
    "default and tfvars": (
        {
            "main.tf": 'variable "p" {\n  default = "default"\n}\n' + local("var.p"),
            "terraform.tfvars": 'p = "tfvars"\n',
        },
        "tfvars",
    ),
    "auto.tfvars win": (
        {
            "main.tf": 'variable "p" {\n  type = string\n}\n' + local("var.p"),
            "terraform.tfvars": 'p = "tfvars"\n',
            "b.auto.tfvars": 'p = "b"\n',
            "a.auto.tfvars.json": '{"p": "a"}',
        },
        "b",
    ),
    "locals of locals": (
        {"main.tf": 'locals {\n  a = "x"\n  b = "${local.a}/y"\n}\n' + local("local.b")},
        "x/y",
    ),
    "functions": (
        {"main.tf": local('format("%s-%02d", join("/", ["a", lower("B")]), length(["x"]))')},
        "a/b-01",
    ),
    "more functions": (
        {
            "main.tf": 'locals {\n  m = merge({ a = "1" }, { b = "2" })\n}\n'
            + local(
                '"${replace(trimsuffix("x.y.z", ".z"), ".", "_")}${lookup(local.m, "b", "")}'
                '${coalesce("", "c")}${element(split(",", "p,q"), 1)}${title("t")}"'
            )
        },
        "x_y2cqT",
    ),
    "a condition": ({"main.tf": 'locals {\n  e = "prod"\n}\n' + local('local.e == "prod" ? "p" : "d"')}, "p"),
    "a for expression": (
        {"main.tf": local('join("-", [for k, v in { a = "x", b = "y" } : "${k}${v}" if v != "x"])')},
        "by",
    ),
    "a file": (
        {
            "main.tf": local('yamldecode(file("${path.module}/org.yaml")).clusters[0]["name"]'),
            "org.yaml": "clusters:\n  - name: honey\n",
        },
        "honey",
    ),
    "escapes": ({"main.tf": local('"a\\tb$${c}%%{d}\\u00e9"')}, "a\tb${c}%{d}é"),
    "the workspace": ({"main.tf": local('"w/${terraform.workspace}"')}, "w/default"),
    "one line": ({"main.tf": 'terraform {\n  backend "local" { path = "one" } # line\n}\n'}, "one"),
    "try": ({"main.tf": "locals {\n  o = {}\n}\n" + local('try(local.o.x, "fallback")')}, "fallback"),
}


@pytest.mark.parametrize("name", LOADED)
def test_what_is_loaded_is_what_tofu_loads(name: str, program: Path, tmp_path: Path) -> None:
    files, path = LOADED[name]
    config = read(write(tmp_path / "checkout", files), "attic")
    value = config.variants[0].settings["path"]
    assert (config.backend, next(value.possible()).literal) == ("local", path)
    assert asked(program, tmp_path / "checkout" / STACK, tmp_path) == ("local", path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('terraform {\n  backend "s3" {\n    bucket = "b" key = "k"\n  }\n}\n', "line 3: .*second argument"),
        ('terraform { backend "local" { path = "x" } }\n', "line 1: .*one line"),
        ("locals {\n  a = 1\n  a = 2\n}\n", "line 3: .*set twice"),
        ("locals {\n  a = 1 }\n", "line 1: .*no new line"),
        ('terraform {\n  backend "s3" {}\n  backend "local" {}\n}\n', "more than one backend"),
        ('terraform {\n  backend "s3" {}\n  cloud {}\n}\n', "more than one backend or cloud"),
        ('module "x" {\n  source = \n}\n', "line 2: not valid HCL"),
    ],
)
def test_what_tofu_refuses_is_refused(content: str, why: str, program: Path, tmp_path: Path) -> None:
    checkout = write(tmp_path / "checkout", {"main.tf": content})
    with pytest.raises(UnreadableError, match=f"{STACK}/main.tf.*{why}"):
        read(checkout, "attic")
    assert asked(program, checkout / STACK, tmp_path) is None


def test_a_link_that_leads_nowhere_is_refused(program: Path, tmp_path: Path) -> None:
    checkout = write(tmp_path / "checkout", {"main.tf": "locals {\n}\n"})
    (checkout / STACK / "backend.tf").symlink_to("gone.tf")
    with pytest.raises(UnreadableError, match=r"backend.tf: cannot be read"):
        read(checkout, "attic")
    assert asked(program, checkout / STACK, tmp_path) is None


def test_json_that_is_none_is_refused(program: Path, tmp_path: Path) -> None:
    checkout = write(tmp_path / "checkout", {"main.tf.json": '{"terraform": {'})
    with pytest.raises(UnreadableError, match=r"main.tf.json, line 1: not valid JSON"):
        read(checkout, "attic")
    assert asked(program, checkout / STACK, tmp_path) is None


def asked(program: Path, folder: Path, home: Path) -> tuple[str, str] | None:
    """The kind and the path that the real tofu's init records, None where it refuses."""
    environment = {
        "PATH": os.defpath,
        "HOME": str(home),
        "TF_DATA_DIR": str(home / "data"),
        "TF_CLI_CONFIG_FILE": str(home / "none.tfrc"),
        "CHECKPOINT_DISABLE": "1",
    }
    (home / "none.tfrc").touch()
    done = subprocess.run(
        [program, "init", "-no-color", "-input=false"],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        return None
    backend = json.loads((home / "data/terraform.tfstate").read_text())["backend"]
    return backend["type"], backend["config"]["path"]
