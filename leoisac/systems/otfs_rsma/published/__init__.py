"""The published algorithm and its corrected witness; the only room with CVXPY."""
