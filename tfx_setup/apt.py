"""Fetches Debian packages without root, through an apt state of our own.

apt checks the signatures as always; the system's package lists and packages stay untouched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tfx_setup.errors import CommandError, SetupError
from tfx_setup.process import run

_SUITES_WE_KEEP = ("", "-updates", "-security")


def renamed_sources(apt_folder: Path, codename: str, successor: str) -> dict[str, str]:
    """The release's own apt sources with its codename replaced, by file name."""
    files = [apt_folder / "sources.list", *sorted((apt_folder / "sources.list.d").glob("*"))]
    texts = {}
    for file in files:
        if not file.is_file() or file.suffix not in {".list", ".sources"}:
            continue
        rename = _rename_lines if file.suffix == ".list" else _rename_stanzas
        text = rename(file.read_text(encoding="utf-8"), codename, successor)
        if text:
            texts[file.name] = text
    return texts


def _new_suite(suite: str, codename: str, successor: str) -> str | None:
    """The successor's suite; None for other people's suites, which may have no successor."""
    for ending in _SUITES_WE_KEEP:
        if suite.rstrip("/") == codename + ending:
            return successor + ending
    return None


def _rename_lines(text: str, codename: str, successor: str) -> str:
    lines = []
    for line in text.splitlines():
        match = re.match(r"deb\s+(\[[^]]*\]\s+)?(\S+)\s+(\S+)(\s.*)?$", line.strip())
        suite = _new_suite(match[3], codename, successor) if match else None
        if match and suite:
            lines.append(f"deb {match[1] or ''}{match[2]} {suite}{match[4] or ''}\n")
    return "".join(lines)


def _rename_stanzas(text: str, codename: str, successor: str) -> str:
    stanzas = [_rename_stanza(part, codename, successor) for part in re.split(r"\n\s*\n", text)]
    return "\n".join(stanza for stanza in stanzas if stanza)


def _rename_stanza(stanza: str, codename: str, successor: str) -> str:
    """A stanza in deb822 form with only its suites and its types changed; empty if not ours."""
    fields: list[list[str]] = []
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace() and fields:
            fields[-1].append(line)
        elif line.strip():
            fields.append([line])
    named = {lines[0].partition(":")[0].strip().lower(): lines for lines in fields}
    if "suites" not in named or "deb" not in _words(named.get("types", [])):
        return ""
    if _words(named.get("enabled", ["Enabled: yes"])) == ["no"]:
        return ""
    suites = [_new_suite(word, codename, successor) for word in _words(named["suites"])]
    if not any(suites):
        return ""
    named["suites"] = ["Suites: " + " ".join(suite for suite in suites if suite)]
    named["types"] = ["Types: deb"]
    return "".join(f"{line}\n" for lines in named.values() for line in lines)


def _words(lines: list[str]) -> list[str]:
    return " ".join(lines).partition(":")[2].split()


@dataclass(frozen=True)
class PrivateApt:
    """An apt state inside `folder`, with the machine's own sources unless others are given."""

    folder: Path
    sources: dict[str, str] | None = None

    def unpack(self, packages: list[str], target: Path) -> None:
        """Fetches packages, checks their signatures and unpacks them below `target`."""
        downloads = self.folder / "downloads"
        options = self._prepare(downloads)
        try:
            run(["apt-get", *options, "update", "-qq"])
        except CommandError as error:
            # Some other source of the machine may be broken; ours decides in the download.
            update_output = error.output
        else:
            update_output = ""
        try:
            run(["apt-get", *options, "download", "-qq", *packages], folder=downloads)
        except CommandError as error:
            output = update_output + error.output
            raise CommandError(["apt-get", "download", *packages], 100, output) from error
        for package in sorted(downloads.glob("*.deb")):
            run(["dpkg", "-x", package, target])

    def _prepare(self, downloads: Path) -> list[str]:
        for part in ("lists/partial", "cache/archives/partial", "sources"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        downloads.mkdir(exist_ok=True)
        options = [f"Dir::State::Lists={self.folder}/lists", f"Dir::Cache={self.folder}/cache"]
        if self.sources is not None:
            if not self.sources:
                raise SetupError(
                    "no apt source of this machine is one of its release.",
                    "put the release's own sources back into /etc/apt and run again",
                )
            for name, text in self.sources.items():
                (self.folder / "sources" / name).write_text(text, encoding="utf-8")
            options += [f"Dir::Etc::sourceparts={self.folder}/sources"]
            options += ["Dir::Etc::sourcelist=/dev/null"]
            # A pin of the system's packages must not hold ours back.
            options += ["Dir::Etc::preferences=/dev/null", "Dir::Etc::preferencesparts=/dev/null"]
        return [word for option in options for word in ("-o", option)]
