"""Results on disk: units, their files, and the folder that holds them."""
