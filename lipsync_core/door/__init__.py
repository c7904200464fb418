"""The door in front of everything that the server answers: who may knock, by which name, and how fast.

It is raw ASGI and knows neither Streamlit nor the studio; what it needs of them is given to it.
"""
