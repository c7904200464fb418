"""The studio's pages, and the pieces that they share. ``navigation.py`` is the script that Streamlit runs."""
