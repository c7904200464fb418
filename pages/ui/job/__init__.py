"""A job on screen: its card, its dialogs and its actions."""
