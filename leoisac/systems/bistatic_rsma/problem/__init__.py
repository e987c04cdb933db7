"""What is to be designed, as numbers without units, and what all routes share. Knows no route."""
