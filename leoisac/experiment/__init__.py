"""The experiment engine: contracts, scenarios, Monte-Carlo runs, stores, datasets, statistics, claims."""
