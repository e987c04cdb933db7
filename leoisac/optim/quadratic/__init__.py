"""Bounds of quadratics under quadratic rows, and proofs that no point meets them: Lagrangian duality in NumPy.

``bounds`` repairs and judges multipliers, ``ascent`` looks for better ones, ``matrices`` has what both see in a matrix.
"""
