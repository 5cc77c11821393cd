"""Finding out what a message is about: pure functions of its text and the lines before it."""
