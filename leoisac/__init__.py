"""leoisac."""
