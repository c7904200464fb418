"""Work on people's files in a separate process: limited, sandboxed, at low priority."""
