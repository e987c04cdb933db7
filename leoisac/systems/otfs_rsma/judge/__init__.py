"""What a design is worth, from its physical beams: metrics, worst cases. Knows no solver."""
