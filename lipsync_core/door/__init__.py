"""The checks in front of the whole server: who may connect, by which host name, and how fast.

This is raw ASGI, independent of Streamlit and the studio; what it needs from them is passed in.
"""
