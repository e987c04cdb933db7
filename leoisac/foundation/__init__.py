"""What every other part stands on: units, constants, configuration, keys, statuses. Knows no radio."""
