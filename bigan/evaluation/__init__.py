"""What a method is worth at one point of its training, and how numbers are tabulated."""
