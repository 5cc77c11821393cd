"""Where messages come from and replies go: each platform converts and renders, and decides nothing."""
