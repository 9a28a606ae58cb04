"""To the peak, and an honest account of the end."""
