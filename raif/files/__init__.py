"""Files: JSON Lines, a run's folder, and writing that leaves a whole file or none."""
