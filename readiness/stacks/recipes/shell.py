"""The `init` and `plan` commands of a shell script, by its syntax tree: variables, branches, loops and functions are
followed as far as text decides them; where it does not, every branch is taken."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_bash

from readiness.stacks.recipes import output
from readiness.stacks.recipes.expansion import expand, substitution
from readiness.stacks.recipes.model import Files, Init, RecipeContext, within, words_of
from readiness.text import Open, Placeholders, Text, joined, one_of, text

_LANGUAGE = tree_sitter.Language(tree_sitter_bash.language())
_PROGRAMS = ("tofu", "terraform", "terragrunt", "tf", "opentofu")
_VARIABLE_PROGRAM = re.compile(r"(?i)(tf|tofu|terraform|terragrunt|opentofu)(_?(bin|cmd|binary|path|exe))?")
_LOOPS = 32
_DEEPEST = 8
_MOST_CALLS = 200
ARGUMENTS = "the arguments"


class Script:
    """One script, read once."""

    def __init__(
        self,
        content: str,
        folder: Text,
        known: RecipeContext,
        *,
        path: Path | None = None,
        checkout: Path | None = None,
        placeholders: Placeholders | None = None,
        files: Callable[[Text], Files] | None = None,
        arguments: Sequence[Text] | None = None,
    ) -> None:
        self.folder, self.known, self.path, self.checkout = folder, known, path, checkout
        self.values: dict[str, Text | list[Text]] = {}
        self.exported: dict[str, Text] = {}
        self.found: list[Init] = []
        self.files = files
        self._arguments = arguments
        self._places = placeholders or Placeholders()
        self._functions: dict[str, tuple[Any, bytes]] = {}
        self._called: set[str] = set()
        self._inside: list[str] = []
        self._calls = 0
        self._depth = 0
        self._source = content.encode()
        self._root = tree_sitter.Parser(_LANGUAGE).parse(self._source).root_node

    def inits(self) -> list[Init]:
        """The `init` commands, in the order in which they would run, and the files that are written."""
        self._walk(self._root)
        for name in list(self._functions):
            if name not in self._called:
                self._call(name, None)
        return self.found

    # -- statements

    def _walk(self, node: Any) -> None:
        if self._depth > 200:
            return
        self._depth += 1
        method = _STATEMENTS.get(node.type)
        if method is not None:
            method(self, node)
        else:
            for child in node.named_children:
                self._walk(child)
        self._depth -= 1

    def _subshell(self, node: Any) -> None:
        folder, values, exported = self.folder, dict(self.values), dict(self.exported)
        for child in node.named_children:
            self._walk(child)
        self.folder, self.values, self.exported = folder, values, exported

    def _function(self, node: Any) -> None:
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name is not None and body is not None:
            self._functions[name.text.decode()] = (body, self._source)

    def _assign(self, node: Any, *, exported: bool = False) -> None:
        name_node, value_node = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name_node is None:
            return
        name = name_node.text.decode()
        value: Text | list[Text]
        if value_node is None:
            value = Text()
        elif value_node.type == "array":
            value = [word for child in value_node.named_children for word in self.words(child)]
        else:
            value = self.value(value_node)
        if any(child.type == "+=" for child in node.children):
            before = self.values.get(name, Text())
            if isinstance(before, list) or isinstance(value, list):
                value = [*_rows(before), *_rows(value)]
            else:
                value = joined([before, value])
        self.values[name] = value
        if isinstance(value, Text) and (exported or re.match(r"AWS_|TF_|PG|CONSUL_|KUBE", name)):
            self.exported[name] = value

    def _declare(self, node: Any) -> None:
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assign(child, exported=True)
            elif child.type == "variable_name" and isinstance(
                value := self.values.get(child.text.decode()), Text
            ):
                self.exported[child.text.decode()] = value

    def _branches(self, branches: Sequence[Sequence[Any]], *, certain: bool) -> None:
        """Each of these is one way it may go; without `certain` it may also go none of them."""
        before, folder, exported = dict(self.values), self.folder, dict(self.exported)
        ends: list[tuple[dict[str, Text | list[Text]], Text, dict[str, Text]]] = []
        for branch in branches:
            self.values, self.folder, self.exported = dict(before), folder, dict(exported)
            for node in branch:
                self._walk(node)
            ends.append((self.values, self.folder, self.exported))
        if not certain:
            ends.append((before, folder, exported))
        self.values = {
            name: self._merged(name, [end[0].get(name) for end in ends])
            for name in {name for end in ends for name in end[0]}
        }
        self.folder = one_of("the folder", [end[1] for end in ends])
        self.exported = {
            name: one_of(name, [end[2].get(name) or self.known.value(name) for end in ends])
            for name in {name for end in ends for name in end[2]}
        }

    def _merged(self, name: str, values: Sequence[Text | list[Text] | None]) -> Text | list[Text]:
        lists = [value for value in values if isinstance(value, list)]
        if lists:
            return max(lists, key=len)
        return one_of(
            name,
            [
                self.known.value(name) if value is None else value
                for value in values
                if not isinstance(value, list)
            ],
        )

    def _if(self, node: Any) -> None:
        branches: list[list[Any]] = [[]]
        certain = False
        for child in node.children[2:]:
            if child.type == "elif_clause":
                branches.append(list(child.named_children))
            elif child.type == "else_clause":
                branches.append(list(child.named_children))
                certain = True
            elif child.is_named:
                branches[0].append(child)
        self._branches(branches, certain=certain)

    def _case(self, node: Any) -> None:
        subject_node = node.child_by_field_name("value")
        subject = self.value(subject_node) if subject_node is not None else Text()
        items = [child for child in node.named_children if child.type == "case_item"]
        rows = []
        for item in items:
            patterns = [child.text.decode().strip("\"'") for child in item.children_by_field_name("value")]
            body = [
                child for child in item.named_children if child not in item.children_by_field_name("value")
            ]
            if subject.literal is not None and any(
                fnmatch.fnmatchcase(subject.literal, pattern) for pattern in patterns
            ):
                for child in body:
                    self._walk(child)
                return
            rows.append((patterns, body))
        if subject.literal is None:
            self._branches([body for _, body in rows], certain=any("*" in patterns for patterns, _ in rows))

    def _for(self, node: Any) -> None:
        variable = node.child_by_field_name("variable")
        body = node.child_by_field_name("body")
        if variable is None or body is None:
            return
        name = variable.text.decode()
        values = [word for child in node.children_by_field_name("value") for word in self.words(child)]
        literal = [value for value in values if value.literal is not None and "*" not in value.literal]
        for value in (literal if len(literal) == len(values) and values else [Text((Open(name),))])[:_LOOPS]:
            self.values[name] = value
            folder = self.folder
            self._walk(body)
            self.folder = folder

    # -- commands

    def _command(self, node: Any) -> None:
        set_here = [child for child in node.named_children if child.type == "variable_assignment"]
        kept = dict(self.exported), dict(self.values)
        for child in set_here:
            self._assign(child, exported=True)
        here = dict(self.exported)
        rest = [
            child
            for child in node.named_children
            if child.type not in ("variable_assignment", "file_redirect")
        ]
        words = [word for child in rest for word in self.words(child)]
        if set_here:
            self.exported, self.values = kept
        if not words:
            return
        name = words[0].literal or ""
        if name in ("cd", "pushd") and len(words) > 1:
            target = next((word for word in words[1:] if not str(word).startswith("-")), words[1])
            self.folder = within(self.folder, target)
        elif name in (".", "source") and len(words) > 1:
            self._read(words[1])
        elif name in self._functions and name not in self._inside and self._calls < _MOST_CALLS:
            self._call(name, words[1:])
        else:
            for path, content in output.written_by(words, self):
                self._write(path, content)
            self._record(words, here)

    def _call(self, name: str, arguments: list[Text] | None) -> None:
        kept = self._arguments, self._source
        self._called.add(name)
        self._calls += 1
        self._inside.append(name)
        body, self._source = self._functions[name]
        self._arguments = arguments
        self._walk(body)
        self._inside.pop()
        self._arguments, self._source = kept

    def _read(self, path: Text) -> None:
        """The commands of another file, as `source` runs them."""
        content = None
        if self.files is not None and path.literal is not None and path.literal not in self._inside:
            content = self.files(self.folder)("cat", [path.literal])
        if content is None or content.literal is None:
            return
        kept = self._source
        self._source = content.literal.encode()
        self._inside.append(str(path))
        self._walk(tree_sitter.Parser(_LANGUAGE).parse(self._source).root_node)
        self._inside.pop()
        self._source = kept

    def _redirected(self, node: Any) -> None:
        """A statement, and the files that it writes."""
        body = node.child_by_field_name("body")
        if body is not None:
            self._walk(body)
        for path, content, more in output.redirects(node, self):
            self._write(path, content, more=more)
        for redirect in node.named_children:
            if redirect.type == "heredoc_redirect":
                for child in redirect.named_children:
                    if not child.type.startswith("heredoc_") and child.type != "file_redirect":
                        self._walk(child)

    def _write(self, path: Text, content: Text | None, *, more: bool = False) -> None:
        if str(path).startswith("/dev/") or not path.parts:
            return
        whole = within(self.folder, path)
        before: Text | None = Text()
        if more:
            earlier = [one for one in self.found if one.verb == "write" and one.words == (whole,)]
            if earlier:
                before = earlier[-1].content
            elif self.files is not None and path.literal is not None:
                before = self.files(self.folder)("cat", [path.literal]) or Text()
        known = None if before is None or content is None else joined([before, content])
        self.found.append(Init(self.folder, (whole,), {}, "write", known))

    def _record(self, words: Sequence[Text], environment: Mapping[str, Text]) -> None:
        for word in words:
            if re.search(r"\b(init|plan)\b", str(word)) and " " in str(word).strip():
                self._nested(word, environment)
        words, environment = _around(words, environment)
        at = _program(words)
        folder, verb = self._container(words) if at is not None else self.folder, "init"
        if at is None:
            backend = any(re.match(r"--?backend-config(=|$)", str(word)) for word in words)
            rest = list(words[1:]) if backend else []
        else:
            rest = list(words[at + 1 :])
            while rest and str(rest[0]).startswith("-"):
                option = str(rest[0])
                if option.startswith(("-chdir", "--chdir", "--working-dir", "--terragrunt-working-dir")):
                    value = rest[0] if "=" in option else (rest[1] if len(rest) > 1 else Text())
                    folder = within(folder, _after(value, "="))
                    rest = rest[1:] if "=" in option else rest[2:]
                else:
                    rest = rest[1:]
            if not rest or not (rest[0].literal in ("init", "plan") or _open(rest[0])):
                return
            verb, rest = ("init" if _open(rest[0]) else str(rest[0])), rest[1:]
        if at is not None or rest:
            self.found.append(Init(folder, tuple(rest), dict(environment), verb))

    def _container(self, words: Sequence[Text]) -> Text:
        """The folder of a command; what a container at the root of the checkout is given is not known."""
        runs = words[0].literal in ("docker", "podman", "nerdctl") and "run" in map(str, words[1:3])
        root = self.checkout is not None and self.folder.literal == str(self.checkout)
        return Text((Open("the folder of the container"),)) if runs and root else self.folder

    def _nested(self, word: Text, environment: Mapping[str, Text]) -> None:
        inner = Script(
            self._places.encode(word),
            self.folder,
            self.known,
            path=self.path,
            checkout=self.checkout,
            placeholders=self._places,
            files=self.files,
            arguments=self._arguments,
        )
        inner.values, inner.exported = dict(self.values), dict(environment)
        inner._depth = self._depth + _DEEPEST
        self.found += inner.inits()

    # -- words

    def words(self, node: Any) -> Iterator[Text]:
        """The words that a node of the tree becomes: several where an array or a list is expanded."""
        if node.type == "command_name" and len(node.named_children) == 1 and _is_list(node.named_children[0]):
            yield from self.words(node.named_children[0])
        elif node.type in ("simple_expansion", "expansion", "command_substitution"):
            array = self._array(node)
            if array is not None:
                yield from array
            else:
                yield from words_of(self.value(node))
        elif node.type == "string" and len(node.named_children) == 1 and node.end_byte - node.start_byte > 2:
            array = self._array(node.named_children[0])
            if array is not None:
                yield from array
            else:
                yield self.value(node)
        elif node.type not in ("comment", "herestring_redirect", "heredoc_redirect"):
            yield self.value(node)

    def _array(self, node: Any) -> list[Text] | None:
        content = node.text.decode()
        if content in ("$@", "$*", "${@}", "${*}"):
            return list(self._arguments) if self._arguments is not None else [Text((Open(ARGUMENTS),))]
        found = re.fullmatch(r"\$\{(\w+)\[[@*]\](?::?[-+][^}]*)?\}", content)
        value = self.values.get(found[1]) if found else None
        return _rows(value) if found and value is not None else ([] if found else None)

    def value(self, node: Any) -> Text:
        """The text that a node of the tree becomes."""
        kind = node.type
        if kind in ("string", "concatenation", "command_name", "translated_string"):
            return self._pieces(node, quoted=kind in ("string", "translated_string"))
        if kind in ("simple_expansion", "expansion"):
            return expand(node.text.decode(), self)
        if kind == "command_substitution":
            return substitution(node, self)
        if kind == "raw_string":
            return self._places.decode(node.text.decode()[1:-1])
        if kind == "ansi_c_string":
            return self._places.decode(node.text.decode()[2:-1])
        if kind == "process_substitution":
            return self._substituted(node)
        if kind == "arithmetic_expansion":
            return Text((Open("arithmetic expansion"),))
        return self._places.decode(re.sub(r"\\(.)", r"\1", re.sub(r"\\\n", "", node.text.decode())))

    def _substituted(self, node: Any) -> Text:
        """`<(command)`: a file that the command writes."""
        path = Text((Open(f"<(…) at {node.start_byte}"),))
        commands = [child for child in node.named_children if child.type != "comment"]
        content = output.printed(commands[0], self) if len(commands) == 1 else None
        self.found.append(Init(self.folder, (path,), {}, "write", content))
        return path

    def between(self, node: Any) -> Text:
        """The text of a here-document with its expansions."""
        parts: list[Text] = []
        at = node.start_byte
        for child in node.children:
            parts.append(self._plain(self._source[at : child.start_byte].decode()))
            plain = child.type == "heredoc_content"
            parts.append(self._plain(child.text.decode()) if plain else self.value(child))
            at = child.end_byte
        return joined([*parts, self._plain(self._source[at : node.end_byte].decode())])

    def _pieces(self, node: Any, *, quoted: bool) -> Text:
        """The children in order, and what is between them: white space in a string is no child."""
        parts: list[Text] = []
        at = node.start_byte
        for child in node.children:
            if quoted:
                parts.append(self._plain(self._source[at : child.start_byte].decode()))
            at = child.end_byte
            if child.type == '"' or (child.type == "$" and not child.is_named):
                continue
            if child.type == "string_content":
                parts.append(self._plain(child.text.decode()))
            else:
                parts.append(self.value(child))
        return joined(parts)

    def _plain(self, content: str) -> Text:
        return self._places.decode(re.sub(r'\\(["\\$`])', r"\1", content.replace("\\\n", "")))

    def variable(self, name: str) -> Text | None:
        """The value of a variable that the script itself has set, or a parameter that was given."""
        value = self.values.get(name)
        if isinstance(value, Text):
            return value
        if isinstance(value, list):
            return value[0] if value else Text()
        if name.isdecimal() and self._arguments is not None and 0 < int(name) <= len(self._arguments):
            return self._arguments[int(name) - 1]
        if name == "0" and self.path is not None:
            return text(str(self.path))
        return None

    def decoded(self, content: str) -> Text:
        """A text of the script with its open parts."""
        return self._places.decode(content)


_STATEMENTS: dict[str, Callable[[Script, Any], None]] = {
    "command": Script._command,
    "variable_assignment": lambda script, node: script._assign(node),
    "declaration_command": Script._declare,
    "case_statement": Script._case,
    "if_statement": Script._if,
    "for_statement": Script._for,
    "function_definition": Script._function,
    "subshell": Script._subshell,
    "pipeline": Script._subshell,
    "redirected_statement": Script._redirected,
}


def _rows(value: Text | list[Text]) -> list[Text]:
    return value if isinstance(value, list) else ([value] if value.parts else [])


def _is_list(node: Any) -> bool:
    """Whether a word is all the elements of an array, or all the arguments."""
    return bool(re.fullmatch(r'"?\$\{?(@|\*|\w+\[[@*]\])\}?"?', node.text.decode()))


def _open(word: Text) -> bool:
    return len(word.parts) == 1 and isinstance(word.parts[0], Open)


def _around(
    words: Sequence[Text], environment: Mapping[str, Text]
) -> tuple[Sequence[Text], Mapping[str, Text]]:
    """The words of a command with what `env`, a container's options and `xargs` around it give."""
    first = words[0].literal
    if first in ("xargs", "find", "parallel", "fd"):
        mark = Text((Open("{}"),))
        words = [
            joined(
                piece if at % 2 == 0 else mark
                for part in word.parts
                for at, piece in enumerate(re.split(r"(\{\})", part) if isinstance(part, str) else [part])
            )
            for word in words
        ]
    if first not in ("env", "docker", "podman", "nerdctl"):
        return words, environment
    at = _program(words)
    given = dict(environment)
    for word in words[1 : at if at is not None else len(words)]:
        head = word.parts[0] if word.parts else ""
        found = re.match(r"(?:--env=|-e)?([A-Z]\w*)=", head) if isinstance(head, str) else None
        if found and isinstance(head, str):
            given[found[1]] = joined([head[found.end() :], *word.parts[1:]])
    return words, given


def _program(words: Sequence[Text]) -> int | None:
    for at, word in enumerate(words):
        if word.literal is not None and re.split(r"[:@]", Path(word.literal).name)[0] in _PROGRAMS:
            return at
        if len(word.parts) == 1 and isinstance(word.parts[0], Open):
            part = word.parts[0]
            if _VARIABLE_PROGRAM.fullmatch(part.name) or any(Path(o).name in _PROGRAMS for o in part.options):
                return at
    return None


def _after(value: Text, separator: str) -> Text:
    first = value.parts[0] if value.parts else ""
    if isinstance(first, str) and separator in first:
        return joined([first.partition(separator)[2], *value.parts[1:]])
    return value
