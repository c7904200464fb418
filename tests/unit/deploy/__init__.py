"""Tests of what runs the studio elsewhere: image, compose file, balancer, units."""
