"""Studies, figures, claims and benches: what is computed for the paper, and what is read from it."""
