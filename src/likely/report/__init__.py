"""What people read: the summary of a fit as text and HTML, and results on a terminal."""
