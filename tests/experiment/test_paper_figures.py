"""One's own figure, summary and table: over the trials in common, at the width of a column, with any text."""

from __future__ import annotations

import csv
import itertools
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.container import ErrorbarContainer
from matplotlib.legend import Legend
from matplotlib.text import Text
from typer.testing import CliRunner

import leoisac as li
from leoisac.cli import app
from leoisac.experiment.contracts import System
from leoisac.experiment.reading.statistics import summary
from leoisac.experiment.reporting.latex import latex_table
from leoisac.foundation.figure_notes import CUT_TEXT, add_note
from leoisac.foundation.latex_text import escaped, escaped_around_math
from leoisac.plots.saving import TEX_SYSTEMS
from leoisac.plots.style import series_styles
from leoisac.plots.sweep import draw_sweep

NASTY = "50 % of {a_b} & #1, $x^2$ ~ \\end <τ> “é” ± 漢"
POWERS = [0.0, 5.0, 10.0]


@pytest.fixture(scope="module")
def data(toy: System) -> Any:
    """A scheme that loses trials at low power, one that loses none, and one that ends in every way."""
    return li.run(toy.config(min_rate=0.3), sweep={"transmit_power_dbw": POWERS}, trials=24)


@pytest.fixture
def nasty(data: xr.Dataset) -> xr.Dataset:
    made = data.assign_coords(scheme_label=("scheme", [NASTY, "[b]", "*c"]))
    made["sum_rate"].attrs["long_name"] = f"rate of {NASTY}"
    return made


def sizes(figure: Any) -> set[float]:
    figure.draw_without_rendering()
    return {item.get_fontsize() for item in figure.findobj(Text) if item.get_text().strip()}


