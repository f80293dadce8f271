"""What was found: the model of a report and its renderings."""
