"""Where objects are: region proposals, Fast R-CNN on transferred convolutions, and what it is measured by."""
