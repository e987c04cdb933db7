"""Our designs, batches at a time on the compiled engine, and the baselines. Never imports CVXPY."""
