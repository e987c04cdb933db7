"""The example for SLURM: the job that it would submit, and its campaign on another cluster."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import leoisac as li

sys.path.insert(0, str(Path(__file__).parent))

from certificates import certificates

FILE = Path(__file__).parents[2] / "docs/examples/slurm_campaign.py"


@pytest.fixture(scope="module")
def example() -> Any:
    spec = importlib.util.spec_from_file_location("slurm_campaign", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_job(example: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask_jobqueue")
    from distributed import Security

    monkeypatch.setenv("HOME", str(tmp_path))
    security = Security(**certificates(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with example.slurm_cluster(queue="short", security=security) as cluster:
            script = cluster.job_script()
            address = cluster.scheduler_address
    assert address.startswith("tls://")
    assert "--tls-key" in script
    assert (tmp_path / ".leoisac-certificates").stat().st_mode & 0o777 == 0o700
    assert "#SBATCH -p short" in script
    assert "#SBATCH -n 1" in script
    assert "#SBATCH --cpus-per-task=16" in script
    for name in example.ONE_THREAD:
        assert f"export {name}=1" in script
    assert example.NO_PROFILE in script
    assert "--nworkers 16" in script
    assert "--nthreads 1" in script


def test_the_campaign(example: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same call, of the toy downlink, on a cluster of threads."""
    distributed = pytest.importorskip("distributed")
    toy = li.config("toy-downlink")
    real = li.run

    def run_toy(config: Any, schemes: Any, sweep: Any, **options: Any) -> Any:
        assert set(schemes) <= {scheme.name for scheme in li.schemes(config)}
        li.config("self-backhaul").replace(**{name: values[0] for name, values in sweep.items()})
        options["until"] = "ci(sum_rate) < 20%"
        return real(toy, ["fill"], {"transmit_power_dbw": [0.0]}, **options)

    monkeypatch.setattr(example.li, "run", run_toy, raising=False)
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": ":0"},  # other tests' clusters may have the usual port
        ) as cluster,
    ):
        data = example.campaign(cluster.scheduler_address, store=str(tmp_path / "s"), trials=10)
    assert data.sizes["trial"] >= 10
