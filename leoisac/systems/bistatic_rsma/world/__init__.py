"""Where channels come from: geometry, link budgets, draws. Knows no design."""
