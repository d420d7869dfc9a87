# Recipes of the project. `./just RECIPE` needs only python3; with `just` installed, `just RECIPE` is the same.
set positional-arguments

python := env("READINESS_PYTHON", "python3")
venv := justfile_directory() / ".venv" / "bin"
again := quote(just_executable()) + " --justfile " + quote(justfile())
# what a command prints after this is shown when it has ended, and does not mix with what runs beside it
held := """log="$(mktemp)"; exec 3>&1 >"$log" 2>&1; trap 'cat "$log" >&3; rm "$log"' EXIT; trap 'exit 130' INT TERM;"""
locking := "--quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url"

# list the recipes
[private]
default:
    @{{ again }} --list --unsorted

# make .venv from the lock file if it is not up to date
[private]
ensure:
    @"{{ python }}" ./just --ensure

# judge a candidate: all phases, reports/junit.xml, an evidence folder and the verdict
[no-exit-message]
tofu-state-ha-readiness *ARGS: ensure
    @"{{ venv }}/python" -m readiness "$@"

# set everything up and run all of the project's own tests; with ARGS, run pytest with them, in one process
test *ARGS: setup
    @{{ again }} {{ if ARGS == "" { "test-all" } else { "test-some" } }} "$@"

[private]
test-some *ARGS: lint types
    "{{ venv }}/python" -m readiness.obtain go-test
    "{{ venv }}/python" -m pytest tests "$@"

# first what may run beside something else, in three processes, then what needs the machine for itself
[private]
test-all: test-side-by-side
    "{{ venv }}/python" -m readiness.obtain go-test
    "{{ venv }}/python" -m pytest tests -m "(store or lane) and not side_by_side"

[parallel]
[private]
test-side-by-side: test-unit test-stacks test-programs

[private]
test-unit: ensure
    @{{ held }} {{ again }} lint types unit

[private]
test-stacks: ensure
    @{{ held }} "{{ venv }}/python" -m pytest tests/stacks -m "(store or lane) and side_by_side" -q

[private]
test-programs: ensure
    "{{ venv }}/python" -m pytest tests --ignore=tests/stacks -m "(store or lane) and side_by_side"

# check style and types and run the unit tests, side by side: under a minute on two cores
[parallel]
check: lint types unit

# run the unit tests, which start no store and need no tofu (ARGS go to pytest)
unit *ARGS: ensure
    "{{ venv }}/python" -m pytest tests -n auto -m "not store and not lane" -q "$@"

# obtain everything a run needs: the environment, tofu, the control and the other programs
setup: ensure
    "{{ venv }}/python" -m readiness.obtain all

# check style, formatting, and which part imports which
lint: ensure
    "{{ venv }}/ruff" check
    "{{ venv }}/ruff" format --check
    "{{ venv }}/lint-imports"

# check types
types: ensure
    "{{ venv }}/mypy"

# correct formatting, and style where that is safe
format: ensure
    "{{ venv }}/ruff" format
    "{{ venv }}/ruff" check --fix

# search for a violation with random schedules of faults: ./just explore --candidate X --minutes 30
explore *ARGS: ensure
    @"{{ venv }}/python" -m readiness explore "$@"

# judge the stored evidence of a run again, offline: ./just recheck reports/runs/RUN
recheck *ARGS: ensure
    @"{{ venv }}/python" -m readiness recheck "$@"

# what changed between two runs, as Markdown: ./just compare reports/runs/A reports/runs/B
compare *ARGS: ensure
    @"{{ venv }}/python" -m readiness compare "$@"

# write the page of a store below reports/ from sealed runs: ./just publish reports/runs/RUN
publish *ARGS: ensure
    @"{{ venv }}/python" -m readiness publish "$@"

# run the suite on lying stores: each must be refuted by the criterion that names it (writes docs/battery.md)
battery *ARGS: ensure
    @"{{ venv }}/python" -m tests.battery "$@"

# run the default check on releases with published bugs: which criterion caught which (writes docs/known-bugs.md)
known-bugs *ARGS: ensure
    @"{{ venv }}/python" -m tests.known_bugs "$@"

# break the checkers and the verdict in thousands of small ways: each must fail a test (docs/mutation-testing.md)
mutants *ARGS: ensure
    @"{{ venv }}/python" -m pip install --quiet --upgrade --no-deps --require-hashes --target .mutmut --requirement tools/mutmut.lock
    @"{{ venv }}/python" -m tests.mutation "$@"

# build the documentation as a site in site/, to be read without a network; first renews what the registry says in it
docs: ensure
    @"{{ venv }}/python" -m website.facts
    @"{{ venv }}/python" -m sphinx --fail-on-warning --keep-going --fresh-env --write-all --quiet --conf-dir website . site
    @echo "{{ justfile_directory() }}/site/index.html"

# build the suite's image from the commit, push it, write its digest: ./just image registry.example/team/readiness
image *ARGS: ensure
    @"{{ venv }}/python" deploy/image.py "$@"

# measure what a run costs
bench *ARGS: ensure
    @"{{ venv }}/python" -m readiness bench "$@"

# renew the lock files from pyproject.toml and tools/*.in (ARGS go to uv, for example --upgrade)
lock *ARGS: ensure
    "{{ venv }}/uv" pip compile {{ locking }} --group dev pyproject.toml --output-file requirements.lock "$@"
    "{{ venv }}/uv" pip compile {{ locking }} tools/go.in --output-file tools/go.lock "$@"
    "{{ venv }}/uv" pip compile {{ locking }} tools/weed.in --output-file tools/weed.lock "$@"
    "{{ venv }}/uv" pip compile {{ locking }} tools/mutmut.in --output-file tools/mutmut.lock "$@"
