"""How the studio reaches other hosts: which links may be followed, and the one way to fetch them."""
