"""What a frozen encoder is worth: its features, classified under one protocol that never asks which method made it."""
