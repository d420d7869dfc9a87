"""What the words of a shell script become, as far as text decides it: quotes, expansions, arrays, here-documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from readiness.stacks.recipes import output
from readiness.stacks.recipes.expansion import expand, substitution
from readiness.stacks.recipes.model import Files, Init, RecipeContext, within, words_of
from readiness.text import Open, Placeholders, Text, joined, one_of, text

ARGUMENTS = "the arguments"


class ShellWords:
    """The place in a script where a word stands: its folder, the variables and arguments, and what was found so far."""

    def __init__(
        self,
        content: str,
        folder: Text,
        known: RecipeContext,
        path: Path | None,
        checkout: Path | None,
        placeholders: Placeholders | None,
        files: Callable[[Text], Files] | None,
        arguments: Sequence[Text] | None,
    ) -> None:
        self.folder, self.known, self.path, self.checkout = folder, known, path, checkout
        self.files = files
        self.values: dict[str, Text | list[Text]] = {}
        self.found: list[Init] = []
        self._arguments = arguments
        self._places = placeholders or Placeholders()
        self._source = content.encode()

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
        return rows(value) if found and value is not None else ([] if found else None)

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

    def write(self, path: Text, content: Text | None, *, more: bool = False) -> None:
        """The script writes a file, or `more` to its end; None: nobody knows what."""
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

    def merged(self, name: str, values: Sequence[Text | list[Text] | None]) -> Text | list[Text]:
        """The value of a variable that may be any of these; None: as it is outside of the script."""
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


def rows(value: Text | list[Text]) -> list[Text]:
    """The elements of a variable: one or none of what is no array."""
    return value if isinstance(value, list) else ([value] if value.parts else [])


def _is_list(node: Any) -> bool:
    """Whether a word is all the elements of an array, or all the arguments."""
    return bool(re.fullmatch(r'"?\$\{?(@|\*|\w+\[[@*]\])\}?"?', node.text.decode()))
