"""Tests of the server's own routes."""
