"""A coded link: error-correcting codes, modulation and receivers that tell whether a design's bits arrive."""
