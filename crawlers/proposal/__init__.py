"""What a pasted address could become as a source."""
