"""Path gains, rain, multipath, noise and link budgets.

Channels are built from linear gains; path loss in decibels appears only in names that end in ``_db`` and in tables.
Random models are pure functions of standard normal or uniform numbers, which the caller draws. Functions compute in
the array library of their arguments (``foundation.namespace``), are traceable by JAX and do not import it.
"""
