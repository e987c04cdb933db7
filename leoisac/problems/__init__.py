"""Problems that a researcher states: variables, objective and constraints of one trial, solved for all trials."""
