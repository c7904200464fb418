"""What is sent to vendors, and what their answers mean."""
