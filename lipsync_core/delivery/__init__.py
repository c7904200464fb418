"""How files and news leave the studio: links, review pages, ZIPs, and webhooks that come back."""
