"""safetybot: notices talk of do-it-yourself cosmetic injection and answers kindly, once, with sources."""

__version__ = "0.1.0"
