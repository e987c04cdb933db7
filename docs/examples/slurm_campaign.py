"""A campaign on a SLURM cluster: ``python slurm_campaign.py`` on a login node, in a terminal that stays (tmux).

Needs ``pip install "leoisac[cluster]" dask-jobqueue cryptography``, the same versions on all nodes. Workers come and go
as SLURM lets them; a task whose worker is taken away is computed by another one. Interrupt and start again as you like:
what is in the store is not computed twice.

Everything is encrypted, and only who has the certificates can connect: without them, whoever reaches the scheduler's
port can run programs as you. They are made for this campaign and lie in a folder that all nodes see and only you read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import leoisac as li

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "PJRT_NPROC")
NO_PROFILE = "export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False"
"""Dask's sampling of what workers do would cost them a fifth of their time."""


def slurm_cluster(queue: str = "normal", walltime: str = "04:00:00", security: Any = True) -> Any:
    """Jobs of 16 workers, one core and one thread each; certificates are made where ``security`` brings none."""
    from dask_jobqueue import SLURMCluster

    private = Path.home() / ".leoisac-certificates"
    private.mkdir(mode=0o700, exist_ok=True)

    return SLURMCluster(
        queue=queue,
        cores=16,
        processes=16,
        memory="48GB",
        walltime=walltime,
        security=security,
        shared_temp_directory=str(private),
        scheduler_options={"dashboard_address": "localhost:0"},  # the web page has no password
        job_script_prologue=[*(f"export {name}=1" for name in ONE_THREAD), NO_PROFILE],
        worker_extra_args=["--lifetime", "235m", "--lifetime-stagger", "4m"],  # leave before SLURM ends the job
    )


def campaign(cluster: str, store: str, trials: int = 2000, security: Any = None) -> Any:
    """Sum rate against satellite power, each point until its interval is below half a per cent."""
    config = li.config("self-backhaul")
    return li.run(
        config,
        schemes=["das", "tdma"],
        sweep={"satellite_power_dbw": [20.0, 25.0, 30.0]},
        trials=trials,
        until="ci(sum_rate) < 0.5%",
        store=store,
        cluster=cluster,
        security=security,
        wait_workers=24 * 3600,  # the queue may be long
    )


if __name__ == "__main__":
    with slurm_cluster() as workers:
        workers.adapt(minimum=0, maximum=160)
        print(campaign(workers.scheduler_address, store="runs/power", security=workers.security))
