"""The console: one Flask application for every role."""
