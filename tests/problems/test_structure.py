"""What is read from a statement's operations: degrees, curvature, ratios, and what is not known to have a structure."""

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.metrics.fisher import cramer_rao_bounds, effective_information
from leoisac.problems.claims import proven
from leoisac.problems.forms import CONCAVE, CONVEX, Facts
from leoisac.problems.structure import interpret, variables_of
from leoisac.problems.surrogates import surrogates
from tests.problems import instances

DATA = instances.radar(1, antennas=3, users=2)
RNG = np.random.default_rng(0)


def forms_of(raw, data=DATA, size=12):
    """Forms of a statement's outputs, as the rules leave them while it is traced."""
    facts, kept = Facts(), {}

    def traced(x):
        kept["forms"] = interpret(facts, raw, variables_of(x, x, x), data)
        return x

    jax.make_jaxpr(traced)(jnp.ones(size))
    return kept["forms"], facts


def outputs(x, data):
    w = instances.beams_of(x, data)
    powers = jnp.abs(data["h"].conj() @ w) ** 2
    sinr = instances.sinr_of(w, data)
    return {
        "affine": 2.0 * x - 1.0,
        "covariance": jnp.real(jnp.einsum("ik,jk->ij", w, w.conj())),
        "powers": powers,
        "masked": jnp.sum(jnp.where(jnp.eye(2, dtype=bool), 0.0, powers), axis=1),
        "scattered": powers.at[0, 0].set(0.0).reshape(-1)[:3],
        "diagonal": jnp.diag(powers) + jnp.trace(powers),
        "norm": jnp.linalg.norm(w),
        "sinr": sinr,
        "stacked": jnp.stack([sinr[1], sinr[0], powers[0, 0]]),
        "rate": jnp.sum(jnp.log2(1.0 + sinr)),
        "match": jnp.sum((jnp.sum(powers, axis=1) - 1.0) ** 2),
        "inverse": 1.0 / (1.0 + jnp.sum(powers)),
        "cubic": jnp.sum(powers) * x[0],
        "sine": jnp.sin(x),
        "sorted": jnp.sort(jnp.sum(powers, axis=1)),
    }


def test_degrees_and_curvature():
    forms, _ = forms_of(outputs)
    degree = {name: int(form.degree.max()) for name, form in forms.items()}
    for name in ("covariance", "powers", "masked", "scattered", "diagonal"):
        assert degree[name] == 2, name
    assert degree["affine"] == 1
    assert (forms["masked"].sign & 1).all()
    for name in ("match", "inverse"):
        assert degree[name] == 3, name
        assert forms[name].has(CONVEX).all(), name
    assert forms["norm"].has(CONCAVE).all()
    assert "over" in forms["sinr"].parts
    assert "over" in forms["stacked"].parts
    assert "upper" in forms["rate"].parts
    for name in ("sinr", "rate", "cubic", "sine", "sorted"):
        assert not forms[name].curve.any(), name


CRBS = [
    instances.known_amplitude,
    instances.by_formula,
    instances.by_inverse,
    instances.by_bounds,
    instances.by_effective,
    lambda w, data: jnp.linalg.inv(effective_information(instances.information_of(w, data), 1))[0, 0],
    lambda w, data: jnp.trace(jnp.linalg.inv(instances.information_of(w, data))),
    lambda w, data: jnp.sum(cramer_rao_bounds(instances.information_of(w, data))),
    lambda w, data: jnp.sqrt(instances.by_formula(w, data)),
]


def test_cramer_rao_bounds_are_convex_in_whatever_words():
    forms, facts = forms_of(lambda x, data: [crb(instances.beams_of(x, data), data) for crb in CRBS])
    assert all(form.has(CONVEX).all() for form in forms[:-1])
    assert "matrix" in {kind for kind, _ in facts.claims}
    assert not forms[-1].has(CONVEX).any()  # the root of what is convex is neither


def all_bounds(x, data):
    w = instances.beams_of(x, data)
    return instances.power_of(w), {str(place): (1.0, crb(w, data)) for place, crb in enumerate([CRBS[1], CRBS[3]])}


def excessive(x, data):
    """Takes off twice what the unknown amplitude can cost: negative at some points, where nothing of it is true."""
    w = instances.beams_of(x, data)
    along, across = data["A"] @ w, data["D"] @ w
    lost = 2.0 * jnp.abs(jnp.vdot(along, across)) ** 2 / instances.power_of(along)
    return instances.power_of(w), {"crb": (1.0, 1.0 / (instances.power_of(across) - lost)), "cap": (3.0, x @ x)}


def test_information_is_proven_positive_and_tangents_bound_from_above():
    """All wordings give the same row: exact at the reference, and nowhere below ``1 - crb`` times its own factor."""
    x, y = RNG.normal(size=(2, 12))
    numbers = surrogates(all_bounds).numbers(x, DATA)
    assert len(numbers.rows.place) == 2, numbers.reason
    moments = np.concatenate([[1.0], y])
    moments = np.outer(moments, moments)
    true = {place: 1.0 - float(larger) for place, (_, larger) in all_bounds(y, DATA)[1].items()}
    for (name, _), matrix, factor in zip(numbers.rows.place, numbers.rows.matrices, numbers.rows.factor):
        if factor == 1.0:  # others are multiplied by a concave denominator
            assert np.sum(matrix * moments) >= true[name] - 1e-9


def test_what_is_not_proven_positive_has_no_row():
    numbers = surrogates(excessive).numbers(RNG.normal(size=12), DATA)
    assert [name for name, _ in numbers.rows.place] == ["cap"]
    assert numbers.reason == "without crb"


def signed(x, data):
    return x @ x, {"row": (data["weight"] * jnp.sum((x**2 - 1.0) ** 2), -3.0)}


def test_signs_of_the_data_are_checked_in_every_trial():
    """A row that is concave with one trial's weight, and convex, without a surrogate, with the next one's."""
    found = surrogates(signed)
    x = np.linspace(0.5, 1.5, 4)
    assert len(found.numbers(x, {"weight": np.array(-2.0)}).rows.place) == 1
    assert len(found.numbers(x, {"weight": np.array(2.0)}).rows.place) == 0
    assert len(found.numbers(x, {"weight": np.array(-1.0)}).rows.place) == 1


@pytest.mark.parametrize(("cross", "holds"), [(0.99, True), (1.01, False)])
def test_gram_matrices(cross, holds):
    """``[[a, c], [c, a]]`` of forms is semidefinite exactly if ``|c| <= a``."""
    eye = np.diag([0.0, 1.0, 1.0])
    assert proven("matrix", (2, 2), np.stack([eye, cross * eye, cross * eye, eye])) is holds
    assert proven("psd", (), np.stack([eye - (1.0 - cross) * eye])) is True
    assert proven("psd", (), np.stack([(1.0 - cross) * eye])) is holds
