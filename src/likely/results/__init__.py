"""What people hold: lk.fit and lk.likelihood, faces of what stands below."""
