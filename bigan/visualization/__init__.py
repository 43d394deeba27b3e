"""What can be looked at: samples, reconstructions, filters, neighbours, maps, curves."""
