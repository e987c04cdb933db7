"""What leaves the house: reports, verdicts on claims, exports."""
