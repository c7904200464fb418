"""Work on people's files in a process of its own: limited, caged, at low priority."""
