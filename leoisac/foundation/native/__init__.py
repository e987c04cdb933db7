"""JAX functions as machine code of one trial at a time, by the machine's own C++ compiler.

``steps`` traces a function into a flat list of operations, ``lowering`` with its rules (``elementwise``, ``movement``,
``sums``, ``control``, ``decompositions``) turns them into loops over real arrays, ``writing`` and ``emission`` write
those down in C++, ``compiler`` makes a library of them and keeps it, ``functions`` runs it over a batch.

There is one definition of everything, and it is the JAX one. A trial sees no other one, so that its bits cannot depend
on its company.
"""
