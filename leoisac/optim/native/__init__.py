"""The engine as machine code of one instance at a time: a problem stated in JAX, solved by a compiled loop in C++.

``problem_source`` traces a problem and its derivative and writes them in C++ (with ``foundation.native``), ``engine``
runs the result. The augmented-Lagrangian method itself is ``source/engine.hpp``, the twin of ``optim.batched``.

There is one definition of a problem, and it is the JAX one: value and gradient are what JAX traces.
"""
