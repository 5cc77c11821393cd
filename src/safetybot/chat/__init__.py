"""What members, moderators and admins see and may press in a chat, before a platform gives it its form."""
