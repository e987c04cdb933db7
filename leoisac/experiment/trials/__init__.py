"""One batch of trials: draw, design, evaluate, and the judge of what counts."""
