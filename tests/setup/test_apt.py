"""Which apt sources the private runtime is fetched from."""

from __future__ import annotations

from pathlib import Path

from tfx_setup.apt import renamed_sources

STANZAS = """\
Types: deb deb-src
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://other.example/deb
Suites: nodistro
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main

types: deb
uris: http://mirror.example/debian-security
suites: bookworm-security
components: main
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 bookworm
 -----END PGP PUBLIC KEY BLOCK-----
"""

LINES = """\
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian-security bookworm-security main
deb http://other.example/apt cloud-sdk-bookworm main
"""


def test_stanzas_keep_everything_but_suites_and_types(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(STANZAS, encoding="utf-8")

    [(name, text)] = renamed_sources(tmp_path, "bookworm", "trixie").items()

    assert name == "debian.sources"
    first, second = text.split("\n\n")
    assert first.splitlines() == [
        "Types: deb",
        "URIs: http://mirror.example/debian",
        "Suites: trixie trixie-updates",
        "Components: main",
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
    ]
    assert "Suites: trixie-security\n" in second
    assert "signed-by:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n bookworm\n" in second


def test_one_line_sources_keep_their_options_and_components(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(LINES, encoding="utf-8")

    assert renamed_sources(tmp_path, "bookworm", "trixie") == {
        "sources.list": "deb http://mirror.example/debian trixie main contrib\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian-security "
        "trixie-security main\n"
    }


def test_a_machine_without_sources_of_its_release_gives_none(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    other = tmp_path / "sources.list.d" / "other.list"
    other.write_text("deb http://other.example/apt stable main\n", encoding="utf-8")
    (tmp_path / "sources.list.d" / "debian.sources.bak").write_text(STANZAS, encoding="utf-8")

    assert renamed_sources(tmp_path, "bookworm", "trixie") == {}
