"""What a clip costs and how long it takes, before anything is sent."""
