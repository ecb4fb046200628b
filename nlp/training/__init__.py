"""Trains and measures the models; needs the extra ``train`` and, for most labels, the data folder."""
