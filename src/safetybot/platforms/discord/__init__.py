"""Discord: gateway events to messages, answers to Discord's own forms. No decisions."""
