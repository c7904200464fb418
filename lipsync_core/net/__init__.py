"""How the studio reaches other hosts: the rules for links, and the only code that follows them."""
