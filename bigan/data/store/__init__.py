"""Stores: natural images, resized once and packed into flat files that training maps. `scripts.prepare` makes them."""