class TestFigures:
    @pytest.mark.parametrize(("width", "inches"), [("ieee", 3.5), ("ieee-double", 7.16), (2.5, 2.5)])
    def test_as_wide_as_asked_and_legible(self, data: Any, width: Any, inches: float) -> None:
        for options in ({}, {"x": "total_power"}, {"at": {"transmit_power_dbw": 10}}, {"title": "title"}):
            figure = li.plot(data, "sum_rate", width=width, **options)
            assert figure.get_figwidth() == pytest.approx(inches)
            assert min(sizes(figure)) >= 8.0
            panels = [(panel.xaxis.label, panel.yaxis.label) for panel in figure.axes]
            legends = [legend.get_texts() for legend in figure.findobj(Legend)]
            for item in filter(Text.get_text, itertools.chain(*panels, *legends)):
                extent = item.get_window_extent()
                assert extent.x0 >= -1, item.get_text()
                assert extent.x1 <= figure.bbox.x1 + 1, item.get_text()
                assert extent.y1 <= figure.bbox.y1 + 1, item.get_text()

    def test_means_are_over_the_trials_in_common_of_what_is_drawn(self, data: Any) -> None:
        figure = li.plot(data, "sum_rate", schemes=["fill", "equal"])
        numbers = summary(data.sel(scheme=["fill", "equal"]), "sum_rate")
        lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 3 and line.get_marker() == "None"]
        for line, scheme in zip(lines, ["fill", "equal"], strict=True):
            np.testing.assert_array_equal(line.get_xdata(), POWERS)
            np.testing.assert_allclose(line.get_ydata(), numbers["mean"].sel(scheme=scheme))
        assert figure.get_label() == f"M{numbers.attrs['caption'][1:]}."
        assert f"the {numbers.attrs['common_trials']} of 24 trials" in figure.get_label()
        assert len(figure.axes) == 2  # and the shares of usable trials
        assert len(li.plot(data, "sum_rate", schemes=["fill"]).axes) == 1

    def test_labels(self, data: Any) -> None:
        labels = {"fill": "Ours", "sum_rate": "Rate (bit/s/Hz)", "transmit_power_dbw": "$P$ (dBW)"}
        figure = li.plot(data, "sum_rate", schemes=["equal", "fill"], labels=labels)
        legend = figure.axes[0].get_legend()
        assert [text.get_text() for text in legend.get_texts()] == ["equal", "Ours"]
        assert figure.axes[0].get_ylabel() == "Rate (bit/s/Hz)"
        assert figure.axes[-1].get_xlabel() == "$P$ (dBW)"
        listed = li.plot(data, "sum_rate", schemes=["equal", "fill"], labels=["A", "B"]).axes[0].get_legend()
        assert [text.get_text() for text in listed.get_texts()] == ["A", "B"]

    def test_over_an_axis_of_the_metric_and_over_another_metric(self, data: Any) -> None:
        users = li.plot(data, "rate", x="user", schemes=["fill"], at={"transmit_power_dbw": 10})
        np.testing.assert_array_equal(users.axes[0].lines[0].get_xdata(), [0, 1, 2])
        trade = li.plot(data, "sum_rate", x="total_power", schemes=["fill"])
        across = summary(data.sel(scheme=["fill"]), "total_power")["mean"].values[0]
        np.testing.assert_allclose(trade.axes[0].lines[0].get_xdata(), across)

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"metric": "sum_rat"}, "metric = 'sum_rat'.*Did you mean `sum_rate`"),
            ({"metric": "never_returned"}, "no trial of these schemes has it"),
            ({"metric": "rate"}, r"also runs over user; cut there, at=\{'user': 0\}"),
            ({"x": "power"}, "x = 'power': must be what was swept"),
            ({"schemes": ["fil"]}, "no 'fil'. Did you mean `fill`"),
            ({"schemes": "fill"}, r"must be a list of scheme names, \['fill'\]"),
            ({"labels": {"fil": "x"}}, "nothing in the figure is called 'fil'"),
            ({"labels": ["x"]}, "must be a mapping, or a list with a text per scheme"),
            ({"width": "acm"}, "width = 'acm': must be 'ieee' or 'ieee-double', or a number"),
            ({"width": 0.5}, "width = 0.5: must be from 1.5 to 30"),
            ({"at": {"transmit_power_dbw": 7}}, "is none of 0.0, 5.0, 10.0"),
            ({"at": {"users": 7}}, "at.users: the data have no such field"),
            ({"file": "x.jpg"}, "must end in"),
            ({"file": 3}, "file = 3: must be the name of a file"),
            ({"file": f"{__file__}/x.pdf"}, "is a file, not a folder; choose another place"),
            ({"metric": 3}, "metric = 3: must be text"),
            ({"x": 3}, "x = 3: must be text"),
            ({"at": 3}, "at = 3: must be a mapping"),
            ({"schemes": 3}, "schemes = 3: must be a list"),
            ({"labels": 3}, "labels = 3: must be a mapping, or a list"),
            ({"labels": {"fill": r"$\alhpa$"}}, r"labels\.fill = .*cannot set its mathematics \(Unknown symbol"),
            ({"title": "$x_$"}, "title = .*cannot set its mathematics"),
        ],
    )
    def test_refusals(self, data: Any, options: dict[str, Any], text: str) -> None:
        with pytest.raises(li.ConfigError, match=text):
            li.plot(data, **{"metric": "sum_rate", **options})

    def test_a_point_without_neighbours_has_a_bar_as_has_a_sweep_of_one_value(self, data: Any) -> None:
        assert not li.plot(data, "sum_rate", schemes=["fill"]).axes[0].containers
        alone = data.assign(usable=data["usable"] & (data["transmit_power_dbw"] != 5.0))
        one = data.isel(transmit_power_dbw=[2])
        for shown, points in ((alone, 2), (one, 1)):
            figure = li.plot(shown, "sum_rate", x="transmit_power_dbw", schemes=["fill"])
            numbers = summary(shown.sel(scheme=["fill"]), "sum_rate").squeeze("scheme").dropna("transmit_power_dbw")
            (bars,) = [item for item in figure.axes[0].containers if isinstance(item, ErrorbarContainer)]
            (ends,) = [lines.get_segments() for lines in bars.lines[2]]
            assert len(ends) == points
            np.testing.assert_allclose([end[0, 1] for end in ends], numbers["low"].values)
            np.testing.assert_allclose([end[1, 1] for end in ends], numbers["high"].values)

    def test_a_band_that_is_cut_is_said(self, data: Any) -> None:
        assert CUT_TEXT not in li.plot(data, "sum_rate").get_label()
        wild = data.assign(sum_rate=data["sum_rate"] * (1.0 + 1e3 * (-1.0) ** data["trial"]))
        wild["sum_rate"].attrs = {}
        assert li.plot(wild, "sum_rate", schemes=["fill"]).get_label().endswith(CUT_TEXT)
        drawn = draw_sweep(summary(wild.sel(scheme=["fill"]), "sum_rate"))
        assert CUT_TEXT in " ".join(drawn.get_supxlabel().split())
        add_note(drawn, "more")
        assert " ".join(drawn.get_supxlabel().split()).count(CUT_TEXT) == 1

    def test_a_legend_says_why_there_is_no_curve(self, data: Any) -> None:
        few = (data["trial"] < 3) & (data["scheme"] == "equal")
        good = data["scheme"] == "fill"
        for usable, reason in ((good | few, "not compared"), (good, "never usable")):
            seen = data.assign(usable=(usable & (data["status"] >= 0)).transpose(*data["usable"].dims))
            figure = li.plot(seen, "sum_rate", schemes=["fill", "equal"])
            texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
            assert texts == ["Water-filling", f"equal ({reason})"]
            assert "left out (at most a fifth usable in common): equal." in figure.get_label()

    def test_shares_are_marks_side_by_side(self, data: Any) -> None:
        usable = data["usable"].copy(data=np.broadcast_to(np.arange(24) % 2 == 0, data["usable"].shape))
        strip = li.plot(data.assign(usable=usable), "sum_rate", schemes=["fill", "equal"]).axes[1]
        assert strip.get_ylabel() == "usable share"
        assert [line.get_linestyle() for line in strip.lines] == ["None", "None"]
        for line in strip.lines:
            np.testing.assert_allclose(line.get_ydata(), 0.5)
        at = [line.get_transform().transform((5.0, 0.5))[0] for line in strip.lines]
        assert at[1] - at[0] > 3.0

    def test_points_at_the_ends_without_a_curve_take_no_room(self, data: Any) -> None:
        powers = [-10.0, -5.0, *POWERS]
        wide = data.isel(transmit_power_dbw=[0, 0, 0, 1, 2]).assign_coords(transmit_power_dbw=powers)
        seen = wide.assign(usable=wide["usable"] & (wide["transmit_power_dbw"] >= 0.0))
        low, high = li.plot(seen, "sum_rate", schemes=["fill"]).axes[0].get_xlim()
        assert -10.0 < low < -5.0  # the last point at which nothing is usable, for the strip
        assert high > 10.0
        assert li.plot(seen, "sum_rate", schemes=["fill"], shares=False).axes[0].get_xlim()[0] > -5.0

    def test_curves_differ_in_grey(self) -> None:
        styles = list(series_styles([str(number) for number in range(10)]).values())
        assert len({str(style.line) for style in styles}) == len(styles)
        assert len({style.marker for style in styles}) == len(styles)

    def test_data_without_a_usable_trial_say_how_the_designs_ended(self, data: Any) -> None:
        status = data["status"].copy(data=np.full(data["status"].shape, 3, np.int8))
        dead = data.assign(status=status, usable=data["usable"] & False, sum_rate=data["sum_rate"] * np.nan)
        with pytest.raises(
            li.ConfigError, match=r"data: all 72 designs of fill ended INFEASIBLE\. INFEASIBLE: No de.*W\."
        ):
            li.plot(dead, "sum_rate", schemes=["fill"])
        status[0, 0, :4] = 2
        with pytest.raises(
            li.ConfigError, match=r"no design of fill is usable \(4 MAX_STEPS, 68 INFEASIBLE\); all 72 de"
        ):
            li.plot(dead.assign(status=status), "sum_rate")


