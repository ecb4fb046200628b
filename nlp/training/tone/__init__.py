"""Trains and measures the models of tone; needs the extra ``train`` and the data folder."""
