"""Understands Chinese labour talk: text in, annotations out."""
