"""`python -m safetybot`: the same as the `safetybot` command."""

from safetybot.cli.app import main

if __name__ == "__main__":
    main()
