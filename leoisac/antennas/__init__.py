"""Array layouts, steering vectors and element patterns.

Convention: steering vectors have unit-modulus entries ``exp(+j 2 pi r.d / wavelength)``, with ``r`` the element's
position and ``d`` the unit vector from the array to the far point; received amplitude is ``h^H w``.
Functions compute in the array library of their arguments (``foundation.namespace``) and are traceable by JAX.
"""
