"""The engine as machine code of one instance at a time: a problem stated in JAX, solved by a compiled loop in C++.

``steps`` traces a problem and its derivative, ``lowering`` turns them into loops over real arrays, ``emission`` writes
those down in C++, ``compiler`` makes a library of them with the machine's own compiler and keeps it, ``engine`` runs
it. The augmented-Lagrangian method itself is ``source/engine.hpp``, the twin of ``optim.batched``.

There is one definition of a problem, and it is the JAX one: value and gradient are what JAX traces. An instance sees no
other one, so that its bits cannot depend on its company.
"""