class TestFiles:
    def test_pdf_has_truetype_fonts_its_width_and_what_it_shows(self, nasty: Any, tmp_path: Path) -> None:
        labels = {"fill": "$\\alpha_1$", "equal": "b", "odd": "c", "sum_rate": "$R_5$ (bit/s/Hz)"}
        li.plot(nasty, "sum_rate", file=tmp_path / "a.pdf", labels=labels)
        content = (tmp_path / "a.pdf").read_bytes()
        assert b"/Type3" not in content
        assert re.search(rb"/MediaBox \[ 0 0 252 ", content)
        said = "trials that all schemes can use"
        assert said.encode() in content or said.encode("utf-16-be") in content

    def test_pgf_needs_a_latex_and_says_so_before_any_work(
        self, data: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shutil, "which", lambda name: None)
        with pytest.raises(li.ConfigError, match=r"none is installed here.*or write \.pdf"):
            li.plot(data, "sum_rate", file=tmp_path / "a.pgf")
        result = CliRunner().invoke(app, ["run", "toy-downlink/fig-1", "--out", str(tmp_path / "a.pgf")])
        assert "none is installed here" in result.output
        assert not list(tmp_path.iterdir())

    @pytest.mark.skipif(not any(map(shutil.which, TEX_SYSTEMS)), reason="no LaTeX here")
    def test_pgf_and_table_compile_whatever_names_hold(self, nasty: Any, tmp_path: Path) -> None:
        figure = li.plot(nasty, "sum_rate", file=tmp_path / "a.pgf", title="$\\beta$ " + NASTY)
        assert figure.get_suptitle() == "$\\beta$ " + NASTY  # as it was
        li.export(nasty, tmp_path / "a.tex")
        program = next(name for name in TEX_SYSTEMS if shutil.which(name))
        (tmp_path / "doc.tex").write_text(
            "\\documentclass{article}\\usepackage{booktabs,pgf}\\begin{document}\\input{a.tex}\\input{a.pgf}"
            "\\end{document}\n"
        )
        draft = ["-draftmode"] if program == "pdflatex" else []  # set, without looking for fonts to put in
        command = [program, *draft, "-interaction=nonstopmode", "-halt-on-error", "doc.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
        assert done.returncode == 0, done.stdout[-2000:]

    def test_the_command(self, data: Any, toy: System, tmp_path: Path) -> None:
        li.run(toy.config(), schemes=["fill"], sweep={"transmit_power_dbw": POWERS}, trials=3, store=tmp_path / "s")
        drawn = [str(tmp_path / "s"), "--width", "ieee", "--label", "fill=Ours", "--label", "sum_rate=R"]
        result = CliRunner().invoke(app, ["plot", *drawn])
        assert result.exit_code == 0, result.output
        assert "Caption: Means over the 3 of 3 trials" in result.output
        assert (tmp_path / "s" / "sweep.pdf").exists()


class TestTables:
    def test_the_summary_reads_back(self, data: Any, tmp_path: Path) -> None:
        (path,) = li.export(data, tmp_path / "power.summary.csv")
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert {row["metric"] for row in rows} >= {"sum_rate", "rate", "objective"}
        assert "never_returned" not in {row["metric"] for row in rows}
        for metric, entry in (("sum_rate", ""), ("rate", "2")):
            numbers = summary(data, metric)
            for row in (row for row in rows if row["metric"] == metric and row["user"] == entry):
                one = numbers.sel(scheme=row["scheme"], transmit_power_dbw=float(row["transmit_power_dbw"]))
                one = one.isel(user=int(entry)) if entry else one
                for name in ("mean", "low", "high", "count", "usable_share", "usable_low", "usable_high"):
                    there = float(row[name]) if row[name] else np.nan
                    np.testing.assert_equal(there, float(one[name]))
                assert (row["run"], row["units"]) == ("24", "bit/s/Hz")

    def test_the_table_has_the_means_and_only_latex(self, nasty: Any) -> None:
        text = latex_table(nasty, "sum_rate")
        assert text.isprintable() or text.replace("\n", "").isprintable()
        body = text.partition("\\midrule\n")[2].partition("    \\bottomrule")[0].splitlines()
        assert len(body) == 3
        for line in body:
            assert len(re.findall(r"(?<!\\)&", line)) == 3
            assert line.endswith(" \\\\")
            assert line.count("$") % 2 == 0
        numbers = summary(nasty, "sum_rate").sel(scheme="fill", transmit_power_dbw=10.0)
        half = (float(numbers["high"]) - float(numbers["low"])) / 2
        assert f"{float(numbers['mean']):.2f} $\\pm$ {half:.2f}" in body[2]
        assert text.count("{") == text.count("}")

    def test_a_table_of_two_schemes_fits_a_column(self, data: Any) -> None:
        two = latex_table(data.sel(scheme=["fill", "equal"]), "sum_rate")
        assert "\\begin{table}[t]" in two
        wide = data.isel(scheme=[0, 1, 0, 1, 0]).assign_coords(scheme_label=("scheme", ["a long name of it"] * 5))
        assert "\\begin{table*}[t]" in latex_table(wide, "sum_rate")
        folded = latex_table(wide.isel(scheme=[0, 1, 2]), "sum_rate")
        assert "\\shortstack[r]{a long\\\\name of it}" in folded
        assert "\\begin{table}[t]" in folded

    @pytest.mark.parametrize(
        ("text", "made"),
        [
            ("a_b & 5 % #1", r"a\_b \& 5 \% \#1"),
            ("{x}\\y", r"\{x\}\textbackslash{}y"),
            ("m² ± τ", r"m$^2$ $\pm$ $\tau$"),
            ("é 漢", "é ?"),
        ],
    )
    def test_escaping(self, text: str, made: str) -> None:
        assert escaped(text) == made

    def test_mathematics_stays(self) -> None:
        assert escaped_around_math(r"power_x $P_s^2$ & $\alpha$") == r"power\_x $P_s^2$ \& $\alpha$"
        assert escaped_around_math(r"5 \$ a_b") == r"5 \$ a\_b"

    def test_refusals(self, data: Any, tmp_path: Path) -> None:
        with pytest.raises(li.ConfigError, match="'rate': is not a single number per trial"):
            li.export(data, tmp_path / "a.tex", metric="rate")
        assert not list(tmp_path.iterdir())

    def test_the_command(self, toy: System, tmp_path: Path) -> None:
        store = str(tmp_path / "s")
        li.run(toy.config(), schemes=["fill"], trials=3, store=store)
        for to, name in (("latex", "run.tex"), ("summary.csv", "run.summary.csv")):
            result = CliRunner().invoke(app, ["export", store, "--to", to])
            assert result.exit_code == 0, result.output
            assert (tmp_path / "s" / name).exists()
        result = CliRunner().invoke(app, ["export", store, "--to", "csv", "--metric", "rate"])
        assert "--metric: is for the table in LaTeX" in result.output
