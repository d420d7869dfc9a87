"""The `init` and `plan` commands of a shell script, by its syntax tree: variables, branches, loops and functions are
followed as far as text decides them; where it does not, every branch is taken."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_bash

from readiness.stacks.recipes import output
from readiness.stacks.recipes.invocation import invocation
from readiness.stacks.recipes.model import Files, Init, RecipeContext, within
from readiness.stacks.recipes.shell_words import ShellWords, rows
from readiness.text import Open, Placeholders, Text, joined, one_of

_LANGUAGE = tree_sitter.Language(tree_sitter_bash.language())
_LOOPS = 32
_DEEPEST = 8
_MOST_CALLS = 200


class Script(ShellWords):
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
        super().__init__(content, folder, known, path, checkout, placeholders, files, arguments)
        self.exported: dict[str, Text] = {}
        self._functions: dict[str, tuple[Any, bytes]] = {}
        self._called: set[str] = set()
        self._inside: list[str] = []
        self._calls = 0
        self._depth = 0
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
                value = [*rows(before), *rows(value)]
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
            name: self.merged(name, [end[0].get(name) for end in ends])
            for name in {name for end in ends for name in end[0]}
        }
        self.folder = one_of("the folder", [end[1] for end in ends])
        self.exported = {
            name: one_of(name, [end[2].get(name) or self.known.value(name) for end in ends])
            for name in {name for end in ends for name in end[2]}
        }

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
                self.write(path, content)
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
            self.write(path, content, more=more)
        for redirect in node.named_children:
            if redirect.type == "heredoc_redirect":
                for child in redirect.named_children:
                    if not child.type.startswith("heredoc_") and child.type != "file_redirect":
                        self._walk(child)

    def _record(self, words: Sequence[Text], environment: Mapping[str, Text]) -> None:
        for word in words:
            if re.search(r"\b(init|plan)\b", str(word)) and " " in str(word).strip():
                self._nested(word, environment)
        found = invocation(words, environment, self.folder, self.checkout)
        if found is not None:
            self.found.append(found)

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
