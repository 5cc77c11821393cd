"""Speed as ratios taken in one run; nothing here is a test."""
