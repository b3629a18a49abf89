"""langdetect's algorithm, computed anew with the same profiles, the same draws and the same verdicts."""
