"""The verb ``coverage``: a constellation over sites and hours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leoisac.cli.options import Cluster, TlsCa, TlsCert, TlsKey, Workers, place_of
from leoisac.cli.output import PICTURES, check_out, say
from leoisac.cli.tables import PlainTable, console


def coverage(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="Constellation, sites and hours.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it: .png, .pdf, .svg or .pgf.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write every site and instant as CSV.")] = None,
    save_to: Annotated[
        Path | None, typer.Option("--save", metavar="FILE.nc", help="Keep the dataset; leoisac plot FILE.nc draws it.")
    ] = None,
    workers: Workers = None,
    cluster: Cluster = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Availability, handovers and gaps of sites below a constellation."""
    check_out(out, PICTURES)
    check_out(csv, (), "--csv")
    check_out(save_to, (".nc",), "--save")
    from leoisac import api
    from leoisac.plots.coverage import draw_coverage
    from leoisac.plots.saving import save

    place = place_of(workers, cluster, None, None, (tls_ca, tls_cert, tls_key))
    dataset = api.coverage(file, workers=workers, cluster=cluster, security=place.security)
    names = (
        "latitude (°)",
        "longitude (°)",
        "availability (%)",
        "handovers",
        "gaps",
        "longest gap (s)",
        "mean stay (s)",
    )
    with_rates = "mean_rate" in dataset
    names += ("mean rate (bit/s/Hz)",) if with_rates else ()
    made = PlainTable(str(dataset.attrs["title"]))
    for name in names:
        made.add_column(name, justify="right")
    for index in range(dataset.sizes["site"]):
        one = dataset.isel(site=index)
        made.add_row(
            *(f"{float(one[name]):.2f}" for name in ("latitude_deg", "longitude_deg")),
            f"{100.0 * float(one['availability']):.2f}",
            *(str(int(one[name])) for name in ("handovers", "gaps")),
            *(f"{float(one[name]):.0f}" for name in ("longest_gap_s", "mean_stay_s")),
            *([f"{float(one['mean_rate']):.3f}"] if with_rates else []),
        )
    console().print(made)
    for text in str(dataset.attrs.get("warnings", "")).splitlines():
        say(f"Warning: {text}", err=True)
    if save_to is not None:
        save_to.parent.mkdir(parents=True, exist_ok=True)
        dataset.to_netcdf(save_to, engine="scipy")
        say(f"Dataset: {save_to}")
    if csv is not None:
        csv.parent.mkdir(parents=True, exist_ok=True)
        dataset.drop_vars("satellite_name").to_dataframe().to_csv(csv)
        say(f"Table: {csv}")
    if out is not None:
        save(
            draw_coverage(dataset), out, {"Figure": "service of a constellation", "Shows": str(dataset.attrs["title"])}
        )
        say(f"Figure: {out}")
