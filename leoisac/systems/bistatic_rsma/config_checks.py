"""What fields of a configuration do not go together: the parts of its checks that need room."""

from __future__ import annotations

from typing import Any


def check_sensing(config: Any) -> None:
    """Refuse requirements that stand on what others take away.

    Raises:
        ValueError: naming the fields and what to leave out.
    """
    if config.sensing == "monostatic" and (
        config.position_std_m > 0.0 or config.direct_null or config.num_receivers > 1
    ):
        raise ValueError(
            'sensing = "monostatic" is a baseline for a known target place and one receiver, on the satellite; '
            "leave out position_std_m, direct_null and num_receivers"
        )
    if config.sensing_requirement == "scnr" and (
        config.per_antenna_power_w is not None or config.position_std_m > 0.0 or config.sensing == "monostatic"
    ):
        raise ValueError(
            'sensing_requirement = "scnr" is for one power budget, a known target place and the receiver on the '
            "ground; leave out per_antenna_power_w, position_std_m and sensing"
        )
    if config.direct_null and (config.per_antenna_power_w is not None or config.robustness != "none"):
        raise ValueError(
            "direct_null = True with per_antenna_power_w or robustness: designs with a null have one power budget "
            "and one place of the target; leave the others out"
        )


def check_several(config: Any) -> None:
    """Refuse several targets or receivers that the echo route does not serve.

    Raises:
        ValueError: naming the fields and what to leave out.
    """
    for count, places, name in (
        (config.num_targets, config.further_targets_km, "target"),
        (config.num_receivers, config.further_receivers_km, "receiver"),
    ):
        if places is not None and len(places) != count - 1:
            raise ValueError(
                f"further_{name}s_km has {len(places)} places for num_{name}s = {count}; give one for every {name} "
                "after the first"
            )
        if count > 1 and (config.estimator != "ml" or config.receiver_amplitude == "known"):
            raise ValueError(
                f"num_{name}s = {count} with estimator = {config.estimator!r}, receiver_amplitude = "
                f"{config.receiver_amplitude!r}: only the ml receiver with unknown amplitudes serves more than one"
            )
    if config.num_receivers > 1 and (
        config.num_targets > 1 or config.direct_path or config.clutter or config.satellite
    ):
        raise ValueError(
            f"num_receivers = {config.num_receivers}: fixes by several receivers are for one target, a clean window "
            "and a satellite at satellite_position_km; leave out num_targets, direct_path, clutter, [satellite]"
        )
