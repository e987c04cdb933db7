"""The report: one page that says everything, holds no foreign markup, and can be read on a laptop and a phone."""

from __future__ import annotations

import html.parser
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import leoisac as li
from leoisac import cli
from leoisac.experiment.contracts import System
from leoisac.experiment.reporting.markup import Markup, escaped, join, table, tag
from leoisac.experiment.running.campaign import run_studies
from leoisac.experiment.scenario.scenarios import study_scenario
from leoisac.foundation.number_text import column_texts, counted, interval_text, share_text, short_time_text

TOY = "toy-downlink"
EVIL = "<script>alert('x')</script> & \"quotes\" </style></pre><img src=http://a.example/x onerror=alert(1)>"
VOID = {"meta", "img", "br", "link", "hr"}


def call(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, [str(item) for item in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.output


class Page(html.parser.HTMLParser):
    """Tags, attributes and text of a page; unbalanced tags are an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self._open[-1:] != ["style"] else ""


@pytest.fixture(scope="module")
def store(toy: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both studies at full size with all schemes, one of them failing at some trials."""
    folder = tmp_path_factory.mktemp("stores") / "campaign"
    studies = {name: study_scenario(toy, toy.study(name), schemes=["fill", "equal"]) for name in ("power", "users")}
    run_studies(toy, studies, folder, unit_trials=64)
    return folder


@pytest.fixture(scope="module")
def evil(toy: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose every text wants to be markup."""
    folder = tmp_path_factory.mktemp("stores") / "a<b>&\"c'"
    config = li.config(TOY, mode=EVIL, **{"satellite.name": EVIL})
    module = sys.modules[toy.evaluate.partition(":")[0]]
    kept = module.equal
    module.equal = module.broken
    try:
        li.run(config, ["fill", "equal", "odd"], {"mode": [EVIL, "$body ${title}"]}, trials=3, store=folder)
    finally:
        module.equal = kept
    return folder


def page_of(folder: Path) -> tuple[str, Page]:
    call("report", folder)
    text = (folder / "report.html").read_text(encoding="utf-8")
    return text, Page(text)


@pytest.fixture(scope="module")
def made(store: Path) -> tuple[str, Page]:
    return page_of(store)


class TestContent:
    def test_everything_is_there(self, made: tuple[str, Page]) -> None:
        text, page = made
        sections = [attributes["id"] for name, attributes in page.tags if name == "section"]
        assert sections == [
            *("scenario", "figures", "results", "claims", "outcomes", "timings", "provenance", "repeat"),
        ]
        for expected in (
            *("A toy downlink", "transmit_power_dbw", "Water-filling is best.", "reproduced", "INFEASIBLE"),
            *("fig-1: Rate against power", "fig-2: Both studies", 'system = "toy-downlink"', "@misc{toy"),
            *("leoisac run power.toml --store again-power", "mean", "jax", "Sum rate (bit/s/Hz)", "no design meets"),
        ):
            assert expected.lower() in page.text.lower(), expected
        images = [attributes for name, attributes in page.tags if name == "img"]
        assert len(images) == 2
        assert all(str(one["src"]).startswith("data:image/svg+xml;base64,") and one["alt"] for one in images)
        assert "<metadata>" not in text

    def test_the_numbers_are_those_of_the_statistics(self, store: Path, made: tuple[str, Page]) -> None:
        from leoisac.experiment.reading.statistics import summary

        _, page = made
        numbers = summary(li.open_run(store)["power"].to_dataset(), "sum_rate")
        for scheme in ("fill", "equal"):
            one = numbers.sel(scheme=scheme)
            parts = [one[name].values.tolist() for name in ("mean", "low", "high", "usable_share")]
            texts = column_texts(list(zip(*parts)))
            assert len(texts) == one.sizes["transmit_power_dbw"]
            assert all(text in page.text for text in texts)

    def test_equal_stores_equal_pages(self, store: Path, made: tuple[str, Page]) -> None:
        assert page_of(store)[0] == made[0]

    def test_needs_no_network_and_no_script(self, made: tuple[str, Page]) -> None:
        text, page = made
        assert not re.search(r"(src|href|url)\s*[=(]\s*[\"']?(https?:|//)", text)
        assert "script" not in {name for name, _ in page.tags}
        (policy,) = [one["content"] for name, one in page.tags if name == "meta" and "http-equiv" in one]
        assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

    def test_an_unfinished_run_says_so(self, store: Path, tmp_path: Path) -> None:
        shutil.copytree(store, tmp_path / "partial")
        for file in sorted((tmp_path / "partial").glob("units/*/*/64-*.npz")):
            file.unlink()
        _, page = page_of(tmp_path / "partial")
        assert re.search(r"This run is not finished: \d+ trials left\.", page.text)
        assert "insufficient" not in page.text  # 64 trials are enough for the claim

    def test_a_figure_that_cannot_be_drawn_does_not_spoil_the_rest(
        self, store: Path, toy: System, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        module = sys.modules[toy.figures.partition(":")[0]]

        def fails(studies: Any) -> Any:
            raise ValueError("<no such point>")

        from dataclasses import replace

        monkeypatch.setattr(module, "FIGURES", tuple(replace(one, draw=fails) for one in module.FIGURES))
        result = CliRunner().invoke(cli.app, ["report", str(store)])
        assert result.exit_code == 0
        assert "Warning: fig-1: Rate against power: ValueError: <no such point>" in result.stderr
        assert "fig-1: Rate against power: could not be drawn." in Page((store / "report.html").read_text()).text

    def test_large_drawings_are_pixels(self, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from leoisac.cli import report as console_report

        monkeypatch.setattr(console_report, "_MOST_SVG_BYTES", 10)
        images = [one for name, one in page_of(store)[1].tags if name == "img"]
        assert all(str(one["src"]).startswith("data:image/png;base64,") for one in images)
        assert all(one["style"] == "max-width: 4.00in" for one in images)  # a figure 3 inches wide

    def test_where_it_goes(self, store: Path, tmp_path: Path) -> None:
        assert "Report: " in call("report", store, "--out", tmp_path / "new" / "page.html")
        assert (tmp_path / "new" / "page.html").is_file()
        assert "must end in .html" in call("report", store, "--out", "page.pdf", code=2)
        assert "there is no result store here" in call("report", tmp_path / "absent", code=2)


class TestEscaping:
    def test_no_text_of_a_user_becomes_markup(self, evil: Path) -> None:
        text, page = page_of(evil)
        assert EVIL in page.text  # as text
        assert "$body ${title}" in page.text
        assert "script" not in {name for name, _ in page.tags}
        for name, attributes in page.tags:
            assert not [key for key in attributes if key.startswith("on")]
            assert str(attributes.get("src", "data:")).startswith("data:")
            assert str(attributes.get("href", "#")).startswith("#")
            assert name in {
                *("html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "h1", "h2"),
                *("h3", "p", "b", "ul", "li", "a", "div", "span", "table", "caption", "thead", "tbody", "tr", "th"),
                *("td", "figure", "img", "figcaption", "details", "summary", "pre", "code"),
            }
        assert "the solver that always fails" in page.text
        assert text.count("<style>") == 1

    def test_markup(self) -> None:
        assert tag("p", "<&\">'", class_='a"b') == '<p class="a&quot;b">&lt;&amp;&quot;&gt;&#x27;</p>'
        assert tag("p", tag("b", "x"), 3) == "<p><b>x</b>3</p>"
        assert isinstance(escaped(Markup("<b>")), Markup)
        assert join(["<", tag("br")], "&") == "&lt;&amp;<br>"
        made = Page(table("<t>", ("a", "<"), [("1", "&")], numbers=(1,)))
        assert made.text == "<t>a<1&"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((1.0, 0.9, 1.1, 1.0), "1.00 ± 0.10"),
        ((123.456, 120.0, 126.912, 0.5), "123.5 ± 3.5 [50%]"),
        ((float("nan"), 0.0, 0.0, 0.0), "— [0%]"),
        ((2.5, float("nan"), float("nan"), 1.0), "2.5"),
        ((1.0, 1.0, 1.0, float("nan")), "not run"),
        ((3e-9, 2e-9, 4e-9, 1.0), "(3.0 ± 1.0)e-09"),
        ((3.2e7, 3.1988e7, 3.2012e7, 0.5), "(3.2000 ± 0.0012)e+07 [50%]"),
        ((8.727786, 8.727785, 8.727787, 1.0), "8.728 ± <0.001"),
        ((0.01293, 0.01293 - 3.7e-8, 0.01293 + 3.7e-8, 1.0), "0.01293 ± <0.00001"),
        ((-5.1234, -5.1334, -5.1134, 1.0), "-5.123 ± 0.010"),
        ((10.4, 10.4, 10.4, 1.0), "10.4 ± 0"),
        ((0.0, 0.0, 0.0, 1.0), "0 ± 0"),
    ],
)
def test_interval_text(values: tuple[float, float, float, float], text: str) -> None:
    assert interval_text(*values) == text


def test_a_column_has_the_same_decimals_unless_its_numbers_span_too_much() -> None:
    narrow, wide = (7.0405382, 7.0405358, 7.0405406, 1.0), (12.2, 11.96, 12.44, 1.0)
    missing, high = (float("nan"), 0.0, 0.0, 0.0), (3.2e-5, 3.1e-5, 3.3e-5, 1.0)
    assert column_texts([narrow, wide, missing]) == ["7.041 ± <0.001", "12.200 ± 0.240", "— [0%]"]
    assert column_texts([wide, (0.92, 0.74, 0.98, 1.0)]) == ["12.20 ± 0.24", "0.92 (0.74 to 0.98)"]
    assert column_texts([wide, high]) == ["12.20 ± 0.24", "(3.20 ± 0.10)e-05"]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (1.0, "100%"), (0.954, "95%"), (0.9965, "99.7%"), (0.9996, "99.96%"), (0.00002, "<0.01%")],
)
def test_share_text(share: float, text: str) -> None:
    assert share_text(share) == text


def test_number_texts() -> None:
    assert (short_time_text(1.234), short_time_text(0.01234)) == ("1.23 s", "12.3 ms")
    assert (counted(1, "trial"), counted(2, "trial"), counted(2, "study", "studies")) == (
        *("1 trial", "2 trials", "2 studies"),
    )


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MEASURE = """<!DOCTYPE html><body><script>
const found = {};
const frames = WIDTHS.map(width => {
  const frame = document.createElement("iframe");
  frame.width = width; frame.height = 800; frame.src = "PAGE"; document.body.append(frame);
  return frame;
});
window.onload = () => {
  for (const frame of frames) {
    const page = frame.contentDocument;
    for (const one of page.querySelectorAll("details")) one.open = true;
    const images = [...page.images];
    found[frame.width] = {
      overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
      images: images.map(one => one.complete && one.naturalWidth > 0 && one.getBoundingClientRect().width > 100),
      scrolling: [...page.querySelectorAll(".scroll")].filter(one => one.scrollWidth > one.clientWidth).length,
      text: parseFloat(frame.contentWindow.getComputedStyle(page.body).fontSize),
      background: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
      ink: frame.contentWindow.getComputedStyle(page.body).color,
    };
  }
  document.body.textContent = "FOUND" + JSON.stringify(found) + "END";
};
</script>"""


def measured(page: Path, scratch: Path, *options: str) -> dict[str, Any]:
    """What a browser makes of a page at the width of a phone and of a laptop, with everything opened."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        pytest.skip("needs a browser: install Debian's package `chromium` (apt-get install chromium)")
    wrapper = scratch / "measure.html"
    wrapper.write_text(MEASURE.replace("WIDTHS", "[360, 1280]").replace("PAGE", page.as_uri()))
    command = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=10000"),
        *("--allow-file-access-from-files", f"--user-data-dir={scratch / 'profile'}", *options),
        *("--dump-dom", wrapper.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    found = re.search("FOUND(.*)END", done.stdout)
    assert found, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return json.loads(found[1])


def luminance(colour: str) -> float:
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class TestInABrowser:
    def test_laptop_and_phone(self, made: tuple[str, Page], tmp_path: Path) -> None:
        (tmp_path / "page.html").write_text(made[0], encoding="utf-8")
        found = measured(tmp_path / "page.html", tmp_path)
        for width, one in found.items():
            assert one["overflow"] == 0, f"the page scrolls sideways at {width} pixels"
            assert one["images"] == [True, True]
            assert one["text"] >= 16
            assert luminance(one["background"]) > 0.9
            assert luminance(one["ink"]) < 0.2
        assert found["360"]["scrolling"] > found["1280"]["scrolling"]  # tables scroll by themselves

    def test_dark(self, evil: Path, tmp_path: Path) -> None:
        call("report", evil, "--out", tmp_path / "page.html")
        found = measured(
            tmp_path / "page.html", tmp_path, "--force-dark-mode", "--blink-settings=preferredColorScheme=0"
        )
        for one in found.values():
            assert one["overflow"] == 0
            assert luminance(one["background"]) < 0.1
            assert luminance(one["ink"]) > 0.7
