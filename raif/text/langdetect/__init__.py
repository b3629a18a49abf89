"""langdetect's algorithm, reimplemented: the same profiles, the same draws, the same results, much faster."""
