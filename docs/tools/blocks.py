"""Reads, checks and runs the code blocks of the documentation.

    python docs/tools/blocks.py                     # every block of every page is checked and run
    python docs/tools/blocks.py --budget 240        # pages are run until 240 s of processor time are spent
    python docs/tools/blocks.py docs/start.md

All Python blocks and `leoisac` commands of a page run in order, in one process and one empty folder. Comments before a
block, which readers do not see, say what is otherwise:

    <!-- docs-test: read, WHY -->     the block is checked (syntax, names, options), not run
    <!-- docs-test: with ARGS -->     its `leoisac run` commands get these arguments as well
    <!-- docs-test: given
    CODE -->                          Python that runs before the block: what its text takes for granted
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOTE = re.compile(r"<!-- docs-test: ((?:(?!-->).)*)-->\s*\Z", re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_ELSEWHERE = ("make", "python", "python3", ".venv/bin/python", "pip", ".venv/bin/pip", "openssl", "dask")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, line, language and text, and what a comment before it says."""

    page: Path
    line: int
    language: str
    text: str
    is_read_only: bool = False
    more: tuple[str, ...] = ()
    given: str = ""

    @property
    def where(self) -> str:
        """``docs/start.md:12``."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def commands(self) -> list[list[str]]:
        """The commands of a shell block, comments and redirections apart."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]


def pages() -> list[Path]:
    """Hand-written pages, and those of the repository's root and systems."""
    systems = sorted((ROOT / "leoisac" / "systems").glob("*/README.md"))
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")), *systems]


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order."""
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        words: dict[str, Any] = {}
        before = text[: found.start()]
        while note := _NOTE.search(before):
            word, _, rest = note[1].strip().partition("\n" if note[1].startswith("given") else " ")
            word = word.rstrip(",").strip()
            if word == "read":
                words["is_read_only"] = True
            elif word == "with":
                words["more"] = tuple(shlex.split(rest))
            elif word == "given":
                words["given"] = rest
            else:
                raise ValueError(f"{page}:{line}: docs-test: {word}: must be read, with or given.")
            before = before[: note.start()]
        yield Block(page, line, found[1], found[2], **words)


def problems_of(block: Block) -> list[str]:
    """What is wrong with a block that can be seen without running it."""
    try:
        if block.language == "python":
            tree = ast.parse(block.text)
            return [f"{block.where}: leoisac has no `{name}`" for name in _unknown_names(tree)]
        if block.language == "toml":
            tomllib.loads(block.text)
        if block.language == "sh":
            return [f"{block.where}: {wrong}" for words in block.commands() if (wrong := _wrong_command(words))]
    except (SyntaxError, ValueError) as error:
        return [f"{block.where}: {error}"]
    return []


def run_blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that are run."""
    return (block for block in blocks_of(page) if not block.is_read_only and block.language in ("python", "sh"))


def python_of(page: Path) -> str:
    """All Python that a page runs, with what is given to it: names that nothing defines can be seen in it."""
    parts = (f"{block.given}\n{block.text * (block.language == 'python')}" for block in run_blocks(page))
    return "\n".join(["ROOT = None", *parts])


def not_given(page: Path) -> list[str]:
    """Folders of the repository that a page's blocks read, though no ``given`` brings them to the folder it runs in."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"runs"}
    given, wrong = set[str](), list[str]()
    for block in run_blocks(page):
        given |= set(re.findall(r'ROOT / "([\w-]+)"', block.given))
        text = block.text if block.language == "python" else "\n".join(_runnable(block))
        read = dict.fromkeys(re.findall(r"(?:^|[\s\"'=])(?:\./)?([\w-]+)/", text, re.MULTILINE))
        wrong += [f"{block.where}: {name} is not given" for name in read if name in folders - given]
    return wrong


def broken_links(page: Path) -> list[str]:
    """Targets of a page's links that are not there: files, and headings of pages."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    broken = []
    for target in (first or second for first, second in _LINK.findall(text)):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if "docs/generated/" in file.as_posix():  # made by the build, which holds these links itself
            continue
        if not file.exists() or (heading and heading not in _headings(file)):
            broken.append(f"{page.relative_to(ROOT)}: {target}")
    return broken


def _headings(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _unknown_names(tree: ast.AST) -> list[str]:
    import leoisac

    known = set(leoisac.__all__)
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "li"
    }
    return sorted(used - known)


