"""Delivery of files: links, review pages and ZIPs; and the endpoint for vendors' webhooks."""
