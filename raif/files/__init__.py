"""Files: JSON Lines, a run's folder, and whole files (atomic writes, checksums)."""
