"""Computing what is missing: in this process, in workers, on clusters; benches."""
