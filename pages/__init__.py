"""The studio's pages. ``navigation.py`` is the script that Streamlit runs; shared parts are in ``ui``."""