def _wrong_command(words: list[str]) -> str:
    """What is wrong with a command: a verb, an option or a target of make that is not there."""
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    program = words[0]
    if program == "make":
        goals = [word for word in words[1:] if "=" not in word]
        made = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        return ", ".join(f"make has no target `{goal}`" for goal in goals if goal not in made)
    if program.rpartition("/")[2] != "leoisac":
        return "" if program in _ELSEWHERE else f"`{program}`: is no command that these pages know"
    return _wrong_call(words[1:])


def _wrong_call(words: list[str]) -> str:
    import typer.main

    from leoisac.cli.app import app

    group: Any = typer.main.get_command(app)
    if words[0].startswith("-"):
        return ""
    verb = group.commands.get(words[0])
    if verb is None:
        return f"leoisac has no verb `{words[0]}`"
    known = {name for parameter in verb.params for name in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "-h"}
    unknown = [word.partition("=")[0] for word in words[1:] if word.startswith("--")]
    return ", ".join(f"leoisac {words[0]} has no option {name}" for name in unknown if name not in known)


def program_of(page: Path) -> str:
    """One Python program that does what a page says, block after block; empty if it says nothing to do."""
    parts: list[str] = []
    for block in run_blocks(page):
        if block.given:
            parts.append(f"_run({block.given!r}, {block.where + ' (given)'!r})")
        if block.language == "python":
            parts.append(f"_run({block.text!r}, {block.where!r})")
        else:
            parts += [f"_call({line!r}, {block.where!r})" for line in _runnable(block)]
    return "\n".join([_PREAMBLE, *parts]) if parts else ""


def _runnable(block: Block) -> Iterator[str]:
    """Commands of leoisac in a block, as they are but for what ``with`` adds."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0].rpartition("/")[2] != "leoisac":
            continue
        at = words.index(">") if ">" in words else len(words)
        kept = words[1:at] + (list(block.more) if words[1] == "run" else [])
        yield shlex.join(kept) + (f" > {words[at + 1]}" if at < len(words) else "")


_PREAMBLE = """
import os, shlex, subprocess, sys
import matplotlib
matplotlib.use("Agg")
from pathlib import Path
_names = {"__name__": "__page__", "ROOT": Path(os.environ["PYTHONPATH"])}


def _run(text, where):
    print("..", where, flush=True)
    exec(compile(text, where, "exec"), _names)


def _call(line, where):
    print("..", where, "leoisac", line, flush=True)
    main = "from leoisac.cli import main; main()"
    subprocess.run(f"{shlex.quote(sys.executable)} -c {shlex.quote(main)} {line}", shell=True, check=True)
"""


def run_page(page: Path, timeout: float = 3600.0) -> tuple[bool, str, float]:
    """Run a page's program: whether it went through, what it printed, and its processor time in seconds.

    A page that takes longer than ``timeout`` seconds is ended, with its process group, and counts as failed.
    """
    program = program_of(page)
    if not program:
        return True, "", 0.0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.setdefault("LEOISAC_COMPILE", "quick")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "_page.py"
        file.write_text(program, "utf-8")
        log = Path(folder) / "_page.log"
        with log.open("wb") as stream, _started([sys.executable, str(file)], folder, environment, stream) as process:
            try:
                went, remark = process.wait(timeout) == 0, ""
            except subprocess.TimeoutExpired:
                went, remark = False, f"\nended after {timeout:g} s"
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        output = log.read_text("utf-8", "replace") + remark
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return went, output, spent


def _started(command: list[str], folder: str, environment: dict[str, str], stream: Any) -> subprocess.Popen[bytes]:
    """A process that writes to a file, in a group of its own."""
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
    )


def main() -> int:
    """Check all pages that are asked for, and run them while the budget lasts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, default=[])
    parser.add_argument("--budget", type=float, default=float("inf"), help="seconds of processor time")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    chosen = [page.resolve() for page in options.pages] or pages()
    wrong = [text for page in chosen for block in blocks_of(page) for text in problems_of(block)]
    wrong += [text for page in chosen for text in (*not_given(page), *broken_links(page))]
    spent = 0.0
    for page in chosen:
        name = page.relative_to(ROOT)
        if not program_of(page):
            continue
        if spent >= options.budget:
            print(f"not run (the budget is spent): {name}")
            continue
        went, output, seconds = run_page(page)
        spent += seconds
        print(f"{'ok' if went else 'FAILED'}  {name}  {seconds:.0f} s", flush=True)
        if not went or options.verbose:
            print("\n".join(output.splitlines()[-40:]))
        if not went:
            wrong.append(f"{name}: see above")
    print("\n".join(wrong))
    print(f"{len(wrong)} problems, {spent:.0f} s of processor time")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
