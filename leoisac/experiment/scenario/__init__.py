"""What is to be computed, checked whole before any work starts."""
